"""submit(): the one way in, for every door. Never loses, never doubles."""

import hashlib
import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.models import User
from comptes.permissions import SignInFirst
from comptes.permissions import check as check_permission
from comptes.roles import Gesture
from contributions import admission, pauses
from contributions.admission import Sender
from contributions.contact import leave_contact
from contributions.duplicates import find_near
from contributions.limits import NotYet
from contributions.models import Contribution
from contributions.payload import payload_sha256
from contributions.validation import Checked, Operation, Submission, check, couche_slug, identity
from contributions.workshops import UnknownCode
from couches.models import Couche, FeatureVersion
from territoires.location import Location, locate
from territoires.models import Commune

__all__ = ["PayloadConflict", "Receipt", "Sender", "Submission", "submit"]

# The second of two concurrent inserts waits here for the first to commit, then writes
# nothing: idempotence without a lock of ours.
INSERT_ONCE = """
INSERT INTO contributions_contribution (
    id, couche_id, operation, feature_id, geom, attributes, commune_id, code_insee_at_capture,
    millesime, near_border, observed_at, received_at, accuracy_m, position_source, channel,
    entered_by_id, status, version, payload_sha256, secret_sha256, schema_version, near_at_receipt)
VALUES (
    %(id)s, %(couche)s, %(operation)s, %(feature)s, %(geom)s, %(attributes)s::jsonb, %(commune)s, %(commune)s,
    %(millesime)s, %(near_border)s, %(observed_at)s, %(received_at)s, %(accuracy_m)s, %(position_source)s,
    %(channel)s, %(entered_by)s, 'SUBMITTED', 1, %(payload_sha256)s, %(secret_sha256)s,
    %(schema_version)s, %(near)s::jsonb)
ON CONFLICT (id) DO NOTHING
"""
# `xmin` and `ctid` change with any change of the row: what is kept in memory is never stale.
COUCHE_AND_PRECEDENT = """
SELECT (SELECT xmin::text || ctid::text || id::text FROM couches_couche WHERE slug = %(slug)s),
       EXISTS (SELECT FROM contributions_contribution WHERE id = %(id)s),
       EXISTS (SELECT FROM contributions_pause WHERE ended_at IS NULL AND ends > %(now)s)
"""
_couches: dict[str, tuple[str, Couche]] = {}


class PayloadConflict(Exception):
    """Cet identifiant a déjà servi pour un autre contenu : renvoyez le même, ou changez d'identifiant."""

    def __str__(self) -> str:
        """Return the French message, the same whoever asks and whatever is stored."""
        return (self.__doc__ or "").strip()


@dataclass(frozen=True)
class Receipt:
    """What the author gets back; the same for each retry of the same content.

    `created` is False for a retry. `duplicates` is public (`Near.public()`).
    """

    contribution: Contribution
    created: bool
    duplicates: list[dict[str, Any]]


def submit(submission: Submission, *, sender: Sender | None = None) -> Receipt:
    """Store what somebody proposes, once, whatever is retried, killed or concurrent.

    `sender` is who is to be slowed when they send much; None for a caller we trust (a file, a
    command). What was stored already is answered before anything is asked of the sender.
    One transaction, in six round trips for a creation without e-mail nor sender. Raises
    ValidationError (all refusals by field, OutsideFrance on "geometry"), PayloadConflict
    (the id serves another content, or another author, of whom nothing is said),
    `comptes.permissions.Forbidden` for the town hall's desk without the right, SignInFirst
    before anything is judged (a clerk whose session ended has nothing to correct), and
    `limits.NotYet` when the same must be sent again later.
    """
    payload = payload_sha256(submission)
    known = identity(submission)
    if sender is None:
        return _store(submission, None, known, payload)
    try:
        return _store(submission, sender, known, payload)
    except UnknownCode:
        admission.count_wrong_code(sender)
        raise
    except NotYet:
        # The same, sent twice at once: the other one has just paid, perhaps with this very proof.
        if known and Contribution.with_practice.filter(pk=known[0]).exists():
            return _replay(*known, payload)
        raise


def _store(
    submission: Submission, sender: Sender | None, known: tuple[uuid.UUID, str] | None, payload: str
) -> Receipt:
    with transaction.atomic():
        couche, is_retry, any_pause = _couche_and_precedent(submission, known)
        if is_retry and known:
            return _replay(*known, payload)
        by = submission.entered_by
        if submission.channel == Contribution.Channel.DESK and by is None:
            raise SignInFirst
        checked = check(submission, couche)
        location = locate_proposed(checked.point, checked.operation, checked.target)
        if checked.channel == Contribution.Channel.DESK:
            check_desk(by, location.commune)
        paused = (
            pauses.on(checked.point, commune=location.commune, couche=checked.couche)
            if sender and any_pause
            else []
        )
        toll = sender and admission.weigh(
            sender, commune=location.commune, person=checked.entered_by, paused=paused
        )
        contribution, created = _insert(checked, location, payload)
        if not created:
            return _replay(checked.id, checked.secret, payload)
        if toll:
            admission.pay(toll)
        if checked.email:
            leave_contact(contribution, email=checked.email, secret=checked.secret)
        return Receipt(contribution, created=True, duplicates=contribution.near_at_receipt)


