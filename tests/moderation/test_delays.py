"""Reports without answer: reminders at 7 and 21 days, then those above; what the public and the author see."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from comptes.models import Membership, Notification, User
from comptes.notifications import send_due
from contributions.models import Contribution
from moderation.author import answer
from moderation.delays import delay_of, escalations_of, late_in
from moderation.digests import stop_digests, write_digest
from moderation.models import DecisionLink, Reminder
from moderation.practice import start_again
from moderation.reminders import follow_delays, write_escalation, write_reminder
from territoires.models import Commune, Departement
from tests.comptes.conftest import PostOffice, post_office
from tests.factories import SECRET
from tests.moderation.factories import decide, moderator, report
from tests.moderation.test_digest import LINK, body

pytestmark = pytest.mark.django_db
__all__ = ["post_office"]
RECEIVED = dt.datetime(2026, 3, 2, 15, 0, tzinfo=dt.UTC)
Morning = Callable[[int], tuple[int, int]]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The afternoon the report arrives."""
    with time_machine.travel(RECEIVED, tick=False) as traveller:
        yield traveller


@pytest.fixture
def row(clock: time_machine.Traveller, bruno: User, aurillac: Commune) -> Contribution:
    """A report that arrives now; Bruno's mandate and the others' began before."""
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    return report(aurillac, received_at=RECEIVED)


@pytest.fixture
def morning(clock: time_machine.Traveller) -> Morning:
    """Run the day's job, early, so many days after the report; its letters are written by hand."""

    def run(days: int) -> tuple[int, int]:
        clock.move_to((RECEIVED + dt.timedelta(days=days)).replace(hour=4, minute=20))
        return follow_delays(timezone.localdate())

    return run


def reminded(user: User) -> int:
    return write_reminder(user_id=user.pk, day=timezone.localdate())


def told(user: User) -> int:
    return write_escalation(user_id=user.pk, day=timezone.localdate())


def test_a_reminder_at_seven_days_another_at_twenty_one_and_none_between(
    row: Contribution, bruno: User, morning: Morning
) -> None:
    seen = {}
    for day in range(1, 30):
        morning(day)
        if count := reminded(bruno):
            seen[day] = count
    assert seen == {7: 1, 21: 1}
    assert list(Reminder.objects.values_list("stage", flat=True).order_by("stage")) == [7, 21]


def test_run_again_the_same_day_it_recalls_nothing_twice(
    row: Contribution, bruno: User, morning: Morning
) -> None:
    morning(7)
    assert [reminded(bruno), reminded(bruno)] == [1, 0]
    morning(7)
    assert reminded(bruno) == 0
    assert Notification.objects.filter(template="rappel").count() == DecisionLink.objects.count() == 1


def test_a_report_found_late_on_the_first_day_is_recalled_once(
    row: Contribution, bruno: User, morning: Morning
) -> None:
    """The day this is installed, or after a week without a worker."""
    assert morning(40) == (1, 0)
    assert reminded(bruno) == 1
    assert morning(41)[0] == 0


def test_what_is_answered_is_not_recalled(row: Contribution, bruno: User, morning: Morning) -> None:
    decide(row, "accept", bruno)
    assert morning(7) == (0, 0) and reminded(bruno) == 0


def test_the_clock_starts_again_when_the_author_answers(
    row: Contribution, bruno: User, morning: Morning, clock: time_machine.Traveller
) -> None:
    clock.move_to(RECEIVED + dt.timedelta(days=5))
    decide(row, "return", bruno)
    clock.move_to(RECEIVED + dt.timedelta(days=10))
    row.refresh_from_db()
    answer(contribution=row, message="C'est bien là.")
    assert [day for day in range(11, 40) if morning(day)[0]] == [17, 31]


