"""A couche described in a JSON file becomes, or updates, a row of the catalogue.

Creating a couche is data, not code: see docs/couches.md.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from couches.meta_schema import check_schema
from couches.models import Couche

CATALOGUE = Path(__file__).resolve().parent / "catalogue"
MAX_FILE_BYTES = 1_000_000
_FIELDS = (
    "slug", "title", "description", "theme", "attribute_schema", "schema_version", "style", "licence",
    "national_schema", "publication_policy", "sensitive", "order",
)  # fmt: skip
_REQUIRED = ("slug", "title", "attribute_schema")


@dataclass(frozen=True)
class Difference:
    """One line of the diff between the file and the catalogue: a path, before, after."""

    path: str
    before: Any
    after: Any


def read_definition(path: Path) -> dict[str, Any]:
    """Return a couche's definition read from a JSON file, checked.

    Raises ValidationError naming the key at fault, in French.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValidationError(_("%(file)s dépasse 1 Mo.") % {"file": path.name})
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValidationError(_("%(file)s n'est pas un JSON lisible.") % {"file": path.name}) from error
    return check_definition(document)


def check_definition(document: object) -> dict[str, Any]:
    """Return the definition if every key is known, every needed one given, the schema sound."""
    if not isinstance(document, dict):
        raise ValidationError(_("La couche doit être décrite par un objet JSON."))
    unknown = sorted(set(document) - set(_FIELDS))
    if unknown:
        raise ValidationError({key: [_("Clé inconnue : retirez-la.")] for key in unknown})
    missing = [key for key in _REQUIRED if not document.get(key)]
    if missing:
        raise ValidationError({key: [_("Cette clé manque.")] for key in missing})
    check_schema(document["attribute_schema"])
    definition = {"schema_version": 1, **document}
    Couche(**definition).clean_fields(exclude=["geometry_type"])
    return definition


def differences(definition: dict[str, Any]) -> list[Difference]:
    """Return what loading would change, key by key, down to each attribute of the schema."""
    couche = Couche.objects.filter(slug=definition["slug"]).first()
    before = {} if couche is None else {key: getattr(couche, key) for key in definition}
    # The version follows the schema, whatever the file says: see load().
    ignored = {"schema_version"} if couche is not None else set()
    found: list[Difference] = []
    _compare("", _without(before, ignored), _without(definition, ignored), found)
    return found


def load(definition: dict[str, Any]) -> Couche:
    """Create or update the couche and return it; a changed schema gets the next version.

    `definition` comes from `read_definition`. Call inside a transaction. Raises ValidationError
    when a couche whose versions tell exact places would become sensitive.
    """
    couche = Couche.objects.select_for_update(of=("self",)).filter(slug=definition["slug"]).first()
    if couche is None:
        return Couche.objects.create(**definition)
    if definition.get("sensitive") and not couche.sensitive and couche.versions.exists():
        text = _("Des versions publiées disent les lieux exacts : décrivez une autre couche, sensible.")
        raise ValidationError({"sensitive": [text]})
    version = couche.schema_version
    if couche.attribute_schema != definition["attribute_schema"]:
        version = max(version + 1, definition["schema_version"])
    for key, value in {**definition, "schema_version": version}.items():
        setattr(couche, key, value)
    couche.save()
    return couche


def _without(document: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


def _compare(path: str, before: Any, after: Any, found: list[Difference]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            _compare(f"{path}.{key}" if path else key, before.get(key), after.get(key), found)
    elif before != after:
        found.append(Difference(path, before, after))
