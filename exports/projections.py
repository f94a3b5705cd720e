"""The projections an export may use, and which territory each of them belongs to.

Source: décret 2000-1276 as amended by 2019-165; codes of the EPSG registry 11.022.
"""

from dataclasses import dataclass

WGS84 = 4326
LEGAL = "legal"
# Where no point says which territory it is: the projection of most of the country.
DEFAULT_LEGAL = 2154


@dataclass(frozen=True)
class Projection:
    """A CRS by its EPSG code, with the legal CRS whose territory it covers.

    `computed_as` is the EPSG code PostGIS computes with. The v2b realisations of RGF93
    are younger than the tables of many PostGIS; from WGS84 they have the very
    coordinates of their v1 twins (a test compares both with PROJ).
    """

    srid: int
    name: str
    covers: frozenset[int]
    computed_as: int

    @property
    def urn(self) -> str:
        """Return "EPSG:2154"."""
        return f"EPSG:{self.srid}"


def _table() -> dict[int, Projection]:
    rows: list[tuple[int, str, tuple[int, ...], int]] = [
        (2154, "RGF93 v1 / Lambert-93", (2154,), 2154),
        (9794, "RGF93 v2b / Lambert-93", (2154,), 2154),
        (5490, "RGAF09 / UTM 20N (Guadeloupe, Martinique, Saint-Martin, Saint-Barthélemy)", (5490,), 5490),
        (2972, "RGFG95 / UTM 22N (Guyane)", (2972,), 2972),
        (2975, "RGR92 / UTM 40S (La Réunion)", (2975,), 2975),
        (4471, "RGM04 / UTM 38S (Mayotte)", (4471,), 4471),
        (4467, "RGSPM06 / UTM 21N (Saint-Pierre-et-Miquelon)", (4467,), 4467),
        (3163, "RGNC91-93 / Lambert (Nouvelle-Calédonie)", (3163,), 3163),
        (8903, "RGWF96 / UTM 1S (Wallis-et-Futuna)", (8903,), 8903),
    ]
    rows += [(3296 + i, f"RGPF / UTM {5 + i}S (Polynésie française)", (3297,), 3296 + i) for i in range(4)]
    rows += [(3942 + i, f"RGF93 v1 / CC{42 + i}", (2154,), 3942 + i) for i in range(9)]
    rows += [(9842 + i, f"RGF93 v2b / CC{42 + i}", (2154,), 3942 + i) for i in range(9)]
    table = {srid: Projection(srid, name, frozenset(covers), twin) for srid, name, covers, twin in rows}
    everywhere = frozenset(legal for projection in table.values() for legal in projection.covers)
    table[WGS84] = Projection(WGS84, "WGS 84, longitude et latitude", everywhere, WGS84)
    return dict(sorted(table.items()))


PROJECTIONS = _table()
