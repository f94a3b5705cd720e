"""The reports listed in a letter to an official: what, where, since when, and the link that decides."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comptes.models import Membership, User
from contributions.models import Contribution
from couches.schemas import title_of
from moderation.awaited import decides
from moderation.delays import LATE_DAYS, waiting_days, with_waiting_since
from moderation.links import make_links
from moderation.models import Escalation
from moderation.models.mail import LINK_DAYS
from territoires import hamlets

MAX_ITEMS = 20
TITLE_CHARACTERS = 90
# A resident's text must not become a link in an official's letter.
ADDRESS = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+")


@dataclass(slots=True)
class Listing:
    """What one letter lists: the oldest reports, and how many there are in all."""

    total: int = 0
    groups: list[tuple[Membership, list[Contribution]]] = field(default_factory=list)

    @property
    def rows(self) -> list[Contribution]:
        """Every report listed."""
        return [row for _mandate, rows in self.groups for row in rows]


def list_for(awaited: Iterable[tuple[Membership, QuerySet[Contribution]]]) -> Listing:
    """Return the oldest reports of one person, each under the first of their mandates that it awaits."""
    listing, anything = Listing(), Q(pk__in=[])
    candidates: dict[Any, tuple[Membership, Contribution]] = {}
    for mandate, rows in awaited:
        anything |= Q(pk__in=rows.order_by().values("pk"))
        for row in _in_words(rows)[:MAX_ITEMS]:
            candidates.setdefault(row.pk, (mandate, row))
    listing.total = Contribution.objects.filter(anything).count() if candidates else 0
    oldest = sorted(candidates.values(), key=lambda pair: (pair[1].received_at, pair[1].pk))[:MAX_ITEMS]
    groups: dict[int, tuple[Membership, list[Contribution]]] = {}
    for mandate, row in oldest:
        groups.setdefault(mandate.pk, (mandate, []))[1].append(row)
    listing.groups = list(groups.values())
    return listing


def letter_context(user: User, listing: Listing, *, day: dt.date) -> dict[str, Any]:
    """Return what every letter with a list says, links made; in the transaction that writes it."""
    deciding = [row for mandate, rows in listing.groups if decides(mandate) for row in rows]
    links = make_links(user, deciding)
    return {
        "total": listing.total,
        "autres": listing.total - len(listing.rows),
        "groupes": [
            {"territoire": territory_name(mandate), "points": [_item(row, links, day) for row in rows]}
            for mandate, rows in listing.groups
        ],
        "decide": bool(links),
        "jours_du_lien": LINK_DAYS,
        "file": f"{settings.PUBLIC_URL}{reverse('moderation-queue')}",
    }


def territory_name(mandate: Membership) -> str:
    """Return the name of the mandate's territory."""
    return str(mandate.territory or _("Toute la France"))


def nearest_hamlet(contribution: Contribution) -> str:
    """Return the name of the nearest named place of the commune within 2 km, or nothing."""
    found = Contribution.objects.filter(pk=contribution.pk).values_list(hamlets.nearest_hamlet(), flat=True)
    return str(found.first() or "")


def _in_words(rows: QuerySet[Contribution]) -> QuerySet[Contribution]:
    """Return `rows`, the oldest first, with the nearest hamlet and all that `_item` says."""
    passed_on = Escalation.objects.filter(contribution=OuterRef("pk")).order_by("-at", "-pk")
    return (
        with_waiting_since(rows)
        .select_related("couche", "commune")
        .defer("commune__geom")
        .annotate(
            hamlet=hamlets.nearest_hamlet(),
            passed_on_to=Subquery(passed_on.values("level")[:1]),
            photo_count=Count("photos"),
        )
        .order_by("received_at", "pk")
    )


def _item(row: Any, links: dict[Any, str], day: dt.date) -> dict[str, Any]:
    facts = [_place(row), _received(row.received_at, day)]
    waited = waiting_days(row.waiting_since, day)
    if waited >= LATE_DAYS:
        facts.append(_("sans réponse depuis %(days)d jours") % {"days": waited})
    if row.passed_on_to:
        level = Escalation.Level(row.passed_on_to).label
        facts.append(_("transmis %(to_level)s") % {"to_level": level})
    if row.photo_count:
        facts.append(ngettext("%(n)d photo", "%(n)d photos", row.photo_count) % {"n": row.photo_count})
    page = f"{settings.PUBLIC_URL}{reverse('moderation-one', args=[row.pk])}"
    return {
        "titre": what(row),
        "faits": " · ".join(facts),
        "decide": row.pk in links,
        "lien": links.get(row.pk, page),
    }


def what(row: Contribution) -> str:
    """Return the report in one line: its subject, what it says first, and what it proposes when not to add."""
    title = title_of(row.couche, row.attributes)
    subject = row.couche.title.partition(" : ")[0]
    said = subject if title == row.couche.title else f"{subject} – {title}"
    if row.operation != Contribution.Operation.CREATE:
        said = f"{row.get_operation_display().capitalize()} : {said}"
    return plain(said)


def plain(text: str) -> str:
    """Return a resident's words on one line, short, without anything a mail reader makes a link of."""
    return Truncator(ADDRESS.sub(_("(adresse)"), " ".join(text.split()))).chars(TITLE_CHARACTERS)


def _received(at: dt.datetime, day: dt.date) -> str:
    """Say when it arrived, as people count days."""
    days = waiting_days(at, day)
    if days < 1:
        return _("reçu aujourd'hui")
    if days == 1:
        return _("reçu hier")
    return _("reçu le %(date)s") % {"date": date_format(timezone.localtime(at), "j F")}


def _place(row: Any) -> str:
    if row.hamlet:
        return _("%(commune)s, près de %(hamlet)s") % {"commune": row.commune.nom, "hamlet": row.hamlet}
    return str(row.commune.nom)
