"""Who answers in a commune: the nearest level that somebody holds a mandate to decide at."""

from comptes.models import Membership
from comptes.roles import Role
from territoires.models import Commune

LEVELS = ("commune", "epci", "departement", "region", "france")


def who_answers(here: Commune) -> str:
    """Return the nearest level with a live moderator: commune, epci, departement, region, france or ""."""
    mandates = Membership.objects.live().covering(here).filter(role=Role.MODERATOR)
    levels = {level(mandate) for mandate in mandates.distinct()}
    return next((name for name in LEVELS if name in levels), "")


def level(mandate: Membership) -> str:
    """Return the kind of territory of a mandate."""
    for name in LEVELS[:-1]:
        if getattr(mandate, f"{name}_id") is not None:
            return name
    return "france"
