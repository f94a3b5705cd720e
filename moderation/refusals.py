"""Why a decision is refused: the `message` of each class is the sentence people read.

`field` names the input to change, when one can be; doors decide on the class, never on the text.
"""

import datetime as dt
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from moderation.models import Decision


class Refusal(Exception):
    """A decision that is not possible; each kind below says which, and `message` is what people read."""

    message = _("Cette décision n'est pas possible.")
    field = ""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or str(self.message))


class NotVisible(Refusal):
    """The contribution does not exist, or waits in a territory that this person does not see."""

    message = _("Introuvable, ou hors de votre territoire.")


class NotAllowedFrom(Refusal):
    """The table has no such gesture from the present state."""

    message = _("L'état de ce signalement ne permet pas ce geste.")
    field = "action"

    def __init__(self, status_label: str = "", action_label: str = "") -> None:
        super().__init__(
            gettext("Ce signalement est dans l'état « %(status)s » : il n'est pas possible de le %(action)s.")
            % {"status": status_label, "action": action_label}
            if action_label
            else ""
        )


class NotYourGesture(Refusal):
    """The gesture belongs to another actor: author, official or publication."""

    message = _("Ce geste ne vous revient pas : il appartient à l'auteur, à la mairie ou à la publication.")
    field = "action"


class OutOfTerritory(Refusal):
    """The contribution, or the feature that it touches, is outside the official's territory."""

    message = _("Ce signalement, ou l'objet qu'il touche, est hors de votre territoire.")


class ReasonRequired(Refusal):
    """The gesture needs a reason and none was given."""

    message = _("Choisissez un motif : l'auteur doit savoir pourquoi.")
    field = "reason_code"


class ReasonTextRequired(Refusal):
    """The reason chosen needs a sentence for the author and none was written."""

    message = _("Écrivez le motif en une phrase : c'est elle que l'auteur lira.")
    field = "public_reason"


class UnknownReason(Refusal):
    """The reason is not one of this gesture's."""

    message = _("Ce motif n'existe pas pour ce geste : prenez un code de la liste des motifs.")
    field = "reason_code"


class MergeTargetMissing(Refusal):
    """A merge that does not say into what."""

    message = _("Indiquez dans quel signalement ou quel objet fusionner.")
    field = "into"


class MergeTargetInvalid(Refusal):
    """A merge into itself, into what is settled, or into another couche."""

    message = _(
        "Fusionnez dans un autre signalement en cours ou publié, ou un objet en vigueur, de la même couche."
    )
    field = "into"


class MergeTargetElsewhere(MergeTargetInvalid):
    """A merge into what lies outside the official's territory."""

    message = _("Ce signalement ou cet objet est hors de votre territoire : la fusion n'est pas possible.")


class MergeWithDelete(MergeTargetInvalid):
    """A request to delete merged with anything but its like on the same feature."""

    message = _(
        "Une demande de suppression ne fusionne qu'avec une autre demande de suppression du même objet."
    )


class OthersRelyOnIt(Refusal):
    """An author withdraws what others were merged into."""

    message = _("D'autres signalements ont été fusionnés dans celui-ci : demandez à la mairie de le retirer.")
    field = "action"


class CommuneChanged(Refusal):
    """An author's answer moves the point to another commune."""

    message = _(
        "Le nouveau lieu est dans une autre commune : retirez ce signalement et envoyez-en un nouveau."
    )
    field = "geometry"


class NothingAnswered(Refusal):
    """An author's answer changes nothing and says nothing."""

    message = _("Complétez une réponse, déplacez le point ou écrivez un message.")
    field = "message"


class NothingCorrected(Refusal):
    """An author's correction that gives nothing."""

    message = _("Donnez ce qui change : les réponses, le lieu ou la date du constat.")
    field = "attributes"


class TooLateToCorrect(Refusal):
    """The hour given to correct what was just sent is over."""

    message = _("Il est trop tard pour corriger : c'est possible pendant une heure après l'envoi.")
    field = "action"

    def __init__(self, until: dt.datetime) -> None:
        """Tell until when it was possible."""
        local = timezone.localtime(until)
        words = {
            "day": date_format(local, "j F Y"),
            "hour": local.hour,
            "minute": local.minute,
        }
        if local.date() == timezone.localdate():
            text = gettext(
                "Il est trop tard pour corriger : c'était possible jusqu'à %(hour)d h %(minute)02d. "
                "Vous pouvez retirer ce signalement et en envoyer un nouveau."
            )
        else:
            text = gettext(
                "Il est trop tard pour corriger : c'était possible jusqu'au %(day)s à "
                "%(hour)d h %(minute)02d. Vous pouvez retirer ce signalement et en envoyer un nouveau."
            )
        super().__init__(text % words)


