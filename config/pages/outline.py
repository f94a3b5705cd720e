"""Outline of a commune and of its neighbours as a light SVG, drawn by the server.

No tile, no script: it shows without network and prints. Coordinates are equirectangular
around the commune's latitude, whole numbers in a box 600 wide, a few hundred vertices.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Point, Polygon
from django.db.models import F, Func, Value

from territoires.models import Commune

WIDTH = 600
MARGIN = 30
NEIGHBOURS = 20
# Width of a letter of a label, in the drawing's units (see .contour text).
LETTER = 13
# A vertex nearer than this share of the drawing's width cannot be seen.
DETAIL = 1 / 300


@dataclass(frozen=True)
class Label:
    """A neighbour's name at a place of the drawing."""

    x: int
    y: int
    text: str
    code: str


@dataclass(frozen=True)
class Outline:
    """A drawing: SVG paths, points and labels in a box of `width` by `height`."""

    width: int
    height: int
    path: str
    neighbours: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    points: list[tuple[int, int]] = field(default_factory=list)
    approximate: bool = False


class _Simplified(Func):
    """`ST_SimplifyPreserveTopology(geom, degrees)`: never empties a small island."""

    function = "ST_SimplifyPreserveTopology"
    output_field = GeometryField(srid=4326)


class _Frame:
    """Maps degrees to the drawing; `box` is (west, south, east, north) in degrees."""

    def __init__(self, box: tuple[float, float, float, float]) -> None:
        west, south, east, north = box
        squeeze = math.cos(math.radians((south + north) / 2))
        self._west, self._north = west, north
        self._scale_x = (WIDTH - 2 * MARGIN) / max((east - west), (north - south) / squeeze, 1e-9)
        self._scale_y = self._scale_x / squeeze
        self.width = round((east - west) * self._scale_x) + 2 * MARGIN
        self.height = round((north - south) * self._scale_y) + 2 * MARGIN

    def place(self, lon: float, lat: float) -> tuple[int, int]:
        """Return the drawing's (x, y) of a longitude and a latitude."""
        x = round((lon - self._west) * self._scale_x) + MARGIN
        return x, round((self._north - lat) * self._scale_y) + MARGIN

    def window(self) -> Polygon:
        """Return what the drawing shows, in degrees (EPSG:4326)."""
        dx, dy = MARGIN / self._scale_x, MARGIN / self._scale_y
        east = self._west + self.width / self._scale_x - dx
        south = self._north - self.height / self._scale_y + dy
        window = Polygon.from_bbox((self._west - dx, south, east, self._north + dy))
        window.srid = 4326
        return window

    def path(self, geometry: GEOSGeometry) -> str:
        """Return the SVG path of a polygon or of several; anything else is empty."""
        polygons = geometry if isinstance(geometry, MultiPolygon) else [geometry]
        rings = [ring for polygon in polygons if isinstance(polygon, Polygon) for ring in polygon]
        return "".join(self._ring(ring.coords) for ring in rings)

    def _ring(self, coordinates: Iterable[tuple[float, ...]]) -> str:
        seen: list[tuple[int, int]] = []
        for lon, lat, *_rest in coordinates:
            spot = self.place(lon, lat)
            if not seen or seen[-1] != spot:
                seen.append(spot)
        return "M" + "L".join(f"{x} {y}" for x, y in seen) + "Z" if len(seen) > 2 else ""


def draw(commune: Commune, points: Iterable[Point] = ()) -> Outline | None:
    """Return the drawing of a commune with its neighbours; None while it has no outline.

    `points` (EPSG:4326) outside the window are left out. Two queries.
    """
    outline = _simplified(commune)
    if outline is None:
        return None
    frame = _Frame(outline.extent)
    window = frame.window()
    neighbours = _neighbours(commune, window)
    names = [_label(frame, neighbour, shape) for neighbour, shape in neighbours]
    return Outline(
        width=frame.width,
        height=frame.height,
        path=frame.path(outline),
        neighbours=[frame.path(shape) for _, shape in neighbours],
        labels=[name for name in names if name is not None],
        points=[frame.place(point.x, point.y) for point in points if window.covers(point)],
        approximate=commune.approximate or any(neighbour.approximate for neighbour, _ in neighbours),
    )


def _simplified(commune: Commune) -> GEOSGeometry | None:
    drawn = Commune.objects.filter(pk=commune.pk, geom__isnull=False)
    row = (
        drawn.annotate(outline=_Simplified(F("geom"), Value(_tolerance(commune))))
        .values_list("outline")
        .first()
    )
    return row[0] if row else None


def _tolerance(commune: Commune) -> float:
    """Degrees: an ordinary commune is 0.06° wide; larger ones only lose more detail than needed."""
    return 0.06 * DETAIL if commune.pk[:2] != "97" else 0.2 * DETAIL


def _neighbours(commune: Commune, window: Polygon) -> list[tuple[Commune, GEOSGeometry]]:
    # A little wider than the drawing: the cut's own line stays out of sight.
    wider = window.buffer((window.extent[2] - window.extent[0]) / 50)
    others = Commune.objects.current().exclude(pk=commune.pk).filter(geom__bboverlaps=wider)
    drawn = others.annotate(outline=_Simplified(F("geom"), Value(_tolerance(commune)))).defer("geom")
    shown: list[tuple[Commune, GEOSGeometry]] = []
    for neighbour in drawn.order_by("pk")[:NEIGHBOURS]:
        visible = neighbour.outline.buffer(0).intersection(wider)
        if not visible.empty:
            shown.append((neighbour, visible))
    return shown


def _label(frame: _Frame, neighbour: Commune, shape: GEOSGeometry) -> Label | None:
    """Return the neighbour's name where it shows, or None where it would not fit."""
    west, _south, east, _north = shape.extent
    left, right = frame.place(west, 0)[0], frame.place(east, 0)[0]
    half = len(neighbour.nom) * LETTER // 2
    # A little overflow is legible; a name wider than its piece would cover its neighbour.
    if right - left < 1.6 * half or 2 * half > frame.width:
        return None
    x, y = frame.place(*shape.point_on_surface.coords)
    return Label(x=min(max(x, half), frame.width - half), y=y, text=neighbour.nom, code=neighbour.pk)
