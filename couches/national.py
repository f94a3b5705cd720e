"""French notations brought to the one the national schemas expect.

Each function takes cleaned text and returns it in the national form, or unchanged when
it does not recognise it: the schema's pattern then says what is wrong.
"""

import datetime as dt
import re
from collections.abc import Callable

# Overseas numbers keep their local prefix behind the territory's code (ARCEP numbering plan).
_OVERSEAS_PREFIXES = {
    "0590": "+590", "0690": "+590", "0691": "+590",
    "0594": "+594", "0694": "+594",
    "0596": "+596", "0696": "+596", "0697": "+596",
    "0262": "+262", "0263": "+262", "0269": "+262", "0639": "+262", "0692": "+262", "0693": "+262",
}  # fmt: skip

_DAYS = {
    "lundi": "Mo", "mardi": "Tu", "mercredi": "We", "jeudi": "Th", "vendredi": "Fr", "samedi": "Sa",
    "dimanche": "Su", "lun": "Mo", "mar": "Tu", "mer": "We", "jeu": "Th", "ven": "Fr", "sam": "Sa",
    "dim": "Su",
}  # fmt: skip
_DAY = re.compile(rf"\b({'|'.join(_DAYS)})s?\b\.?", re.IGNORECASE)
# Two letters are words too ("je", "ma"): read as days only with their capital.
_SHORT_DAYS = {"Lu": "Mo", "Ma": "Tu", "Me": "We", "Je": "Th", "Ve": "Fr", "Di": "Su"}
_SHORT_DAY = re.compile(rf"\b({'|'.join(_SHORT_DAYS)})\b\.?")
_OSM_DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH)"
_CLOCK = re.compile(r"\b([01]?[0-9]|2[0-4]) ?[hH:] ?([0-5][0-9])?(?![0-9])")

# La Poste's SIRETs may break Luhn: the sum of their digits is then a multiple of 5.
_LA_POSTE = "356000000"


def international_phone(text: str) -> str:
    """Return a French number as "+33471454646": "04 71 45 46 46", "0033 4…", "+33 (0)4…"."""
    digits = re.sub(r"[\s.\-/()]", "", text.replace("(0)", ""))
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if re.fullmatch(r"0[1-9][0-9]{8}", digits):
        return _OVERSEAS_PREFIXES.get(digits[:4], "+33") + digits[1:]
    return digits


def web_address(text: str) -> str:
    """Return an address with its scheme: "www.exemple.fr" becomes "https://www.exemple.fr"."""
    if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(/[^\s|]*)?", text):
        return f"https://{text}"
    return text


def opening_hours(text: str) -> str:
    """Return hours in OpenStreetMap's notation from everyday French.

    "lundi au vendredi 9h-12h et 14h-18h ; samedi 9h30-12h" becomes
    "Mo-Fr 09:00-12:00,14:00-18:00; Sa 09:30-12:00". OSM notation comes back as it is.
    """
    value = text.replace("–", "-").replace("—", "-")
    value = re.sub(
        r"\b24 ?[hH]? ?(?:/|sur) ?24(?: ?[hH])?(?:[ ,]*7 ?[jJ]? ?(?:/|sur) ?7(?: ?[jJ])?)?", "24/7", value
    )
    value = re.sub(r"\btous les jours\b", "Mo-Su", value, flags=re.IGNORECASE)
    value = re.sub(r"\bjours fériés\b", "PH", value, flags=re.IGNORECASE)
    value = re.sub(r"\bfermée?s?\b", "off", value, flags=re.IGNORECASE)
    value = _DAY.sub(lambda found: _DAYS[found[1].lower()], value)
    value = _SHORT_DAY.sub(lambda found: _SHORT_DAYS[found[1]], value)
    value = _CLOCK.sub(lambda found: f"{int(found[1]):02d}:{found[2] or '00'}", value)
    value = re.sub(r"\b(?:du|de|le|les) (?=[A-Z0-9])", "", value)
    value = re.sub(rf"({_OSM_DAY}) ?(?:au|à|-) ?(?={_OSM_DAY})", r"\1-", value)
    value = re.sub(rf"({_OSM_DAY}) ?(?:et|,) ?(?={_OSM_DAY})", r"\1,", value)
    value = re.sub(r"([0-9]{2}:[0-9]{2}) ?(?:à|-) ?(?=[0-9]{2}:[0-9]{2})", r"\1-", value)
    value = re.sub(r"([0-9]{2}:[0-9]{2}) ?(?:et|puis|,) ?(?=[0-9]{2}:[0-9]{2})", r"\1,", value)
    value = re.sub(rf"({_OSM_DAY}) ?: ?(?=[0-9])", r"\1 ", value)
    value = re.sub(r"\s*[;\n]\s*", "; ", value)
    return re.sub(r" +", " ", value).strip(" ;,")


