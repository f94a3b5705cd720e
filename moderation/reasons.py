"""The fixed list of reasons: what the official picks, what the author reads.

The list is code, not rows: each text is public, translated and reviewed like the rest of the
interface. `public_text` is the sentence sent when the official writes none.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderation.models import Decision
from moderation.refusals import ReasonRequired, ReasonTextRequired, UnknownReason

Action = Decision.Action


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: the actions it may explain, the couches it speaks of (none = all)."""

    code: str
    label: str | Promise
    public_text: str | Promise
    actions: frozenset[Action]
    couches: frozenset[str] = frozenset()

    def applies_to(self, action: str, couche: str) -> bool:
        """Say whether an official may pick it for `action` on the couche with this slug."""
        return action in self.actions and (not self.couches or couche in self.couches)


REJECT = frozenset({Action.REJECT})
RETURN = frozenset({Action.RETURN})
REOPEN = frozenset({Action.REOPEN})
MERGE = frozenset({Action.MERGE})
HOLD = frozenset({Action.HOLD})
TRANSFER = frozenset({Action.TRANSFER})
SERVICES = frozenset({"services"})
WHITE_ZONES = frozenset({"zones-blanches"})
BUILDINGS = frozenset({"batiments-publics"})

# The one reason that says nothing by itself: its text must be written.
OTHER = "autre"

REASONS: tuple[Reason, ...] = (
    Reason(
        "hors-sujet",
        _("Hors sujet"),
        _("Ce signalement ne concerne pas ce que cette carte recense."),
        REJECT,
    ),
    Reason(
        "introuvable",
        _("Rien à cet endroit"),
        _("Nous sommes allés voir : il n'y a rien de tel à cet endroit."),
        REJECT,
    ),
    Reason("deja-connu", _("Déjà connu"), _("Ce lieu figure déjà sur la carte."), REJECT | MERGE),
    Reason(
        "doublon",
        _("Même chose qu'un autre"),
        _("Un autre signalement disait la même chose : le vôtre compte comme une confirmation."),
        MERGE,
    ),
    Reason(
        "donnees-personnelles",
        _("Données personnelles"),
        _("Ce signalement nomme ou montre une personne : il ne peut pas être publié."),
        REJECT | RETURN,
    ),
    Reason(
        "propos-deplaces",
        _("Propos déplacés"),
        _("Les mots employés ne permettent pas de publier ce signalement."),
        REJECT,
    ),
    Reason(
        "n-existe-plus",
        _("N'existe plus"),
        _("Ce lieu a fermé ou disparu depuis votre constat."),
        REJECT,
    ),
    Reason(
        "preciser-lieu",
        _("Lieu à préciser"),
        _("Le point semble mal placé : pouvez-vous le déplacer à l'endroit exact ?"),
        RETURN,
    ),
    Reason(
        "preciser-reponses",
        _("Réponses à compléter"),
        _("Il nous manque une information : pouvez-vous compléter vos réponses ?"),
        RETURN,
    ),
    Reason(
        "photo-utile",
        _("Photo utile"),
        _("Une photo nous aiderait à décider : pouvez-vous en ajouter une, sans personne reconnaissable ?"),
        RETURN,
    ),
    Reason(
        "preciser-horaires",
        _("Horaires à préciser"),
        _("Pouvez-vous préciser les jours et les heures d'ouverture ?"),
        RETURN,
        SERVICES,
    ),
    Reason(
        "service-ferme",
        _("Service fermé définitivement"),
        _("Ce service a fermé définitivement."),
        REJECT,
        SERVICES,
    ),
    Reason(
        "preciser-operateur",
        _("Opérateur à préciser"),
        _("Avec quel opérateur et quel téléphone avez-vous constaté ce problème ?"),
        RETURN,
        WHITE_ZONES,
    ),
    Reason(
        "panne-passagere",
        _("Panne passagère"),
        _("Il s'agissait d'une panne passagère, réparée depuis, et non d'une zone sans réseau."),
        REJECT,
        WHITE_ZONES,
    ),
    Reason(
        "preciser-entree",
        _("Entrée à préciser"),
        _("De quelle entrée du bâtiment parlez-vous ?"),
        RETURN,
        BUILDINGS,
    ),
    Reason(
        "batiment-prive",
        _("Bâtiment privé"),
        _("Ce bâtiment n'est pas un bâtiment public."),
        REJECT,
        BUILDINGS,
    ),
    Reason(
        "decision-par-erreur",
        _("Décision prise par erreur"),
        _("La décision avait été prise par erreur : le signalement est réexaminé."),
        REOPEN,
    ),
    Reason(
        "element-nouveau",
        _("Élément nouveau"),
        _("Un élément nouveau est arrivé : le signalement est réexaminé."),
        REOPEN,
    ),
    Reason(
        "hors-competence",
        _("Pas du ressort de la commune"),
        _("Ce signalement ne relève pas de la commune : adressez-le au service ou à l'opérateur concerné."),
        REJECT,
    ),
    Reason(
        "verification-sur-place",
        _("Vérification sur place"),
        _("La mairie va vérifier sur place avant de vous répondre."),
        HOLD,
    ),
    Reason(
        "attente-information",
        _("Information demandée"),
        _("La mairie a demandé une information à un service ou à un opérateur, et attend sa réponse."),
        HOLD,
    ),
    Reason(
        "prochaine-reunion",
        _("À voir en réunion"),
        _("Votre signalement sera examiné à la prochaine réunion."),
        HOLD,
    ),
    Reason(
        "autre-commune",
        _("Chez le voisin"),
        _("Le lieu est dans la commune voisine : votre signalement lui est transmis."),
        TRANSFER,
    ),
    Reason(
        "autre-niveau",
        _("De la compétence d'un autre niveau"),
        _("La décision revient à un autre niveau : votre signalement lui est transmis."),
        TRANSFER,
    ),
    Reason(OTHER, _("Autre motif"), "", REJECT | RETURN | REOPEN | MERGE | HOLD | TRANSFER),
)
BY_CODE = {reason.code: reason for reason in REASONS}


def reasons_for(couche: str, action: str | None = None) -> list[Reason]:
    """Return the reasons an official may pick on a couche, optionally for one action only."""
    actions = [action] if action else list(Action)
    return [reason for reason in REASONS if any(reason.applies_to(one, couche) for one in actions)]


def public_reason(*, action: str, couche: str, code: str, text: str, required: bool) -> str:
    """Return what the author will read: the text written, else the reason's own sentence.

    Raises UnknownReason, ReasonRequired (none picked where one is needed) or
    ReasonTextRequired (« autre » without a word).
    """
    if not code:
        if required:
            raise ReasonRequired
        return text
    reason = BY_CODE.get(code)
    if reason is None or not reason.applies_to(action, couche):
        raise UnknownReason
    if code == OTHER and not text:
        raise ReasonTextRequired
    return text or str(reason.public_text)
