"""Which column of a file answers which field: guessed, corrected by a person, checked once."""

from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass, field
from typing import Any

import pyproj
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from contributions.imports.choices import read_values
from couches.columns import Column, columns_of
from couches.models import Couche
from couches.text import plain
from territoires.refusals import FileRefused

MAX_RADIUS_M = 1_000
DEFAULT_RADIUS_M = 50
# Names a column of ours goes by in other people's files, plain and in lower case.
_X = ("longitude", "lon", "long", "lng", "x", "coord_x", "longitude_wgs84")
_Y = ("latitude", "lat", "y", "coord_y", "latitude_wgs84")
_DATE = ("observed_at", "last_observed_on", "constate_le", "date_constat", "date_maj", "date_modif", "date")
_IDENTIFIER = ("id", "identifiant", "uuid", "id_reperes")
_ACCURACY = ("accuracy_m", "precision_m", "precision")
CRS_CHOICES = {
    "4326": "WGS 84 : longitude et latitude en degrés",
    "2154": "Lambert-93 (métropole et Corse)",
    "3857": "Web Mercator",
    "5490": "UTM 20N (Guadeloupe, Martinique)",
    "2972": "UTM 22N (Guyane)",
    "2975": "UTM 40S (La Réunion)",
    "4471": "UTM 38S (Mayotte)",
    "4467": "UTM 21N (Saint-Pierre-et-Miquelon)",
    "3163": "Lambert (Nouvelle-Calédonie)",
    **{str(3942 + rank): f"CC{42 + rank}" for rank in range(9)},
}
MATCHES = ("none", "id", "place")


