"""Clears a queue in a browser like a mayor does, by keyboard or by touch, and counts each gesture."""

from dataclasses import dataclass, field

from playwright.sync_api import Page

CARD = "[data-file] > [data-carte]"
# One card in so many is refused, with a reason: the rest is accepted.
REFUSED_EVERY = 6


@dataclass
class Walk:
    """What it took: key presses or taps, for so many cards, that held so many reports."""

    gestures: int = 0
    cards: int = 0
    reports: int = 0
    refused: list[str] = field(default_factory=list)


def clear_by_keyboard(page: Page, address: str) -> Walk:
    """Decide on every card with « v », or « r » and a digit; stops on the empty page."""
    walk = Walk()
    page.goto(address)
    walk.reports = _waiting(page)
    while card := _current(page):
        walk.cards += 1
        if walk.cards % REFUSED_EVERY:
            page.keyboard.press("v")
            walk.gestures += 1
        else:
            walk.refused.append(card)
            page.keyboard.press("r")
            page.keyboard.press("1")
            walk.gestures += 2
        _gone(page, card)
    return walk


def clear_by_touch(page: Page, address: str) -> Walk:
    """Decide on every card with a finger: the large button, or three taps to refuse with a reason."""
    walk = Walk()
    page.goto(address)
    walk.reports = _waiting(page)
    while card := _current(page):
        walk.cards += 1
        here = page.locator(f'{CARD}[data-id="{card}"]')
        if walk.cards % REFUSED_EVERY:
            here.locator('button[data-action="accept"]').tap()
            walk.gestures += 1
        else:
            walk.refused.append(card)
            choice = here.locator('details[data-action="reject"]')
            choice.locator("summary").tap()
            choice.locator("label").first.tap()
            choice.locator("button").tap()
            walk.gestures += 3
        _gone(page, card)
    return walk


def _waiting(page: Page) -> int:
    """Return how many reports the heading says are to be decided."""
    return int(page.locator("[data-reste]").get_attribute("data-reste") or 0)


def _current(page: Page) -> str | None:
    """Return the report of the card that is open, once it is; None on the empty page."""
    page.wait_for_function(
        "(current) => document.querySelector(current + ', .vide') !== null", arg=_opened(), timeout=30_000
    )
    return page.evaluate(
        "(current) => document.querySelector(current)?.getAttribute('data-id') ?? null", _opened()
    )


def _opened() -> str:
    """Return the selector of the open card that keys speak of; none is marked yet as the page opens."""
    return f"{CARD}[data-courante][data-ouverte], [data-file]:not(:has([data-courante])) > [data-ouverte]"


def _gone(page: Page, card: str) -> None:
    """Wait until the card has left the list."""
    page.wait_for_function(
        "(id) => !document.querySelector(`[data-carte][data-id='${id}']`)", arg=card, timeout=30_000
    )
