"""Two appeals of one report at once, on real connections: one is made."""

import threading

from django.db import connection

from comptes.models import Notification
from moderation.appeals import appeal
from moderation.models import Decision
from moderation.refusals import AlreadyAppealed
from tests.moderation.factories import decide, moderator, report, town


def test_two_appeals_at_once_are_one(committed: None) -> None:
    """Four threads, four messages: one appeal, the others learn that there was one."""
    commune = town()
    bruno = moderator("bruno@reperes.demo", commune=commune)
    moderator("driss@reperes.demo", epci=commune.epci)
    row = report(commune)
    decide(row, "reject", bruno)
    start, outcomes = threading.Barrier(4), []

    def contest(rank: int) -> None:
        try:
            start.wait(30)
            outcomes.append(appeal(contribution=row, message=f"Message {rank}."))
        except AlreadyAppealed as refusal:
            outcomes.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=contest, args=(rank,)) for rank in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(one).__name__ for one in outcomes) == ["AlreadyAppealed"] * 3 + ["Decision"]
    assert Decision.objects.filter(action="appeal").count() == 1
    assert Notification.objects.filter(template="recours").count() == 1
