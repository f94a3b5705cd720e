"""The grid of web tiles (XYZ, EPSG:3857): what a tile covers, which cell a point is in."""

import math

# Beyond it the square of the world ends.
MAX_LATITUDE = 85.0511287798066
Box = tuple[float, float, float, float]


def tile_box(z: int, x: int, y: int, *, margin: float = 0.0) -> Box:
    """Return west, south, east, north in degrees (EPSG:4326); `margin` in tiles on each side."""
    side = 2**z
    west, east = (x - margin) / side * 360 - 180, (x + 1 + margin) / side * 360 - 180
    return (
        max(west, -180.0),
        latitude((y + 1 + margin) / side),
        min(east, 180.0),
        latitude((y - margin) / side),
    )


def cell_of(lon: float, lat: float, level: int) -> tuple[int, int]:
    """Return the column and row of the cell of a grid of 2^level by 2^level that holds a point."""
    side = 2**level
    lat = min(max(lat, -MAX_LATITUDE), MAX_LATITUDE)
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return min(int((lon + 180) / 360 * side), side - 1), min(max(int(row * side), 0), side - 1)


def longitude(column: float) -> float:
    """Return degrees from a place across the square of the world (0 west, 1 east)."""
    return column * 360 - 180


def latitude(row: float) -> float:
    """Return degrees from a place down the square of the world (0 north, 1 south)."""
    bounded = min(max(row, 0.0), 1.0)
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * bounded))))
