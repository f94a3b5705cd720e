"""Reports that tell the same thing are one card; whatever differs in subject, place or desk is another."""

import datetime as dt
import random
import time
import uuid
from typing import Any

from couches.models import Couche
from moderation.groups import MAX_MEMBERS, Line, group, same_thing

ORANGE: dict[str, Any] = {"operators": [{"operator": "20801", "calls": "none"}]}
SFR: dict[str, Any] = {"operators": [{"operator": "20810", "calls": "none"}]}
BOTH: dict[str, Any] = {"operators": [*SFR["operators"], *ORANGE["operators"]]}
BOTH_TURNED: dict[str, Any] = {"operators": [*ORANGE["operators"], *SFR["operators"]]}
# One degree of latitude; so many metres northwards from the first report.
METRE = 1 / 111_195
START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
WHITE = Couche(
    pk=1, attribute_schema={"properties": {"operators": {"type": "array", "x-key": "operator"}, "place": {}}}
)
CAFES = Couche(
    pk=2,
    attribute_schema={
        "x-title": "nom",
        "properties": {"kind": {"type": "string"}, "nom": {"type": "string"}},
    },
    style={"category": "kind"},
)
COUCHES = {1: WHITE, 2: CAFES}


def line(metres: float = 0, day: int = 0, **fields: Any) -> Line:
    """Return a report `metres` north of the first, received `day` days after it."""
    usual: dict[str, Any] = {
        "id": uuid.uuid4(), "version": 1, "couche_id": 1, "desk": "15014", "operation": "create",
        "feature_id": None, "attributes": ORANGE, "x": 2.44, "y": 44.93 + metres * METRE,
    }  # fmt: skip
    return Line(received_at=START + dt.timedelta(days=day), **usual | fields)


def sizes(*lines: Line) -> list[int]:
    """Return the sizes of the groups, in their order."""
    return [len(one.members) for one in group(lines, COUCHES)]


def test_same_operator_near_is_one_card_led_by_the_oldest() -> None:
    first, second = line(), line(80, day=1)
    [found] = group([first, second], COUCHES)
    assert found.leader is first and found.members == [first, second]


def test_another_operator_is_another_card() -> None:
    assert sizes(line(), line(10, attributes=SFR)) == [1, 1]
    assert sizes(line(attributes=BOTH), line(10)) == [1, 1]


def test_the_order_of_operators_and_the_other_answers_do_not_count() -> None:
    assert sizes(line(attributes=BOTH), line(10, attributes=BOTH_TURNED | {"place": "indoors"})) == [2]


def test_a_chain_holds_while_each_is_near_another() -> None:
    assert sizes(line(), line(90), line(180)) == [3]
    assert sizes(line(), line(101)) == [1, 1]


def test_a_chain_does_not_walk_away_from_the_oldest() -> None:
    """A road without network is not one place: beyond 250 m a new card begins."""
    assert sizes(*(line(n * 90, day=n) for n in range(6))) == [3, 3]


def test_a_link_in_the_middle_that_came_last_still_joins() -> None:
    assert sizes(line(), line(160, day=1), line(80, day=2)) == [3]


def test_longitude_shrinks_northwards() -> None:
    """100 m eastwards is more degrees in Aurillac than on the equator, and no less near."""
    assert sizes(line(), line(x=2.44 + 98 * METRE / 0.708)) == [2]
    assert sizes(line(), line(x=2.44 + 103 * METRE / 0.708)) == [1, 1]
    # Where degrees count most against squares: Wallis, La Réunion.
    for x, y in ((-176.2, -13.3), (55.5, -21.1)):
        assert sizes(*(line(x=x, y=y + n * 95 * METRE) for n in range(3))) == [3]


def test_another_couche_desk_operation_or_turn_is_another_card() -> None:
    assert sizes(line(), line(desk="15267"), line(operation="delete", feature_id=uuid.uuid4())) == [1, 1, 1]
    assert sizes(line(couche_id=2, attributes={"kind": "cafe"}), line()) == [1, 1]
    assert sizes(line(), line(turn=("epci", False))) == [1, 1]


def test_what_has_its_own_story_stays_alone() -> None:
    assert sizes(line(), line(alone=True), line(1), line(2, alone=True)) == [2, 1, 1]


def test_two_cafes_side_by_side_are_two_cards() -> None:
    def cafe(nom: str, **more: Any) -> Line:
        return line(couche_id=2, attributes={"kind": "cafe", "nom": nom} | more)

    assert sizes(cafe("Le Relais"), cafe("Chez Paul")) == [1, 1]
    assert sizes(cafe("Café  Le Relais"), cafe("cafe le relais")) == [2]
    assert sizes(cafe("Le Relais"), cafe("Le Relais", kind="hotel")) == [1, 1]


def test_confirmations_and_removals_group_by_object() -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    for operation in ("confirm", "delete"):
        said = [line(n, operation=operation, feature_id=f) for n, f in enumerate((one, one, other))]
        assert sizes(*said) == [2, 1]


def test_two_different_corrections_of_one_object_are_two_decisions() -> None:
    where = uuid.uuid4()

    def correction(place: str) -> Line:
        return line(operation="update", feature_id=where, attributes=ORANGE | {"place": place})

    assert sizes(correction("indoors"), correction("indoors"), correction("outdoors")) == [2, 1]


def test_a_couche_says_itself_what_makes_two_reports_the_same() -> None:
    couche = Couche(
        attribute_schema={"x-title": "nom", "properties": {"nom": {}, "etage": {"x-same": True}}},
        style={},
    )
    assert same_thing(couche, {"nom": "A", "etage": 2}) == same_thing(couche, {"nom": "B", "etage": 2})
    assert same_thing(couche, {"etage": 2}) != same_thing(couche, {"etage": 3})


def test_a_card_never_holds_more_than_one_reads() -> None:
    assert sizes(*(line(0, day=n) for n in range(MAX_MEMBERS + 5))) == [MAX_MEMBERS, 5]


def test_each_report_is_in_one_card_whatever_the_scatter() -> None:
    rng = random.Random(7)  # made-up data
    lines = [line(rng.uniform(0, 2_000), day=n, x=2.44 + rng.uniform(0, 0.02)) for n in range(400)]
    found = group(lines, COUCHES)
    assert sorted(one.id for card in found for one in card.members) == sorted(one.id for one in lines)
    leaders = [card.leader.received_at for card in found]
    assert leaders == sorted(leaders)


def test_ten_times_the_rows_cost_about_ten_times() -> None:
    """Not their square: a hundred times would be that."""

    def seconds(count: int) -> float:
        lines = [line(n % 20 * 400, day=n, x=2.44 + n // 20 * 0.005) for n in range(count)]
        started = time.perf_counter()
        group(lines, COUCHES)
        return time.perf_counter() - started

    small, large = (min(seconds(count) for _ in range(5)) for count in (400, 4_000))
    assert large / small < 40
