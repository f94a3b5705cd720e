"""Which map tiles a phone may keep for a commune, and what they weigh: IGN's plan, an open licence."""

import math
from typing import Any

from django.conf import settings

# The very address that frontend/static/js/map.js asks for: a kept tile is found by its address.
QUERY = (
    "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2&STYLE=normal"
    "&FORMAT=image/png&TILEMATRIXSET=PM&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}"
)
ZOOMS = (10, 15)
# 16 MB: beyond it, a large commune does without the finest zooms.
MAX_TILES = 600
# Mean weight of a tile of the plan over countryside, from zoom 10 to 15.
TILE_BYTES = 27_000


def plan_tiles(extent: tuple[float, float, float, float]) -> dict[str, Any] | None:
    """Return template, zooms, box, count and estimated bytes for a box (EPSG:4326).

    None without a tile server, or when even the widest zoom takes too many tiles.
    """
    if not settings.TILE_HOST:
        return None
    lowest, highest = ZOOMS
    counts = [_count(extent, zoom) for zoom in range(lowest, highest + 1)]
    while counts and sum(counts) > MAX_TILES:
        counts.pop()
    if not counts:
        return None
    return {
        "template": f"{settings.TILE_HOST}/wmts?{QUERY}",
        "zooms": [lowest, lowest + len(counts) - 1],
        "bbox": [round(bound, 6) for bound in extent],
        "count": sum(counts),
        "bytes": sum(counts) * TILE_BYTES,
    }


def _count(extent: tuple[float, float, float, float], zoom: int) -> int:
    west, south, east, north = (round(bound, 6) for bound in extent)
    columns = _column(east, zoom) - _column(west, zoom) + 1
    return columns * (_row(south, zoom) - _row(north, zoom) + 1)


def _column(lon: float, zoom: int) -> int:
    return math.floor((lon + 180) / 360 * 2**zoom)


def _row(lat: float, zoom: int) -> int:
    return math.floor((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom)
