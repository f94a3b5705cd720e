"""A reason taken out of the register: by whom, from every door, for good."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from comptes.models import User
from moderation.models import Redaction
from territoires.models import Commune
from tests.moderation.register_cast import FEED, JSON, PAGE, decided, everywhere

pytestmark = pytest.mark.django_db

DESK = "/moderation/registre/15014/"


def test_a_reason_taken_out_leaves_every_door(
    client: Client, aurillac: Commune, bruno: User, page_as: Callable[[User], Client]
) -> None:
    decision = decided(aurillac, "reject", bruno, public_reason="Voir Madame Canari, 06 12 34 56 78.")
    etags = {door: client.get(door)["ETag"] for door in (PAGE, FEED, JSON)}
    mayor = page_as(bruno)
    assert "Madame Canari" in mayor.get(DESK).content.decode()
    for _ in range(2):
        answer = mayor.post(DESK, {"decision": decision.pk, "why": "personal"})
        assert (answer.status_code, answer["Location"]) == (302, DESK)
    for door, text in everywhere(client).items():
        assert "Canari" not in text and "06 12" not in text, door
        assert "il contenait une donnée personnelle" in text
        assert client.get(door, headers={"If-None-Match": etags[door]}).status_code == 200
    kept = Redaction.objects.get()
    assert (kept.by, kept.decision, kept.decision.public_reason[:4]) == (bruno, decision, "Voir")


def test_words_taken_out_never_come_back(aurillac: Commune, bruno: User) -> None:
    decision = decided(aurillac, "reject", bruno)
    row = Redaction.objects.create(decision=decision, by=bruno, at=timezone.now(), why="personal")
    for change in (row.delete, lambda: Redaction.objects.update(why="wrong")):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_neighbouring_mayor_takes_nothing_out(
    aurillac: Commune, bruno: User, chloe: User, claude: User, page_as: Callable[[User], Client]
) -> None:
    decision = decided(aurillac, "reject", bruno)
    wanted = {"decision": decision.pk, "why": "personal"}
    assert page_as(chloe).post(DESK, wanted).status_code == 404
    assert page_as(chloe).post("/moderation/registre/15267/", wanted).status_code == 404
    assert page_as(claude).post(DESK, wanted).status_code == 403
    assert not Redaction.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"decision": "x", "why": "personal"}, 422), ({"decision": "1", "why": "autre"}, 422),
     ({"decision": str(2**63 - 1), "why": "personal"}, 404), ({"decision": str(2**70), "why": "personal"}, 422)],
)  # fmt: skip
def test_a_line_that_is_none_is_refused(
    body: dict[str, str], status: int, aurillac: Commune, bruno: User, page_as: Callable[[User], Client]
) -> None:
    assert page_as(bruno).post(DESK, body).status_code == status
