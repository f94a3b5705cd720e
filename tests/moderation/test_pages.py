"""/moderation/…: the queue, one report, the batch, photos; without scripts, never cached."""

import html
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from comptes.models import User
from contributions.models import Contribution, Photo
from contributions.photos import photo_path
from territoires.models import Commune
from tests.moderation.factories import DEAD_ZONE, about, accepted, decide, published, report

PageAs = Callable[[User], Client]
QUEUE = "/moderation/"


def text(answer: Any) -> str:
    """Return the page, once it is known that nobody may keep it."""
    assert "no-store" in answer["Cache-Control"]
    return html.unescape(answer.content.decode())


def test_strangers_are_sent_to_the_sign_in(client: Client, aurillac: Commune) -> None:
    """Each page of officials."""
    row = report(aurillac)
    for path in (QUEUE, f"/moderation/{row.pk}/", "/moderation/publication/", "/moderation/photos/1/"):
        answer = client.get(path)
        assert answer.status_code == 302 and "/compte/connexion/" in answer["Location"]
    assert client.post("/moderation/lot/").status_code == 302


def test_the_queue_shows_one_s_own_oldest_first(
    aurillac: Commune, ytrac: Commune, bruno: User, page_as: PageAs
) -> None:
    """Count in the title; what is decided or elsewhere is not there."""
    first, second = report(aurillac), report(aurillac)
    done, there = accepted(aurillac, bruno), report(ytrac, at=(2.34, 44.93))
    page = text(page_as(bruno).get(QUEUE))
    assert page.index(str(first.pk)) < page.index(str(second.pk))
    assert str(done.pk) not in page and str(there.pk) not in page
    assert "(2)" in page
    shown = text(page_as(bruno).get(f"{QUEUE}?status=ACCEPTED"))
    assert str(done.pk) in shown and str(first.pk) not in shown


def test_an_empty_queue_is_a_reward_and_no_mandate_says_so(
    bruno: User, sophie: User, page_as: PageAs
) -> None:
    """Two different silences."""
    assert "Rien n'attend votre décision." in text(page_as(bruno).get(QUEUE))
    assert "Aucune file ne vous est ouverte." in text(page_as(sophie).get(QUEUE))


def test_a_bad_filter_is_told_not_ignored(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """422, no row shown."""
    row = report(aurillac)
    answer = page_as(bruno).get(f"{QUEUE}?couche=licornes")
    assert answer.status_code == 422 and str(row.pk) not in text(answer)


def test_pages_of_the_queue(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """« Suivants » leads on, without scripts, and shows nothing twice."""
    rows = [report(aurillac, at=(2.40 + n * 0.003, 44.93)) for n in range(22)]
    client = page_as(bruno)
    page = text(client.get(QUEUE))
    following = re.search(r'href="\?([^"]+)">Suivants', page)
    assert following
    rest = text(client.get(f"{QUEUE}?{following[1]}"))
    assert sum(f'data-id="{row.pk}"' in page for row in rows) == 20
    assert sum(f'data-id="{row.pk}"' in rest for row in rows) == 2 and "Suivants" not in rest


def test_the_queue_s_queries_do_not_grow(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """2 or 40 cards."""
    client, counts = page_as(bruno), []
    for more in (2, 38):
        for _ in range(more):
            report(aurillac)
        with CaptureQueriesContext(connection) as queries:
            client.get(QUEUE)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_one_report_with_all_that_helps(
    aurillac: Commune, bruno: User, driss: User, chloe: User, page_as: PageAs
) -> None:
    """Answers, place, neighbours, journal, who else decides; no address of anybody."""
    near = published(aurillac, bruno, at=(2.4402, 44.93))
    row = report(aurillac, email="amel@exemple.fr", near_border=True)
    page = text(page_as(bruno).get(f"/moderation/{row.pk}/"))
    assert "Orange" in page and "15014" in page and "moins de 100 m d'une autre commune" in page
    assert str(near.published_feature_id) in page
    assert "Driss" in page and "Chloé" not in page
    assert "amel@" not in page and "driss@" not in page
    assert 'aria-disabled="true"' in page and "il n'est pas possible de le rouvrir" in page


def test_another_territory_is_not_found(
    aurillac: Commune, chloe: User, sophie: User, page_as: PageAs
) -> None:
    """Reading and deciding alike."""
    row = report(aurillac)
    for user in (chloe, sophie):
        assert page_as(user).get(f"/moderation/{row.pk}/").status_code == 404
        sent = {"action": "accept", "version": 1}
        assert page_as(user).post(f"/moderation/{row.pk}/", sent).status_code == 404
    row.refresh_from_db()
    assert row.status == "SUBMITTED"


def test_a_correction_shows_before_and_after(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """What changes, and only that; a vanished object is told."""
    root = published(aurillac, bruno)
    change = about(root, "update", attributes=DEAD_ZONE | {"place": "indoors"}, at=(2.4405, 44.93))
    page = text(page_as(bruno).get(f"/moderation/{change.pk}/"))
    assert "<del>" in page and "<ins>" in page and "2,44050" in page
    same = about(root, "update")
    assert "Rien ne changerait" in text(page_as(bruno).get(f"/moderation/{same.pk}/"))
    confirmation, removal = about(root, "confirm", attributes={}), about(root, "delete", attributes={})
    assert "une observation de plus" in text(page_as(bruno).get(f"/moderation/{confirmation.pk}/"))
    assert "retiré de la carte" in text(page_as(bruno).get(f"/moderation/{removal.pk}/"))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"action": "accept"}, "ACCEPTED"),
        ({"action": "reject", "reason_code": "hors-sujet"}, "REJECTED"),
        ({"action": "return", "reason_code": "autre", "public_reason": "Quelle rue ?"}, "RETURNED"),
    ],
)
def test_deciding_by_the_form(
    sent: dict[str, str], status: str, aurillac: Commune, bruno: User, page_as: PageAs
) -> None:
    """Then back to the queue, which says what was done."""
    row = report(aurillac)
    client = page_as(bruno)
    answer = client.post(f"/moderation/{row.pk}/", sent | {"version": "1"})
    assert answer.status_code == 302 and answer["Location"] == QUEUE
    row.refresh_from_db()
    assert row.status == status
    assert "Aurillac : " in text(client.get(QUEUE))