def test_what_is_held_waits_for_its_date(
    row: Contribution, bruno: User, morning: Morning, clock: time_machine.Traveller
) -> None:
    """Put aside until the council meets: neither digest nor reminder before, both after."""
    decide(row, "hold", bruno, until=dt.date(2026, 3, 30), reason_code="autre", public_reason="Au conseil.")
    assert not any(morning(day)[0] for day in range(1, 28))
    assert write_digest(user_id=bruno.pk, day=dt.date(2026, 3, 23)) == 0
    delay = delay_of(Contribution.objects.get())
    assert delay is not None and delay.days == 0
    assert morning(35)[0] == 1, "the 6th of April, seven days after"
    assert write_digest(user_id=bruno.pk, day=dt.date(2026, 4, 6)) == 1


def test_stopping_the_digest_stops_no_reminder(row: Contribution, bruno: User, morning: Morning) -> None:
    stop_digests(by=bruno)
    morning(7)
    assert reminded(bruno) == 1
    assert "unsubscribe_url" not in Notification.objects.get(template="rappel").context


def test_at_twenty_one_days_the_epci_is_told_by_a_letter_that_decides(
    row: Contribution, bruno: User, driss: User, chloe: User, morning: Morning, post_office: PostOffice,
    client: Client,
) -> None:  # fmt: skip
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    assert morning(20)[1] == 0 and not escalations_of(row)
    assert morning(21) == (1, 1)
    assert [one.level for one in escalations_of(row)] == ["epci"]
    assert (told(driss), told(bruno), told(chloe)) == (1, 0, 0)
    assert (reminded(bruno), reminded(driss)) == (1, 0), "one letter each, not two"
    send_due()
    by_address = {letter["To"]: letter for letter in post_office.letters}
    assert by_address[driss.email]["Subject"] == "1 signalement sans réponse vous est transmis"
    assert "transmis à l'intercommunalité" in body(by_address[bruno.email])
    [token] = LINK.findall(body(by_address[driss.email]))
    assert client.post(f"/moderation/lien/{token}/", {"action": "accept"}).status_code == 200
    row.refresh_from_db()
    assert row.status == "ACCEPTED"
    assert morning(22) == (0, 0)


def test_what_was_passed_on_enters_the_referent_s_digest(
    row: Contribution, driss: User, morning: Morning
) -> None:
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    morning(14)
    assert write_digest(user_id=driss.pk, day=timezone.localdate()) == 0
    morning(21)
    assert write_digest(user_id=driss.pk, day=timezone.localdate()) == 1


@pytest.mark.parametrize(
    ("above", "levels"),
    [
        (["departement"], ["departement"]),
        (["region", "national"], ["region"]),
        (["national"], ["france"]),
        (["epci", "departement"], ["epci"]),
        ([], []),
    ],
)
def test_the_nearest_level_above_where_somebody_decides(
    above: list[str], levels: list[str], row: Contribution, aurillac: Commune, morning: Morning
) -> None:
    cantal = aurillac.departement
    territory: dict[str, Any] = {
        "epci": aurillac.epci, "departement": cantal, "region": cantal.region, "national": True,
    }  # fmt: skip
    people = {name: moderator(f"{name}@reperes.demo", **{name: territory[name]}) for name in above}
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    assert morning(21)[1] == len(levels)
    assert [one.level for one in escalations_of(row)] == levels
    for name, person in people.items():
        expected = levels == [{"national": "france"}.get(name, name)]
        assert told(person) == int(expected), name


def test_where_the_epci_answers_for_the_mayor_the_departement_is_told(
    clock: time_machine.Traveller, driss: User, ytrac: Commune, morning: Morning
) -> None:
    """Ytrac has nobody: the referent is reminded first, those above him are told after."""
    prefect = moderator("cantal@reperes.demo", departement=Departement.objects.get(pk="15"))
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    row = report(ytrac, at=(2.34, 44.93), received_at=RECEIVED)
    morning(7)
    assert (reminded(driss), reminded(prefect)) == (1, 0)
    assert morning(21)[1] == 1
    assert [one.level for one in escalations_of(row)] == ["departement"]
    assert (told(prefect), told(driss)) == (1, 0)


def test_with_nobody_above_it_stays_and_is_passed_on_when_somebody_comes(
    row: Contribution, aurillac: Commune, morning: Morning
) -> None:
    assert morning(21)[1] == 0
    moderator("plus-tard@reperes.demo", epci=aurillac.epci)
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    assert morning(25)[1] == 1


