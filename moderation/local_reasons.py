"""Writes a territory's own reasons: who may, what they may say, what the list then looks like."""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from comptes.models import Membership, User
from comptes.permissions import Forbidden
from comptes.roles import Role
from couches.models import Couche
from moderation.models import Decision, TerritoryReason
from moderation.reasons import BY_CODE, OTHER, REASONS, Reason, as_reason, in_their_words
from moderation.refusals import Refusal
from territoires.models import Commune, Departement, Epci

# Who decides there, and who runs the territory's accounts.
EDITORS = (Role.MODERATOR, Role.ADMIN_TERRITORY)
KINDS = ("commune", "epci", "departement")
Territory = Commune | Epci | Departement


class NotYourReasons(Forbidden):
    """A list of reasons is edited under a mandate of that very territory."""

    message = _("Ces motifs sont ceux d'un autre territoire : seuls ses propres élus les modifient.")


class AlreadyWorded(Refusal):
    """The territory has already put this common reason in its own words."""

    message = _("Votre territoire a déjà sa version de ce motif : modifiez-la dans la liste.")
    field = "replaces"


@dataclass(frozen=True, slots=True)
class Line:
    """One reason as the territory reads its list: `row` is what the territory says of it, if anything."""

    reason: Reason
    row: TerritoryReason | None
    common: Reason | None

    @property
    def hidden(self) -> bool:
        """Say whether officials no longer see it."""
        if self.row is None:
            return False
        return self.row.active and self.row.hidden if self.common else not self.row.active

    @property
    def reworded(self) -> bool:
        """Say whether the territory says it in its own words."""
        return self.common is not None and self.row is not None and self.row.active and not self.row.hidden

    @property
    def gestures(self) -> list[str]:
        """The gestures it explains, in words."""
        return [str(one.label) for one in Decision.Action if one in self.reason.actions]

    @property
    def may_be_worded(self) -> bool:
        """Say whether a territory may rewrite it: « autre » has no words of its own."""
        return self.reason.code != OTHER


def territories_of(user: User) -> list[Territory]:
    """Return the territories whose reasons `user` may edit now: one query, none for a whole country."""
    mandates = (
        Membership.objects.live()
        .filter(user=user.pk, role__in=EDITORS)
        .select_related("commune", "epci", "departement")
        .defer("commune__geom")
        .order_by("commune", "epci", "departement")
    )
    found: dict[str, Territory] = {}
    for mandate in mandates:
        territory = mandate.territory
        if isinstance(territory, Commune | Epci | Departement):
            found.setdefault(key_of(territory), territory)
    return list(found.values())


def kind_of(territory: object) -> str:
    """Return commune, epci, departement or region."""
    return type(territory).__name__.lower()


def key_of(territory: Territory) -> str:
    """Return the territory's name in an address: `commune:15014`."""
    return f"{kind_of(territory)}:{territory.pk}"


def check_editor(user: User, territory: Territory) -> None:
    """Raise NotYourReasons unless `user` holds a live mandate of that very territory."""
    if key_of(territory) not in {key_of(one) for one in territories_of(user)}:
        raise NotYourReasons


def rows_of(territory: Territory) -> QuerySet[TerritoryReason]:
    """Return all that a territory says, disabled ones included."""
    return (
        TerritoryReason.objects.filter(**{kind_of(territory): territory})
        .select_related("couche", "commune", "epci", "departement")
        .defer("commune__geom")
    )


def lines_of(territory: Territory, couche: Couche) -> list[Line]:
    """Return the list of one territory for one couche, as its officials will see it, own ones last."""
    rows = [row for row in rows_of(territory) if row.couche_id in (None, couche.pk)]
    lines = []
    for common in REASONS:
        if common.couches and couche.slug not in common.couches:
            continue
        said, row = in_their_words(common, couche.slug, [one for one in rows if one.active])
        row = row or next((one for one in rows if one.replaces == common.code), None)
        lines.append(Line(said, row, common))
    return lines + [Line(as_reason(row), row, None) for row in rows if not row.replaces]


@transaction.atomic
def add_reason(
    *,
    by: User,
    territory: Territory,
    couche: Couche | None,
    replaces: str = "",
    label: str,
    public_text: str,
    actions: list[str],
    hidden: bool = False,
) -> TerritoryReason:
    """Add a reason, or put a common one in a territory's words. Raises NotYourReasons, AlreadyWorded."""
    check_editor(by, territory)
    common = BY_CODE.get(replaces)
    row = TerritoryReason(
        couche=couche,
        replaces=replaces,
        created_by=by,
        **{kind_of(territory): territory},
    )
    _say(row, common, label=label, public_text=public_text, actions=actions, hidden=hidden)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if "reason_one_wording" in str(error):
            raise AlreadyWorded from error
        raise
    return row


@transaction.atomic
def edit_reason(
    *,
    by: User,
    reason: TerritoryReason,
    label: str,
    public_text: str,
    actions: list[str],
    hidden: bool = False,
    active: bool = True,
) -> TerritoryReason:
    """Change what a reason says from now on: decisions already taken keep their text."""
    row = TerritoryReason.objects.select_for_update(of=("self",)).get(pk=reason.pk)
    check_editor(by, row.territory)
    _say(row, BY_CODE.get(row.replaces), label=label, public_text=public_text, actions=actions, hidden=hidden)
    row.active = active
    row.save(update_fields=["label", "public_text", "actions", "hidden", "active"])
    return row


def _say(row: TerritoryReason, common: Reason | None, **words: Any) -> None:
    """Write the words; a common reason keeps its gestures, and hiding needs no words."""
    row.hidden = bool(words["hidden"] and row.replaces)
    row.label = words["label"] or (str(common.label) if common else "")
    row.public_text = words["public_text"] or (str(common.public_text) if common else "")
    row.actions = [] if common else sorted(set(words["actions"]))
