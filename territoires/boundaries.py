"""Brings a file of outlines into the database's staging table, checked and in EPSG:4326.

Columns are known by their usual names in IGN's, Etalab's, INSEE's and OSM's files.
Names, EPCI and populations come from the COG, which is newer than most files.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext as _

from territoires.cog import Cog
from territoires.legal import BOXES_OVERSEAS, BOXES_WITH_OUTLINES
from territoires.refusals import FileRefused
from territoires.sandbox import VectorFile, read_vector_file

LAYER_NAMES = ("commune", "communes")
LAYER_FILES = re.compile(r"(?i)^communes?(?![a-z])(?!.*(associee|deleguee))")
CODE_ALIASES = (
    "code_insee",
    "insee_com",
    "insee",
    "code",
    "codgeo",
    "depcom",
    "insee_arm",
    "ref:insee",
)
NAME_ALIASES = ("nom_officiel", "nom", "nom_com", "libgeo", "name")
# 35,000 communes, their 2,600 former parts, and room for a file that repeats them.
MAX_FEATURES = 120_000
_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
# Scattered over an ocean or without inhabitants: no box holds them.
_BOXLESS = ("984", "989")

CREATE_INCOMING = """
CREATE TEMPORARY TABLE incoming (
    file_code text NOT NULL,
    code text NOT NULL,
    approximate boolean NOT NULL,
    from_file boolean NOT NULL,
    year smallint,
    geom geometry(Geometry, 4326) NOT NULL
) ON COMMIT DROP
"""
COPY_INCOMING = "COPY incoming (file_code, code, approximate, from_file, year, geom) FROM STDIN"

# A file may hold both Paris and its arrondissements: the commune's own outline is enough.
DROP_DOUBLE_ARRONDISSEMENTS = """
DELETE FROM incoming AS part
WHERE part.file_code = ANY(%s)
  AND EXISTS (SELECT 1 FROM incoming AS whole WHERE whole.file_code = part.code)