def test_a_second_wait_goes_one_level_higher(
    row: Contribution, bruno: User, driss: User, aurillac: Commune, morning: Morning,
    clock: time_machine.Traveller,
) -> None:  # fmt: skip
    moderator("cantal@reperes.demo", departement=aurillac.departement)
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    morning(21)
    clock.shift(3600)
    decide(row, "return", driss)
    row.refresh_from_db()
    answer(contribution=row, message="Voici.")
    assert [day for day in range(22, 50) if morning(day)[1]] == [42]
    assert [one.level for one in escalations_of(row)] == ["epci", "departement"]


def test_a_thousand_late_reports_cost_no_more_questions(
    row: Contribution, driss: User, aurillac: Commune, morning: Morning, django_assert_max_num_queries: Any
) -> None:
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    for _ in range(50):
        report(aurillac, received_at=RECEIVED)
    with django_assert_max_num_queries(40):
        assert morning(21) == (51, 51)


# --- what others see ---------------------------------------------------------------------------------


def test_the_public_page_says_how_many_wait_and_since_when_and_nothing_else(
    row: Contribution, aurillac: Commune, ytrac: Commune, client: Client, clock: time_machine.Traveller
) -> None:
    for days in (6, 7, 24):
        clock.move_to(RECEIVED + dt.timedelta(days=days))
        page = client.get("/communes/15014/").content.decode()
        assert (f"1 signalement attend une réponse depuis {days} jours." in page) == (days >= 7)
        assert "Orange" not in page and "44,93" not in page and str(row.pk) not in page
    assert "attend une réponse" not in client.get("/communes/15267/").content.decode()


def test_two_late_reports_and_the_oldest(
    row: Contribution, aurillac: Commune, client: Client, clock: time_machine.Traveller
) -> None:
    report(aurillac, received_at=RECEIVED + dt.timedelta(days=3))
    clock.move_to(RECEIVED + dt.timedelta(days=12))
    late = late_in(aurillac)
    assert late is not None and (late.count, late.oldest_days) == (2, 12)
    page = client.get("/communes/15014/").content.decode()
    assert (
        "2 signalements attendent une réponse depuis plus de 7 jours, le plus ancien depuis 12 jours." in page
    )


def test_the_author_reads_since_when_and_to_whom_it_was_passed_on(
    row: Contribution, driss: User, morning: Morning, client: Client
) -> None:
    Membership.objects.update(starts=RECEIVED - dt.timedelta(days=300))
    morning(21)
    sent = {"code": f"{row.pk}.{SECRET}"}
    page = client.post("/suivi/", sent).content.decode().replace("&#x27;", "'")
    assert "Sans réponse depuis 21 jours" in page
    assert "Transmis à l'intercommunalité le 23 mars" in page
    answered = client.get(f"/api/v1/contributions/{row.pk}/suivi/", headers={"x-suivi": SECRET})
    story = answered.json()
    assert answered.status_code == 200, story
    assert story["waiting_since"] == "2026-03-02T16:00:00+01:00"
    assert [one["level"] for one in story["passed_on"]] == ["epci"]


def test_the_card_s_notice_shows_only_what_is_late(row: Contribution, clock: time_machine.Traveller) -> None:
    def notice() -> str:
        return render_to_string("moderation/composants/retard.html", {"retard": delay_of(row)})

    assert notice().strip() == ""
    clock.move_to(RECEIVED + dt.timedelta(days=9))
    assert "Sans réponse depuis 9 jours." in notice()


def test_a_practice_report_has_a_delay_too(bruno: User, settings: Any, tmp_path: Path) -> None:
    """The card of the sandbox shows it like any other; no list and no letter ever does."""
    settings.MEDIA_ROOT = tmp_path
    start_again(bruno)
    row = Contribution.with_practice.filter(practice_of=bruno, status="SUBMITTED").first()
    assert row is not None and delay_of(row) is not None
    assert follow_delays(timezone.localdate() + dt.timedelta(days=60)) == (0, 0)
    assert not Reminder.objects.exists()
