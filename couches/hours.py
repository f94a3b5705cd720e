"""Opening hours in OpenStreetMap's notation: what is certainly wrong, what we cannot vouch for.

The grammar is larger than what towns write (weeks, sunrise, nth weekday): what we do not
read is not refused, it is told to be checked.
"""

import re

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = rf"{_MONTH}(?: [0-9]{{1,2}})?"
_DATES = rf"{_DATE}(?:-{_DATE})?(?:,{_DATE}(?:-{_DATE})?)*"
_DAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|SH)(?:\[[1-5](?:,[1-5])*\])?"
_DAYS = rf"{_DAY}(?:-{_DAY})?(?:, ?{_DAY}(?:-{_DAY})?)*"
_CLOCK = r"[0-9]{2}:[0-9]{2}"
_SPAN = rf"{_CLOCK}-{_CLOCK}\+?|{_CLOCK}\+"
_SPANS = rf"(?:{_SPAN})(?:, ?(?:{_SPAN}))*"
_RULE = re.compile(rf'(?:24/7|(?:{_DATES}:? ?)?(?:{_DAYS} ?)?(?:{_SPANS}|off|closed|open)?)(?: ?"[^"]*")?')
_CLOCKS = re.compile(r"([0-9]{2}):([0-9]{2})")
_SPAN_PARTS = re.compile(rf"({_CLOCK})-({_CLOCK})")


def impossible_time(hours: str) -> str:
    """Return the first time of day that no clock shows ("25:70"), or "" when all are possible.

    OpenStreetMap writes the small hours of the next day up to 48:00.
    """
    for found in _CLOCKS.finditer(hours):
        hour, minute = int(found[1]), int(found[2])
        if minute > 59 or hour > 48 or (hour == 48 and minute):
            return found[0]
    return ""


def empty_span(hours: str) -> str:
    """Return the first span that ends when it starts ("09:00-09:00"), or ""."""
    return next((found[0] for found in _SPAN_PARTS.finditer(hours) if found[1] == found[2]), "")


def is_read(hours: str) -> bool:
    """Say whether every rule follows the notation as we know it."""
    rules = [rule.strip() for rule in re.split(r";|\|\|", hours)]
    return all(rule and _RULE.fullmatch(rule) for rule in rules)
