"""What is published of the place of an object in a sensitive couche: its commune and a wide cell.

The place is rounded before it is stored, so that no door can say more: a file, a tile, the
hash of a row, a restored dump all come from the same rounded row. The exact place stays in
the report, which the officials of its commune alone read. Why: docs/adr/0008.
"""

from typing import Final

from django.contrib.gis.geos import Point

# 0.1 degree: 11 km from north to south, 7 to 9 from west to east in mainland France.
CELL_DECIMALS: Final = 1
# From the middle of a cell to its corner, at the equator, where cells are widest: 7,860 m.
ACCURACY_M: Final = 8_000


def middle_of_cell(point: Point) -> Point:
    """Return the middle of the cell that holds `point`, both in EPSG:4326."""
    return Point(round(point.x, CELL_DECIMALS) + 0.0, round(point.y, CELL_DECIMALS) + 0.0, srid=4326)
