"""Says in which commune a point lies, and whether the border is too near to be sure."""

from dataclasses import dataclass

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from territoires.legal import may_be_french
from territoires.models import BoundaryLoad, Commune
from territoires.querysets import extent_around

# Outlines at hand are simplified by tens of metres: nearer than this, a person decides.
NEAR_BORDER_M = 100


class OutsideFrance(ValidationError):
    """Ce point est hors de France : Repères ne couvre que les communes françaises."""

    def __init__(self, message: str = "") -> None:
        """Refuse on the field "geometry" with `message`, by default that of the whole country."""
        super().__init__(
            {
                "geometry": [
                    message
                    or _(
                        "Ce point est hors de France : Repères ne couvre que les communes françaises. "
                        "Déplacez le point, votre texte est conservé."
                    )
                ]
            }
        )


class OutsideLoadedTerritory(OutsideFrance):
    """Ce point est hors des communes chargées sur ce site."""

    def __init__(self) -> None:
        """Do not tell Paris that it is abroad when only the Cantal is loaded."""
        super().__init__(
            _(
                "Ce point est hors des communes ouvertes sur ce site, ou hors de France. "
                "Déplacez le point, votre texte est conservé."
            )
        )


@dataclass(frozen=True, slots=True)
class Location:
    """The commune of a point; `near_border` when it is to be confirmed by a person.

    That is: another commune lies within 100 m, or the outline still covers communes
    re-established since it was drawn (`Commune.to_confirm`).
    """

    commune: Commune
    near_border: bool


# One round trip, written by hand: the ORM takes ten times longer to compose it than
# PostgreSQL to answer. The pieces that hold the point are found first, alone, so that
# nothing tempts the planner to walk the communes. `box` holds all within 100 m: the exact
# distance is computed only for pieces whose box meets it.
LOCATE_SQL = """
WITH held AS MATERIALIZED (
    SELECT commune_id FROM territoires_communepiece
    WHERE ST_Covers(geom, ST_SetSRID(ST_Point(%(lon)s, %(lat)s), 4326))
)
SELECT commune.code_insee, commune.nom, commune.siren, commune.population, commune.codes_postaux,
       commune.departement_id, commune.epci_id, commune.approximate, commune.outline_year,
       commune.to_confirm, commune.millesime, commune.successor_id, commune.valid_from,
       commune.valid_to, commune.accent,
       EXISTS (
         SELECT 1 FROM territoires_communepiece AS other
         JOIN territoires_commune AS neighbour ON neighbour.code_insee = other.commune_id
         WHERE other.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
           AND other.commune_id <> commune.code_insee AND neighbour.valid_to IS NULL
           AND ST_DWithin(other.geom::geography,
                          ST_SetSRID(ST_Point(%(lon)s, %(lat)s), 4326)::geography, %(metres)s)
       ) AS near_border
FROM held JOIN territoires_commune AS commune ON commune.code_insee = held.commune_id
WHERE commune.valid_to IS NULL
ORDER BY commune.code_insee LIMIT 1
"""


def locate(point: Point) -> Location:
    """Return where `point` (EPSG:4326, from `territoires.points`) lies, in one query.

    On a shared border, the lowest code wins. The commune's outline stays in the
    database (`geom` and `chef_lieu` deferred). Raises OutsideFrance, on "geometry".
    """
    west, south, east, north = extent_around(point, NEAR_BORDER_M)
    parameters = {
        "lon": point.x,
        "lat": point.y,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "metres": float(NEAR_BORDER_M),
    }
    for commune in Commune.objects.raw(LOCATE_SQL, parameters):
        near_border = commune.near_border  # a column of the statement
        return Location(commune=commune, near_border=near_border or commune.to_confirm)
    load = BoundaryLoad.objects.order_by("-loaded_at").first()
    doubtful = load is not None and may_be_french(point, mainland_complete=load.complete)
    raise OutsideLoadedTerritory() if doubtful else OutsideFrance()


NEAR_SQL = """
SELECT DISTINCT piece.commune_id FROM territoires_communepiece AS piece
WHERE piece.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
  AND ST_DWithin(piece.geom::geography, ST_SetSRID(ST_Point(%(lon)s, %(lat)s), 4326)::geography, %(metres)s)
"""


def communes_near(point: Point, metres: float) -> list[Commune]:
    """Return today's communes within `metres` of `point` (EPSG:4326), by name; their outlines stay away."""
    west, south, east, north = extent_around(point, metres)
    parameters = {"lon": point.x, "lat": point.y, "metres": float(metres)}
    with connection.cursor() as cursor:
        cursor.execute(NEAR_SQL, parameters | {"west": west, "south": south, "east": east, "north": north})
        codes = [code for (code,) in cursor.fetchall()]
    return list(Commune.objects.current().filter(pk__in=codes).defer("geom").order_by("nom"))
