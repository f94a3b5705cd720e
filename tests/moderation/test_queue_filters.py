"""The filters of the queue, at both doors: each narrows, none widens, a bad one is told by name."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import User
from contributions.models import Contribution, Photo
from moderation.filters import MINE, Filters, condition
from moderation.queue import WINDOW, _count, _oldest, read_cards
from moderation.scope import desks_of
from territoires.models import Commune
from tests.factories import square
from tests.moderation.factories import accepted, bare_couche, moderator, report, town

URL = "/api/v1/moderation/contributions/"
QUEUE = "/moderation/"
ApiAs = Callable[[User], APIClient]
PageAs = Callable[[User], Client]


def seen(client: APIClient, query: str) -> set[str]:
    """Return the ids a filter finds."""
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


def cards(client: Client, query: str = "") -> list[str]:
    """Return the ids of the page's cards, in order."""
    answer = client.get(f"{QUEUE}?{query}")
    assert answer.status_code == 200
    return re.findall(r'data-carte[^>]* data-id="([0-9a-f-]+)"', answer.content.decode())


def with_photo(row: Contribution) -> Contribution:
    """Attach a photo."""
    Photo.objects.create(
        contribution=row, rank=1, sha256="ab" * 32, source_sha256="c" * 64, width=2, height=2, size=4,
        received_at=row.received_at,
    )  # fmt: skip
    return row


