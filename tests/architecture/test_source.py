"""The source text keeps the house rules a linter does not know."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ["territoires", "comptes", "couches", "contributions", "moderation", "exports", "config", "bench"]
SOURCES = [
    path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_signal_and_no_long_file(path: Path) -> None:
    """A consequence is a row, not a signal; past about 400 lines a file is split by verb."""
    text = path.read_text(encoding="utf-8")
    assert "@receiver" not in text
    assert "post_save" not in text
    assert len(text.splitlines()) <= 420


def test_templates_hold_no_inline_style_script_or_safe() -> None:
    """The Content-Security-Policy forbids them; so does the review."""
    for path in (ROOT / "frontend" / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|\|safe\b", text), path.name
        for tag in re.findall(r"<script[^>]*>", text):
            assert "src=" in tag or 'type="application/json"' in tag, f"{path.name}: {tag}"


def test_browser_code_never_builds_html_from_text() -> None:
    """`textContent` only."""
    for path in (ROOT / "frontend").rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert "innerHTML" not in text and "outerHTML" not in text and "insertAdjacentHTML" not in text, (
            path.name
        )


def test_no_lock_file_names_a_download_address() -> None:
    """Locks hold hashes, not hosts: anybody's mirror will do."""
    for name in ["package-lock.json", "requirements/base.txt", "requirements/dev.txt"]:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert '"resolved"' not in text
        assert "--index-url" not in text and "https://files" not in text


def test_nothing_generated_is_committed() -> None:
    """What a command can make again is not in the repository."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    assert not [
        name for name in listed if name.startswith(("node_modules/", ".local/")) or name.endswith(".mo")
    ]
