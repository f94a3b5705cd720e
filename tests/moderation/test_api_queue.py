"""GET moderation/contributions/ and /{id}/: one's own territory, constant queries, bad filters refused."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from comptes.models import User
from couches.models import Couche
from territoires.models import Commune
from tests.moderation.factories import accepted, bare_couche, decide, published, report

URL = "/api/v1/moderation/contributions/"
ApiAs = Callable[[User], APIClient]


def ids(client: APIClient, query: str = "") -> list[str]:
    """Return the ids listed, in order."""
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"] == "no-store"
    return [row["id"] for row in answer.json()["results"]]


def test_anonymous_is_asked_to_sign_in(api: APIClient, db: None) -> None:
    """401, no cookie."""
    answer = api.get(URL)
    assert answer.status_code == 401 and not answer.cookies


def test_each_sees_their_own_territory(
    aurillac: Commune, ytrac: Commune, bruno: User, claude: User, chloe: User, driss: User, sophie: User,
    api_as: ApiAs,
) -> None:  # fmt: skip
    """Mayor and clerk: the commune; referent: both; steward: nothing."""
    here, there = report(aurillac), report(ytrac, at=(2.34, 44.93))
    assert ids(api_as(bruno)) == ids(api_as(claude)) == [str(here.pk)]
    assert ids(api_as(chloe)) == [str(there.pk)]
    assert set(ids(api_as(driss))) == {str(here.pk), str(there.pk)}
    assert ids(api_as(sophie)) == []


def test_filters(aurillac: Commune, ytrac: Commune, bruno: User, driss: User, api_as: ApiAs) -> None:
    """By state, couche, commune and box."""
    waiting, done = report(aurillac), accepted(aurillac, bruno)
    cafe = report(aurillac, couche=bare_couche(), attributes={})
    there = report(ytrac, at=(2.34, 44.93))
    client = api_as(driss)
    assert ids(client, "status=ACCEPTED") == [str(done.pk)]
    assert ids(client, "couche=services") == [str(cafe.pk)]
    assert ids(client, "commune=15267") == [str(there.pk)]
    assert ids(client, "commune=75056") == []
    assert ids(client, "bbox=2.33,44.9,2.35,45") == [str(there.pk)]
    assert set(ids(client, "status=tous")) == {str(one.pk) for one in (waiting, done, cafe, there)}


def test_a_box_does_not_open_the_neighbour_s(
    ytrac: Commune, aurillac: Commune, bruno: User, api_as: ApiAs
) -> None:
    """Filters narrow the scope, never widen it."""
    report(ytrac, at=(2.34, 44.93))
    assert ids(api_as(bruno), "bbox=-180,-90,180,90") == []
    assert ids(api_as(bruno), "commune=15267") == []


@pytest.mark.parametrize(
    "query",
    [
        "status=nimporte", "commune=1501", "commune=15014%00", "couche=licornes", "couche=a%00b", "bbox=1,2,3",
        "bbox=nan,nan,nan,nan", "bbox=inf,-inf,1,1", "bbox=2,45,1,46", "bbox=1,46,2,45", "bbox=1e400,0,1,1",
        "bbox=a,b,c,d", "after=hier", "after=99999999T999999999999-" + "0" * 32, "limit=0", "limit=101",
        "limit=-1", "limit=abc", "limit=9999999999", "after=00010101T000000000000-" + "0" * 32,
        "commune=%D9%A1%D9%A5%D9%A0%D9%A1%D9%A4", "status=%ED%A0%80",
    ],
)  # fmt: skip
def test_a_bad_filter_is_refused_by_name(query: str, bruno: User, api_as: ApiAs) -> None:
    """422, never a wider list."""
    answer = api_as(bruno).get(f"{URL}?{query}")
    assert answer.status_code == 422, answer.content
    assert list(answer.json()["errors"]) == [query.split("=")[0]]


def test_pages_follow_each_other_without_gap(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """Oldest first; the same instant does not hide anybody."""
    moment = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    rows = [report(aurillac, received_at=moment + dt.timedelta(days=n // 3)) for n in range(8)]
    client, seen = api_as(bruno), list[str]()
    url: Any = f"{URL}?limit=3"
    for expected in (8, 8, 8):
        page = client.get(url).json()
        assert page["remaining"] == expected
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert url is None
    assert seen == [str(row.pk) for row in sorted(rows, key=lambda row: (row.received_at, row.pk))]


def test_the_number_of_queries_does_not_grow(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """1 or 40 rows."""
    client, counts = api_as(bruno), []
    for more in (1, 39):
        for _ in range(more):
            report(aurillac, email="amel@exemple.fr")
        with CaptureQueriesContext(connection) as queries:
            assert ids(client)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_author_stays_unknown(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """« has an e-mail », and that is all."""
    row = report(aurillac, email="amel@exemple.fr")
    for url in (URL, f"{URL}{row.pk}/"):
        text = api_as(bruno).get(url).content.decode()
        assert "amel" not in text and row.secret_sha256 not in text and row.payload_sha256 not in text
        assert '"has_email":true' in text


def test_one_report_with_its_etag(aurillac: Commune, bruno: User, api_as: ApiAs) -> None:
    """Journal, neighbours, gestures with the reason of those that are closed."""
    root = published(aurillac, bruno, at=(2.4401, 44.93))
    row, near = report(aurillac), report(aurillac, at=(2.4402, 44.93))
    decide(row, "return", bruno)
    answer = api_as(bruno).get(f"{URL}{row.pk}/")
    body = answer.json()
    assert answer["ETag"] == '"2"' and answer["Cache-Control"] == "no-store"
    assert [step["action"] for step in body["history"]] == ["return"] and body["history"][0]["by"] == "Bruno"
    found = {(one["kind"], one["id"]) for one in body["duplicates"]}
    assert found == {("feature", str(root.published_feature_id)), ("contribution", str(near.pk))}
    gestures = {one["action"]: one for one in body["actions"]}
    assert not gestures["accept"]["allowed"] and "À compléter" in gestures["accept"]["why_not"]


def test_neighbours_across_the_border_stay_hidden(
    aurillac: Commune, ytrac: Commune, bruno: User, driss: User, api_as: ApiAs
) -> None:
    """Pending reports of the next commune are the next mayor's, even 20 m away."""
    here, there = report(aurillac, at=(2.3901, 44.93)), report(ytrac, at=(2.3899, 44.93))
    assert api_as(bruno).get(f"{URL}{here.pk}/").json()["duplicates"] == []
    seen = api_as(driss).get(f"{URL}{here.pk}/").json()["duplicates"]
    assert [one["id"] for one in seen] == [str(there.pk)]


