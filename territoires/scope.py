"""Reads the name of a territory as it stands in an address: `commune:15014`, `region:84`."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from territoires.models import Commune, Departement, Epci, Region

type_of: dict[str, type[Commune | Epci | Departement | Region]] = {
    "commune": Commune,
    "epci": Epci,
    "departement": Departement,
    "region": Region,
}
Territory = Commune | Epci | Departement | Region
CODE = re.compile(r"[0-9A-Z]{1,9}")


def parse_territory(text: object) -> Territory | None:
    """Return the territory that `text` names, or None for the whole country (empty text).

    A former commune code leads to the commune of today. Raises ValidationError on
    "territoire" when the word is unknown, malformed, or names nothing.
    """
    if not text:
        return None
    kind, _colon, code = text.partition(":") if isinstance(text, str) else ("", "", "")
    if kind not in type_of or not CODE.fullmatch(code):
        raise _refused(_("Écrivez commune:15014, epci:241500230, departement:15 ou region:84."))
    found = commune_of_code(code) if kind == "commune" else type_of[kind].objects.filter(pk=code).first()
    if found is None:
        raise _refused(_("Aucun territoire ne porte le code « %(code)s ».") % {"code": code})
    return found


def commune_of_code(code: str) -> Commune | None:
    """Return today's commune for a current or former code; None when no commune has it.

    A code that is both (15027 is Puycapel, and its déléguée Calvinet) is the current commune.
    """
    communes = Commune.objects.defer("geom").select_related("departement__region", "epci")
    commune = communes.filter(pk=code).first()
    # A successor may have merged in turn; the chain is short, and a loop must not hang us.
    for _step in range(8):
        if commune is None or commune.successor_id is None:
            break
        commune = communes.get(pk=commune.successor_id)
    if commune is not None and commune.valid_to is None:
        return commune
    return communes.current().filter(former_codes__code=code).order_by("code_insee").first()


def _refused(message: str) -> ValidationError:
    return ValidationError({"territoire": [message]})