@dataclass(frozen=True)
class Mapping:
    """How rows are read.

    `fields` {name of a flat column of the couche: column of the file}; `x`, `y` and `crs` (EPSG code)
    where rows carry no geometry; `match` says how an existing object is recognised: "id" by
    `identifier`, "place" by its name within `radius_m` metres, "none" never. `values` {flat column:
    {text of the file: code of the choice, "" for no answer}} is what a person said of the texts that the
    couche does not know.
    """

    fields: dict[str, str] = field(default_factory=dict)
    x: str = ""
    y: str = ""
    crs: str = "4326"
    date: str = ""
    accuracy: str = ""
    match: str = "none"
    identifier: str = ""
    radius_m: int = DEFAULT_RADIUS_M
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what the row keeps."""
        return asdict(self)


def fields_of(couche: Couche) -> list[Column]:
    """Return the flat columns of a couche that a file may answer."""
    return [column for column in columns_of(couche) if column.path]


def name_field(couche: Couche) -> str:
    """Return the flat column that names an object of the couche, "" where none does."""
    title = couche.attribute_schema.get("x-title") or ""
    return next((column.name for column in fields_of(couche) if column.path == (title,)), "")


def guess(couche: Couche, columns: list[str], *, has_geometry: bool) -> Mapping:
    """Return the mapping that the names of the columns suggest: ours, our labels, usual words."""
    by_plain = {plain(name): name for name in reversed(columns)}
    found: dict[str, str] = {}
    for column in fields_of(couche):
        spelled = (column.name, column.short, column.title, *_national_names(column))
        name = next((by_plain[plain(one)] for one in spelled if plain(one) in by_plain), "")
        if name and name not in found.values():
            found[column.name] = name

    def one_of(names: tuple[str, ...]) -> str:
        return next((by_plain[name] for name in names if name in by_plain), "")

    identifier = one_of(_IDENTIFIER)
    return Mapping(
        fields=found,
        x="" if has_geometry else one_of(_X),
        y="" if has_geometry else one_of(_Y),
        date=one_of(_DATE),
        accuracy=one_of(_ACCURACY),
        match="id" if identifier else "none",
        identifier=identifier,
    )


def read_mapping(
    couche: Couche, columns: list[str], given: MappingType[str, Any], *, has_geometry: bool
) -> Mapping:
    """Return the mapping a person or a program gives. Raises ValidationError by field."""
    errors: dict[str, list[str]] = {}
    known = {column.name: column for column in fields_of(couche)}

    def column_named(name: str, value: object) -> str:
        text = value if isinstance(value, str) else ""
        if text and text not in columns:
            errors[name] = [_("Le fichier n'a pas de colonne « %(name)s ».") % {"name": text[:60]}]
        return text

    fields_given = given.get("fields")
    found = {}
    for name, value in (fields_given if isinstance(fields_given, dict) else {}).items():
        if name not in known:
            errors[f"fields.{str(name)[:60]}"] = [_("La couche n'a pas ce champ.")]
        elif text := column_named(f"fields.{name}", value):
            found[name] = text
    single = {
        name: column_named(name, given.get(name)) for name in ("x", "y", "date", "accuracy", "identifier")
    }
    match = given.get("match", "none")
    if match not in MATCHES:
        errors["match"] = [_("Choisissez none, id ou place.")]
        match = "none"
    mapping = Mapping(
        fields=found,
        crs=_crs(given, errors),
        match=str(match),
        radius_m=_radius(given, errors),
        values=read_values(known, given.get("values"), errors, answered=found),
        **single,
    )
    _check_whole(couche, mapping, errors, has_geometry=has_geometry)
    if errors:
        raise ValidationError(dict(errors))
    return mapping


def _check_whole(
    couche: Couche, mapping: Mapping, errors: dict[str, list[str]], *, has_geometry: bool
) -> None:
    """Note what the choices lack together."""
    if not has_geometry and not (mapping.x and mapping.y) and mapping.match != "id":
        errors.setdefault("x", [_("Dites quelles colonnes donnent la longitude et la latitude.")])
    if mapping.match == "id" and not mapping.identifier:
        errors.setdefault("identifier", [_("Dites quelle colonne donne l'identifiant des objets.")])
    if mapping.match == "place" and mapping.fields.get(name_field(couche), "") == "":
        errors.setdefault("match", [_("Pour reconnaître par le nom et le lieu, donnez la colonne du nom.")])
    if not mapping.fields and "fields" not in errors:
        errors["fields"] = [_("Aucune colonne ne répond à un champ : choisissez-en au moins une.")]


def _crs(given: MappingType[str, Any], errors: dict[str, list[str]]) -> str:
    code = str(given.get("crs") or "4326").upper().removeprefix("EPSG:")
    if code in CRS_CHOICES:
        return code
    errors["crs"] = [_("Choisissez un système de coordonnées de la liste.")]
    return "4326"


def _radius(given: MappingType[str, Any], errors: dict[str, list[str]]) -> int:
    value = given.get("radius_m", DEFAULT_RADIUS_M)
    try:
        radius = int(str(value)[:9])
    except ValueError:
        radius = -1
    if not 1 <= radius <= MAX_RADIUS_M:
        errors["radius_m"] = [_("Donnez une distance de 1 à %(max)d mètres.") % {"max": MAX_RADIUS_M}]
        return DEFAULT_RADIUS_M
    return radius


def _national_names(column: Column) -> list[str]:
    """Return the names of the field in its national schema, said by the couche's own schema."""
    table = column.definition.get("x-table", {})
    return [str(table[key]) for key in ("name", "national") if key in table]


def transformer(crs: str) -> pyproj.Transformer | None:
    """Return what brings x, y of a CRS to longitude, latitude; None when they are.

    Raises FileRefused for one that leads to no place on Earth.
    """
    try:
        return _transformer(crs)
    except pyproj.exceptions.ProjError as error:
        text = _(
            "Le système de coordonnées du fichier n'est pas lisible : enregistrez-le en EPSG:4326 ou 2154."
        )
        raise FileRefused(text) from error


def _transformer(crs: str) -> pyproj.Transformer | None:
    if pyproj.CRS.from_user_input(crs).equals(pyproj.CRS.from_epsg(4326), ignore_axis_order=True):
        return None
    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