def test_what_no_reader_sees_is_taken_out_of_a_reason(
    aurillac: Commune, bruno: User, page_as: PageAs
) -> None:
    """A letter turned over by a bidirectional override would read otherwise than it was approved."""
    row = report(aurillac)
    sent = {
        "action": "reject",
        "version": "1",
        "reason_code": "autre",
        "public_reason": "Trop\u202e loin\u200b.",
    }
    assert page_as(bruno).post(f"/moderation/{row.pk}/", sent).status_code == 302
    assert row.decisions.get().public_reason == "Trop loin."


def test_merge_and_undo_by_the_form(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """The neighbours are the choices."""
    root, row = accepted(aurillac, bruno), report(aurillac, at=(2.4401, 44.93))
    client = page_as(bruno)
    assert f'value="{root.pk}"' in text(client.get(f"/moderation/{row.pk}/"))
    client.post(f"/moderation/{row.pk}/", {"action": "merge", "version": "1", "into": str(root.pk)})
    row.refresh_from_db()
    assert row.merged_into == root
    sent = {"action": "reopen", "version": "2", "reason_code": "decision-par-erreur"}
    assert client.post(f"/moderation/{root.pk}/", sent).status_code == 302


def test_a_stale_decision_is_kind_and_loses_nothing_typed(
    aurillac: Commune, bruno: User, driss: User, page_as: PageAs
) -> None:
    """412 names who decided; after a reopening, what was typed is still in the form."""
    row = report(aurillac)
    decide(row, "accept", driss)
    decide(row, "reopen", driss)
    sent = {
        "action": "reject",
        "version": "1",
        "reason_code": "hors-sujet",
        "public_reason": "Chez le voisin.",
    }
    answer = page_as(bruno).post(f"/moderation/{row.pk}/", sent)
    page = text(answer)
    assert answer.status_code == 412 and "Driss a déjà décidé" in page
    assert "Chez le voisin.</textarea>" in page
    assert re.search(r'value="hors-sujet"[^>]*checked', page)
    assert 'name="version" value="3"' in page


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"action": "reject", "version": "1"}, 422),
        ({"action": "reopen", "version": "1", "reason_code": "autre", "public_reason": "x"}, 409),
        ({"action": "accept"}, 422),
        ({"action": "accept", "version": "un"}, 422),
        ({"action": "publish", "version": "1"}, 422),
        ({"action": "merge", "version": "1", "into": "là"}, 422),
        ({"action": "accept", "version": "1", "reason": "a\x00"}, 422),
        ({}, 422),
    ],
)
def test_a_refused_form_says_why(
    sent: dict[str, str], status: int, aurillac: Commune, bruno: User, page_as: PageAs
) -> None:
    """On the same page, nothing written."""
    row = report(aurillac)
    answer = page_as(bruno).post(f"/moderation/{row.pk}/", sent)
    assert answer.status_code == status and 'role="alert"' in text(answer)
    assert not row.decisions.exists()


def test_the_clerk_reads_and_the_buttons_say_why(aurillac: Commune, claude: User, page_as: PageAs) -> None:
    """Greyed, with the sentence; a forged post is 403."""
    row = report(aurillac)
    client = page_as(claude)
    page = text(client.get(f"/moderation/{row.pk}/"))
    assert page.count('aria-disabled="true"') == 8 and "Votre rôle dans cette commune" in page
    assert client.post(f"/moderation/{row.pk}/", {"action": "accept", "version": "1"}).status_code == 403


