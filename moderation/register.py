"""The register of a commune: what was decided, as everybody may read it. No name, no exact place.

The page, the feed, the JSON door and the letters all read here, hence show the same: nothing that
was taken back, nothing younger than a second thought, no reason that was taken out.
"""

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    Value,
    When,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from comptes.models import Membership
from comptes.roles import Role
from contributions.pauses import Logged, public_log
from couches.models import Couche, FeatureVersion
from couches.schemas import title_of
from moderation.filters import SLUG
from moderation.letters import LETTER_DELAY
from moderation.models import Decision
from territoires.hamlets import nearest_hamlet
from territoires.models import CODE_INSEE_PATTERN, Commune
from territoires.scope import commune_of_code

PER_PAGE = 20
# A hamlet farther than this from a report says nothing of where it is.
HAMLET_M = 1500
CURSOR = re.compile(r"(\d{8}T\d{12})-(\d{1,18})")

Action = Decision.Action
# What residents read: past participles, since a decision is a fact.
WORDS = {
    Action.ACCEPT: gettext_lazy("Acceptée"),
    Action.COMPLETE: gettext_lazy("Complétée et acceptée"),
    Action.REJECT: gettext_lazy("Refusée"),
    Action.RETURN: gettext_lazy("Précision demandée"),
    Action.MERGE: gettext_lazy("Fusionnée avec un signalement semblable"),
    Action.HOLD: gettext_lazy("Mise en attente"),
    Action.TRANSFER: gettext_lazy("Transmise à un autre niveau ou à une autre commune"),
    Action.REOPEN: gettext_lazy("Rouverte"),
}
# Whose decision it was: a role, never a person.
BODIES = {
    "commune": gettext_lazy("la mairie"),
    "epci": gettext_lazy("l'intercommunalité"),
    "departement": gettext_lazy("le département"),
    "region": gettext_lazy("la région"),
    "france": gettext_lazy("l'équipe nationale"),
}
# The decisions whose report may be public: the others lead nowhere.
LEADS_TO_AN_OBJECT = frozenset({Action.ACCEPT, Action.COMPLETE, Action.MERGE})


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last line read: the next page holds what was decided before it."""

    at: dt.datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.astimezone(dt.UTC):%Y%m%dT%H%M%S%f}-{self.id}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of a register; every field was checked by `read_wanted`."""

    couche: Couche | None = None
    year: int | None = None
    before: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Object:
    """The published object a decision led to."""

    id: uuid.UUID
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One decision, in the words of the register.

    `place` is the commune, after the nearest hamlet unless the couche is sensitive; `days` counts
    from the reception; `reason` is "" where none was given or where it was taken out, then
    `redacted` says why; `body` is a key of BODIES.
    """

    id: int
    at: dt.datetime
    changed_at: dt.datetime
    couche: Couche
    place: str
    action: str
    word: str
    status: str
    reason: str
    redacted: str
    days: int
    body: str
    self_accepted: bool
    after_appeal: bool
    object: Object | None

    @property
    def by(self) -> str:
        """Whose decision it was: « la mairie »."""
        return str(BODIES[self.body])

    @property
    def delay(self) -> str:
        """« le jour même », « en 3 jours »."""
        return delay_label(self.days)


@dataclass(frozen=True, slots=True)
class LogLine:
    """What the register tells besides decisions: `text` is a sentence to show."""

    at: dt.datetime
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, latest first; `next` is None on the last page."""

    lines: list[Line]
    next: Cursor | None


def commune_here(code: str) -> Commune | None:
    """Return the commune whose register `code` opens, today's for a former code; None for none.

    It knows the communes it absorbed: nothing below asks for them again.
    """
    here = commune_of_code(code) if re.fullmatch(CODE_INSEE_PATTERN, code, re.ASCII) else None
    if here is not None:
        absorbed = Commune.objects.only("code_insee", "successor")
        prefetch_related_objects([here], Prefetch("predecessors", absorbed))
    return here