class AlreadyDecided(Refusal):
    """An official has already decided on it, or relied on it to merge another."""

    message = _(
        "La mairie a déjà examiné ce signalement : il ne se corrige plus. "
        "Pour ajouter quelque chose, envoyez-en un nouveau."
    )
    field = "action"


class NothingCompleted(Refusal):
    """« Compléter et accepter » that changes nothing."""

    message = _("Rien n'est changé : complétez une réponse, déplacez le point, ou acceptez tel quel.")
    field = "attributes"


class HoldDateInvalid(Refusal):
    """A date to wait for that is missing, past or too far."""

    field = "until"

    def __init__(self, *, first: dt.date, last: dt.date) -> None:
        """Tell between which dates it may be."""
        super().__init__(
            gettext("Dites jusqu'à quand : une date du %(first)s au %(last)s.")
            % {"first": date_format(first, "j F Y"), "last": date_format(last, "j F Y")}
        )


class TransferTargetInvalid(Refusal):
    """A report handed to nobody, or to a commune that is not next door."""

    message = _(
        "Choisissez à qui transmettre : une commune voisine de moins d'un kilomètre, "
        "l'intercommunalité ou le département."
    )
    field = "to"


class NobodyThere(TransferTargetInvalid):
    """A report handed to a level where nobody decides."""

    message = _("Personne ne décide encore à ce niveau : le signalement reste chez vous.")


class UndoRefused(Refusal):
    """A decision that is no longer, or was never, one's own to take back."""

    message = _(
        "Cette décision ne s'annule plus : seule la dernière, la vôtre, s'annule pendant 30 secondes."
    )
    field = "action"


class TooLateToUndo(UndoRefused):
    """The half minute is over, or the report is public."""

    message = _("Il est trop tard pour annuler : la réponse est partie.")


class GestureUnknown(Refusal):
    """A gesture to undo that this person has not made."""

    message = _("Cette décision est introuvable, ou n'est pas la vôtre.")


class AlreadyAppealed(Refusal):
    """A second appeal."""

    message = _("Un recours a déjà été examiné : cette décision est définitive.")
    field = "action"


class TooLateToAppeal(Refusal):
    """Two months have passed since the refusal."""

    message = _("Il est trop tard : un recours se fait dans les deux mois de la réponse.")
    field = "action"


class NobodyAbove(Refusal):
    """No other person decides above the commune yet."""

    message = _(
        "Personne d'autre ne peut encore examiner un recours ici : ni l'intercommunalité ni le département "
        "n'utilisent Repères. Écrivez à la mairie."
    )
    field = "action"


class DecidedAbove(Refusal):
    """A commune's official before a report under appeal."""

    message = _("L'auteur a fait appel : la décision revient maintenant au niveau au-dessus de la commune.")
    field = "action"


class SamePerson(Refusal):
    """Whoever refused may not judge the appeal."""

    message = _("Vous avez pris la décision contestée : une autre personne doit examiner le recours.")
    field = "action"


class StaleVersion(Refusal):
    """Somebody decided since the contribution was read."""

    message = _(
        "Ce signalement a changé depuis votre lecture : relisez-le. Votre choix n'a pas été appliqué."
    )
    field = "version"

    def __init__(self, *, current_version: int, decision: "Decision | None") -> None:
        """Tell who decided what and when, from the last decision (None when there is none)."""
        self.current_version = current_version
        self.decision = decision
        super().__init__(_who_decided_what(decision) if decision else "")


def _who_decided_what(decision: "Decision") -> str:
    if decision.actor == decision.Actor.AUTHOR and decision.to_status == "SUBMITTED":
        # An answer, a correction, an appeal: the report itself is another one.
        return gettext(
            "L'auteur a modifié son signalement %(when)s : relisez-le. Votre choix n'a pas été appliqué."
        ) % {"when": _when(decision.at)}
    return gettext("%(name)s a déjà décidé %(when)s : %(outcome)s. Votre choix n'a pas été appliqué.") % {
        "name": decision.author_name,
        "when": _when(decision.at),
        "outcome": (decision.step_label or decision.outcome_label).lower(),
    }


def _when(at: dt.datetime) -> str:
    """« à 14 h 02 » today, « le 3 mars 2026 à 14 h 02 » before."""
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return gettext("à %(hour)d h %(minute)02d") % {"hour": local.hour, "minute": local.minute}
    return gettext("le %(day)s à %(hour)d h %(minute)02d") % {
        "day": date_format(local, "j F Y"),
        "hour": local.hour,
        "minute": local.minute,
    }
