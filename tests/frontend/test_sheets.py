"""A page has the sheets of what it shows: the common one, and those that few pages need."""

import re
from functools import cache
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
TEMPLATES, CSS = FRONTEND / "templates", FRONTEND / "static" / "css"
# Of the screen; the papers' sheet is read by WeasyPrint alone.
OWN = ["bureau.css", "couche.css", "registre.css", "versions.css"]
PAGES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.html")
    if '{% extends "base.html" %}' in path.read_text(encoding="utf-8")
)


@cache
def _classes(sheet: str) -> set[str]:
    """Return the classes that a sheet gives a look to."""
    text = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", (CSS / sheet).read_text(encoding="utf-8"), flags=re.DOTALL)
    return set(re.findall(r"\.([a-z][a-z0-9_-]*)", text))


def _whole(name: str) -> str:
    """Return the text of a template and of all it includes."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    parts = [_whole(part) for part in re.findall(r'{%\s*include "([^"{]+)"', text) if part != name]
    return "\n".join([text, *parts])


def _shown(text: str) -> set[str]:
    """Return the classes that a template names; those it composes with a tag are known by their stem."""
    return {one for found in re.findall(r'class="([^"]*)"', text) for one in re.split(r"[^\w-]+", found)}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_links_the_sheets_of_what_it_shows(page: str) -> None:
    text = _whole(page)
    shown, common = _shown(text), _classes("reperes.css")
    for sheet in OWN:
        needed = shown & (_classes(sheet) - common)
        assert not needed or f"css/{sheet}" in text, f"{page} shows {sorted(needed)} without {sheet}"


def test_every_sheet_is_asked_for_by_a_page() -> None:
    texts = [_whole(page) for page in PAGES]
    assert [sheet for sheet in OWN if not any(f"css/{sheet}" in text for text in texts)] == []
    assert {path.name for path in CSS.glob("*.css")} == {*OWN, "reperes.css", "papier.css"}