def read_wanted(params: Mapping[str, str]) -> Wanted:
    """Return what an address asks: `couche`, `annee`, `avant`. Raises ValidationError by field."""
    readers = {"couche": ("couche", _couche), "annee": ("year", _year), "avant": ("before", _cursor)}
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, (field, read) in readers.items():
        if raw := params.get(name, ""):
            try:
                values[field] = read(raw)
            except ValidationError as error:
                errors[name] = error.messages
    if errors:
        raise ValidationError(errors)
    return Wanted(**values)


def read_page(here: Commune, wanted: Wanted, *, limit: int = PER_PAGE) -> Page:
    """Return one page of the register of `here`, in a constant number of queries."""
    rows = list(in_words(_matching(here, wanted)).order_by("-at", "-pk")[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    return Page(lines=lines_of(rows), next=Cursor(rows[-1].at, rows[-1].pk) if more else None)


def decided_in(here: Commune, until: dt.datetime | None = None) -> Any:
    """Return the public decisions of a commune, and of those it absorbed, as a queryset."""
    absorbed = [one.pk for one in here.predecessors.all()]
    moment = timezone.now() - LETTER_DELAY
    return Decision.objects.public(min(until, moment) if until else moment).filter(
        commune__in=[here.pk, *absorbed]
    )


def first_year(here: Commune) -> int:
    """Return the year of the first decision, this year's before there is one."""
    first = decided_in(here).order_by("at", "pk").values_list("at", flat=True).first()
    return timezone.localtime(first or timezone.now()).year


def log_of(here: Commune) -> list[LogLine]:
    """Return what else the register of `here` tells, latest first: where reports were slowed or refused."""
    return [LogLine(one.opened_at, _paused(one)) for one in public_log(here)]


def _paused(one: Logged) -> str:
    """Say a pause in one sentence: how, where, why, until when."""
    text = _("%(mode)s jusqu'au %(until)s. %(place)s. Raison : %(reason)s. « %(message)s »")
    return text % {
        "mode": one.mode.capitalize(),
        "place": one.place,
        "until": one.until_words,
        "reason": one.reason.lower(),
        "message": one.message,
    }


def in_words(rows: Any) -> Any:
    """Return `rows` (decisions) with all that `lines_of` reads."""
    hamlet = nearest_hamlet(point="contribution__geom", commune="contribution__commune", within_m=HAMLET_M)
    appealed = Q(contribution__appealed_at__isnull=False, at__gt=F("contribution__appealed_at"))
    return (
        rows.select_related("contribution__couche", "contribution__commune", "redaction")
        .only(
            "action",
            "at",
            "to_status",
            "public_reason",
            "self_accepted",
            "redaction__at",
            "redaction__why",
            "contribution__received_at",
            "contribution__couche",
            "contribution__published_feature",
            "contribution__commune__nom",
        )
        .annotate(
            # PostgreSQL does not even look for the hamlet of a sensitive report.
            hamlet=Case(
                When(contribution__couche__sensitive=True, then=Value("")),
                default=Coalesce(hamlet, Value("")),
                output_field=CharField(),
            ),
            after_appeal=Case(When(appealed, then=True), default=False, output_field=BooleanField()),
            body=_body(appealed),
        )
    )


def _body(appealed: Q) -> Case:
    """Return the nearest level at which who decided held a mandate that day; above the commune after an appeal."""
    mandates = Membership.objects.filter(
        Q(ends__isnull=True) | Q(ends__gt=OuterRef("at")),
        user=OuterRef("by"), role=Role.MODERATOR, starts__lte=OuterRef("at"),
    )  # fmt: skip
    at = {
        "epci": mandates.filter(epci__isnull=False, epci=OuterRef("commune__epci")),
        "departement": mandates.filter(departement=OuterRef("commune__departement")),
        "region": mandates.filter(region__isnull=False, region=OuterRef("commune__departement__region")),
        "france": mandates.filter(national=True),
    }
    own = Q(Exists(mandates.filter(commune=OuterRef("commune")))) & ~appealed
    return Case(
        When(own, then=Value("commune")),
        *(When(Exists(held), then=Value(level)) for level, held in at.items()),
        default=Value("commune"),
        output_field=CharField(),
    )


def lines_of(rows: Iterable[Any]) -> list[Line]:
    """Return rows of `in_words` as lines, with one query more for the objects they led to."""
    found = list(rows)
    objects = _objects(found)
    return [_line(row, objects) for row in found]


def delay_label(days: int) -> str:
    """Return « le jour même », « en 1 jour », « en 12 jours »."""
    if days < 1:
        return _("le jour même")
    return _("en %(n)d jour") % {"n": days} if days == 1 else _("en %(n)d jours") % {"n": days}


def _line(row: Any, objects: Mapping[uuid.UUID, Object]) -> Line:
    redaction = getattr(row, "redaction", None)
    report = row.contribution
    days = (timezone.localdate(row.at) - timezone.localdate(report.received_at)).days
    return Line(
        id=row.pk,
        at=row.at,
        changed_at=redaction.at if redaction else row.at,
        couche=report.couche,
        place=", ".join(filter(None, [row.hamlet, report.commune.nom])),
        action=row.action,
        word=str(WORDS[Action(row.action)]),
        status=row.to_status,
        reason="" if redaction else row.public_reason,
        redacted=str(redaction.get_why_display()) if redaction else "",
        days=max(0, days),
        body=row.body,
        self_accepted=row.self_accepted,
        after_appeal=row.after_appeal,
        object=objects.get(report.published_feature_id) if _leads_on(row) else None,
    )


def _leads_on(row: Any) -> bool:
    return row.action in LEADS_TO_AN_OBJECT and not row.contribution.couche.sensitive


def _objects(rows: list[Any]) -> dict[uuid.UUID, Object]:
    wanted = {row.contribution.published_feature_id for row in rows if _leads_on(row)} - {None}
    if not wanted:
        return {}
    states = FeatureVersion.objects.current().filter(feature__in=wanted).select_related("couche")
    return {
        state.feature_id: Object(state.feature_id, title_of(state.couche, state.attributes))
        for state in states
    }


def _matching(here: Commune, wanted: Wanted) -> Any:
    rows = decided_in(here)
    if wanted.couche is not None:
        rows = rows.filter(contribution__couche=wanted.couche)
    if wanted.year is not None:
        zone = timezone.get_default_timezone()
        start, end = (dt.datetime(wanted.year + more, 1, 1, tzinfo=zone) for more in (0, 1))
        rows = rows.filter(at__gte=start, at__lt=end)
    if wanted.before is not None:
        # A row comparison in two conditions: the first one can walk the index.
        rows = rows.filter(at__lte=wanted.before.at).exclude(at=wanted.before.at, pk__gte=wanted.before.id)
    return rows


def _couche(raw: str) -> Couche:
    couche = Couche.objects.filter(slug=raw).first() if SLUG.fullmatch(raw) else None
    if couche is None:
        raise ValidationError(_("Couche inconnue : choisissez-en une dans la liste."))
    return couche


def _year(raw: str) -> int:
    if not re.fullmatch(r"20\d\d", raw, re.ASCII):
        raise ValidationError(_("Année inconnue : écrivez quatre chiffres, par exemple 2026."))
    return int(raw)


def _cursor(raw: str) -> Cursor:
    found = CURSOR.fullmatch(raw) if raw.isascii() else None
    try:
        if found:
            moment = dt.datetime.strptime(found[1], "%Y%m%dT%H%M%S%f").replace(tzinfo=dt.UTC)
            if moment.year > 1900:
                return Cursor(moment, int(found[2]))
    except ValueError:
        pass  # refused just below, like any other text
    raise ValidationError(_("Repère de page inconnu : repartez de la première page."))
