"""Why a decision is refused: the docstring of each class is the sentence people read.

`field` names the input to change, when one can be; doors decide on the class, never on the text.
"""

import datetime as dt
import inspect
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format

if TYPE_CHECKING:
    from moderation.models import Decision


class Refusal(Exception):
    """Cette décision n'est pas possible."""

    field = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or inspect.cleandoc(self.__doc__ or ""))


class NotVisible(Refusal):
    """Introuvable, ou hors de votre territoire."""


class NotAllowedFrom(Refusal):
    """L'état de ce signalement ne permet pas ce geste."""

    field = "action"

    def __init__(self, status_label: str = "", action_label: str = "") -> None:
        super().__init__(
            f"Ce signalement est dans l'état « {status_label} » : il n'est pas possible de le {action_label}."
            if action_label
            else ""
        )


class NotYourGesture(Refusal):
    """Ce geste ne vous revient pas : il appartient à l'auteur, à la mairie ou à la publication."""

    field = "action"


class OutOfTerritory(Refusal):
    """Ce signalement, ou l'objet qu'il touche, est hors de votre territoire."""


class ReasonRequired(Refusal):
    """Choisissez un motif : l'auteur doit savoir pourquoi."""

    field = "reason_code"


class ReasonTextRequired(Refusal):
    """Écrivez le motif en une phrase : c'est elle que l'auteur lira."""

    field = "public_reason"


class UnknownReason(Refusal):
    """Ce motif n'existe pas pour ce geste : prenez un code de la liste des motifs."""

    field = "reason_code"


class MergeTargetMissing(Refusal):
    """Indiquez dans quel signalement ou quel objet fusionner."""

    field = "into"


class MergeTargetInvalid(Refusal):
    """Fusionnez dans un autre signalement en cours ou publié, ou un objet en vigueur, de la même couche."""

    field = "into"


class MergeTargetElsewhere(MergeTargetInvalid):
    """Ce signalement ou cet objet est hors de votre territoire : la fusion n'est pas possible."""


class MergeWithDelete(MergeTargetInvalid):
    """Une demande de suppression ne fusionne qu'avec une autre demande de suppression du même objet."""


class OthersRelyOnIt(Refusal):
    """D'autres signalements ont été fusionnés dans celui-ci : demandez à la mairie de le retirer."""

    field = "action"


class CommuneChanged(Refusal):
    """Le nouveau lieu est dans une autre commune : retirez ce signalement et envoyez-en un nouveau."""

    field = "geometry"


class NothingAnswered(Refusal):
    """Complétez une réponse, déplacez le point ou écrivez un message."""

    field = "message"


class StaleVersion(Refusal):
    """Ce signalement a changé depuis votre lecture : relisez-le. Votre choix n'a pas été appliqué."""

    field = "version"

    def __init__(self, *, current_version: int, decision: "Decision | None") -> None:
        """Tell who decided what and when, from the last decision (None when there is none)."""
        self.current_version = current_version
        self.decision = decision
        super().__init__(_who_decided_what(decision) if decision else "")


def _who_decided_what(decision: "Decision") -> str:
    return (
        f"{decision.author_name} a déjà décidé {_when(decision.at)} : {decision.outcome_label.lower()}. "
        "Votre choix n'a pas été appliqué."
    )


def _when(at: dt.datetime) -> str:
    """« à 14 h 02 » today, « le 3 mars 2026 à 14 h 02 » before."""
    local = timezone.localtime(at)
    clock = f"à {local.hour} h {local.minute:02d}"
    return clock if local.date() == timezone.localdate() else f"le {date_format(local, 'j F Y')} {clock}"
