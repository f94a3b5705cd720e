"""The sandbox's pages: the desk's own, said to be invented, and a tour that checks what was done."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from comptes.models import User
from contributions.models import Contribution
from couches.forms import PREFIX
from moderation import practice, tour
from moderation.models import Decision, GuidedTour
from moderation.scope import of_sandbox
from tests.moderation.factories import decide

pytestmark = pytest.mark.django_db
BANNER = "rien n'est réel, rien n'est publié"
COMPLETED = {"kind": "epn", "nom": "Point numérique", "adresse": "1 place du Puits"}
SANDBOX = "/moderation/bac-a-sable/"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def client(bruno: User, page_as: Callable[[User], Client]) -> Client:
    """Bruno's browser."""
    return page_as(bruno)


def scene(user: User, slug: str) -> Contribution:
    row = practice.find(user, slug)
    assert row is not None
    return row


def shown(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def progress(user: User) -> list[str]:
    return [one.step.slug for one in tour.progress_of(user).steps if one.done]


def test_looking_at_the_door_writes_nothing(client: Client) -> None:
    page = shown(client.get(SANDBOX))
    assert "Commencer par la visite guidée" in page and BANNER in page
    assert not Contribution.with_practice.exists() and not GuidedTour.objects.exists()


def test_the_queue_there_is_the_queue_with_a_banner(client: Client, bruno: User) -> None:
    assert client.post(f"{SANDBOX}remise-a-zero/").headers["Location"] == SANDBOX
    page = shown(client.get(SANDBOX))
    assert BANNER in page and "Café de la Place" in page and 'data-reste="24"' in page
    assert "Tout remettre à zéro" in page and "Publier les couches" not in page


def test_every_link_of_its_pages_stays_inside(client: Client, bruno: User) -> None:
    """From the card of an invented report nothing leads to the real desk, but the way out."""
    practice.start_again(bruno)
    for path in (SANDBOX, f"{SANDBOX}{scene(bruno, 'photo').pk}/", f"{SANDBOX}{scene(bruno, 'ecole-1').pk}/"):
        page = shown(client.get(path))
        main = page[page.index("<main") : page.index("</main>")]
        leaving = [
            one
            for one in re.findall(r'(?:href|action|src)="(/moderation/[^"]*)"', main)
            if SANDBOX not in one
        ]
        assert leaving == [], path


def test_a_decision_on_the_card_returns_to_the_sandbox_and_may_be_taken_back(
    client: Client, bruno: User
) -> None:
    practice.start_again(bruno)
    row = scene(bruno, "cafe")
    answer = client.post(f"{SANDBOX}{row.pk}/", {"action": "accept", "version": 1})
    assert answer.headers["Location"] == SANDBOX and scene(bruno, "cafe").status == "ACCEPTED"
    assert "annulation" not in shown(client.get("/moderation/")), "the real desk does not offer it"
    page = shown(client.get(SANDBOX))
    undo = re.search(rf'action="({SANDBOX}gestes/[^"]+/annulation/)"', page)
    assert undo is not None
    assert client.post(undo[1]).headers["Location"] == SANDBOX
    assert scene(bruno, "cafe").status == "SUBMITTED"


def test_a_batch_is_practised_too(client: Client, bruno: User) -> None:
    practice.start_again(bruno)
    choices = [f"{scene(bruno, slug).pk}:1" for slug in ("cafe", "toilettes")]
    page = shown(client.post(f"{SANDBOX}lot/", {"action": "accept", "choix": choices}))
    assert "2 décisions appliquées" in page and BANNER in page


def test_starting_again_forgets_the_decisions_and_keeps_the_progress(client: Client, bruno: User) -> None:
    practice.start_again(bruno)
    decide(scene(bruno, "cafe"), "accept", bruno)
    client.post(f"{SANDBOX}remise-a-zero/")
    assert not Decision.objects.exists() and scene(bruno, "cafe").status == "SUBMITTED"
    assert progress(bruno) == ["ouvrir", "valider"]


def test_a_former_official_has_no_sandbox(bruno: User, client: Client) -> None:
    practice.start_again(bruno)
    bruno.memberships.all().delete()
    for path in (SANDBOX, f"{SANDBOX}visite/"):
        assert client.get(path).status_code == 403
    assert client.post(f"{SANDBOX}remise-a-zero/").status_code == 403


def test_the_tour_is_offered_once(client: Client, bruno: User) -> None:
    assert "Première fois ici" in shown(client.get("/moderation/"))
    assert client.post(f"{SANDBOX}visite/", {"geste": "plus-tard"}).headers["Location"] == "/moderation/"
    assert "Première fois ici" not in shown(client.get("/moderation/"))
    assert "/moderation/bac-a-sable/visite/" in shown(client.get("/aide/mairie/")), "and always in the help"


def test_the_tour_believes_nothing_but_what_was_done(client: Client, bruno: User) -> None:
    """Seven gestures, each in its turn; only the decisions tick them."""
    client.post(f"{SANDBOX}visite/", {"geste": "commencer"})
    assert progress(bruno) == [] and of_sandbox(bruno).count() == 24
    opened = client.post(f"{SANDBOX}visite/", {"geste": "ouvrir"}).headers["Location"]
    assert opened == f"{SANDBOX}{scene(bruno, 'cafe').pk}/" and progress(bruno) == ["ouvrir"]
    assert "Étape 2 sur 7" in shown(client.get(SANDBOX))
    client.post(opened, {"action": "accept", "version": 1})
    row = scene(bruno, "a-completer")
    client.post(
        f"{SANDBOX}{row.pk}/",
        {"action": "complete", "version": 1}
        | {f"{PREFIX}-{name}": value for name, value in COMPLETED.items()},
    )
    assert progress(bruno) == ["ouvrir", "valider", "completer"], "the real forms were used"
    decide(scene(bruno, "trop-vague"), "return", bruno)
    decide(scene(bruno, "donnees-personnelles"), "reject", bruno)
    decide(scene(bruno, "ecole-2"), "merge", bruno, into=scene(bruno, "ecole-1").pk)
    assert not tour.progress_of(bruno).finished
    decide(scene(bruno, "photo"), "accept", bruno)
    decide(scene(bruno, "photo"), "undo", bruno)
    assert progress(bruno) == [step.slug for step in tour.STEPS]
    assert "vous avez fait chaque geste une fois" in shown(client.get(f"{SANDBOX}visite/"))


def test_each_step_points_at_a_report_that_is_there(bruno: User) -> None:
    practice.start_again(bruno)
    assert all(one.report is not None for one in tour.progress_of(bruno).steps)


def test_the_number_of_queries_does_not_follow_the_reports(
    client: Client, bruno: User, django_assert_max_num_queries: Any
) -> None:
    practice.start_again(bruno)
    client.get(SANDBOX)
    with django_assert_max_num_queries(18):
        assert client.get(SANDBOX).context["remaining"] == 24
