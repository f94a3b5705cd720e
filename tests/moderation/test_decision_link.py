"""The link of a letter: scanners open it by the dozen, one press decides, everybody else is told kindly."""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from PIL import Image

from comptes.models import Membership, Notification, User
from comptes.notifications import send_due
from contributions.models import Contribution
from contributions.photos import add_photo, photo_path
from moderation.author import answer, correct
from moderation.digests import plan_digests, write_digest
from moderation.links import forget_old_links, make_links
from moderation.models import Decision, DecisionLink
from moderation.workflow import apply
from territoires.models import Commune
from tests.comptes.conftest import PostOffice, post_office
from tests.moderation.factories import DEAD_ZONE, decide, moderator, report
from tests.moderation.test_digest import LINK, body

pytestmark = pytest.mark.django_db
__all__ = ["post_office"]
NOW = dt.datetime(2026, 11, 23, 5, 30, tzinfo=dt.UTC)
Opened = Callable[..., str]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """A Monday morning, which the test moves."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def stranger() -> Client:
    """The browser of somebody who never signs in, strict about forms from elsewhere."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def row(aurillac: Commune) -> Contribution:
    """A report that waits."""
    return report(aurillac)


def link_of(user: User, row: Contribution) -> str:
    """Return the path of a fresh link."""
    return "/" + make_links(user, [row])[row.pk].split("/", 3)[3]


def said(answer: Any) -> str:
    return str(answer.content.decode()).replace("&#x27;", "'").replace("\xa0", " ")


def test_the_whole_path_by_mail(
    row: Contribution, bruno: User, stranger: Client, post_office: PostOffice
) -> None:
    """Job, post office, letter, link, scanners, decision, second press."""
    assert plan_digests(timezone.localdate()) == 1
    write_digest(user_id=bruno.pk, day=timezone.localdate())
    send_due()
    [letter] = post_office.letters
    [token] = LINK.findall(body(letter))
    path = f"/moderation/lien/{token}/"
    before = DecisionLink.objects.values().get()
    for _ in range(20):
        assert stranger.get(path).status_code == 200
        assert stranger.head(path, headers={"sec-fetch-site": "cross-site"}).status_code == 200
    row.refresh_from_db()
    assert (row.status, row.version, Decision.objects.count()) == ("SUBMITTED", 1, 0)
    assert DecisionLink.objects.values().get() == before

    own = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
    done = stranger.post(path, {"action": "accept", "version": "1"}, headers=own)
    assert done.status_code == 200 and "C'est décidé" in said(done) and "Plus rien n'attend" in said(done)
    row.refresh_from_db()
    decision = Decision.objects.get()
    assert (row.status, decision.by, decision.actor, decision.version) == ("ACCEPTED", bruno, "official", 2)
    link = DecisionLink.objects.get()
    assert (link.used_at, link.decision) == (decision.at, decision)

    again = stranger.post(path, {"action": "reject", "reason_code": "hors-sujet"}, headers=own)
    assert again.status_code == 410
    assert "a déjà servi" in said(again) and "Votre décision" in said(again) and "6 h 30" in said(again)
    assert stranger.get(path).status_code == 410
    assert Decision.objects.count() == 1 and not stranger.cookies


def test_the_page_tells_all_that_helps_to_decide(
    row: Contribution, bruno: User, driss: User, stranger: Client
) -> None:
    decide(row, "return", driss)
    decide_back(row)
    page = stranger.get(link_of(bruno, row))
    text = said(page)
    for words in ("Orange : appels impossible", "Aurillac", "44,93", "Bruno", "Driss", "Lieu à préciser"):
        assert words in text, words
    for action in ("accept", "return", "reject"):
        assert f'name="action" value="{action}"' in text
    assert "csrfmiddlewaretoken" not in text and not page.cookies
    assert "no-store" in page["Cache-Control"] and page["X-Robots-Tag"] == "noindex"
    assert page["Referrer-Policy"] == "same-origin"


