"""publish_accepted(): everything accepted, one version, exactly once."""

import datetime as dt
import io

import pytest
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from comptes.models import Notification, User
from comptes.permissions import Forbidden
from contributions.models import Contribution
from couches.models import Couche, CoucheVersion, FeatureVersion
from couches.publication import revert
from moderation import jobs, publication
from moderation.models import Decision
from moderation.publication import blocked, publish_accepted, waiting
from territoires.models import Commune
from tests.moderation.factories import (
    DEAD_ZONE,
    about,
    accepted,
    bare_couche,
    decide,
    leave,
    published,
    report,
    versions,
)


def in_force(row: Contribution) -> FeatureVersion:
    """Return the published state of what `row` became or spoke of."""
    row.refresh_from_db()
    return FeatureVersion.objects.current().get(feature=row.published_feature_id)


def publish(row: Contribution) -> CoucheVersion:
    """Publish the couche of `row`; there must be something new."""
    version = publish_accepted(couche=row.couche, by=None)
    assert version is not None
    return version


def test_an_accepted_report_becomes_an_object(aurillac: Commune, bruno: User, sophie: User) -> None:
    """Its identity is new, its journal complete, its version named."""
    row = accepted(aurillac, bruno, observed_at=dt.datetime(2026, 5, 3, 23, 30, tzinfo=dt.UTC))
    version = publish_accepted(couche=row.couche, by=sophie, note="Mai")
    state = in_force(row)
    assert version is not None and (version.number, version.note, version.by) == (1, "Mai", sophie)
    assert (row.status, row.version, row.published_in) == ("PUBLISHED", 3, version)
    assert row.published_feature_id != row.pk
    assert state.geom == row.geom and state.attributes == row.attributes and state.commune == aurillac
    assert (state.observations, state.distinct_observers, state.accuracy_m) == (1, 1, 12.0)
    # 23:30 UTC on 3 May is already 4 May at home.
    assert state.last_observed_on == dt.date(2026, 5, 4)
    last = row.decisions.latest("version")
    assert (last.actor, last.action, last.by, last.at) == (
        "publication",
        "publish",
        sophie,
        version.published_at,
    )


def test_only_accepted_reports_are_published(aurillac: Commune, bruno: User) -> None:
    """Nothing unmoderated is public."""
    kept = accepted(aurillac, bruno)
    for status in ("SUBMITTED", "RETURNED", "REJECTED", "WITHDRAWN"):
        report(aurillac, status=status)
    assert publish(kept).feature_count == 1


def test_twice_is_once(aurillac: Commune, bruno: User) -> None:
    """The second finds nothing new and writes nothing."""
    row = published(aurillac, bruno)
    before = Decision.objects.count()
    assert publish_accepted(couche=row.couche, by=None) is None
    assert versions(row.couche) == [1] and Decision.objects.count() == before


def test_nothing_accepted_makes_no_version(aurillac: Commune) -> None:
    """Not even an empty one."""
    row = report(aurillac)
    assert publish_accepted(couche=row.couche, by=None) is None
    assert versions(row.couche) == []


def test_only_a_steward_publishes(aurillac: Commune, bruno: User) -> None:
    """Whoever asks in person needs the mandate, whatever the door."""
    row = accepted(aurillac, bruno)
    with pytest.raises(Forbidden):
        publish_accepted(couche=row.couche, by=bruno)
    assert versions(row.couche) == []


def test_each_couche_by_itself(aurillac: Commune, bruno: User) -> None:
    """The other couche keeps waiting."""
    zone = accepted(aurillac, bruno)
    cafe = accepted(aurillac, bruno, couche=bare_couche(), attributes={"kind": "cafe", "nom": "Le Relais"})
    publish(zone)
    cafe.refresh_from_db()
    assert cafe.status == "ACCEPTED"


