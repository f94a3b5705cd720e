"""Workshop codes: an official lifts the limit for a class, or for the town hall's own computer.

Said aloud, so short; hence kept as a keyed hash, for an afternoon, for the official's own
communes, and guessed at by nobody: wrong ones are counted (`admission.py`).
"""

import datetime as dt
import secrets
import unicodedata
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from comptes.permissions import SignInFirst, WrongRole, can, communes_for
from comptes.roles import Gesture
from contributions.models import WORKSHOP_HOURS, WORKSHOP_USES, WorkshopCode
from territoires.models import Commune

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from comptes.models import User

KEPT = dt.timedelta(days=30)
MAX_TYPED = 80
# Written as they are heard: no accent, no homophone of another, two syllables or so.
_WORDS = """
ABEILLE ABRICOT AIGLE ALOUETTE AMANDE ANANAS ARGILE ARMOIRE AUBERGE AVIRON BALADE BALEINE BAMBOU
BANANE BARRIERE BASSIN BATEAU BELIER BERGER BISON BOBINE BOUGIE BOULEAU BOUSSOLE BRIOCHE BROUETTE
BUISSON CABANE CACTUS CAILLOU CANARD CANNELLE CARAFE CAROTTE CASTOR CERISE CHALET CHAMOIS CHATAIGNE
CHEMINEE CHEVREUIL CIGALE CITRON CLAIRIERE CLOCHER COLLINE COQUILLE CRAPAUD CYPRES DAUPHIN DOMINO
DRAGON ECLAIR ECUREUIL ERABLE ESCARGOT FALAISE FAUCON FENETRE FLAMANT FONTAINE FOUGERE FOURMI
FRAMBOISE GALET GENTIANE GIRAFE GIROLLE GLACIER GRANGE GRENOUILLE GRILLON HAMAC HERISSON HIBOU
HORLOGE HORTENSIA ISARD JARDIN JASMIN JONQUILLE KAYAK LANTERNE LAVANDE LEZARD LIBELLULE LIERRE
LUCIOLE MARMOTTE MELEZE MELON MERISE MESANGE MIRABELLE MOINEAU MOUETTE MOULIN MOUTON MUGUET MYRTILLE
NAVIRE NOISETTE NUAGE OLIVIER ORANGE OURAGAN PANIER PAPILLON PASSEREAU PEUPLIER PIGEON PINSON
PISSENLIT PIVOINE PLATANE POIREAU POTIRON PRAIRIE RENARD RIVIERE ROCHER ROMARIN SABLIER SAFRAN SAPIN
SAUMON SENTIER TILLEUL TORTUE TOURNESOL TRUITE TULIPE VALLON VERGER VIOLETTE VOLCAN
"""
WORDS = _WORDS.split()
ATTEMPTS = 20


class UnknownCode(ValidationError):
    """The code opens nothing here: unknown, ended, for other communes, or its creator's mandate is over.

    One text for all: who guesses learns nothing.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "workshop": [
                    _(
                        "Ce code d'atelier n'ouvre rien ici, ou il est terminé : demandez-le à la mairie, ou "
                        "envoyez sans code. Rien n'est perdu."
                    )
                ]
            }
        )


def check_may_open(user: "User | AnonymousUser") -> None:
    """Raise Forbidden unless `user` may enter for others somewhere now."""
    if user.pk is None:
        raise SignInFirst
    if not communes_for(user, Gesture.ENTER_FOR_OTHERS).exists():
        raise WrongRole


def open_workshop(*, by: "User", label: str, hours: int, max_uses: int) -> tuple[WorkshopCode, str]:
    """Create a code for `hours` (1 to 12) and `max_uses` (1 to 500); return it and its text, kept nowhere.

    Raises Forbidden for who may enter for nobody, ValidationError by field.
    """
    check_may_open(by)
    errors = {}
    if not 1 <= hours <= WORKSHOP_HOURS:
        errors["hours"] = [_("Donnez une durée de 1 à %(max)d heures.") % {"max": WORKSHOP_HOURS}]
    if not 1 <= max_uses <= WORKSHOP_USES:
        errors["max_uses"] = [_("Donnez un nombre de signalements de 1 à %(max)d.") % {"max": WORKSHOP_USES}]
    if errors:
        raise ValidationError(errors)
    now = timezone.now()
    for _attempt in range(ATTEMPTS):
        text = f"{secrets.choice(WORDS)}-{secrets.randbelow(10_000):04d}"
        row, created = WorkshopCode.objects.get_or_create(
            code_hash=_hash(text, settings.SECRET_KEY),
            defaults={
                "label": label,
                "created_by": by,
                "created_at": now,
                "expires_at": now + dt.timedelta(hours=hours),
                "max_uses": max_uses,
            },
        )
        if created:
            return row, text
    raise RuntimeError("no free workshop code")


def opened_by(user: "User") -> QuerySet[WorkshopCode]:
    """Return the live codes of `user`, the next to end first."""
    return WorkshopCode.objects.live().filter(created_by=user)


def end_workshop(*, by: "User", pk: int) -> None:
    """End a code of one's own now; ending it twice is once. Raises WorkshopCode.DoesNotExist."""
    if not WorkshopCode.objects.filter(pk=pk, created_by=by, ended_at=None).update(ended_at=timezone.now()):
        WorkshopCode.objects.get(pk=pk, created_by=by)


def find(raw: object, *, commune: Commune) -> WorkshopCode:
    """Return the live code that `raw` spells and that opens `commune`. Raises UnknownCode.

    The creator's mandates are read now: an official who left leaves no door open.
    """
    text = _heard(raw)
    hashes = [_hash(text, key) for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]]
    row = WorkshopCode.objects.live().filter(code_hash__in=hashes).select_related("created_by").first()
    if row is None or not can(row.created_by, Gesture.ENTER_FOR_OTHERS, commune):
        raise UnknownCode
    return row


def use(code: WorkshopCode) -> None:
    """Count one more use, in the caller's transaction, never beyond what was allowed.

    Raises UnknownCode when it ended meanwhile, ValidationError on "workshop" when it is used up.
    """
    still = WorkshopCode.objects.live().filter(pk=code.pk)
    if still.with_uses_left().update(uses=F("uses") + 1):
        return
    if not still.exists():
        raise UnknownCode
    raise ValidationError(
        {
            "workshop": [
                _(
                    "Ce code d'atelier a servi autant de fois que prévu : demandez-en un autre à la mairie, "
                    "ou envoyez sans code. Rien n'est perdu."
                )
            ]
        }
    )


def forget_old() -> int:
    """Delete the codes that ended a month ago; return how many."""
    deleted, _by_model = WorkshopCode.objects.filter(expires_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _heard(raw: object) -> str:
    """Return a code as it is written, whatever the typing: case, accents, spaces, dashes."""
    if not isinstance(raw, str) or len(raw) > MAX_TYPED:
        raise UnknownCode
    plain = unicodedata.normalize("NFKD", raw).encode("ascii", "ignore").decode().upper()
    letters = "".join(one for one in plain if "A" <= one <= "Z")
    digits = "".join(one for one in plain if one.isdigit())
    return f"{letters}-{digits}"


def _hash(text: str, key: str) -> str:
    return salted_hmac("contributions.workshop", text, secret=key, algorithm="sha256").hexdigest()