def decide_back(row: Contribution) -> None:
    """The author answers."""
    row.refresh_from_db()
    answer(contribution=row, message="C'est bien là.")
    row.refresh_from_db()


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (
            {"action": "reject", "reason_code": "introuvable"},
            "REJECTED",
            "Nous sommes allés voir : il n'y a rien de tel à cet endroit.",
        ),
        (
            {"action": "return", "reason_code": "autre", "public_reason": "Quelle rive ?"},
            "RETURNED",
            "Quelle rive ?",
        ),
    ],
)
def test_a_reason_is_given(
    sent: dict[str, str], status: str, reason: str, row: Contribution, bruno: User, stranger: Client
) -> None:
    done = stranger.post(link_of(bruno, row), sent)
    assert done.status_code == 200 and reason in said(done)
    row.refresh_from_db()
    assert row.status == status and Decision.objects.get().public_reason == reason


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"action": "merge"},
        {"action": "publish"},
        {"action": "reject"},
        {"action": "return", "reason_code": "batiment-prive"},
        {"action": "accept", "version": "x"},
        {"action": "reject", "reason_code": "hors-sujet", "public_reason": "y" * 1001},
    ],
)
def test_what_cannot_be_read_decides_nothing_and_leaves_the_link(
    sent: dict[str, str], row: Contribution, bruno: User, stranger: Client
) -> None:
    path = link_of(bruno, row)
    refused = stranger.post(path, {"public_reason": "Mon mot à moi"} | sent)
    assert refused.status_code == 422 and "Rien n'a été décidé" in said(refused)
    if sent.get("action") in {"reject", "return"}:
        assert sent.get("public_reason", "Mon mot à moi") in said(refused), "what was typed is kept"
    assert DecisionLink.objects.get().used_at is None
    assert stranger.post(path, {"action": "accept"}).status_code == 200