def test_by_age(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    now = timezone.now()
    old, older = (report(aurillac, received_at=now - dt.timedelta(days=days)) for days in (8, 30))
    report(aurillac, received_at=now - dt.timedelta(days=6))
    client = api_as(bruno)
    assert seen(client, "age=7") == {str(old.pk), str(older.pk)}
    assert seen(client, "age=21") == {str(older.pk)}


def test_near_the_border_and_with_photo(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    edge, shown, plain = report(aurillac, near_border=True), with_photo(report(aurillac)), report(aurillac)
    client = api_as(bruno)
    assert seen(client, "limite=oui") == {str(edge.pk)}
    assert seen(client, "limite=non") == {str(shown.pk), str(plain.pk)}
    assert seen(client, "photo=oui") == {str(shown.pk)}
    assert seen(client, "photo=non") == {str(edge.pk), str(plain.pk)}


def test_by_the_first_characters_of_the_reference(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    row = report(aurillac, id=uuid.UUID("abcd1234-0000-4000-8000-000000000000"))
    report(aurillac, id=uuid.UUID("abcd1235-0000-4000-8000-000000000000"))
    for typed in ("ABCD1234", "abcd1234-00", str(row.pk)):
        assert seen(api_as(bruno), f"reference={typed}") == {str(row.pk)}


def test_the_author_s_other_reports_of_my_territory(
    aurillac: Commune, ytrac: Commune, bruno: User, chloe: User, driss: User, api_as: ApiAs
) -> None:
    """The address links them, and is never shown; across the border nothing is told."""
    one, two = report(aurillac, email="amel@ex.fr"), report(aurillac, email="amel@ex.fr")
    done = accepted(aurillac, bruno, email="amel@ex.fr")
    other, nameless = report(aurillac, email="louis@ex.fr"), report(aurillac)
    there = report(ytrac, at=(2.34, 44.93), email="amel@ex.fr")
    mine = {str(one.pk), str(two.pk), str(done.pk)}
    assert seen(api_as(bruno), f"auteur={one.pk}") == mine
    assert seen(api_as(driss), f"auteur={one.pk}") == mine | {str(there.pk)}
    # Who does not see the report learns nothing from its id: not even which of theirs are by the same hand.
    assert seen(api_as(bruno), f"auteur={there.pk}") == seen(api_as(chloe), f"auteur={one.pk}") == set()
    assert seen(api_as(bruno), f"auteur={nameless.pk}") == {str(nameless.pk)}
    assert seen(api_as(bruno), f"auteur={other.pk}") == {str(other.pk)}
    assert "amel" not in api_as(bruno).get(f"{URL}?auteur={one.pk}").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "age=0", "age=-1", "age=sept", "age=99999", "age=%D9%A7", "limite=1", "photo=peut-etre", "auteur=amel",
        "auteur=%00", "reference=abc", "reference=zzzz", "reference=" + "a" * 33, "depuis=hier", "groupes=1",
        "status=a-refuser", "couche=licornes", "commune=%00", "after=%00",
    ],
)  # fmt: skip
def test_a_hostile_filter_is_told_by_name_at_both_doors(
    query: str, aurillac: Commune, bruno: User, api_as: ApiAs, page_as: PageAs
) -> None:
    row = report(aurillac)
    answer = api_as(bruno).get(f"{URL}?{query}")
    assert answer.status_code == 422 and list(answer.json()["errors"]) == [query.split("=")[0]]
    page = page_as(bruno).get(f"{QUEUE}?{query}")
    assert page.status_code == 422 and str(row.pk) not in page.content.decode()
    assert f"<li>{query.split('=')[0]} : " in page.content.decode()


@pytest.mark.parametrize("query", ["ouvrir=x", "carte=x", "carte=%00"])
def test_an_unknown_card_is_told(query: str, aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    assert page_as(bruno).get(f"{QUEUE}?{query}").status_code == 422


def test_the_page_keeps_what_was_filtered(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    row, cafe = report(aurillac, near_border=True), report(aurillac, couche=bare_couche(), attributes={})
    client = page_as(bruno)
    assert cards(client) == [str(row.pk), str(cafe.pk)]
    page = client.get(f"{QUEUE}?couche=zones-blanches&limite=oui&age=").content.decode()
    assert 'value="zones-blanches" selected' in page and re.search(r'name="limite"[^>]*checked', page)
    assert "Revenir à ce que vous avez à décider" in page and 'name="commune"' not in page
    assert cards(client, "couche=zones-blanches&limite=oui") == [str(row.pk)]
    nothing = client.get(f"{QUEUE}?couche=batiments-publics").content.decode()
    assert "Rien ne correspond à ce filtre." in nothing


def test_one_card_for_what_tells_the_same_thing(
    aurillac: Commune, ytrac: Commune, bruno: User, driss: User, page_as: PageAs, api_as: ApiAs
) -> None:
    """Every member to untick, one button for all; the neighbour's is another card."""
    first, second = report(aurillac, at=(2.3904, 44.93)), report(aurillac, at=(2.3905, 44.93))
    there = report(ytrac, at=(2.3899, 44.93))
    page = page_as(bruno).get(QUEUE).content.decode()
    assert cards(page_as(bruno)) == [str(first.pk)]
    assert "Accepter les 2" in page and 'data-reste="2"' in page
    for row in (first, second):
        assert re.search(rf'<input type="checkbox" name="choix" value="{row.pk}:1" checked>', page)
        assert f'href="/moderation/{row.pk}/"' in page
    assert cards(page_as(driss)) == [str(first.pk), str(there.pk)]
    rows = api_as(driss).get(f"{URL}?groupes=oui&status=a-decider&limit=1").json()
    assert [(row["id"], row["group"]) for row in rows["results"]] == [
        (str(first.pk), str(first.pk)), (str(second.pk), str(first.pk)),
    ]  # fmt: skip
    rest = api_as(driss).get(rows["next"]).json()
    assert [row["group"] for row in rest["results"]] == [str(there.pk)] and rest["next"] is None
    assert rows["remaining"] == rest["remaining"] == 3


def test_a_card_opens_by_its_link_and_alone_for_scripts(
    aurillac: Commune, bruno: User, page_as: PageAs
) -> None:
    rows = [report(aurillac, at=(2.41 + n * 0.01, 44.93)) for n in range(3)]
    client = page_as(bruno)
    page = client.get(f"{QUEUE}?ouvrir={rows[1].pk}").content.decode()
    assert re.findall(r'data-carte data-ouverte data-id="([0-9a-f-]+)"', page) == [str(rows[1].pk)]
    alone = client.get(f"{QUEUE}?carte={rows[2].pk}").content.decode()
    assert alone.lstrip().startswith("<li") and str(rows[2].pk) in alone and str(rows[0].pk) not in alone
    assert client.get(f"{QUEUE}?carte={uuid.uuid4()}").status_code == 404


def test_a_group_decided_from_its_card_leaves_the_unticked(
    aurillac: Commune, bruno: User, page_as: PageAs
) -> None:
    """What the page's form sends is what the gesture takes."""
    rows = [report(aurillac) for _ in range(3)]
    client = page_as(bruno)
    page = client.get(QUEUE).content.decode()
    gesture = re.search(r'name="gesture" value="([0-9a-f-]+)"', page)
    assert gesture and 'action="/moderation/gestes/"' in page
    sent = {
        "gesture": gesture[1], "together": "1", "action": "accept",
        "choix": [f"{rows[0].pk}:1", f"{rows[2].pk}:1"],
    }  # fmt: skip
    assert client.post("/moderation/gestes/", sent).status_code == 302
    for row in rows:
        row.refresh_from_db()
    assert [row.status for row in rows] == ["ACCEPTED", "SUBMITTED", "MERGED"]


def test_a_batch_takes_a_ticked_group_as_one(aurillac: Commune, bruno: User, page_as: PageAs) -> None:
    """Accepted once with an observation more, not published twice."""
    rows = [report(aurillac) for _ in range(2)]
    alone = report(aurillac, at=(2.42, 44.93))
    client = page_as(bruno)
    ticked = re.findall(r'form="lot" value="([^"]+)"', client.get(QUEUE).content.decode())
    assert [len(one.split()) for one in ticked] == [2, 1]
    answer = client.post("/moderation/lot/", {"choix": ticked, "action": "accept"})
    assert "3 décisions appliquées." in answer.content.decode()
    for row in (*rows, alone):
        row.refresh_from_db()
    assert [row.status for row in (*rows, alone)] == ["ACCEPTED", "MERGED", "ACCEPTED"]


def test_the_clerk_reads_the_card_and_is_told_who_decides(
    aurillac: Commune, claude: User, page_as: PageAs
) -> None:
    report(aurillac)
    page = page_as(claude).get(QUEUE).content.decode()
    assert "Votre rôle dans cette commune" in page and "data-actions" not in page


def many(aurillac: Commune, count: int) -> None:
    """Insert reports by hundreds, scattered: nothing of what the page costs may depend on them."""
    made = report(aurillac)
    fields = [f.column for f in Contribution._meta.concrete_fields if f.attname not in {"id", "geom", "desk"}]
    names = ", ".join(fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO contributions_contribution (id, geom, {names}) "  # our columns
            "SELECT gen_random_uuid(), ST_SetSRID(ST_MakePoint(2.40 + n %% 97 * 0.0008, 44.90 + n %% 89 * 0.0007), "
            f"4326), {names} FROM contributions_contribution, generate_series(1, %s) AS n WHERE id = %s",
            [count, made.pk],
        )
        cursor.execute("ANALYZE contributions_contribution")


def test_the_same_queries_at_10_and_at_10_000_pending(
    aurillac: Commune, ytrac: Commune, bruno: User, page_as: PageAs
) -> None:
    client, counts = page_as(bruno), []
    for more in (9, 9_990):
        many(aurillac, more)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(QUEUE).content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20
    assert "(10" in page and "000+)" in page  # what the heading says at the ceiling
    assert page.count("data-carte ") == 20


def test_the_queue_walks_the_index_of_the_desk(aurillac: Commune, bruno: User, driss: User) -> None:
    """Whatever waits, for a commune as for an EPCI: `contribution_desk`, and no reading of the whole table."""
    many(aurillac, 1_000)
    for number in range(12):
        west = 0.2 + number * 0.1
        many(town(code_insee=f"15{number + 900}", siren="", geom=square(west, 44.93)), 1_000)
    for user in (bruno, driss, moderator("france@reperes.demo", national=True)):
        found = Contribution.objects.filter(condition(Filters(status=MINE), user))
        with CaptureQueriesContext(connection) as queries:
            assert len(_oldest(desks_of(user), found, ("pk", "received_at"), WINDOW)) == WINDOW
            assert _count(desks_of(user), found) == (1_001 if user is bruno else 10_000)
        for query in queries.captured_queries:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {query['sql']}")
                plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on contributions_contribution" not in plan, plan
        assert "contribution_desk" in plan


def test_nothing_shows_twice_nor_is_lost_from_page_to_page(
    aurillac: Commune, bruno: User, couches_by_id: dict[int, Any]
) -> None:
    """Across windows too."""
    many(aurillac, 900)
    filters, shown = Filters(status=MINE), list[uuid.UUID]()
    while True:
        page = read_cards(bruno, filters, couches_by_id)
        shown += [line.id for one in page.groups for line in one.members]
        if page.next is None:
            break
        filters = Filters(status=MINE, after=page.next[0], since=page.next[1])
    assert len(shown) == len(set(shown)) == 901


@pytest.fixture
def couches_by_id(db: None) -> dict[int, Any]:
    """The couches, as grouping reads them."""
    from couches.models import Couche

    return {one.pk: one for one in Couche.objects.all()}
