"""clean_text(): what strangers type, made safe to store and to show."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from couches.text import clean_text, printable


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  Café\r\nde la\rPlace ", "Café\nde la\nPlace"),
        ("Cafe\u0301", "Café"),
        ("abc\u202edef\u2066", "abcdef"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("bell\x07\x1b[31m", "bell[31m"),
        ("tab\there", "tab here"),
        ("l'été à 20 €", "l'été à 20 €"),
    ],
)
def test_what_no_reader_sees_is_removed(sent: str, kept: str) -> None:
    assert clean_text(sent, max_length=100) == kept


@pytest.mark.parametrize("sent", ["a\x00b", "a\ud800b", "x" * 11, "x" * 1_000_000, 3, None])
def test_what_cannot_be_stored_is_refused(sent: str) -> None:
    with pytest.raises(ValidationError):
        clean_text(sent, max_length=10)


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(sent: str) -> None:
    try:
        once = clean_text(sent, max_length=200)
    except ValidationError:
        return
    assert clean_text(once, max_length=200) == once


@given(st.text() | st.binary() | st.integers())
def test_an_error_message_can_show_anything(sent: object) -> None:
    shown = printable(sent)
    assert len(shown) <= 60
    shown.encode()
    assert "\x00" not in shown
