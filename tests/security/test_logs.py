"""Logs: what personal data they must not hold, on the real handler of the settings."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from comptes.models import ApiToken, Notification, User
from comptes.notifications import notify, send_due
from config.logs import NoRowDetail
from moderation.links import make_links
from tests import factories
from tests.comptes.conftest import PostOffice, post_office

pytestmark = pytest.mark.django_db
__all__ = ["post_office"]
CANARY = "canari.jaune@exemple.fr"


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the console would have shown, at the most talkative level."""
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler)
        and any(isinstance(rule, NoRowDetail) for rule in handler.filters)
    ]
    assert len(handlers) == 1, "the settings give the root logger one handler, with the filter"
    handler, written = handlers[0], StringIO()
    previous = handler.setStream(written)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    # The post office of the test is not ours: it logs the conversation.
    logging.getLogger("mail.log").disabled = True
    yield written
    logging.getLogger().setLevel(level)
    if previous is not None:
        handler.setStream(previous)


def refused_row(name: str) -> IntegrityError:
    """Provoke PostgreSQL's own words on a row it refuses."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        User.objects.create(email=CANARY.upper(), display_name=name)
    assert "DETAIL:" in str(caught.value)
    assert CANARY.upper() in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "name",
    ["Canari", "ligne\nCanari", "ligne\n\nTraceback (most recent call last):\nCanari", "a\nHINT: Canari"],
)
@pytest.mark.parametrize("how", ["exception", "argument", "message", "chained"])
def test_a_refused_row_does_not_show(how: str, name: str, log: StringIO) -> None:
    error = refused_row(name)
    logger = logging.getLogger("essai")
    if how == "exception":
        logger.error("refused", exc_info=error)
    elif how == "argument":
        logger.error("refused: %s", error)
    elif how == "message":
        logger.error(f"refused: {error}")
    else:
        wrapped = RuntimeError("step 2")
        wrapped.__context__ = error
        logger.error("refused", exc_info=wrapped)
    text = log.getvalue()
    assert "user_email_lowercase" in text, "the constraint is named: it is what the operator needs"
    assert "DETAIL: (masqué)" in text
    assert CANARY.upper() not in text
    assert "Canari" not in text


def test_neither_sign_in_nor_token_nor_letter_leaves_a_trace(
    log: StringIO, client: Client, post_office: PostOffice
) -> None:
    user = factories.UserFactory(email=CANARY)
    for password in ["mot-de-passe-canari", factories.PASSWORD]:
        client.post("/compte/connexion/", {"login": CANARY, "password": password})
    _row, token = ApiToken.objects.create(user, name="QGIS")
    client.get("/api/v1/moderation/contributions/", HTTP_AUTHORIZATION=f"Bearer {token}")
    client.get("/api/v1/moderation/contributions/", HTTP_AUTHORIZATION=f"Bearer {token[:-1]}0")
    client.post("/compte/mot-de-passe/oublie/", {"email": CANARY})
    post_office.refused[CANARY] = f"550 <{CANARY}> inconnu"
    notify(
        event="decision:1",
        template="decision",
        recipient=CANARY,
        context={"commune": "Ytrac", "couche": "x", "status": "REJECTED", "public_reason": "motif-canari"},
    )
    send_due()
    text = log.getvalue()
    assert "SMTPRecipientsRefused 550" in text, "the operator knows that a letter was refused"
    for secret in [CANARY, "canari.jaune", "mot-de-passe-canari", "motif-canari", token, token[:20]]:
        assert secret not in text
    assert not Notification.objects.filter(last_error__contains="canari").exists()


def test_a_mailed_link_that_is_refused_does_not_show(log: StringIO, client: Client) -> None:
    """Django logs the address of each 4xx: here the address is the secret."""
    row = factories.ContributionFactory()
    mayor = factories.MembershipFactory(commune=row.commune).user
    path = "/" + make_links(mayor, [row])[row.pk].split("/", 3)[3]
    assert client.post(path, {"action": "reject"}).status_code == 422
    assert client.post("/moderation/courriels/arret/1:canari/").status_code == 404
    text = log.getvalue()
    assert "/moderation/lien/(masqué)/" in text and "/moderation/courriels/arret/(masqué)/" in text
    assert path.split("/")[3] not in text and "canari" not in text