def test_a_form_without_the_csrf_token_is_refused(aurillac: Commune, bruno: User) -> None:
    """Another site cannot make a mayor decide."""
    row = report(aurillac)
    client = Client(enforce_csrf_checks=True)
    client.force_login(bruno, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/moderation/{row.pk}/", {"action": "accept", "version": "1"}).status_code == 403
    assert not row.decisions.exists()


def test_a_batch_tells_each_outcome(aurillac: Commune, ytrac: Commune, bruno: User, page_as: PageAs) -> None:
    """One done, one stale, one elsewhere."""
    fine, stale, there = report(aurillac), accepted(aurillac, bruno), report(ytrac, at=(2.34, 44.93))
    sent = {
        "choix": [f"{row.pk}:1" for row in (fine, stale, there)],
        "action": "reject",
        "reason_code": "hors-sujet",
    }
    page = text(page_as(bruno).post("/moderation/lot/", sent))
    assert "1 décision appliquée." in page and page.count("Non appliquée :") == 2
    fine.refresh_from_db()
    there.refresh_from_db()
    assert (fine.status, there.status) == ("REJECTED", "SUBMITTED")


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"action": "accept"}, {"action": "accept", "choix": "x"}, {"action": "accept", "choix": "x:y"},
        {"action": "reopen", "choix": "00000000-0000-4000-8000-000000000000:1"},
        {"action": "accept", "choix": ["00000000-0000-4000-8000-000000000000:1"] * 101},
    ],
)  # fmt: skip
def test_a_bad_batch_decides_nothing(sent: dict[str, Any], bruno: User, page_as: PageAs) -> None:
    """422, said in French."""
    answer = page_as(bruno).post("/moderation/lot/", sent)
    assert answer.status_code == 422 and "Rien n'a été décidé" in text(answer)


@pytest.fixture
def photo(aurillac: Commune, settings: Any, tmp_path: Path) -> Photo:
    """A photo of a pending report, with its file."""
    settings.MEDIA_ROOT = tmp_path
    row: Contribution = report(aurillac)
    found = Photo.objects.create(
        contribution=row, rank=1, sha256="ab" * 32, source_sha256="c" * 64, width=2, height=2, size=4,
        received_at=row.received_at,
    )  # fmt: skip
    path = photo_path(found.sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF")
    return found


def test_a_photo_is_for_those_who_see_the_queue(
    photo: Photo, bruno: User, claude: User, page_as: PageAs
) -> None:
    """Nothing in it can run, and nobody keeps it."""
    for user in (bruno, claude):
        answer = page_as(user).get(f"/moderation/photos/{photo.pk}/")
        assert answer.status_code == 200 and b"".join(answer.streaming_content) == b"RIFF"  # type: ignore[attr-defined]
        assert answer["Content-Type"] == "image/webp" and "no-store" in answer["Cache-Control"]
        assert (
            "sandbox" in answer["Content-Security-Policy"] and answer["X-Content-Type-Options"] == "nosniff"
        )
        assert answer["Content-Disposition"].startswith("inline; filename=")


def test_a_list_shows_photos_small(photo: Photo, bruno: User, chloe: User, page_as: PageAs) -> None:
    """At most 320 px and a few kilobytes; damaged, it is not found; elsewhere neither."""
    Image.effect_noise((1600, 1200), 60).convert("RGB").save(photo_path(photo.sha256), "WEBP")
    address = f"/moderation/photos/{photo.pk}/?petite"
    answer = page_as(bruno).get(address)
    sent = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    with Image.open(io.BytesIO(sent)) as picture:
        assert picture.format == "WEBP" and picture.size == (320, 240)
    assert len(sent) < photo_path(photo.sha256).stat().st_size / 10
    assert "no-store" in answer["Cache-Control"] and "sandbox" in answer["Content-Security-Policy"]
    assert page_as(chloe).get(address).status_code == 404
    photo_path(photo.sha256).write_bytes(b"RIFF")
    assert page_as(bruno).get(address).status_code == 404


def test_a_photo_of_elsewhere_or_gone_is_not_found(
    photo: Photo, bruno: User, chloe: User, sophie: User, page_as: PageAs
) -> None:
    """404 for the neighbour, for no mandate, for an unknown number, for a lost file."""
    for user in (chloe, sophie):
        assert page_as(user).get(f"/moderation/photos/{photo.pk}/").status_code == 404
    client = page_as(bruno)
    assert client.get(f"/moderation/photos/{10**30}/").status_code == 404
    photo_path(photo.sha256).unlink()
    assert client.get(f"/moderation/photos/{photo.pk}/").status_code == 404
