"""Links pressed at the same instant: one decision, and the others told who and when."""

import pytest
from django.test import Client
from django.utils import timezone

from contributions.models import Contribution
from moderation import links
from moderation.models import Decision, DecisionLink
from territoires.models import Commune
from tests.moderation.factories import moderator, report, town
from tests.moderation.test_concurrency import together
from tests.moderation.test_decision_link import link_of, said


@pytest.fixture
def aurillac(committed: None) -> Commune:
    """The commune, seen by every connection."""
    return town()


def press(path: str) -> tuple[int, str]:
    answer = Client().post(path, {"action": "accept", "version": "1"})
    return answer.status_code, said(answer)


def test_two_officials_press_their_links_together(aurillac: Commune) -> None:
    """One wins, the other reads who and when; ten times."""
    people = [moderator(f"elue{n}@reperes.demo", f"Élue {n}", commune=aurillac) for n in range(2)]
    for _ in range(10):
        row = report(aurillac)
        paths = [link_of(person, row) for person in people]
        results = together(lambda n, paths=paths: press(paths[n]), 2)  # type: ignore[misc]
        assert sorted(status for status, _text in results) == [200, 412], results
        decision = Decision.objects.get(contribution=row)
        clock = timezone.localtime(decision.at)
        [told] = [text for status, text in results if status == 412]
        assert f"{decision.author_name} a déjà décidé à {clock.hour} h {clock.minute:02d} : acceptée" in told
        used = DecisionLink.objects.get(contribution=row, used_at__isnull=False)
        assert (used.user, used.decision) == (decision.by, decision)


def test_one_link_pressed_eight_times_at_once_decides_once(aurillac: Commune) -> None:
    path = link_of(moderator("elue@reperes.demo", commune=aurillac), row := report(aurillac))
    results = together(lambda n: press(path), 8)
    assert sorted(status for status, _text in results) == [200] + [410] * 7, results
    assert Contribution.objects.get().status == "ACCEPTED" and row.decisions.count() == 1


def test_without_the_look_at_the_link_the_race_is_real(
    aurillac: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the link unread, those that come second pass it and meet the version instead."""
    monkeypatch.setattr(links, "check_link", lambda link: None)
    path = link_of(moderator("elue@reperes.demo", commune=aurillac), report(aurillac))
    results = together(lambda n: press(path), 4)
    assert sorted(status for status, _text in results) == [200, 412, 412, 412], results
