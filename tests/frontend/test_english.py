"""An instance in English: its pages carry the texts of the scripts; those of a French one do not."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from config.context import script_catalogue

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
SCRIPTS = sorted((FRONTEND / "static" / "js").rglob("*.js"))
CATALOGUES = FRONTEND / "locale" / "en" / "LC_MESSAGES"
LITERAL = r'"((?:[^"\\\n]|\\.)*)"'
# `gettext(` and `ngettext(` where they are called, not where texts.js defines them.
CALL = re.compile(r"(?<!function )\b(n?)gettext\(")
TEXTS = re.compile(rf"\s*{LITERAL}(?:\s*,\s*{LITERAL})?")
PLACE = re.compile(r"%\(\w+\)s")


def sources() -> Iterator[tuple[str, ...]]:
    """Yield what each call of the scripts asks for: (text,) or (one, many)."""
    for path in SCRIPTS:
        code = path.read_text(encoding="utf-8")
        for call in CALL.finditer(code):
            found = TEXTS.match(code, call.end())
            assert found, f"{path.name}: a text that is not a plain double-quoted string cannot be translated"
            texts = tuple(str(json.loads(f'"{text}"')) for text in found.groups() if text is not None)
            assert len(texts) == (2 if call[1] else 1), (path.name, texts)
            yield texts


@pytest.fixture
def english(settings: Any, tmp_path: Path) -> Iterator[None]:
    """An instance in English, with its catalogues compiled from what is committed."""
    compiled = tmp_path / "en" / "LC_MESSAGES"
    compiled.mkdir(parents=True)
    for source in CATALOGUES.glob("*.po"):
        target = compiled / f"{source.stem}.mo"
        subprocess.run(["msgfmt", "--check", "-o", str(target), str(source)], check=True)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGE_CODE = "en"
    script_catalogue.cache_clear()
    with translation.override("en"):
        yield
    script_catalogue.cache_clear()


def carried(client: Client) -> dict[str, str | list[str]] | None:
    """Return the catalogue that the page of reports carries, None without one."""
    text = client.get("/signaler/").content.decode()
    found = re.search(r'<script id="catalogue" type="application/json">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1]) if found else None


@pytest.mark.usefixtures("db", "english")
def test_an_english_page_carries_every_text_of_the_scripts(client: Client) -> None:
    assert '<html lang="en"' in client.get("/signaler/").content.decode()
    said = carried(client)
    assert said
    asked = set(sources())
    assert len(asked) > 200
    for one, *plural in asked:
        words = said.get(one)
        assert words, f"no English for: {one}"
        assert isinstance(words, list) == bool(plural), one
        # Those that ngettext of texts.js reads: for one, for another number.
        forms = words[:2] if isinstance(words, list) else [words]
        for source, form in zip((one, *plural), forms, strict=True):
            assert sorted(PLACE.findall(form)) == sorted(PLACE.findall(source)), (source, form)
    assert said["Réessayer"] == "Try again"


def test_a_french_page_carries_none(client: Client, db: None) -> None:
    page = client.get("/signaler/").content.decode()
    assert '<html lang="fr"' in page and 'id="catalogue"' not in page
