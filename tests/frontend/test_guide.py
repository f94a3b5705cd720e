"""The town hall's help: one source, on screen, beside each section, and on two sheets of paper."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from comptes.models import User
from config.pages.guide import guide_html
from config.printing import typeset
from moderation import practice
from moderation.help import BY_ACTION, BY_SLUG, CHAPTERS
from moderation.transitions import OFFICIAL_ACTIONS
from tests.guide_mark import AGAIN, MARK, MAX_BYTES, PICTURES, mark_of_pages

pytestmark = pytest.mark.django_db


def test_every_section_is_on_the_public_page_and_on_paper() -> None:
    page, paper = Client().get("/aide/mairie/").content.decode(), guide_html()
    for section in BY_SLUG.values():
        for text in (section.title, *section.text):
            escaped = str(text).replace("'", "&#x27;")
            assert escaped in page and escaped in paper, section.slug


def test_every_gesture_of_the_desk_is_explained() -> None:
    assert {str(action) for action in OFFICIAL_ACTIONS} - {"undo"} <= set(BY_ACTION)


def test_the_guide_is_two_pages() -> None:
    """Printed on both sides of one sheet: a third page is lost, a half-empty second one wasted."""
    assert len(typeset(guide_html()).pages) == 2


def test_the_guide_is_a_pdf_for_everybody() -> None:
    answer = Client().get("/aide/mairie.pdf")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF") and "set-cookie" not in answer.headers


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.picture)
def test_its_pictures_are_small_and_of_the_size_said(chapter: Any) -> None:
    raw = (PICTURES / f"{chapter.picture}.webp").read_bytes()
    width, height = Image.open(io.BytesIO(raw)).size
    assert len(raw) <= MAX_BYTES
    assert width / height == pytest.approx(chapter.picture_width / chapter.picture_height)


def test_its_pictures_show_the_present_pages() -> None:
    """A page that changed makes them lie: they are taken again."""
    assert MARK.read_text(encoding="ascii").strip() == mark_of_pages(), f"reprendre les images : {AGAIN}"


def test_help_stands_beside_each_section_of_the_desk(
    bruno: User, page_as: Callable[[User], Client], settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    practice.start_again(bruno)
    client = page_as(bruno)
    queue = client.get("/moderation/bac-a-sable/").content.decode()
    cards = "".join(
        client.get(f"/moderation/bac-a-sable/{practice.identity(bruno, slug)}/").content.decode()
        for slug in ("photo", "rampe-mairie")
    )
    missing = [
        slug
        for slug in ("lire", "avant_apres", "photos", "ou", "voisins", "valider", "refuser", "attendre")
        if str(BY_SLUG[slug].text[0]).replace("'", "&#x27;") not in cards
    ]
    assert missing == [] and str(BY_SLUG["file"].text[0]).replace("'", "&#x27;") in queue