def _couche_and_precedent(
    submission: Submission, known: tuple[uuid.UUID, str] | None
) -> tuple[Couche | None, bool, bool]:
    """Return the couche named, whether the id has served, and whether any pause is left: one query for all.

    The id alone decides that this is a retry: what was accepted once is not judged again
    by a schema or an outline that changed since.
    """
    slug = couche_slug(submission)
    with connection.cursor() as cursor:
        asked = {"slug": slug, "id": known[0] if known else None, "now": timezone.now()}
        cursor.execute(COUCHE_AND_PRECEDENT, asked)
        row_version, served, any_pause = cursor.fetchone()
    return _couche(slug, row_version) if row_version else None, served, any_pause


def _couche(slug: str, row_version: str) -> Couche:
    """Return the couche, read again only when its row changed: a schema is 20 kB to decode."""
    kept = _couches.get(slug)
    if kept is None or kept[0] != row_version:
        kept = _couches[slug] = (row_version, Couche.objects.get(slug=slug))
    return kept[1]


def _replay(identifier: uuid.UUID, secret: str, payload: str) -> Receipt:
    # Even the id of an invented report is taken: nobody holds its secret, so the answer is a conflict.
    contribution = Contribution.with_practice.select_related("couche", "commune").get(pk=identifier)
    same_author = secrets.compare_digest(contribution.secret_sha256, secret_sha256(secret))
    same_content = secrets.compare_digest(contribution.payload_sha256, payload)
    if not (same_author and same_content):
        raise PayloadConflict
    return Receipt(contribution, created=False, duplicates=contribution.near_at_receipt)


def secret_sha256(secret: str) -> str:
    """Return what is kept of an author's secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def locate_proposed(point: Point, operation: Operation, target: FeatureVersion | None) -> Location:
    """Return the commune that decides (`point` EPSG:4326): for a move, it must stay the feature's own.

    Otherwise one commune's mayor could take an object out of another's territory. Raises
    ValidationError on "geometry".
    """
    if target and target.couche.sensitive and point.coords == target.geom.coords:
        # The middle of a wide cell: it may be in another commune than the object.
        return Location(_home_of(target), near_border=False)
    location = locate(point)
    if operation == Operation.UPDATE and target and target.commune_id != location.commune.pk:
        home = _home_of(target) if target.couche.sensitive else locate(target.geom).commune
        if home.pk != location.commune.pk:
            raise ValidationError(
                {
                    "geometry": [
                        _(
                            "Cet objet est à %(commune)s : pour le déplacer dans une autre commune, "
                            "proposez de le supprimer ici et de l'ajouter là-bas."
                        )
                        % {"commune": home.nom}
                    ]
                }
            )
    return location


def _home_of(target: FeatureVersion) -> Commune:
    """Return the commune of a published object, that of today when its own was merged; outlines stay away."""
    communes = Commune.objects.select_related("successor").defer("geom", "successor__geom")
    own = communes.get(pk=target.commune_id)
    return own.successor or own


def check_desk(entered_by: User | None, commune: Commune) -> None:
    """Raise comptes' Forbidden unless this person may enter for others there."""
    if entered_by is None:
        raise SignInFirst
    check_permission(entered_by, Gesture.ENTER_FOR_OTHERS, commune)


def _insert(checked: Checked, location: Location, payload: str) -> tuple[Contribution, bool]:
    """Insert unless the id is taken; return the contribution and whether it is new."""
    contribution = Contribution(
        id=checked.id,
        couche=checked.couche,
        operation=checked.operation,
        feature_id=checked.target.feature_id if checked.target else None,
        geom=checked.point,
        attributes=checked.attributes,
        commune=location.commune,
        code_insee_at_capture=location.commune.pk,
        millesime=location.commune.millesime,
        near_border=location.near_border,
        observed_at=checked.observed_at,
        received_at=timezone.now(),
        accuracy_m=checked.accuracy_m,
        position_source=checked.position_source,
        channel=checked.channel,
        entered_by=checked.entered_by,
        payload_sha256=payload,
        secret_sha256=secret_sha256(checked.secret),
        schema_version=checked.couche.schema_version,
        near_at_receipt=[
            near.public() for near in find_near(checked.point, checked.couche, exclude=checked.id)
        ],
    )
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ONCE, _columns(contribution))
        return contribution, cursor.rowcount == 1


def _columns(row: Contribution) -> dict[str, Any]:
    return {
        "id": row.pk,
        "couche": row.couche_id,
        "operation": str(row.operation),
        "feature": row.feature_id,
        "geom": row.geom.ewkb,
        "attributes": json.dumps(row.attributes),
        "commune": row.commune_id,
        "millesime": row.millesime,
        "near_border": row.near_border,
        "observed_at": row.observed_at,
        "received_at": row.received_at,
        "accuracy_m": row.accuracy_m,
        "position_source": str(row.position_source),
        "channel": str(row.channel),
        "entered_by": row.entered_by_id,
        "payload_sha256": row.payload_sha256,
        "secret_sha256": row.secret_sha256,
        "schema_version": row.schema_version,
        "near": json.dumps(row.near_at_receipt),
    }
