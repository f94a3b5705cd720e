"""Reading page of the API: the OpenAPI document as a plain page, without any script."""

import functools
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One address and one method, as the page lists it."""

    method: str
    path: str
    anchor: str
    summary: str
    description: str
    parameters: list[dict[str, Any]] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[str, str]] = field(default_factory=list)
    public: bool = False


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """List every operation of `/api/v1/schema/`, grouped by the first word of its path."""
    schema = _schema()
    return render(
        request, "pages/api.html", {"groupes": _groups(schema), "version": schema["info"]["version"]}
    )


@functools.cache
def _schema() -> dict[str, Any]:
    """Generate the document once per process: it only depends on the code."""
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


def _groups(schema: dict[str, Any]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for path, item in schema["paths"].items():
        name = path.removeprefix("/api/v1/").split("/")[0]
        for method in METHODS:
            if method in item:
                groups.setdefault(name, []).append(_operation(schema, path, method, item[method]))
    return groups


def _operation(schema: dict[str, Any], path: str, method: str, spec: dict[str, Any]) -> Operation:
    summary, _, description = spec.get("description", "").partition("\n")
    return Operation(
        method=method.upper(),
        path=path,
        anchor=spec["operationId"],
        summary=spec.get("summary") or summary,
        description=description.strip() if not spec.get("summary") else spec.get("description", ""),
        parameters=[_parameter(one) for one in spec.get("parameters", [])],
        fields=_fields(schema, spec.get("requestBody", {})),
        answers=[(code, answer.get("description", "")) for code, answer in spec.get("responses", {}).items()],
        public={} in spec.get("security", [{}]),
    )


def _parameter(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": spec["name"],
        "kind": _kind(spec.get("schema", {})),
        "required": spec.get("required", False),
        "text": spec.get("description", ""),
    }


def _fields(schema: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    content = body.get("content", {}).get("application/json", {}).get("schema", {})
    resolved = _resolve(schema, content)
    required = resolved.get("required", [])
    return [
        {"name": name, "kind": _kind(spec), "required": name in required, "text": spec.get("description", "")}
        for name, spec in resolved.get("properties", {}).items()
        if not spec.get("readOnly")
    ]


def _resolve(schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    reference = spec.get("$ref", "")
    return schema["components"]["schemas"].get(reference.rpartition("/")[2], {}) if reference else spec


def _kind(spec: dict[str, Any]) -> str:
    if "$ref" in spec:
        return str(spec["$ref"]).rpartition("/")[2]
    return str(spec.get("format") or spec.get("type") or "")