def test_another_territory_is_not_found(
    aurillac: Commune, chloe: User, sophie: User, api: APIClient, api_as: ApiAs
) -> None:
    """The same answer as for an unknown id."""
    row = report(aurillac)
    assert api.get(f"{URL}{row.pk}/").status_code == 401
    for user in (chloe, sophie):
        assert api_as(user).get(f"{URL}{row.pk}/").status_code == 404


def test_the_reasons_of_a_couche(bruno: User, api: APIClient, api_as: ApiAs) -> None:
    """`hors-sujet` is one of them; a couche has its own beside the general ones."""
    client = api_as(bruno)
    everything = client.get("/api/v1/moderation/motifs/").json()["results"]
    mine = client.get("/api/v1/moderation/motifs/?couche=zones-blanches").json()["results"]
    assert (
        {"hors-sujet", "panne-passagere"}
        <= {one["code"] for one in mine}
        < {one["code"] for one in everything}
    )
    assert all(one["label"] and one["actions"] for one in everything)
    assert {one["code"] for one in everything if not one["public_text"]} == {"autre"}
    for bad in ("licornes", "a%00b", "%F0%9F%A6%84"):
        assert client.get(f"/api/v1/moderation/motifs/?couche={bad}").status_code == 422
    assert api.get("/api/v1/moderation/motifs/").status_code == 401


def test_every_reason_names_known_couches(db: None) -> None:
    """A couche renamed would leave its reasons behind."""
    from moderation.reasons import REASONS

    known = set(Couche.objects.values_list("slug", flat=True))
    assert all(one.couches <= known and one.actions for one in REASONS)
    assert len({one.code for one in REASONS}) == len(REASONS)
