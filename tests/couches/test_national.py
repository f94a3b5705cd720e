"""French notations brought to the national ones."""

import pytest

from couches import national


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("04 71 45 46 46", "+33471454646"),
        ("04.71.45.46.46", "+33471454646"),
        ("+33 (0)4 71 45 46 46", "+33471454646"),
        ("0033471454646", "+33471454646"),
        ("0692 12 34 56", "+262692123456"),
        ("0596123456", "+596596123456"),
        ("3949", "3949"),
    ],
)
def test_phone_numbers(typed: str, kept: str) -> None:
    assert national.international_phone(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (
            "lundi au vendredi 9h-12h et 14h-18h30 ; samedi 9h à 12h",
            "Mo-Fr 09:00-12:00,14:00-18:30; Sa 09:00-12:00",
        ),
        ("du lundi au jeudi de 8h30 à 12h", "Mo-Th 08:30-12:00"),
        ("Lun-Ven 9h-17h", "Mo-Fr 09:00-17:00"),
        ("Lu-Je 9h-17h ; Ma,Ve 9h-12h", "Mo-Th 09:00-17:00; Tu,Fr 09:00-12:00"),
        ("quand je veux", "quand je veux"),
        ("mardi et jeudi 14h-16h", "Tu,Th 14:00-16:00"),
        ("tous les jours 7h-20h", "Mo-Su 07:00-20:00"),
        ("24h/24", "24/7"),
        ("24h/24, 7j/7", "24/7"),
        ("jours fériés fermé", "PH off"),
        ("Mo-Fr 09:00-12:00,14:00-18:30; Sa 08:30-12:00", "Mo-Fr 09:00-12:00,14:00-18:30; Sa 08:30-12:00"),
        ("We[1] 10:00-12:00; Jul-Aug off", "We[1] 10:00-12:00; Jul-Aug off"),
    ],
)
def test_opening_hours(typed: str, kept: str) -> None:
    assert national.opening_hours(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("9h", "09:00"), ("9h30", "09:30"), ("9 h 05", "09:05"), ("14:00", "14:00"), ("midi", "midi")],
)
def test_clock_times(typed: str, kept: str) -> None:
    assert national.clock_time(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept", "shown"),
    [("2026", "2026", "2026"), ("3/2026", "2026-03", "03/2026"), ("15/03/2026", "2026-03-15", "15/03/2026")],
)
def test_partial_dates(typed: str, kept: str, shown: str) -> None:
    assert national.partial_date(typed) == kept
    assert national.french_partial_date(kept) == shown
    assert national.partial_date(shown) == kept


def test_a_day_that_does_not_exist_fits_no_pattern() -> None:
    assert national.partial_date("30/02/2026") == "2026-02-30?"


def test_a_web_address_gets_its_scheme() -> None:
    assert national.web_address("www.exemple.fr/a") == "https://www.exemple.fr/a"
    assert national.web_address("http://exemple.fr") == "http://exemple.fr"
    assert national.web_address("javascript:alert(1)") == "javascript:alert(1)"


@pytest.mark.parametrize(
    ("value", "true"),
    [
        ("73282932000074", True),  # Luhn
        ("73282932000075", False),
        ("35600000000048", True),  # La Poste's seat, Luhn
        ("35600000009075", True),  # a La Poste counter: digits add to 35, Luhn fails
        ("123", False),
    ],
)
def test_siret_keys(value: str, true: bool) -> None:
    assert national.siret_is_true(value) is true


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("Mo-Sa 08:00-19:30", "lundi–samedi 8 h–19 h 30"),
        ("Tu,Th 09:00-12:00,14:00-18:00; PH off", "mardi, jeudi 9 h–12 h, 14 h–18 h ; jours fériés fermé"),
        ("24/7", "24/7"),
    ],
)
def test_opening_hours_are_read_back_in_french(stored: str, said: str) -> None:
    assert national.french_hours(stored).replace("\u00a0", " ") == said
