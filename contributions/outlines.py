"""Outlines small enough for a phone: whole numbers, most of them of two or three digits.

A polygon is a list of rings (the first is the outside), a ring a flat list of integers:
longitude and latitude of its first vertex in millionths of a degree (11 cm), then the
differences from vertex to vertex; the last vertex, which repeats the first, is left out.
"""

from typing import Any

import numpy as np
import shapely

UNIT = 1_000_000
_METRES_PER_DEGREE = 111_320

Encoded = list[list[list[int]]]


def encode(geometry: Any) -> Encoded:
    """Return the polygons of a shapely geometry (EPSG:4326); [] for None, empty, or no area."""
    polygons = []
    for polygon in shapely.get_parts(geometry) if geometry is not None else ():
        rings = [_ring(ring) for ring in shapely.get_rings(polygon)]
        if rings and rings[0]:
            polygons.append([ring for ring in rings if ring])
    return polygons


def _ring(ring: Any) -> list[int]:
    """Return a ring as first vertex and differences; [] when rounding leaves it no area."""
    vertices = np.rint(shapely.get_coordinates(ring)[:-1] * UNIT).astype(np.int64)
    moved = np.any(vertices != np.roll(vertices, 1, axis=0), axis=1)
    vertices = vertices[moved]
    if len(vertices) < 3:
        return []
    steps: list[int] = np.diff(vertices, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel().tolist()
    return steps


def simplify(geometries: list[Any], metres: float) -> list[Any]:
    """Return the outlines with fewer vertices, shared borders still shared, moved by about `metres`."""
    simpler: list[Any] = shapely.coverage_simplify(geometries, metres / _METRES_PER_DEGREE).tolist()
    return simpler
