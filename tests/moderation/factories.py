"""Small true things to decide about."""

import datetime as dt
import hashlib
import uuid
from typing import Any, cast

from django.contrib.gis.geos import Point
from django.utils import timezone

from comptes.models import User
from contributions.models import Contact, Contribution
from couches.models import Couche, CoucheVersion
from moderation.gestures import Item, Outcome, take
from moderation.models import Decision
from moderation.publication import publish_accepted
from moderation.workflow import apply
from territoires.models import Commune
from tests import factories

DEAD_ZONE: dict[str, Any] = {"operators": [{"operator": "20801", "calls": "none"}], "place": "outdoors"}
HERE = (2.44, 44.93)


def report(commune: Any, *, email: str = "", at: tuple[float, float] = HERE, **fields: Any) -> Contribution:
    """Return a dead zone reported in `commune`, awaiting its mayor."""
    made = factories.ContributionFactory(
        commune=commune,
        geom=Point(*at, srid=4326),
        **{"attributes": dict(DEAD_ZONE)} | fields,
    )
    row = cast(Contribution, made)
    if email:
        leave(row, email)
    return row


def moderator(email: str, name: str = "", **territory: Any) -> User:
    """Return somebody with a live mandate to decide on one territory."""
    user = cast(User, factories.UserFactory(email=email, display_name=name or email))
    factories.MembershipFactory(user=user, **territory)
    return user


def town(**fields: Any) -> Commune:
    """Return Aurillac, or another commune."""
    return cast(Commune, factories.CommuneFactory(**fields))


def leave(row: Contribution, email: str) -> None:
    """Leave an address on a report."""
    Contact.objects.create(
        contribution=row,
        email=email,
        email_sha256=hashlib.sha256(email.encode()).hexdigest(),
        delete_after=timezone.localdate() + dt.timedelta(days=100),
    )


def decide(row: Contribution, action: str, by: User, **wanted: Any) -> Decision:
    """Decide as an official on the row's present version, with a reason where one is owed."""
    row.refresh_from_db()
    reason = {"reject": "hors-sujet", "return": "preciser-lieu", "reopen": "decision-par-erreur"}.get(
        action, ""
    )
    return apply(
        contribution_id=row.pk,
        action=action,
        actor="official",
        by=by,
        **cast(dict[str, Any], {"version": row.version, "reason_code": reason} | wanted),
    )


def accepted(commune: Any, by: User, **fields: Any) -> Contribution:
    """Return a report that its mayor accepted."""
    row = report(commune, **fields)
    decide(row, "accept", by)
    return row


def published(commune: Any, by: User, **fields: Any) -> Contribution:
    """Return a report that went the whole way."""
    row = accepted(commune, by, **fields)
    assert publish_accepted(couche=row.couche, by=None) is not None
    row.refresh_from_db()
    return row


def about(row: Contribution, operation: str, **fields: Any) -> Contribution:
    """Return a report that speaks of the object `row` became."""
    return report(row.commune, operation=operation, feature_id=row.published_feature_id, **fields)


def bare_couche(slug: str = "services") -> Couche:
    """Return another couche than that of dead zones."""
    return Couche.objects.get(slug=slug)


def versions(couche: Couche) -> list[int]:
    """Return the numbers published, in order."""
    return list(
        CoucheVersion.objects.filter(couche=couche).order_by("number").values_list("number", flat=True)
    )


def nowhere() -> uuid.UUID:
    """Return an id that names nothing."""
    return uuid.uuid4()


def click(
    by: User, action: str, *rows: Contribution, gesture: uuid.UUID | None = None, **wish: Any
) -> list[Outcome]:
    """Decide on the rows' present versions, as one click."""
    for row in rows:
        row.refresh_from_db()
    items = [Item(row.pk, row.version) for row in rows]
    return take(gesture=gesture or uuid.uuid4(), by=by, action=Decision.Action(action), items=items, **wish)


def fresh(row: Contribution) -> Contribution:
    """Return the row as it is now."""
    return Contribution.objects.get(pk=row.pk)
