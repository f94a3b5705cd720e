"""Legal projected CRS and extent of each French territory (décret 2000-1276, as amended by 2019-165)."""

from django.contrib.gis.geos import Point

DEFAULT_SRID = 2154  # RGF93 v1 / Lambert-93: métropole and Corse
SRID_OF_DEPARTEMENT = {
    "971": 5490,  # RGAF09 / UTM 20N
    "972": 5490,
    "977": 5490,
    "978": 5490,
    "973": 2972,  # RGFG95 / UTM 22N
    "974": 2975,  # RGR92 / UTM 40S
    "976": 4471,  # RGM04 / UTM 38S
    "975": 4467,  # RGSPM06 / UTM 21N
    "988": 3163,  # RGNC91-93 / Lambert New Caledonia
    "987": 3297,  # RGPF / UTM 6S, where the most populated islands lie
    "986": 8903,  # RGWF96 / UTM 1S
    "984": 4326,  # spread over five UTM zones: left in degrees
    "989": 4326,  # Clipperton: no legal projection
}

# West, south, east, north. The first five are those of Etalab's own selector; the last
# three are generous boxes of ours.
BOXES_WITH_OUTLINES = [
    (-9.86, 41.15, 10.38, 51.56),
    (-63.66, 14.08, -57.52, 18.54),
    (-54.6, 2.11, -49.46, 8.88),
    (51.83, -24.72, 58.24, -18.28),
    (43.68, -14.49, 46.7, -11.33),
]
BOXES_OVERSEAS = [
    (-57.1, 43.41, -55.9, 47.37),  # Saint-Pierre-et-Miquelon
    (156.2, -26.5, 174.3, -14.8),  # Nouvelle-Calédonie
    (-158.2, -31.3, -131.9, -4.5),  # Polynésie française
    (-179.9, -15.9, -174.2, -9.8),  # Wallis-et-Futuna
]


def srid_of(departement: str) -> int:
    """Return the EPSG code of the legal projection of a département."""
    return SRID_OF_DEPARTEMENT.get(departement, DEFAULT_SRID)


def may_be_french(point: Point, *, mainland_complete: bool) -> bool:
    """Say whether a `point` (EPSG:4326) that no outline covers may yet lie in a commune.

    With the outlines of métropole and DROM all loaded, only the Pacific and
    Saint-Pierre-et-Miquelon, which IGN's files leave out, can still be in doubt.
    """
    boxes = BOXES_OVERSEAS if mainland_complete else [*BOXES_WITH_OUTLINES, *BOXES_OVERSEAS]
    return any(west <= point.x <= east and south <= point.y <= north for west, south, east, north in boxes)
