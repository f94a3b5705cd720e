"""The author of a refused report asks for another opinion: once, in time, above the commune."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import Notification, User
from comptes.notifications import send_due
from contributions.models import Contribution
from moderation.appeals import appeal, judges_of, prospect_of
from moderation.models import Decision
from moderation.refusals import DecidedAbove, NobodyAbove, NotAllowedFrom, TooLateToAppeal
from moderation.workflow import Action, Actor, why_not
from territoires.models import Commune
from tests.comptes.conftest import PostOffice, post_office
from tests.factories import SECRET, MembershipFactory, UserFactory
from tests.moderation.factories import decide, moderator, report
from tests.moderation.register_cast import JSON, days_ago

pytestmark = pytest.mark.django_db
__all__ = ["post_office"]
WORDS = "Je suis repassé hier : toujours aucun réseau. canari-auteur"
AMEL = "canari.amel@exemple.fr"


def refused(commune: Any, by: User, *, days: float = 1, **fields: Any) -> Contribution:
    """Return a report refused `days` ago."""
    with days_ago(days):
        row = report(commune, **fields)
        decide(row, "reject", by)
    row.refresh_from_db()
    return row


def ask(row: Contribution, message: object = WORDS, secret: str = SECRET) -> Any:
    """Appeal by the JSON door, as an anonymous device."""
    return APIClient(enforce_csrf_checks=True).post(
        f"/api/v1/contributions/{row.pk}/recours/",
        {"message": message},
        format="json",
        headers={"X-Suivi": secret},
    )


def test_it_goes_to_the_level_above_which_alone_decides(aurillac: Commune, bruno: User, driss: User) -> None:
    row = refused(aurillac, bruno)
    assert prospect_of(row).to == "CA Aurillac Agglomération"
    answer = ask(row)
    assert answer.status_code == 200
    step = answer.json()["steps"][-1]
    assert (step["status_label"], step["body"], step["public_reason"]) == (
        "Recours", "CA Aurillac Agglomération", WORDS,
    )  # fmt: skip
    row.refresh_from_db()
    assert (row.status, row.level) == ("SUBMITTED", "epci") and row.appealed_at is not None
    assert why_not(row, Action.ACCEPT, actor=Actor.OFFICIAL, by=bruno) == str(DecidedAbove.message)
    decide(row, "accept", driss)
    row.refresh_from_db()
    assert row.status == "ACCEPTED"


def test_the_card_tells_the_mayor_that_it_is_decided_above(
    aurillac: Commune, bruno: User, driss: User, page_as: Callable[[User], Client]
) -> None:
    row = refused(aurillac, bruno)
    appeal(contribution=row, message=WORDS)
    page = page_as(bruno).get(f"/moderation/{row.pk}/").content.decode()
    assert "la décision revient maintenant au niveau au-dessus de la commune" in page


def test_the_judges_are_written_to_without_a_word_of_the_author(
    aurillac: Commune, bruno: User, driss: User, chloe: User, claude: User, post_office: PostOffice
) -> None:
    row = refused(aurillac, bruno, email=AMEL)
    MembershipFactory(user=bruno, epci=aurillac.epci)
    MembershipFactory(user=claude, role="clerk", epci=aurillac.epci)
    Notification.objects.all().delete()
    appeal(contribution=row, message=WORDS)
    assert send_due() == 1, "neither who refused, nor a clerk, nor the author"
    (letter,) = post_office.letters
    text = letter.as_string() + letter.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert letter["To"] == "driss@reperes.demo" and f"/moderation/{row.pk}/" in text
    assert "canari" not in text and SECRET not in text


def test_the_author_reads_who_decided(
    aurillac: Commune, bruno: User, driss: User, post_office: PostOffice
) -> None:
    row = refused(aurillac, bruno, email=AMEL)
    appeal(contribution=row, message=WORDS)
    Notification.objects.all().delete()
    decide(row, "reject", driss, public_reason="Le relevé de l'opérateur dit le contraire.")
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        assert send_due() == 1
    text = post_office.letters[-1].get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "CA Aurillac Agglomération" in text and "Le refus est confirmé" in text
    assert "Driss" not in text and "La mairie" not in text


def test_the_register_says_after_appeal_and_no_more(
    aurillac: Commune, bruno: User, driss: User, client: Client
) -> None:
    row = refused(aurillac, bruno, days=3)
    with days_ago(2):
        appeal(contribution=row, message=WORDS)
        decide(row, "accept", driss)
    lines = client.get(JSON).json()["results"]
    assert [(one["action"], one["after_appeal"], one["body"]) for one in lines] == [
        ("accept", True, "epci"), ("reject", False, "commune"),
    ]  # fmt: skip
    page = client.get("/communes/15014/decisions/").content.decode()
    assert "après recours" in page and "canari" not in page


def test_the_mayor_who_is_also_the_epci_s_decides_an_appeal_as_such(
    aurillac: Commune, bruno: User, driss: User, client: Client
) -> None:
    MembershipFactory(user=driss, commune=aurillac, starts=timezone.now() - dt.timedelta(days=30))
    row = refused(aurillac, bruno, days=3)
    with days_ago(2):
        appeal(contribution=row, message=WORDS)
        decide(row, "accept", driss)
    assert [one["body"] for one in client.get(JSON).json()["results"]] == ["epci", "commune"]


def test_the_same_appeal_again_is_the_same_answer(aurillac: Commune, bruno: User, driss: User) -> None:
    """A retry succeeds, before the decision and after; other words are a second appeal."""
    row = refused(aurillac, bruno)
    assert [ask(row).status_code for _ in range(3)] == [200, 200, 200]
    assert Decision.objects.filter(action="appeal").count() == 1
    assert Notification.objects.filter(template="recours").count() == 1
    decide(row, "reject", driss)
    assert ask(row).status_code == 200
    again = ask(row, "Encore.")
    assert again.status_code == 409 and "définitive" in again.json()["detail"]


def test_only_a_refusal_is_contested(aurillac: Commune, bruno: User, driss: User) -> None:
    waiting, taken = report(aurillac), report(aurillac)
    decide(taken, "accept", bruno)
    for row in (waiting, taken):
        with pytest.raises(NotAllowedFrom):
            appeal(contribution=row, message=WORDS)
        assert ask(row).status_code == 409
        assert prospect_of(row).to == "" and prospect_of(row).why_not == ""


def test_two_months_and_no_more(aurillac: Commune, bruno: User, driss: User) -> None:
    bruno.memberships.update(starts=timezone.now() - dt.timedelta(days=900))
    assert prospect_of(refused(aurillac, bruno, days=60)).to
    late = refused(aurillac, bruno, days=61.01)
    with pytest.raises(TooLateToAppeal):
        appeal(contribution=late, message=WORDS)
    assert "deux mois" in prospect_of(late).why_not


def test_nobody_above_is_told(aurillac: Commune, bruno: User, client: Client) -> None:
    row = refused(aurillac, bruno)
    with pytest.raises(NobodyAbove):
        appeal(contribution=row, message=WORDS)
    page = client.post("/suivi/", {"code": f"{row.pk}.{SECRET}"}).content.decode()
    assert "Écrivez à la mairie" in page and "Envoyer mon recours" not in page


def test_what_the_epci_refused_goes_to_the_departement(aurillac: Commune, driss: User) -> None:
    """The only person at the EPCI is who refused: the département, else the région, answers."""
    row = refused(aurillac, driss)
    region = moderator("region@reperes.demo", region=aurillac.departement.region)
    france = UserFactory(email="france@reperes.demo")
    MembershipFactory(user=france, national=True)
    assert prospect_of(row).to == "Cantal"
    appeal(contribution=row, message=WORDS)
    row.refresh_from_db()
    assert row.level == "departement"
    assert judges_of(row, but=driss.pk) == [region]


def test_a_wrong_secret_opens_nothing(aurillac: Commune, bruno: User, driss: User) -> None:
    row = refused(aurillac, bruno)
    assert ask(row, secret="z" * 27).status_code == 404
    assert not Decision.objects.filter(action="appeal").exists()


@pytest.mark.parametrize("message", ["", "   ", None, 3, ["a"], "x" * 1001, "a\x00b", "\ud800", "\u200b"])
def test_a_message_is_owed(message: object, aurillac: Commune, bruno: User, driss: User) -> None:
    row = refused(aurillac, bruno)
    with pytest.raises(ValidationError) as caught:
        appeal(contribution=row, message=message)
    assert set(caught.value.message_dict) == {"message"}
    if message != "\ud800":
        answer = ask(row, message)
        assert answer.status_code == 422 and list(answer.json()["errors"]) == ["message"]


@pytest.mark.parametrize("body", [[], "x", 3, None])
def test_a_body_that_is_no_object_is_refused(body: Any, aurillac: Commune, bruno: User) -> None:
    row = refused(aurillac, bruno)
    answer = APIClient().post(
        f"/api/v1/contributions/{row.pk}/recours/", body, format="json", headers={"X-Suivi": SECRET}
    )
    assert answer.status_code in {400, 422}


def test_by_the_form_without_scripts(aurillac: Commune, bruno: User, driss: User, client: Client) -> None:
    row = refused(aurillac, bruno)
    code = f"{row.pk}.{SECRET}"
    page = client.post("/suivi/", {"code": code, "contester": "1"}).content.decode()
    assert 'id="recours" open' in page and "CA Aurillac Agglomération" in page
    empty = client.post("/suivi/recours/", {"code": code, "message": " "})
    assert empty.status_code == 422 and 'id="erreurs"' in empty.content.decode()
    long = client.post("/suivi/recours/", {"code": code, "message": "y" * 1001})
    assert long.status_code == 422 and "y" * 1001 in long.content.decode(), "nothing typed is lost"
    done = client.post("/suivi/recours/", {"code": code, "message": "<script>alert(1)</script>"})
    text = done.content.decode()
    assert done.status_code == 200 and "Votre recours est parti" in text and "Recours" in text
    assert "<script>alert" not in text and not done.cookies and "no-store" in done["Cache-Control"]
    assert client.post("/suivi/recours/", {"code": code, "message": "Encore."}).status_code == 409


def test_another_site_is_refused(aurillac: Commune, bruno: User, driss: User, client: Client) -> None:
    row = refused(aurillac, bruno)
    body = {"code": f"{row.pk}.{SECRET}", "message": WORDS}
    headers = {"Origin": "https://ailleurs.exemple"}
    assert client.post("/suivi/recours/", body, headers=headers).status_code == 403
