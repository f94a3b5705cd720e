"""How a public reason will look, before anybody decides: in the author's letter and in the register."""

from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from contributions.models import Contribution
from couches.models import Couche
from moderation.workflow import TRANSITIONS, Action, Status

# Stands for the text while the letter is written: no person can type it (`clean_text` strips it).
MARK = "\ufffe"


@dataclass(frozen=True, slots=True)
class Preview:
    """The letter around the text, and the line of the register; `text` is what both say."""

    text: str
    subject: str
    before: str
    after: str
    status: str
    couche: str
    commune: str
    on: Any


def preview_of(*, action: str, couche: Couche | None, commune: str, text: str) -> Preview:
    """Return what the author of a report in `commune` would read if `action` were taken with `text`.

    The letter is the real one, by its real template.
    """
    status = next(
        (str(move.to) for (_from, one), move in TRANSITIONS.items() if one == action), str(Status.REJECTED)
    )
    title = couche.title if couche else str(Contribution._meta.verbose_name)
    letter = render_to_string(
        "courriers/decision.txt",
        {"status": status, "public_reason": MARK, "couche": title, "commune": commune, "suivi_url": ""},
    )
    subject, _line, body = letter.strip().partition("\n")
    before, _mark, after = body.strip().partition(MARK)
    return Preview(text, subject, before, after, status, title, commune, timezone.now())


def first_action(actions: list[str]) -> str:
    """Return the gesture a reason most likely explains, in the order of the table."""
    return next((str(one) for one in Action if one in actions), str(Action.REJECT))