"""


@dataclass(slots=True)
class Staged:
    """What a file held: its codes, those unknown to the COG, those repaired, those without outline."""

    layer: str = ""
    crs: str = ""
    codes: Counter[str] = field(default_factory=Counter)
    unknown: dict[str, str] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)
    without_outline: list[str] = field(default_factory=list)
    approximate: bool = False


def stage_file(cursor: CursorWrapper, path: Path, cog: Cog, *, advance: Callable[[int], None]) -> Staged:
    """Copy the outlines of `path` to the table `incoming`, each with today's code; return what was seen.

    Memory is bounded by a batch of 500. Raises FileRefused: what the sandbox refuses,
    a geometry which is no polygon, not finite, or outside France.
    """
    staged = Staged()
    with read_vector_file(
        path,
        max_features=MAX_FEATURES,
        layers=LAYER_NAMES,
        columns=[CODE_ALIASES],
        keep=[*NAME_ALIASES, "approximate"],
        prefer=LAYER_FILES,
    ) as source:
        staged.layer, staged.crs = source.layer, source.crs
        to_wgs84 = _transformer(source.crs)
        with cursor.copy(COPY_INCOMING) as copy:
            for batch in source.batches:
                for row in _rows(batch, source, cog, to_wgs84, staged):
                    copy.write_row(row)
                advance(batch.num_rows)
    if not staged.codes:
        raise FileRefused(_("Aucune commune connue du COG dans ce fichier : est-ce la bonne couche ?"))
    cursor.execute(DROP_DOUBLE_ARRONDISSEMENTS, [list(cog.municipal)])
    return staged


def _rows(
    batch: pa.RecordBatch, source: VectorFile, cog: Cog, to_wgs84: Any, staged: Staged
) -> list[tuple[str, str, bool, bool, None, str]]:
    names = {name.lower(): name for name in batch.schema.names}
    codes = [_code(value) for value in batch.column(names[_first(CODE_ALIASES, names)]).to_pylist()]
    labels = _column(batch, names, NAME_ALIASES)
    approximate = [bool(value) for value in _column(batch, names, ("approximate",))]
    geometries = _geometries(batch.column(source.geometry), codes)
    geometries = _in_wgs84(geometries, codes, to_wgs84)
    geometries = _valid(geometries, codes, staged)
    rows = []
    for code, label, rough, geometry in zip(codes, labels, approximate, geometries, strict=True):
        today = cog.today(code)
        if today is None:
            staged.unknown[code] = str(label or "")
        elif geometry is None or geometry.is_empty:
            staged.without_outline.append(code)
        else:
            staged.codes[code] += 1
            staged.approximate |= rough
            rows.append(
                (code, today, rough, True, None, shapely.to_wkb(geometry, hex=True, include_srid=True))
            )
    return rows


def _first(aliases: tuple[str, ...], names: dict[str, str]) -> str:
    return next(alias for alias in aliases if alias in names)


def _column(batch: pa.RecordBatch, names: dict[str, str], aliases: tuple[str, ...]) -> list[Any]:
    alias = next((alias for alias in aliases if alias in names), None)
    return batch.column(names[alias]).to_pylist() if alias else [None] * batch.num_rows


def _code(value: object) -> str:
    """Return a code as five characters: a file that made numbers of them lost the leading zero."""
    code = str(value if value is not None else "").strip().upper()
    return code.zfill(5) if code.isdigit() else code


def _geometries(column: pa.Array, codes: list[str]) -> Any:
    """Return shapely geometries, in two dimensions; refuse what is no finite polygon."""
    try:
        with np.errstate(invalid="ignore"):  # a NaN is told below, with its commune
            geometries = shapely.force_2d(shapely.from_wkb(np.array(column.to_pylist(), dtype=object)))
    except shapely.errors.ShapelyError as error:
        raise FileRefused(_("Une géométrie du fichier est illisible.")) from error
    present = ~shapely.is_missing(geometries)
    wrong = present & ~np.isin(shapely.get_type_id(geometries), _POLYGONS)
    _refuse(wrong, codes, _("Le contour de %(code)s n'est pas un polygone : donnez la couche des communes."))
    coordinates, owners = shapely.get_coordinates(geometries, return_index=True)
    broken = np.zeros(len(codes), dtype=bool)
    broken[owners[~np.isfinite(coordinates).all(axis=1)]] = True
    _refuse(broken, codes, _("Le contour de %(code)s a des coordonnées qui ne sont pas des nombres."))
    return geometries


def _in_wgs84(geometries: Any, codes: list[str], to_wgs84: Any) -> Any:
    if to_wgs84 is not None:
        geometries = shapely.transform(geometries, to_wgs84.transform, interleaved=False)
    bounds = shapely.bounds(geometries)
    present = ~np.isnan(bounds[:, 0])
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    inside = np.zeros(len(codes), dtype=bool)
    for west, south, east, north in [*BOXES_WITH_OUTLINES, *BOXES_OVERSEAS]:
        inside |= (x >= west) & (x <= east) & (y >= south) & (y <= north)
    boxless = np.array([code.startswith(_BOXLESS) for code in codes], dtype=bool)
    _refuse(
        present & ~inside & ~(boxless & (abs(x) <= 180) & (abs(y) <= 90)),
        codes,
        _("Le contour de %(code)s tombe hors de France : la projection déclarée par le fichier est fausse."),
    )
    return shapely.set_srid(geometries, 4326)


def _valid(geometries: Any, codes: list[str], staged: Staged) -> Any:
    """Repair self-crossing outlines, keeping only what has an area."""
    for index in np.flatnonzero(~shapely.is_missing(geometries) & ~shapely.is_valid(geometries)):
        fixed = shapely.make_valid(geometries[index], method="structure", keep_collapsed=False)
        parts = [part for part in shapely.get_parts(fixed) if part.geom_type == "Polygon"]
        geometries[index] = shapely.set_srid(shapely.union_all(parts), 4326) if parts else None
        staged.repaired.append(codes[index])
    return geometries


def _refuse(wrong: Any, codes: list[str], text: str) -> None:
    if wrong.any():
        raise FileRefused(text % {"code": codes[int(np.flatnonzero(wrong)[0])] or _("code vide")})


def _transformer(crs: str) -> Any:
    """Return the transformation to longitude and latitude WGS84, or None when the file is in it."""
    try:
        source = pyproj.CRS.from_user_input(crs)
        if source.equals(pyproj.CRS.from_epsg(4326), ignore_axis_order=True):
            return None
        return pyproj.Transformer.from_crs(source, 4326, always_xy=True)
    except pyproj.exceptions.CRSError as error:
        raise FileRefused(
            _(
                "Le système de coordonnées du fichier n'est pas reconnu : convertissez-le en EPSG:2154 ou 4326."
            )
        ) from error
