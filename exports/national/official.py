"""The official documents of the national schemas: given or downloaded at run time, pinned by version and hash.

They are kept under REPERES_LOCAL/schemas, never in the sources. While one is there, its rules are
those that judge; without it, the table of `specs.py` does.
"""

import hashlib
import json
import re
import urllib.request
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from exports.national.judging import CHECKS
from exports.national.specs import SPECS, Field, Spec

MAX_BYTES = 2 * 1024 * 1024
TIMEOUT_SECONDS = 20


class NotTheSchema(Exception):
    """Ce fichier n'est pas le schéma attendu."""


def folder() -> Path:
    """Return where the documents are kept."""
    return Path(settings.REPERES_LOCAL) / "schemas"


def in_force(spec: Spec) -> tuple[Spec, bool]:
    """Return (the rules to judge by, whether they are those of the official document)."""
    path = folder() / f"{spec.key}.json"
    if not path.is_file():
        return spec, False
    return _read(path, path.stat().st_mtime_ns, spec.key), True


@lru_cache(maxsize=16)
def _read(path: Path, _changed: int, key: str) -> Spec:
    return from_document(SPECS[key], json.loads(path.read_bytes()))


def check(spec: Spec, raw: bytes) -> None:
    """Raise NotTheSchema unless the bytes are those of the pinned version."""
    found = hashlib.sha256(raw).hexdigest()
    if found != spec.sha256:
        message = _("%(title)s %(version)s : empreinte %(found)s au lieu de %(expected)s.")
        raise NotTheSchema(
            message
            % {
                "title": spec.title,
                "version": spec.version,
                "found": found[:12],
                "expected": spec.sha256[:12],
            }
        )


def from_document(spec: Spec, document: dict[str, Any]) -> Spec:
    """Return the rules of an official document. Raises NotTheSchema for a check we do not know."""
    own = tuple((check["name"], check.get("params", {})) for check in document.get("custom_checks", []))
    unknown = [name for name, _parameters in own if name not in CHECKS]
    if unknown:
        raise NotTheSchema(_("Contrôle inconnu : %(name)s.") % {"name": unknown[0]})
    ours = tuple(check for check in spec.checks if check not in own)
    return replace(spec, fields=tuple(_field(one) for one in document["fields"]), checks=(*own, *ours))


def _field(described: dict[str, Any]) -> Field:
    rules = described.get("constraints", {})
    return Field(
        name=described["name"],
        kind=described.get("type", "string"),
        form=described["format"] if described.get("format") in ("uri", "email") else "",
        required=bool(rules.get("required")),
        pattern=rules.get("pattern", ""),
        enum=tuple(rules.get("enum", ())),
        max_length=rules.get("maxLength", 0),
        min_length=rules.get("minLength", 0),
        minimum=rules.get("minimum"),
        maximum=rules.get("maximum"),
    )


def download(spec: Spec) -> bytes:
    """Return the official document from its address. Raises OSError when it cannot be had."""
    request = urllib.request.Request(spec.address, headers={"User-Agent": "Reperes"})  # noqa: S310  # a constant
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        raw: bytes = response.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise NotTheSchema(_("Ce fichier est trop grand pour être un schéma."))
    return raw


def find_in(place: Path, spec: Spec) -> bytes | None:
    """Return the document of a schema from a file or folder, by its hash whatever its name."""
    paths = [place] if place.is_file() else sorted(place.glob("*.json"))
    for path in paths:
        if path.stat().st_size <= MAX_BYTES and hashlib.sha256(path.read_bytes()).hexdigest() == spec.sha256:
            return path.read_bytes()
    return None


def keep(spec: Spec, raw: bytes) -> Path:
    """Write a document that was checked, whole or not at all."""
    target = folder() / f"{spec.key}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".en-cours")
    draft.write_bytes(raw)
    draft.replace(target)
    return target


def slug_of(name: str) -> str:
    """Return a name as file names of the standards want it: lower case, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "reperes"
