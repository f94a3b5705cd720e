"""Token buckets: nobody passes their share, however parallel; nobody is told that all is lost."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from contributions import limits
from contributions.limits import Take, TooMany
from contributions.models import TokenBucket
from tests.contributions.factories import emptied
from tests.contributions.test_submission_concurrency import at_once

BURST, PARALLEL = 5, 32
ONE_AN_HOUR = Take(key="test:un", burst=BURST, per_second=1 / 3600)
OTHER = Take(key="test:deux", burst=BURST, per_second=1 / 3600)


def aged(seconds: float) -> None:
    """Let time pass for every bucket."""
    past = timezone.now() - dt.timedelta(seconds=seconds)
    TokenBucket.objects.update(filled_at=past)


@pytest.mark.usefixtures("committed")
def test_thirty_two_parallel_takes_never_exceed_the_bucket() -> None:
    outcomes = at_once([lambda: limits.take([ONE_AN_HOUR, OTHER])] * PARALLEL)
    assert outcomes.count(None) == BURST
    assert sum(isinstance(one, TooMany) for one in outcomes) == PARALLEL - BURST
    assert all(bucket.tokens < 1 for bucket in TokenBucket.objects.all())


@pytest.mark.usefixtures("committed")
def test_read_then_written_the_bucket_would_be_exceeded() -> None:
    """Negative control: the same harness sees what a look before a write lets through."""
    limits.take([ONE_AN_HOUR])

    def naive() -> None:
        bucket = TokenBucket.objects.get(key=ONE_AN_HOUR.key)
        if bucket.tokens < 1:
            raise TooMany(1)
        TokenBucket.objects.filter(key=bucket.key).update(tokens=bucket.tokens - 1)

    for _ in range(20):
        TokenBucket.objects.update(tokens=BURST)
        if at_once([naive] * PARALLEL).count(None) > BURST:
            return
    pytest.fail("the harness shows no race: the test above proves nothing")


@pytest.mark.django_db
def test_a_token_comes_back_with_time_and_never_more_than_the_reserve() -> None:
    for _ in range(BURST):
        limits.take([ONE_AN_HOUR])
    with pytest.raises(TooMany) as refusal:
        limits.take([ONE_AN_HOUR])
    assert 3590 <= refusal.value.wait <= 3601
    aged(3601)
    limits.take([ONE_AN_HOUR])
    with pytest.raises(TooMany):
        limits.take([ONE_AN_HOUR])
    aged(3600 * 1000)
    for _ in range(BURST):
        limits.take([ONE_AN_HOUR])
    with pytest.raises(TooMany):
        limits.take([ONE_AN_HOUR])


@pytest.mark.django_db
def test_one_empty_bucket_costs_nothing_to_the_others() -> None:
    emptied(OTHER)
    for _ in range(3):
        with pytest.raises(TooMany):
            limits.take([ONE_AN_HOUR, OTHER])
    assert not TokenBucket.objects.filter(key=ONE_AN_HOUR.key).exists()
    assert limits.fill([ONE_AN_HOUR]) == 1 and limits.fill([ONE_AN_HOUR, OTHER]) < 0.01


@pytest.mark.django_db
def test_a_look_takes_nothing() -> None:
    for _ in range(3):
        limits.check([ONE_AN_HOUR])
    assert not TokenBucket.objects.exists()
    emptied(ONE_AN_HOUR)
    with pytest.raises(TooMany):
        limits.check([ONE_AN_HOUR])


@pytest.mark.django_db
def test_a_clock_set_back_neither_fills_nor_breaks_a_bucket() -> None:
    limits.take([ONE_AN_HOUR])
    aged(-86_400)
    limits.take([ONE_AN_HOUR])
    assert TokenBucket.objects.get().tokens == BURST - 2


@pytest.mark.django_db
def test_a_limit_lowered_holds_at_once(settings: Any) -> None:
    limits.take([Take(key="test:un", burst=1000, per_second=1)])
    limits.take([ONE_AN_HOUR])
    assert TokenBucket.objects.get().tokens == BURST - 1


@pytest.mark.django_db
@pytest.mark.parametrize("tokens", [-1, BURST + 1])
def test_the_database_refuses_an_impossible_bucket(tokens: int) -> None:
    limits.take([ONE_AN_HOUR])
    with pytest.raises(IntegrityError), transaction.atomic():
        TokenBucket.objects.update(tokens=tokens)


@pytest.mark.django_db
def test_without_limits_nothing_is_counted(settings: Any) -> None:
    settings.REPERES_LIMITS = False
    emptied(ONE_AN_HOUR)
    limits.take([ONE_AN_HOUR])
    limits.check([ONE_AN_HOUR])


def test_no_address_is_kept_in_clear(settings: Any) -> None:
    key = limits.of_address("address", "203.0.113.7").key
    assert "203.0.113.7" not in key and len(key) <= 80
    settings.SECRET_KEY = "another key, kept as secret as the first one"
    assert limits.of_address("address", "203.0.113.7").key != key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:1:2:3", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("inconnue", "inconnue", True),
    ],
)
def test_a_house_is_one_address(one: str, other: str, same: bool) -> None:
    keys = {limits.of_address("address", address).key for address in (one, other)}
    assert len(keys) == (1 if same else 2)


@pytest.mark.django_db
def test_full_and_idle_buckets_are_forgotten_and_no_other() -> None:
    slow = Take(key="test:lent", burst=10, per_second=1 / 86_400)
    limits.take([ONE_AN_HOUR, slow])
    assert limits.forget_idle() == 0
    aged(3700)
    assert limits.forget_idle() == 1
    assert TokenBucket.objects.get().key == slow.key
    aged(86_400 * 1.1)
    emptied(OTHER)
    assert limits.forget_idle() == 1
    assert TokenBucket.objects.get().key == OTHER.key


@pytest.mark.django_db
def test_the_site_is_several_rows_of_its_share(settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "site": (3600, 160)}
    seen = {limits.of_site().key for _ in range(500)}
    assert len(seen) == limits.SITE_SHARDS
    shard = limits.of_site()
    assert (shard.burst, shard.per_second) == (10, pytest.approx(1 / 16))


@pytest.mark.django_db
def test_taking_is_one_statement(django_assert_num_queries: Any) -> None:
    connection.ensure_connection()
    with django_assert_num_queries(3):  # and its savepoint
        limits.take([ONE_AN_HOUR, OTHER, limits.of_site()])
