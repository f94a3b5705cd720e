"""The sandbox of one person: filled on demand, emptied and filled again at will, never published.

Each person has their own copy of the invented reports. Nobody else sees it, no letter leaves,
nothing counts; only here may decisions be deleted (trigger `decision_kept`).
"""

import datetime as dt
import hashlib
import io
import random
import uuid

from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac
from PIL import Image, ImageDraw

from comptes.models import Membership, User
from comptes.permissions import OutsideTerritory
from contributions.models import Contribution, Photo
from contributions.photos import Pixels, store
from couches.models import Couche, Feature
from moderation.models import Decision
from moderation.practice_scenes import BY_SLUG, OBJECTS, SCENES, Scene
from moderation.scope import of_sandbox
from territoires.imaginary import ensure_sandbox, place
from territoires.models import Commune

# So that two people side by side do not see the very same numbers; groups stay groups.
JITTER_M = 6


def check_may_practise(user: User) -> None:
    """Raise `comptes.permissions.OutsideTerritory` unless `user` holds a live mandate, whatever its role."""
    if not Membership.objects.live().filter(user=user.pk).exists():
        raise OutsideTerritory


def is_open(user: User) -> bool:
    """Say whether the sandbox of `user` has been filled."""
    return of_sandbox(user).exists()


def start_again(user: User) -> int:
    """Empty the sandbox of `user`, decisions included, and fill it anew; return how many reports.

    Clicked twice at once, it is filled once. Raises OutsideTerritory without a live mandate.
    """
    check_may_practise(user)
    with transaction.atomic():
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
        empty(user)
        return _fill(user)


def empty(user: User) -> None:
    """Delete the invented reports of `user` and what was decided on them."""
    with transaction.atomic():
        mine = of_sandbox(user)
        Decision.objects.filter(contribution__in=mine.values("pk")).delete()
        # They protect each other otherwise.
        mine.update(merged_into=None)
        mine.delete()


def identity(user: User, slug: str) -> uuid.UUID:
    """Return the id of a scene in the sandbox of `user`: nobody else can foresee it."""
    digest = salted_hmac("moderation.practice", f"{user.pk}:{slug}", algorithm="sha256").digest()
    return uuid.UUID(bytes=digest[:16], version=4)


def find(user: User, slug: str) -> Contribution | None:
    """Return a scene of the sandbox of `user`, as it stands."""
    return of_sandbox(user).filter(pk=identity(user, slug)).first() if slug in BY_SLUG else None


def _fill(user: User) -> int:
    commune = ensure_sandbox()
    couches = {couche.slug: couche for couche in Couche.objects.all()}
    _ensure_objects(couches)
    rng = random.Random(user.pk)  # noqa: S311  # made-up places
    rows = [
        _row(scene, couches[scene.couche], commune=commune, user=user, rng=rng)
        for scene in SCENES
        if scene.couche in couches
    ]
    Contribution.with_practice.bulk_create(rows)
    shown = [identity(user, scene.slug) for scene in SCENES if scene.with_photo and scene.couche in couches]
    _add_photo(shown)
    return len(rows)


def _row(scene: Scene, couche: Couche, *, commune: Commune, user: User, rng: random.Random) -> Contribution:
    received = timezone.now() - dt.timedelta(hours=scene.hours_ago, minutes=rng.randrange(60))
    identifier = identity(user, scene.slug)
    return Contribution(
        id=identifier,
        couche=couche,
        operation=Contribution.Operation.UPDATE if scene.corrects else Contribution.Operation.CREATE,
        feature_id=OBJECTS[scene.corrects].id if scene.corrects else None,
        geom=_somewhere(scene, rng),
        attributes=scene.attributes,
        commune=commune,
        code_insee_at_capture=commune.pk,
        millesime=commune.millesime,
        near_border=scene.near_border,
        observed_at=received - dt.timedelta(minutes=rng.randrange(5, 300)),
        received_at=received,
        accuracy_m=scene.accuracy_m,
        position_source=scene.position_source,
        channel=scene.channel,
        payload_sha256=hashlib.sha256(identifier.bytes).hexdigest(),
        # A secret that nobody was given: no follow-up page opens.
        secret_sha256=hashlib.sha256(get_random_string(40).encode()).hexdigest(),
        schema_version=couche.schema_version,
        practice_of=user,
    )


def _somewhere(scene: Scene, rng: random.Random) -> Point:
    if scene.corrects:
        return place(scene.east_m, scene.north_m)
    return place(
        scene.east_m + rng.uniform(-JITTER_M, JITTER_M), scene.north_m + rng.uniform(-JITTER_M, JITTER_M)
    )


def _ensure_objects(couches: dict[str, Couche]) -> None:
    """Make the identities that corrections name, once for the site; they have no state, hence no page."""
    Feature.objects.bulk_create(
        [
            Feature(id=one.id, number=one.number, couche=couches[one.couche])
            for one in OBJECTS.values()
            if one.couche in couches
        ],
        ignore_conflicts=True,
    )


def _add_photo(contributions: list[uuid.UUID]) -> None:
    pixels = _draw_photo()
    store(pixels)
    Photo.objects.bulk_create(
        Photo(
            contribution_id=identifier,
            rank=1,
            sha256=pixels.sha256,
            source_sha256=pixels.sha256,
            width=pixels.width,
            height=pixels.height,
            size=len(pixels.webp),
            received_at=timezone.now(),
        )
        for identifier in contributions
    )


def _draw_photo() -> Pixels:
    """Draw a village hall with its two steps: no place, nobody, no right of anyone's."""
    image = Image.new("RGB", (800, 600), "#b9d3dd")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 430, 800, 600), fill="#c9c2ae")
    pen.polygon([(110, 230), (400, 90), (690, 230)], fill="#8a4b3a")
    pen.rectangle((150, 230, 650, 440), fill="#efe6d2", outline="#6b6354", width=4)
    for left in (190, 520):
        pen.rectangle((left, 280, left + 90, 370), fill="#5d7f8c", outline="#6b6354", width=4)
    pen.rectangle((355, 280, 445, 420), fill="#4b5d45", outline="#6b6354", width=4)
    pen.rectangle((325, 420, 475, 440), fill="#a39b88")
    pen.rectangle((295, 440, 505, 462), fill="#8d8573")
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=80)
    return Pixels(webp=stream.getvalue(), width=image.width, height=image.height)