@pytest.mark.parametrize("step", ["publish", "_settle", "defer"])
def test_killed_in_the_middle_leaves_nothing(
    step: str, aurillac: Commune, bruno: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next run does it all."""
    row = accepted(aurillac, bruno)
    true = getattr(publication, step)

    def die(*args: object, **words: object) -> None:
        true(*args, **words)
        raise KeyboardInterrupt

    monkeypatch.setattr(publication, step, die)
    with pytest.raises(KeyboardInterrupt):
        publish_accepted(couche=row.couche, by=None)
    row.refresh_from_db()
    assert row.status == "ACCEPTED" and versions(row.couche) == [] and not FeatureVersion.objects.exists()
    assert row.decisions.count() == 1
    monkeypatch.setattr(publication, step, true)
    assert publish(row).number == 1


def test_merged_reports_are_observations(aurillac: Commune, bruno: User) -> None:
    """A chain of merges counts on what stands at its end."""
    root, one, two = report(aurillac), report(aurillac), report(aurillac)
    decide(two, "merge", bruno, into=one.pk)
    decide(one, "merge", bruno, into=root.pk)
    decide(root, "accept", bruno)
    version = publish(root)
    state = in_force(root)
    assert state.observations == 3
    for row in (one, two):
        row.refresh_from_db()
        assert row.status == "MERGED" and row.version == 2
        assert (row.published_in, row.published_feature_id) == (version, state.feature_id)


def test_merged_reports_wait_for_what_they_went_into(aurillac: Commune, bruno: User) -> None:
    """Merged into a report nobody decided yet, or refused: not counted, not lost."""
    root, row = report(aurillac), report(aurillac)
    decide(row, "merge", bruno, into=root.pk)
    other = published(aurillac, bruno)
    row.refresh_from_db()
    assert row.published_in is None
    decide(root, "accept", bruno)
    publish(root)
    assert in_force(root).observations == 2 and in_force(other).observations == 1


def test_merging_into_a_published_object_makes_a_version(aurillac: Commune, bruno: User) -> None:
    """By the object or by the report that became it: one more observation each, once."""
    root = published(aurillac, bruno)
    for target in (root.published_feature_id, root.pk):
        decide(report(aurillac), "merge", bruno, into=target)
    assert publish(root).number == 2
    assert in_force(root).observations == 3
    assert publish_accepted(couche=root.couche, by=None) is None


def test_a_confirmation_observes(aurillac: Commune, bruno: User) -> None:
    """Content kept, count and date moved."""
    root = published(aurillac, bruno, observed_at=dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC))
    row = about(root, "confirm", attributes={}, observed_at=dt.datetime(2026, 6, 7, 12, tzinfo=dt.UTC))
    decide(row, "accept", bruno)
    publish(root)
    state = in_force(root)
    assert (state.observations, state.last_observed_on) == (2, dt.date(2026, 6, 7))
    assert state.attributes == DEAD_ZONE and state.geom == root.geom and state.accuracy_m == 12.0


def test_the_last_correction_received_wins(aurillac: Commune, bruno: User) -> None:
    """Folded in the order of arrival, whatever the order of acceptance."""
    root = published(aurillac, bruno)
    late = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    second = about(
        root, "update", attributes=DEAD_ZONE | {"place": "indoors"}, received_at=late, at=(2.441, 44.93)
    )
    first = about(
        root, "update", attributes=DEAD_ZONE | {"place": "vehicle"}, received_at=late - dt.timedelta(days=1)
    )
    decide(second, "accept", bruno)
    decide(first, "accept", bruno)
    assert publish(root).changes == {"added": 0, "changed": 1, "withdrawn": 0}
    state = in_force(root)
    assert state.attributes["place"] == "indoors" and state.geom == Point(2.441, 44.93, srid=4326)
    assert state.observations == 3


def test_a_removal_withdraws_the_object(aurillac: Commune, bruno: User) -> None:
    """With its twin, and with a correction received before it."""
    root = published(aurillac, bruno)
    rows = [about(root, operation) for operation in ("update", "delete", "delete")]
    for row in rows:
        decide(row, "accept", bruno)
    version = publish(root)
    assert version.changes == {"added": 0, "changed": 0, "withdrawn": 1} and version.feature_count == 0
    for row in rows:
        row.refresh_from_db()
        assert row.status == "PUBLISHED" and row.published_feature_id == root.published_feature_id


def test_a_merged_removal_is_settled_with_its_target(aurillac: Commune, bruno: User) -> None:
    """Two people said it is gone: one removal, both settled, nobody counted as having seen it."""
    root = published(aurillac, bruno)
    one, two = about(root, "delete"), about(root, "delete")
    decide(two, "merge", bruno, into=one.pk)
    decide(one, "accept", bruno)
    version = publish(root)
    two.refresh_from_db()
    assert two.published_in == version and version.feature_count == 0


def test_a_correction_after_the_removal_stays_accepted_and_is_told(aurillac: Commune, bruno: User) -> None:
    """In the same version or later, it is never silently dropped."""
    root = published(aurillac, bruno)
    start = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    removal = about(root, "delete", received_at=start)
    after = about(root, "confirm", received_at=start + dt.timedelta(days=1))
    decide(removal, "accept", bruno)
    decide(after, "accept", bruno)
    publish(root)
    after.refresh_from_db()
    assert after.status == "ACCEPTED"
    assert list(blocked(root.couche)) == [after] and list(waiting(root.couche)) == [after]
    assert publish_accepted(couche=root.couche, by=None) is None
    decide(after, "reopen", bruno)
    assert not blocked(root.couche).exists()


def test_a_merge_into_an_absent_object_waits_for_its_return(aurillac: Commune, bruno: User) -> None:
    """A revert took the object away, another brings it back: the observation is then counted, once."""
    other = published(aurillac, bruno, at=(2.45, 44.93))
    root = published(aurillac, bruno)
    by_object, by_report = report(aurillac), report(aurillac)
    decide(by_object, "merge", bruno, into=root.published_feature_id)
    decide(by_report, "merge", bruno, into=root.pk)
    revert(couche=root.couche, number=1, by=None)
    decide(about(other, "confirm", attributes={}), "accept", bruno)
    assert publish(other).number == 4
    by_object.refresh_from_db()
    assert by_object.published_in is None
    revert(couche=root.couche, number=2, by=None)
    publish(root)
    by_object.refresh_from_db()
    assert in_force(root).observations == 3 and by_object.published_in is not None


def test_distinct_observers_is_a_lower_bound(aurillac: Commune, bruno: User) -> None:
    """Distinct addresses, plus one for all who left none; never lowered when addresses expire."""
    root = report(aurillac, email="amel@exemple.fr")
    others = [report(aurillac, email=email) for email in ("amel@exemple.fr", "zoe@exemple.fr", "", "")]
    for row in others:
        decide(row, "merge", bruno, into=root.pk)
    decide(root, "accept", bruno)
    publish(root)
    assert (in_force(root).observations, in_force(root).distinct_observers) == (5, 3)
    confirmation = about(root, "confirm", attributes={})
    leave(confirmation, "zoe@exemple.fr")
    decide(confirmation, "accept", bruno)
    publish(root)
    assert (in_force(root).observations, in_force(root).distinct_observers) == (6, 3)
    for row in [root, confirmation, *others]:
        if hasattr(row, "contact"):
            row.contact.delete()
    last = about(root, "confirm", attributes={})
    leave(last, "nouveau@exemple.fr")
    decide(last, "accept", bruno)
    publish(root)
    assert (in_force(root).observations, in_force(root).distinct_observers) == (7, 3)


def test_what_was_entered_and_accepted_by_the_same_person_says_so(aurillac: Commune, bruno: User) -> None:
    """The mark reaches the layer, hence the exports."""
    row = accepted(aurillac, bruno, entered_by=bruno)
    publish(row)
    assert in_force(row).self_accepted is True


def test_an_import_keeps_its_origin(aurillac: Commune, bruno: User) -> None:
    """A file is not a resident."""
    row = accepted(aurillac, bruno, channel="import")
    publish(row)
    assert in_force(row).origin == "import"


def test_the_number_of_queries_does_not_depend_on_the_number_of_reports(
    aurillac: Commune, bruno: User
) -> None:
    """2 or 60, with merges: the same."""
    counts = []
    for size in (1, 30):
        roots = [accepted(aurillac, bruno) for _ in range(size)]
        for root in roots:
            decide(report(aurillac, email=f"{root.pk}@exemple.fr"), "merge", bruno, into=root.pk)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            publish(roots[0])
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_authors_are_told_by_a_job(aurillac: Commune, bruno: User) -> None:
    """Deferred with the version; run twice, one letter each."""
    row = accepted(aurillac, bruno, email="amel@exemple.fr")
    accepted(aurillac, bruno)
    version = publish(row)
    job = ProcrastinateJob.objects.get(task_name="moderation.write_publication_letters")
    assert job.args == {"version_id": version.pk}
    assert jobs.write_publication_letters(version_id=version.pk) == 1
    assert jobs.write_publication_letters(version_id=version.pk) == 1
    letters = Notification.objects.filter(template="decision", context__status="PUBLISHED")
    assert [letter.recipient for letter in letters] == ["amel@exemple.fr"]


def test_the_policy_publishes_what_waits(aurillac: Commune, bruno: User) -> None:
    """Each period's couches, one job each, only where something waits."""
    row = accepted(aurillac, bruno)
    Couche.objects.filter(pk=row.couche.pk).update(publication_policy="hourly")
    Couche.objects.exclude(pk=row.couche.pk).update(publication_policy="weekly")
    assert jobs.publish_daily(timestamp=0) == [] and jobs.publish_weekly(timestamp=0) == []
    assert jobs.publish_hourly(timestamp=0) == [row.couche.slug]
    assert jobs.publish_hourly(timestamp=1) == [row.couche.slug]
    queued = ProcrastinateJob.objects.filter(task_name="moderation.publish_couche")
    assert [job.args for job in queued] == [{"slug": row.couche.slug}]
    assert jobs.publish_couche(slug=row.couche.slug) == 1
    assert jobs.publish_couche(slug=row.couche.slug) is None


def test_the_command_publishes_and_tells_what_is_left(aurillac: Commune, bruno: User) -> None:
    """Number and count; a second run says that nothing is new."""
    root = published(aurillac, bruno)
    start = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    left = about(root, "update", received_at=start + dt.timedelta(days=1))
    for row in (about(root, "delete", received_at=start), left):
        decide(row, "accept", bruno)
    out = io.StringIO()
    call_command("publish", root.couche.slug, note="Deuxième", stdout=out)
    assert "version 2, 0 objets" in out.getvalue() and str(left.pk) in out.getvalue()
    out = io.StringIO()
    call_command("publish", root.couche.slug, stdout=out)
    assert "Rien de nouveau" in out.getvalue()


@pytest.mark.parametrize("arguments", [["licornes"], ["a\x00b"], ["zones-blanches", "--note", "a\x00b"]])
def test_the_command_refuses_in_french(arguments: list[str], db: None) -> None:
    """Exit 1, with the remedy."""
    with pytest.raises(CommandError):
        call_command("publish", *arguments, stdout=io.StringIO())