def clock_time(text: str) -> str:
    """Return "09:30" from "9h30", "9 h" or "09:30"."""
    found = _CLOCK.fullmatch(text)
    return f"{int(found[1]):02d}:{found[2] or '00'}" if found else text


def partial_date(text: str) -> str:
    """Return "2026", "2026-03" or "2026-03-15" from "03/2026" or "15/03/2026".

    A day that does not exist comes back unchanged in a form no pattern accepts.
    """
    if found := re.fullmatch(r"([0-9]{1,2})/([0-9]{4})", text):
        text = f"{found[2]}-{int(found[1]):02d}"
    elif found := re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", text):
        text = f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            dt.date.fromisoformat(text)
        except ValueError:
            return f"{text}?"
    return text


def french_partial_date(text: str) -> str:
    """Return "15/03/2026", "03/2026" or "2026" from the stored form."""
    return "/".join(reversed(text.split("-")))


_FRENCH_DAYS = {
    "Mo": "lundi", "Tu": "mardi", "We": "mercredi", "Th": "jeudi",
    "Fr": "vendredi", "Sa": "samedi", "Su": "dimanche", "PH": "jours fériés",
}  # fmt: skip


def french_hours(text: str) -> str:
    """Return "lundi–samedi 8 h–19 h 30" from the stored OpenStreetMap form "Mo-Sa 08:00-19:30"."""
    said = re.sub(r"\b(Mo|Tu|We|Th|Fr|Sa|Su|PH)\b", lambda found: _FRENCH_DAYS[found[0]], text)
    said = re.sub(r"\b(\d{2}):(\d{2})\b", _french_time, said)
    return re.sub(r"\boff\b", "fermé", said).replace("-", "–").replace(",", ", ").replace(";", " ;")


def _french_time(found: "re.Match[str]") -> str:
    hours, minutes = int(found[1]), found[2]
    return f"{hours}\u00a0h" if minutes == "00" else f"{hours}\u00a0h\u00a0{minutes}"


def without_spaces(text: str) -> str:
    """Return an identifier typed in groups, "211 500 145 00018", in one piece."""
    return re.sub(r"[\s.]", "", text)


def siret(text: str) -> str:
    """Return 14 digits in one piece; a false key is marked so that no pattern accepts it."""
    value = without_spaces(text)
    return value if siret_is_true(value) or not re.fullmatch(r"[0-9]{14}", value) else f"{value}?"


def siret_is_true(value: str) -> bool:
    """Say whether 14 digits have a true key: Luhn, or La Poste's own rule."""
    if not re.fullmatch(r"[0-9]{14}", value):
        return False
    if value.startswith(_LA_POSTE) and sum(map(int, value)) % 5 == 0:
        return True
    doubled = [int(digit) * (2 if rank % 2 == 0 else 1) for rank, digit in enumerate(value)]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


# `x-format` of the attribute schemas → what brings a text to it.
FORMATS: dict[str, Callable[[str], str]] = {
    "telephone": international_phone,
    "url": web_address,
    "horaires": opening_hours,
    "heure": clock_time,
    "date_partielle": partial_date,
    "siret": siret,
    "pivot": siret,
}
