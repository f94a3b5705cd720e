"""Says in which commune a point lies, and whether the border is too near to be sure."""

from dataclasses import dataclass

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from territoires.legal import may_be_french
from territoires.models import BoundaryLoad, Commune
from territoires.querysets import NEAR_BORDER_M as NEAR_BORDER_M


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


def locate(point: Point) -> Location:
    """Return where `point` (EPSG:4326, from `territoires.points`) lies, in one query.

    On a shared border, the lowest code wins. The commune's outline is left in the
    database (`geom` deferred). Raises OutsideFrance, on "geometry".
    """
    commune = Commune.objects.covering(point).with_near_border(point).defer("geom").first()
    if commune is None:
        load = BoundaryLoad.objects.order_by("-loaded_at").first()
        doubtful = load is not None and may_be_french(point, mainland_complete=load.complete)
        raise OutsideLoadedTerritory() if doubtful else OutsideFrance()
    return Location(commune=commune, near_border=commune.near_border or commune.to_confirm)
