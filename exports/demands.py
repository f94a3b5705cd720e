"""What is asked of an export, read from an address and checked before anything is done."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg import sql

from couches.columns import Column, columns_of, nested_columns
from couches.models import CoucheVersion
from couches.reading import reader
from exports.formats import FORMATS, Format
from exports.projections import DEFAULT_LEGAL, LEGAL, PROJECTIONS, WGS84
from exports.rows import Selection, Territory, count, legal_srids, longest_answers
from territoires.models import BoundaryLoad, Commune, Departement, Epci, Region
from territoires.scope import parse_territory

# Grows when the same rows would give other bytes: the caches of yesterday no longer count.
RECIPE_REVISION = 2


@dataclass(frozen=True)
class Demand:
    """One file: a version, a format, a CRS (an EPSG code, or `legal` when it spans several), a territory."""

    version: CoucheVersion
    format: Format
    crs: str
    territory: Territory | None = None
    bom: bool = False
    nested: bool = False

    @property
    def columns(self) -> list[Column]:
        """The columns it holds: the flat ones, or the answers as they are stored."""
        return nested_columns() if self.nested else columns_of(self.version.couche)

    @property
    def selection(self) -> Selection:
        """The rows it holds."""
        return Selection(self.version, self.territory)

    @property
    def territory_key(self) -> str:
        """Return "commune:15014", or an empty text for everywhere."""
        return territory_key(self.territory)

    @property
    def key(self) -> str:
        """Name the demand among all: what a job is locked on."""
        parts = [
            self.version.couche.slug,
            str(self.version.number),
            self.format.name,
            self.crs,
            self.territory_key,
        ]
        return "/".join(parts)

    def filename(self) -> str:
        """Return the name people will see: "zones-blanches_v3_15014_EPSG2154.gpkg"."""
        several = self.crs == LEGAL and not self.format.streamed
        extension = self.format.extension
        if several and not extension.endswith("zip"):
            extension = f"{extension}.zip"
        return f"{self.stem(self.crs)}.{extension}"

    def stem(self, crs: str) -> str:
        """Return the name without extension, stating the CRS."""
        place = territory_key(self.territory).removeprefix("commune:").replace(":", "-")
        projection = LEGAL if crs == LEGAL else f"EPSG{crs}"
        parts = [self.version.couche.slug, f"v{self.version.number}", place, projection]
        return "_".join(part for part in parts if part)

    def etag(self) -> str:
        """Return the strong validator of a streamed answer: same rows, same recipe, same bytes."""
        facts = [self.key, self.bom, self.nested, self.version.sha256, recipe(self.version)]
        return f'"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}"'


def territory_key(territory: Territory | None) -> str:
    """Return the name of a territory as it stands in an address."""
    kinds: list[tuple[type[Territory], str]] = [
        (Commune, "commune"), (Epci, "epci"), (Departement, "departement"), (Region, "region"),
    ]  # fmt: skip
    return next((f"{kind}:{territory.pk}" for model, kind in kinds if isinstance(territory, model)), "")


def recipe(version: CoucheVersion) -> str:
    """Return the hash of what a file depends on beside its demand.

    Names of communes and members of an EPCI change with each loading of the boundaries,
    columns with the schema: a file made before does not answer for what is true after.
    """
    loaded = BoundaryLoad.objects.order_by("-pk").values_list("pk", flat=True).first()
    couche = version.couche
    facts = [RECIPE_REVISION, loaded, couche.title, couche.licence, couche.attribute_schema]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def read_demand(version: CoucheVersion, parameters: Mapping[str, str]) -> Demand:
    """Return the demand that the parameters of an address express.

    Raises ValidationError naming `format`, `crs`, `territoire`, `bom` or `attributs`, and the
    remedy.
    """
    form = _read_format(parameters.get("format", ""))
    crs = _read_crs(parameters.get("crs", ""), form)
    bom = _read_bom(parameters.get("bom", ""), form)
    nested = _read_nested(parameters.get("attributs", ""), form)
    territory = parse_territory(parameters.get("territoire", ""))
    selection = Selection(version, territory)
    _check_fits(form, selection)
    return Demand(version, form, _settle_crs(crs, form, selection), territory, bom, nested)


def _check_fits(form: Format, selection: Selection) -> None:
    """Refuse what a format cannot hold whole: a file cut short would lie."""
    limit = form.limit
    # Counting is only worth it where the whole version would not fit.
    if limit and selection.version.feature_count > limit:
        rows = int(_one(count(selection)))
        if rows > limit:
            message = _(
                "Ce format (%(label)s) s'arrête à %(max)d objets, et il y en aurait %(rows)d : restreignez "
                "« territoire », ou demandez format=csv ou format=gpkg."
            )
            raise ValidationError({"format": [message % {"label": form.label, "max": limit, "rows": rows}]})
    if form.max_text and _one(longest_answers(selection, form.max_text)):
        message = _(
            "Un texte dépasse les %(max)d caractères d'une case de tableur : restreignez « territoire », "
            "ou demandez format=csv ou format=gpkg."
        )
        raise ValidationError({"format": [message % {"max": form.max_text}]})


def _one(query: sql.Composed) -> Any:
    with reader().cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def _read_format(text: str) -> Format:
    if text not in FORMATS:
        message = _("Choisissez un format parmi %(names)s.") % {"names": ", ".join(FORMATS)}
        raise ValidationError({"format": [message]})
    return FORMATS[text]


def _read_crs(text: str, form: Format) -> str:
    """Return "legal" or an EPSG code of our table, as text."""
    code = text.strip().upper().removeprefix("EPSG:")
    if not code:
        return str(WGS84) if form.wgs84_only else LEGAL
    if code == LEGAL.upper() and not form.wgs84_only:
        return LEGAL
    if form.wgs84_only and code != str(WGS84):
        message = _(
            "%(format)s est toujours en WGS 84 (EPSG:4326) : retirez « crs », ou demandez "
            "format=gpkg pour une autre projection."
        )
        raise ValidationError({"crs": [message % {"format": form.label}]})
    known = {str(srid) for srid in PROJECTIONS}
    if code not in known:
        message = _("Projection inconnue : écrivez legal, ou un code EPSG parmi %(codes)s.")
        raise ValidationError({"crs": [message % {"codes": ", ".join(str(srid) for srid in PROJECTIONS)}]})
    return code


def _read_bom(text: str, form: Format) -> bool:
    if text not in ("", "0", "1"):
        raise ValidationError({"bom": [_("Écrivez bom=1 pour un tableur, ou retirez « bom ».")]})
    if text == "1" and form.name != "csv":
        raise ValidationError({"bom": [_("« bom » ne vaut que pour le CSV : retirez-le.")]})
    return text == "1"


def _read_nested(text: str, form: Format) -> bool:
    if text not in ("", "plats", "imbriques"):
        raise ValidationError({"attributs": [_("Écrivez attributs=plats ou attributs=imbriques.")]})
    if text == "imbriques" and form.name != "geojson":
        raise ValidationError({"attributs": [_("« imbriques » ne vaut que pour le GeoJSON : retirez-le.")]})
    return text == "imbriques"


def _settle_crs(crs: str, form: Format, selection: Selection) -> str:
    """Return the CRS of the file: the one asked if it covers the points, else why not.

    `legal` becomes a code as soon as one is enough. A row of a CSV states its own.
    """
    if crs == str(WGS84) or (crs == LEGAL and form.streamed):
        return crs
    found = _legal_srids(selection)
    if crs == LEGAL:
        return LEGAL if len(found) > 1 else str(next(iter(found), _legal_of(selection.territory)))
    projection = PROJECTIONS[int(crs)]
    if not found <= projection.covers:
        strangers = ", ".join(f"EPSG:{srid}" for srid in sorted(found - projection.covers))
        message = _(
            "%(name)s ne couvre pas tous les points demandés (projection légale de certains : "
            "%(others)s). Demandez crs=legal, crs=4326, ou restreignez « territoire »."
        )
        raise ValidationError({"crs": [message % {"name": projection.urn, "others": strangers}]})
    return crs


def _legal_srids(selection: Selection) -> set[int]:
    with reader().cursor() as cursor:
        cursor.execute(legal_srids(selection))
        return {row[0] for row in cursor.fetchall()}


def _legal_of(territory: Territory | None) -> int:
    """Return the legal CRS of an empty territory."""
    if isinstance(territory, Commune):
        return territory.departement.srid
    if isinstance(territory, Departement):
        return territory.srid
    return DEFAULT_LEGAL
