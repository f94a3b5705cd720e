"""Errors of the JSON door as RFC 9457 problem documents, in French."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

CONTENT_TYPE = "application/problem+json"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into a problem document `{type, title, status, detail, errors}`.

    Anything that is not a refusal stays an exception: a bug must be seen as one.
    """
    if isinstance(error, DjangoValidationError):
        # Readable but not acceptable; DRF's own ValidationError is for what has not even the right shape.
        errors = _errors(_by_field(error))
        return _problem(422, "contenu-refuse", _first(errors), errors=errors)
    if isinstance(error, Http404):
        error = exceptions.NotFound(_("Introuvable, ou hors de votre territoire."))
    if isinstance(error, PermissionDenied):
        # A refusal may have a code of its own, where a program must tell it from others.
        error = exceptions.PermissionDenied(
            str(error) or _("Votre rôle ne permet pas ce geste."), code=getattr(error, "code", None)
        )
    if isinstance(error, OperationalError):
        return _problem(
            503,
            "indisponible",
            _("La base de données ne répond pas à temps. Rien n'est perdu : réessayez."),
            headers={"Retry-After": "5"},
        )
    response = drf_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    headers = {name: value for name, value in response.items() if name.lower() != "content-type"}
    errors = _errors(error.detail) if isinstance(error, exceptions.ValidationError) else {}
    detail = _first(errors) or str(error.detail)
    code = error.get_codes() if isinstance(error.get_codes(), str) else error.default_code
    return _problem(error.status_code, str(code), detail, errors=errors, headers=headers)


def _problem(
    status_code: int,
    code: str,
    detail: str,
    *,
    errors: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:reperes:probleme:{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status_code,
        "detail": _writable(detail),
        "errors": {
            _writable(name): [_writable(message) for message in messages]
            for name, messages in (errors or {}).items()
        },
    }
    return Response(body, status=status_code, headers=headers, content_type=CONTENT_TYPE)


def _by_field(error: DjangoValidationError) -> Any:
    return error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}


def _errors(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Flatten DRF's nested detail to `{"attributes.operators": ["…"]}`."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for key, value in detail.items():
            flat.update(_errors(value, f"{prefix}.{key}" if prefix else str(key)))
        return flat
    messages = detail if isinstance(detail, list) else [detail]
    flat, own = {}, []
    for index, message in enumerate(messages):
        if isinstance(message, dict | list):
            flat.update(_errors(message, f"{prefix}.{index}" if prefix else str(index)))
        else:
            own.append(str(message))
    if own:
        flat[prefix or "non_field_errors"] = own
    return flat


def _first(errors: dict[str, list[str]]) -> str:
    """Return the first error with its field, for programs that show one line; "" when there is none."""
    name, messages = next(iter(errors.items()), ("non_field_errors", [""]))
    return messages[0] if name == "non_field_errors" else f"{name} : {messages[0]}"


def _writable(text: str) -> str:
    """Replace lone surrogates, which a message may quote from the input and UTF-8 cannot write."""
    return text.encode("utf-8", "replace").decode()