def test_another_site_cannot_press_the_button(row: Contribution, bruno: User, stranger: Client) -> None:
    path = link_of(bruno, row)
    for headers in (
        {"origin": "https://mechant.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "null"},
    ):
        assert stranger.post(path, {"action": "accept"}, headers=headers).status_code == 403
    assert not Decision.objects.exists()


def test_an_ex_official_s_link_is_refused_and_tells_nothing(
    row: Contribution, bruno: User, stranger: Client
) -> None:
    """Rights are read when the link is opened, and again when it decides."""
    path = link_of(bruno, row)
    assert stranger.get(path).status_code == 200
    Membership.objects.filter(user=bruno).update(ends=timezone.now())
    for reply in (stranger.get(path), stranger.post(path, {"action": "accept"})):
        assert reply.status_code == 403
        assert "Aucun de vos mandats en cours ne couvre cette commune" in said(reply)
        assert "Orange" not in said(reply) and "Aurillac" not in said(reply)
    assert not Decision.objects.exists()


def test_a_closed_account_s_link_is_refused(row: Contribution, bruno: User, stranger: Client) -> None:
    path = link_of(bruno, row)
    User.objects.filter(pk=bruno.pk).update(is_active=False)
    assert [stranger.get(path).status_code, stranger.post(path, {"action": "accept"}).status_code] == [
        403,
        403,
    ]


def test_after_fourteen_days_the_link_says_so_and_where_to_go(
    row: Contribution, bruno: User, stranger: Client, clock: time_machine.Traveller
) -> None:
    path = link_of(bruno, row)
    clock.move_to(NOW + dt.timedelta(days=14, seconds=-1))
    assert stranger.get(path).status_code == 200
    clock.move_to(NOW + dt.timedelta(days=14))
    for reply in (stranger.get(path), stranger.post(path, {"action": "accept"})):
        assert reply.status_code == 410
        assert "quatorze jours" in said(reply) and f"/moderation/{row.pk}/" in said(reply)
    assert not Decision.objects.exists()


def test_somebody_else_decided(
    row: Contribution, bruno: User, driss: User, stranger: Client, clock: time_machine.Traveller
) -> None:
    """410 to who opens the link, 412 to who presses: who, what, when, and nothing applied."""
    path = link_of(bruno, row)
    clock.move_to(NOW + dt.timedelta(hours=8, minutes=2))
    decide(row, "reject", driss)
    opened = stranger.get(path)
    assert opened.status_code == 410 and "Décision de Driss" in said(opened) and "14 h 32" in said(opened)
    pressed = stranger.post(path, {"action": "accept", "version": "1"})
    assert pressed.status_code == 412
    assert "Driss a déjà décidé à 14 h 32 : refusée. Votre choix n'a pas été appliqué." in said(pressed)
    assert DecisionLink.objects.get().used_at is None and Decision.objects.count() == 1


def test_the_author_corrected_since_the_letter(row: Contribution, bruno: User, stranger: Client) -> None:
    """The link still serves: what is decided is what the page shows, never what it showed before."""
    path = link_of(bruno, row)
    stale = {"action": "accept", "version": "1"}
    correct(contribution=row, attributes=DEAD_ZONE | {"place": "vehicle"})
    pressed = stranger.post(path, stale)
    assert pressed.status_code == 412 and "L'auteur a modifié son signalement" in said(pressed)
    assert not Decision.objects.filter(action="accept").exists()
    page = stranger.get(path)
    assert page.status_code == 200 and "a changé depuis le courriel" in said(page)
    assert stranger.post(path, {"action": "accept", "version": "2"}).status_code == 200


def test_an_unknown_link_is_not_found(bruno: User, row: Contribution, stranger: Client) -> None:
    path = link_of(bruno, row)
    for wrong in (path[:-2] + "/", "/moderation/lien/x/", f"/moderation/lien/{'A' * 43}/"):
        for reply in (stranger.get(wrong), stranger.post(wrong, {"action": "accept"})):
            assert reply.status_code == 404 and "incomplet" in said(reply)
    assert not Decision.objects.exists()


def test_the_neighbour_s_link_opens_nothing_here(row: Contribution, chloe: User, stranger: Client) -> None:
    """Even made by mistake, a link carries no right of its own."""
    assert stranger.post(link_of(chloe, row), {"action": "accept"}).status_code == 403


def test_the_photos_of_the_page_and_no_others(
    row: Contribution, bruno: User, stranger: Client, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(stream, "PNG")
    photo, _new = add_photo(row, rank=2, raw=stream.getvalue())
    path = link_of(bruno, row)
    assert f"{path}photos/2/" in said(stranger.get(path))
    seen = stranger.get(f"{path}photos/2/")
    assert (
        seen.status_code == 200
        and seen["Content-Type"] == "image/webp"
        and "no-store" in seen["Cache-Control"]
    )
    assert b"".join(seen.streaming_content) == photo_path(photo.sha256).read_bytes()  # type: ignore[attr-defined]
    for n in (0, 1, 3, 10**12):
        assert stranger.get(f"{path}photos/{n}/").status_code == 404
    stranger.post(path, {"action": "accept"})
    assert stranger.get(f"{path}photos/2/").status_code == 404, "the link has served"


def test_the_author_is_written_to_as_after_any_decision(
    aurillac: Commune, bruno: User, stranger: Client
) -> None:
    row = report(aurillac, email="amel@exemple.fr")
    done = stranger.post(link_of(bruno, row), {"action": "accept"})
    assert "reçoit votre réponse par courriel" in said(done)
    assert Notification.objects.get(template="decision").recipient == "amel@exemple.fr"


def test_what_remains_is_counted(aurillac: Commune, row: Contribution, stranger: Client) -> None:
    elected = moderator("elue@reperes.demo", commune=aurillac)
    report(aurillac)
    assert "Il reste 1 signalement" in said(stranger.post(link_of(elected, row), {"action": "accept"}))


def test_old_links_are_forgotten_and_decisions_kept(
    row: Contribution, bruno: User, stranger: Client, clock: time_machine.Traveller
) -> None:
    stranger.post(link_of(bruno, row), {"action": "accept"})
    clock.move_to(NOW + dt.timedelta(days=100))
    assert forget_old_links() == 0
    clock.move_to(NOW + dt.timedelta(days=105))
    assert forget_old_links() == 1
    assert Decision.objects.count() == 1


def test_a_slip_is_taken_back_at_once_and_the_link_decides_again(
    aurillac: Commune, bruno: User, stranger: Client, clock: time_machine.Traveller
) -> None:
    """Nobody was written to; half a minute later it is too late."""
    row = report(aurillac, email="amel@exemple.fr")
    path = link_of(bruno, row)
    stranger.post(path, {"action": "reject", "reason_code": "hors-sujet"})
    clock.shift(20)
    back = stranger.post(path, {"undo": "1"})
    assert back.status_code == 200 and "Décision annulée" in said(back)
    row.refresh_from_db()
    assert (row.status, DecisionLink.objects.get().used_at) == ("SUBMITTED", None)
    assert not Notification.objects.filter(template="decision").exists()
    assert stranger.post(path, {"action": "accept", "version": str(row.version)}).status_code == 200
    clock.shift(46)
    late = stranger.post(path, {"undo": "1"})
    assert late.status_code == 410 and "trop tard pour annuler" in said(late)
    row.refresh_from_db()
    assert row.status == "ACCEPTED"


def test_a_report_under_appeal_is_no_longer_the_mayor_s(
    row: Contribution, bruno: User, driss: User, stranger: Client
) -> None:
    path = link_of(bruno, row)
    stranger.post(path, {"action": "reject", "reason_code": "hors-sujet"})
    apply(contribution_id=row.pk, action="appeal", actor="author", version=None, reason="C'est faux.")
    fresh = link_of(bruno, Contribution.objects.get())
    for reply in (stranger.get(fresh), stranger.post(fresh, {"action": "accept"}), stranger.get(path)):
        assert reply.status_code == 403 and "fait appel" in said(reply) and "Orange" not in said(reply)
    assert write_digest(user_id=bruno.pk, day=timezone.localdate()) == 0
    assert write_digest(user_id=driss.pk, day=timezone.localdate()) == 1
