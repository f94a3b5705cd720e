"""From our fields to the national ones, as tables: one mapper per schema, in the schema's own order."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from couches.columns import LIST_SEPARATOR
from couches.conformity import attributes_of, derived
from couches.models import Couche
from couches.schemas import properties
from exports.national.white_zones import WHITE_ZONES, white_zone_rows

SOURCE = "Repères"


@dataclass(frozen=True)
class Published:
    """A published row as mappers read it; places in degrees, dates as ISO texts."""

    id: str
    number: int
    longitude: str
    latitude: str
    attributes: dict[str, Any]
    code_insee: str
    commune: str
    observations: int
    distinct_observers: int
    last_observed_on: str
    accuracy_m: str
    published_on: str
    licence: str


Take = Callable[[Published], Any]


@dataclass(frozen=True)
class Mapper:
    """How rows of a couche become rows of a schema (`spec` key); one of ours may give several."""

    spec: str
    couche: str
    rows: Callable[[Couche, Published], Iterator[dict[str, str]]]
    file_part: str


def text(value: Any) -> str:
    """Return a value as the CSV of a national schema writes it; nothing is an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return LIST_SEPARATOR.join(str(item) for item in value)
    return str(value)


# What each schema takes elsewhere than in the attribute of its name.
_MEDIATION: dict[str, Take] = {
    "id": lambda row: row.id,
    "commune": lambda row: row.commune,
    "code_insee": lambda row: row.code_insee,
    "latitude": lambda row: row.latitude,
    "longitude": lambda row: row.longitude,
    "source": lambda row: SOURCE,
    "date_maj": lambda row: row.published_on,
}
_SCDL: dict[str, Take] = {
    "ADR_COMMUNE": lambda row: row.commune,
    "EQUIP_LAT": lambda row: row.latitude,
    "EQUIP_LONG": lambda row: row.longitude,
}
# Labels of acceslibre's closed list that are certain; the others are left unknown.
_ACTIVITIES = {
    "mairie": "Mairie",
    "mediatheque": "Bibliothèque médiathèque",
    "musee": "Musée",
    "gare": "Gare",
    "toilettes": "Toilettes publiques",
}
_ACCESLIBRE: dict[str, Take] = {
    "id": lambda row: row.id,
    "name": lambda row: row.attributes.get("nom"),
    "postal_code": lambda row: row.attributes.get("ADR_CODEPOSTAL"),
    "commune": lambda row: row.commune,
    "numero": lambda row: row.attributes.get("ADR_NUMERO"),
    "voie": lambda row: row.attributes.get("ADR_NOMVOIE"),
    "code_insee": lambda row: row.code_insee,
    "site_internet": lambda row: str(row.attributes.get("EQUIP_WEB") or "").split(LIST_SEPARATOR)[0],
    "latitude": lambda row: row.latitude,
    "longitude": lambda row: row.longitude,
    "activite": lambda row: _ACTIVITIES.get(str(row.attributes.get("kind"))),
    # A list of acceslibre is a JSON array, where médiation joins by a bar.
    "accueil_equipements_malentendants": lambda row: _json_list(
        row.attributes.get("accueil_equipements_malentendants")
    ),
}


def _json_list(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) and value else ""


def _by_names(taken: dict[str, Take], prefix: str) -> Callable[[Couche, Published], Iterator[dict[str, str]]]:
    """Return a mapper of one row: what `taken` says, then the attributes that carry the schema's names."""

    def rows(couche: Couche, row: Published) -> Iterator[dict[str, str]]:
        said = {**row.attributes, **derived(couche, row.attributes)}
        made = {name: text(said.get(ours)) for name, ours in names_of(couche, prefix).items()}
        yield made | {name: text(take(row)) for name, take in taken.items()}

    return rows


def names_of(couche: Couche, prefix: str) -> dict[str, str]:
    """Return {national name: our attribute} of one schema (`x-national`)."""
    if prefix != "acceslibre":
        return attributes_of(couche)
    start = f"{prefix}:"
    return {
        definition["x-national"].removeprefix(start): name
        for name, definition in properties(couche).items()
        if definition.get("x-national", "").startswith(start)
    }


MAPPERS = [
    Mapper(
        "lieux-de-mediation-numerique",
        "services",
        _by_names(_MEDIATION, "mediation"),
        "lieux-de-mediation-numerique",
    ),
    Mapper("equipements", "batiments-publics", _by_names(_SCDL, "scdl"), "equipements"),
    Mapper("acceslibre", "batiments-publics", _by_names(_ACCESLIBRE, "acceslibre"), "acceslibre-erp"),
    Mapper(WHITE_ZONES.key, "zones-blanches", white_zone_rows, "zones-blanches"),
]


def mappers_of(couche: Couche) -> list[Mapper]:
    """Return the schemas a couche is written in."""
    return [mapper for mapper in MAPPERS if mapper.couche == couche.slug]
