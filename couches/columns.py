"""The flat columns of a couche, read from its attribute schema: what tables say, both ways.

A shapefile knows no list and no object; a spreadsheet hardly. The rule, for any couche:
a plain answer is a column; a list is one text joined by `|`; an object is a column per
part; a list of objects with a key (`x-key`: operators of a white zone) is a group of
columns per usual key (`x-fixed`), and what others say stays as JSON in `<name>_autres`;
a list of objects without key is JSON.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from couches.models import Couche
from couches.schemas import in_order, properties

SHORT_NAME_BYTES = 10
LIST_SEPARATOR = "|"
# The path of a column that holds all the answers.
WHOLE = ""


@dataclass(frozen=True)
class Column:
    """A column of the flat table.

    `kind` is string, integer, number, boolean, date, list, json; `path` leads into the
    attributes, empty for the fields of ours; `key` is (name of the key, its value) when
    the column reads one object of a list; `excluding` are the keys another column reads.
    """

    name: str
    short: str
    kind: str
    title: str
    description: str = ""
    path: tuple[str, ...] = ()
    key: tuple[str, str] | None = None
    excluding: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=dict)


OWN_FIRST = (
    Column("id", "id", "string", "Identifiant", "Stable pour la vie de l'objet (UUID)."),
    Column("number", "number", "integer", "Numéro", "Numéro court, stable pour la vie de l'objet."),
    Column("couche", "couche", "string", "Couche"),
    Column("version", "version", "integer", "Version", "Version de la couche d'où vient ce fichier."),
    Column("code_insee", "code_insee", "string", "Code INSEE de la commune"),
    Column("commune", "commune", "string", "Commune"),
    Column("departement", "dept", "string", "Code du département"),
)
OWN_LAST = (
    Column(
        "observations", "observ", "integer", "Observations", "Nombre de signalements réunis dans cet objet."
    ),
    Column("distinct_observers", "observers", "integer", "Observateurs distincts"),
    Column("last_observed_on", "last_obs", "date", "Dernière observation"),
    Column("accuracy_m", "accuracy_m", "number", "Précision de la position, en mètres"),
    Column("near_border", "near_bord", "boolean", "À moins de 100 m d'une autre commune"),
    Column("self_accepted", "self_acc", "boolean", "Accepté par la personne qui l'a saisi"),
    Column(
        "origin", "origin", "string", "Origine", "contribution, import, ou seed pour une donnée fabriquée."
    ),
    Column("latitude", "latitude", "number", "Latitude", "WGS 84, degrés décimaux."),
    Column("longitude", "longitude", "number", "Longitude", "WGS 84, degrés décimaux."),
)
PROJECTED = (
    Column("x", "x", "number", "Abscisse", "Dans la projection de la colonne « crs »."),
    Column("y", "y", "number", "Ordonnée", "Dans la projection de la colonne « crs »."),
    Column("crs", "crs", "string", "Projection de x et y", "Code EPSG."),
)
_RESERVED = {column.name for column in (*OWN_FIRST, *OWN_LAST, *PROJECTED)} | {
    "change",
    "geom",
    "geometry",
    "fid",
}
_KINDS = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


def columns_of(couche: Couche) -> list[Column]:
    """Return the columns of a couche, ours around its own, with unique names and short names."""
    own = [
        column
        for name, definition in properties(couche).items()
        for column in _columns(name, (name,), definition)
    ]
    named = _with_unique_names(own)
    return _with_unique_shorts([*OWN_FIRST, *named, *OWN_LAST])


def nested_columns() -> list[Column]:
    """Return our columns and the answers as they are stored: what the hash of a version is made of."""
    answers = Column("attributes", "attributes", "json", "Réponses", path=(WHOLE,))
    return [*OWN_FIRST, answers, *OWN_LAST]


def _columns(name: str, path: tuple[str, ...], definition: dict[str, Any]) -> Iterator[Column]:
    kind = definition.get("type")
    items = definition.get("items", {})
    if kind == "object" and definition.get("properties"):
        for part, sub in in_order(definition["properties"]).items():
            yield from _columns(f"{name}_{part}", (*path, part), sub)
    elif kind == "array" and items.get("type") == "object" and definition.get("x-key"):
        yield from _keyed_columns(name, path, definition)
    elif kind == "array" and items.get("type") in _KINDS:
        yield replace(_column(name, path, definition, "list"), labels=items.get("x-labels", {}))
    else:
        yield _column(name, path, definition, _KINDS.get(str(kind), "json"))


def _keyed_columns(name: str, path: tuple[str, ...], definition: dict[str, Any]) -> Iterator[Column]:
    """Yield `orange_calls`, `orange_sms`, … then `operators_autres`."""
    key, parts = definition["x-key"], in_order(definition["items"]["properties"])
    labels = parts[key].get("x-labels", {})
    usual = tuple(definition.get("x-fixed") or parts[key].get("enum", ()))
    for value in usual:
        label = str(labels.get(value, value))
        prefix = _identifier(label.split()[0])
        for part, sub in parts.items():
            if part == key:
                continue
            suffix = _identifier(sub.get("x-short", part))
            short = f"{prefix[: SHORT_NAME_BYTES - 1 - len(suffix)]}_{suffix}"
            read = _column(f"{prefix}_{part}", (*path, part), sub, _KINDS.get(sub.get("type", ""), "json"))
            yield replace(read, key=(key, value), short=short, title=f"{label} : {sub.get('title', part)}")
    rest = _column(f"{name}_autres", path, definition, "json")
    title = f"{definition.get('title', name)} (autres)"
    yield replace(rest, short=f"{rest.short[:6]}_aut", title=title, key=(key, ""), excluding=usual)


def _column(name: str, path: tuple[str, ...], definition: dict[str, Any], kind: str) -> Column:
    if kind == "string" and definition.get("format") == "date":
        kind = "date"
    return Column(
        name=_identifier(name, keep_case=True),
        short=_identifier(definition.get("x-short", name), keep_case=True)[:SHORT_NAME_BYTES],
        kind=kind,
        title=str(definition.get("title", name)),
        description=str(definition.get("description", "")),
        path=path,
        labels=definition.get("x-labels", {}),
        definition=definition,
    )


def _identifier(text: str, *, keep_case: bool = False) -> str:
    """Return text as ASCII letters, digits and underscores: "Maoré Mobile" → "maore_mobile"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^0-9A-Za-z]+", "_", plain).strip("_")
    return (plain if keep_case else plain.lower()) or "champ"


def _with_unique_names(columns: list[Column]) -> list[Column]:
    """Make names unique without regard to case (SQLite, hence GeoPackage), ours kept for us."""
    taken = set(_RESERVED)
    unique = []
    for column in columns:
        name, rank = column.name, 2
        while name.lower() in taken:
            name, rank = f"{column.name}_{rank}", rank + 1
        taken.add(name.lower())
        unique.append(replace(column, name=name))
    return unique


def _with_unique_shorts(columns: list[Column]) -> list[Column]:
    """Make short names unique: the second of two gets a digit at its end. Ours are served first."""
    order = sorted(range(len(columns)), key=lambda index: bool(columns[index].path))
    taken: set[str] = set()
    shorts: dict[int, str] = {}
    for index in order:
        wanted = columns[index].short
        short, rank = wanted, 2
        while short.lower() in taken:
            short, rank = f"{wanted[: SHORT_NAME_BYTES - len(str(rank))]}{rank}", rank + 1
        taken.add(short.lower())
        shorts[index] = short
    return [replace(column, short=shorts[index]) for index, column in enumerate(columns)]
