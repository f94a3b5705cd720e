"""The cast and a little world of which every route can speak."""

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from comptes.invitations import invite
from comptes.links import hash_link, new_link
from comptes.models import AttestationRequest, Claim, ContestLink, Invitation, TownHallAddress, User
from comptes.roles import Role
from contributions.imports.desk import receive
from contributions.pauses import open_pause
from contributions.photos import add_photo
from contributions.workshops import open_workshop
from couches.models import Couche, Feature
from moderation import saved_filters
from moderation.digests import stop_url
from moderation.features import kept_by, states_of
from moderation.links import make_links
from moderation.local_reasons import add_reason
from moderation.models import Subscription
from moderation.publication import publish_accepted
from moderation.subscriptions import end_token
from moderation.workflow import apply
from territoires.models import Commune
from tests import factories
from tests.frontend.factories import publish_services

ATTRIBUTES = {"operators": [{"operator": "20801", "calls": "none"}]}


@pytest.fixture(autouse=True)
def uncounted(no_cover: None) -> None:
    """Walking every door for everybody is not coverage, and takes a third less time untraced."""


@pytest.fixture
def people(
    bruno: User, chloe: User, claude: User, driss: User, sophie: User, aurillac: Commune
) -> dict[str, User | None]:
    """The cast by the matrix's names; the former mayor's mandate ended yesterday."""
    former = factories.UserFactory(email="ancien@reperes.demo")
    now = timezone.now()
    factories.MembershipFactory(
        user=former, role=Role.MODERATOR, commune=aurillac,
        starts=now - dt.timedelta(days=900), ends=now - dt.timedelta(days=1),
    )  # fmt: skip
    return {
        "anonymous": None, "author": None, "neighbour": chloe, "clerk": claude, "mayor": bruno,
        "epci": driss, "steward": sophie, "former": former,
    }  # fmt: skip


@pytest.fixture
def world(
    bruno: User, claude: User, aurillac: Commune, ytrac: Commune, settings: Any, tmp_path: Path
) -> dict[str, Any]:
    """One published feature, one report that waits, one accepted: all in Aurillac."""
    settings.MEDIA_ROOT, settings.EXPORTS_ROOT = tmp_path / "media", tmp_path / "exports"
    published = factories.ContributionFactory(attributes=ATTRIBUTES)
    apply(contribution_id=published.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=published.couche, by=None)
    later = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.45, 44.94, srid=4326))
    apply(contribution_id=later.pk, action="accept", actor="official", by=bruno, version=1)
    publish_accepted(couche=published.couche, by=None)
    accepted = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.43, 44.93, srid=4326))
    apply(contribution_id=accepted.pk, action="accept", actor="official", by=bruno, version=1)
    waiting = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.42, 44.92, srid=4326))
    returned = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.41, 44.91, srid=4326))
    apply(
        contribution_id=returned.pk, action="return", actor="official", by=bruno, version=1,
        reason_code="autre", public_reason="De quel côté de la route ?",
    )  # fmt: skip
    fresh = factories.ContributionFactory(
        attributes=ATTRIBUTES, geom=Point(2.46, 44.95, srid=4326), received_at=timezone.now()
    )
    with time_machine.travel(timezone.now() - dt.timedelta(days=1)):
        rejected = factories.ContributionFactory(attributes=ATTRIBUTES, geom=Point(2.47, 44.96, srid=4326))
        refusal = apply(
            contribution_id=rejected.pk, action="reject", actor="official", by=bruno, version=1,
            reason_code="autre", public_reason="Déjà connu.",
        )  # fmt: skip
    subscription = Subscription.objects.create(
        email="amel@exemple.fr", email_sha256="0" * 64, commune=aurillac, frequency="weekly",
        token_sha256=hash_link("A" * 43), created_at=timezone.now(),
    )  # fmt: skip
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(stream, "PNG")
    photo, _created = add_photo(waiting, rank=2, raw=stream.getvalue())
    team = _team(bruno, claude, aurillac)
    workshop, _code = open_workshop(by=bruno, label="Classe de CM2", hours=3, max_uses=60)
    reason = add_reason(
        by=bruno, territory=aurillac, couche=None, label="Chez nous", public_text="Voyez la mairie.",
        actions=["reject"],
    )  # fmt: skip
    publish_services(aurillac, "Le Relais")
    place = states_of(list(kept_by(bruno).filter(couche__slug="services")))[0]
    pause = open_pause(
        by=bruno, commune=aurillac, mode="slow", reason_code="autre", message="Matrice",
        starts=timezone.now() + dt.timedelta(days=9), ends=timezone.now() + dt.timedelta(days=10),
    )  # fmt: skip
    sent = SimpleUploadedFile("l.csv", b"nom;kind;longitude;latitude\nA;cafe;2,44;44,93\n")
    file = receive(couche=Couche.objects.get(slug="services"), upload=sent, by=bruno)
    return {
        "import": file,
        "reason": reason,
        "place": place,
        "pause": pause,
        "published_number": Feature.objects.filter(couche=published.couche).earliest("number").number,
        "filter": saved_filters.save(by=bruno, name="Cafés", query="couche=services"),
        "waiting": waiting, "accepted": accepted, "published": published, "returned": returned,
        "fresh": fresh, "photo": photo, "pixels": stream.getvalue(), "workshop": workshop,
        "rejected": rejected, "refusal": refusal, "confirm_token": "A" * 43,
        "end_token": end_token(subscription),
        "link": make_links(bruno, [waiting])[waiting.pk].split("/")[-2],
        "stop": stop_url(bruno).split("/")[-2], "mandate": bruno.memberships.get(role=Role.MODERATOR),
        **team,
    }  # fmt: skip


def _team(bruno: User, claude: User, aurillac: Commune) -> dict[str, Any]:
    """An invitation, a claim, and the links that letters carry."""
    factories.MembershipFactory(user=bruno, role=Role.ADMIN_TERRITORY, commune=aurillac)
    invitation = invite(by=bruno, email="invitee@exemple.fr", role=Role.CLERK, territory=aurillac)
    tokens = {name: new_link() for name in ("invitation", "contest", "attestation")}
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=tokens["invitation"][1])
    later = timezone.now() + dt.timedelta(days=5)
    TownHallAddress.objects.create(
        commune=aurillac, email="mairie@aurillac.fr", source="operator", updated_on=timezone.localdate()
    )
    ContestLink.objects.create(
        commune=aurillac, person=claude, token_hash=tokens["contest"][1], expires_at=later
    )
    mayor = bruno.memberships.get(role=Role.MODERATOR)
    AttestationRequest.objects.create(
        membership=mayor, due_on=later.date(), warning=7, token_hash=tokens["attestation"][1]
    )
    return {
        "invitation": invitation, "invitation_token": tokens["invitation"][0],
        "contest": tokens["contest"][0], "attestation": tokens["attestation"][0],
        "claim": Claim.objects.create(commune=aurillac, code_hash="0" * 64, expires_at=later),
        "clerk_mandate": claude.memberships.get(), "mayor_mandate": mayor,
    }  # fmt: skip
