"""The reasons: what the official picks, what the author reads.

The common list is code, not rows: each text is public, translated and reviewed like the rest of
the interface. A territory adds its own, and rewrites or hides common ones (`TerritoryReason`).
`public_text` is the sentence sent when the official writes none.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderation.models import Decision, TerritoryReason
from moderation.refusals import ReasonRequired, ReasonTextRequired, UnknownReason
from territoires.models import Commune

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
LOCAL = re.compile(r"local-([1-9][0-9]{0,17})")


def local_rows(communes: Iterable[Commune]) -> list[TerritoryReason]:
    """Return what the territories of these communes say, in one query, the most general first."""
    # The imaginary commune is nobody's: its exercises are about the common list.
    here = [one for one in communes if not one.is_sandbox]
    if not here:
        return []
    rows = TerritoryReason.objects.filter(
        Q(commune__in=[one.pk for one in here])
        | Q(epci__in={one.epci_id for one in here if one.epci_id})
        | Q(departement__in={one.departement_id for one in here}),
        active=True,
    ).select_related("couche")
    return sorted(rows, key=lambda row: (bool(row.commune_id), bool(row.epci_id), row.label, row.pk))


def holds(row: TerritoryReason, commune: Commune) -> bool:
    """Say whether `commune` is the row's territory, or one of its communes."""
    return (
        row.commune_id == commune.pk
        or (row.epci_id is not None and row.epci_id == commune.epci_id)
        or (row.departement_id is not None and row.departement_id == commune.departement_id)
    )


def as_reason(row: TerritoryReason) -> Reason:
    """Return a territory's own reason in the form of the common ones."""
    couches = frozenset({row.couche.slug}) if row.couche else frozenset[str]()
    actions = frozenset(Action(one) for one in row.actions if one in Action.values)
    return Reason(row.code, row.label, row.public_text, actions, couches)


def in_their_words(
    reason: Reason, couche: str, rows: Sequence[TerritoryReason]
) -> tuple[Reason, TerritoryReason | None]:
    """Return a common reason as a territory says it, and the row that says so.

    `rows` go from the most general territory to the nearest: the nearest has the last word,
    and within one territory what it says of this couche.
    """
    wordings = [row for row in rows if row.replaces == reason.code and _speaks_of(row, couche)]
    if not wordings or reason.code == OTHER:
        return reason, None
    near = max(wordings, key=lambda row: (bool(row.commune_id), bool(row.epci_id), row.couche is not None))
    return replace(reason, label=near.label, public_text=near.public_text or reason.public_text), near


def _speaks_of(row: TerritoryReason, couche: str) -> bool:
    return row.couche is None or row.couche.slug == couche


def reasons_for(
    couche: str,
    action: str | None = None,
    commune: Commune | None = None,
    *,
    rows: Sequence[TerritoryReason] | None = None,
) -> list[Reason]:
    """Return the reasons an official may pick on a couche, optionally for one action only.

    With `commune`, those of its territories come too, before « autre », and the common ones in its
    own words. For many communes give `rows`, from one `local_rows()`: no query is then made.
    """
    actions = [action] if action else list(Action)
    if commune is None:
        return [reason for reason in REASONS if any(reason.applies_to(one, couche) for one in actions)]
    here = [row for row in (local_rows([commune]) if rows is None else rows) if holds(row, commune)]
    own = [as_reason(row) for row in here if not row.replaces]
    found = []
    for reason in [*REASONS[:-1], *own, REASONS[-1]]:
        said, wording = in_their_words(reason, couche, here)
        if not (wording and wording.hidden) and any(said.applies_to(one, couche) for one in actions):
            found.append(said)
    return found


def public_reason(
    *, action: str, couche: str, code: str, text: str, required: bool, commune: Commune | None = None
) -> str:
    """Return what the author will read: the text written, else the reason's own sentence.

    `commune` is the report's: its territories' codes and words count there, and nowhere else. A
    common reason that a territory hides is no longer proposed, but still understood. Raises
    UnknownReason, ReasonRequired (none picked where one is needed) or ReasonTextRequired
    (« autre » without a word).
    """
    if not code:
        if required:
            raise ReasonRequired
        return text
    reason = _find(code, couche, commune)
    if reason is None or not reason.applies_to(action, couche):
        raise UnknownReason
    if code == OTHER and not text:
        raise ReasonTextRequired
    return text or str(reason.public_text)


def _find(code: str, couche: str, commune: Commune | None) -> Reason | None:
    """Return the reason of this code as it stands in the commune, or None."""
    common = BY_CODE.get(code)
    if commune is None or (common is None and not LOCAL.fullmatch(code)):
        return common
    here = local_rows([commune])
    if common is not None:
        return in_their_words(common, couche, here)[0]
    return next((as_reason(row) for row in here if not row.replaces and row.code == code), None)


def label_of(code: str) -> str:
    """Return the name of a reason as a journal shows it, even disabled since; "" for none."""
    if code in BY_CODE:
        return str(BY_CODE[code].label)
    found = LOCAL.fullmatch(code)
    row = TerritoryReason.objects.filter(pk=int(found[1]), replaces="").first() if found else None
    return row.label if row else ""
