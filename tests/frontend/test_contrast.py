"""The tokens of the stylesheet keep their contrasts, by day and by night (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "frontend" / "static" / "css" / "reperes.css"
BACKGROUNDS = ["chaux", "blanc", "brume"]
WORDS = ["encre", "gris", "ardoise", "tuile", "mousse", "ocre", "brique"]


def _tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def _themes() -> dict[str, dict[str, str]]:
    day, night = CSS.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")[:2]
    return {"day": _tokens(day), "night": _tokens(day) | _tokens(night.split("@layer")[0])}


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast ratio of two `#rrggbb` colours, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_the_one_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["day", "night"])
@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("word", WORDS)
def test_words_are_read_on_every_background(theme: str, background: str, word: str) -> None:
    tokens = _themes()[theme]
    assert contrast(tokens[word], tokens[background]) >= 4.5


@pytest.mark.parametrize("theme", ["day", "night"])
def test_buttons_and_borders_are_seen(theme: str) -> None:
    tokens = _themes()[theme]
    assert contrast(tokens["sur-ardoise"], tokens["ardoise"]) >= 4.5
    for background in ("chaux", "blanc"):
        assert contrast(tokens["trait"], tokens[background]) >= 3


def test_day_and_night_name_the_same_tokens() -> None:
    day, night = CSS.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")[:2]
    assert set(_tokens(night.split("@layer")[0])) == set(_tokens(day))
