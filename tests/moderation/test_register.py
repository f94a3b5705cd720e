"""/communes/{code}/decisions/: what was decided, for everybody; nobody named, nothing too near."""

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from comptes.models import User
from couches.models import Couche
from moderation.gestures import Item, take, undo
from moderation.models import Decision
from moderation.publication import publish_accepted
from moderation.register import decided_in, in_words
from moderation.register_figures import figures_of
from moderation.workflow import Action, apply
from territoires.models import Commune, FormerCode, LieuDit
from tests.couches.test_plans import nodes, used
from tests.factories import MembershipFactory, UserFactory
from tests.moderation.factories import accepted, decide, report
from tests.moderation.register_cast import FEED, JSON, PAGE, days_ago, decided, everywhere, results

pytestmark = pytest.mark.django_db
XSS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</blockquote><svg/onload=alert(1)>",
    "javascript:alert(1)", "{{7*7}}{% now 'Y' %}", "]]><!--", "&lt;b&gt;", "\u202eevil", "a\x0bb",
]  # fmt: skip


def hamlet(commune: Any, name: str, lon: float, lat: float) -> None:
    """Name a place of a commune."""
    LieuDit.objects.create(commune=commune, nom=name, point=Point(lon, lat, srid=4326))


def test_each_decision_says_what_where_whose_why_and_how_fast(
    client: Client, aurillac: Commune, bruno: User
) -> None:
    hamlet(aurillac, "Belbex", 2.441, 44.931)
    hamlet(aurillac, "Le Bout du Monde", 2.47, 44.97)
    received = timezone.now() - dt.timedelta(days=13)
    decided(aurillac, "reject", bruno, public_reason="Un pylône est prévu ici.", received_at=received)
    (line,) = results(client)
    assert line["place"] == "Belbex, Aurillac" and line["days"] == 12 and line["body"] == "commune"
    assert (line["action"], line["status"], line["reason"]) == (
        "reject",
        "REJECTED",
        "Un pylône est prévu ici.",
    )
    page = client.get(PAGE).content.decode()
    for words in ("Refusée", "Belbex, Aurillac", "Un pylône est prévu ici.", "par la mairie, en 12 jours"):
        assert words in page
    assert "Le Bout du Monde" not in page


def test_no_word_of_anybody_gets_out(client: Client, aurillac: Commune, bruno: User, driss: User) -> None:
    """Canaries in each place where a person shows: none in the page, the feed, the JSON."""
    bruno.display_name = "Canari Bruno"
    bruno.save()
    row = report(aurillac, email="canari.amel@exemple.fr", at=(2.441234, 44.931234))
    with days_ago(3):
        decide(row, "return", bruno, public_reason="Public.", reason="canari-note-interne")
        apply(contribution_id=row.pk, action="answer", actor="author", version=None, reason="canari-message")
        decide(row, "reject", bruno, public_reason="Public.", reason="canari-note-interne")
    with days_ago(2):
        apply(contribution_id=row.pk, action="appeal", actor="author", version=None, reason="canari-recours")
    with days_ago(1):
        decide(row, "reject", driss, public_reason="Public, en recours.")
    for door, text in everywhere(client).items():
        assert "Public, en recours." in text, door
        assert not re.findall(r"(?i)canari|driss|bruno|reperes\.demo|exemple\.fr", text), door
        assert "2.44" not in text and "44.93" not in text and str(row.pk) not in text, door


def test_a_sensitive_couche_shows_the_commune_only(client: Client, aurillac: Commune, bruno: User) -> None:
    hamlet(aurillac, "Belbex", 2.44, 44.93)
    couche = Couche.objects.create(slug="refuges", title="Refuges", attribute_schema={}, sensitive=True)
    with days_ago(1):
        decide(report(aurillac, couche=couche, attributes={}), "reject", bruno)
    (line,) = results(client)
    assert line["place"] == "Aurillac" and line["object"] is None
    assert "Belbex" not in "".join(everywhere(client).values())


def test_what_was_taken_back_never_shows(client: Client, aurillac: Commune, bruno: User) -> None:
    row = report(aurillac)
    gesture = uuid.uuid4()
    with days_ago(1):
        take(
            gesture=gesture, by=bruno, action=Action.REJECT, items=[Item(row.pk, 1)],
            reason_code="autre", public_reason="canari-geste-annulé",
        )  # fmt: skip
        undo(gesture=gesture, by=bruno)
    assert results(client) == []
    assert "canari" not in "".join(everywhere(client).values())


def test_a_decision_waits_for_second_thoughts(client: Client, aurillac: Commune, bruno: User) -> None:
    """Nobody reads in the half minute what may still be taken back."""
    row = report(aurillac)
    decide(row, "reject", bruno)
    assert results(client) == []
    decided(aurillac, "reject", bruno, days=1 / 1440)
    assert len(results(client)) == 1


def test_steps_that_are_no_decision_are_left_out(client: Client, aurillac: Commune, bruno: User) -> None:
    row = report(aurillac)
    with days_ago(2):
        decide(row, "return", bruno)
        apply(contribution_id=row.pk, action="answer", actor="author", version=None, reason="Là.")
        decide(row, "accept", bruno)
        publish_accepted(couche=row.couche, by=None)
    assert [line["action"] for line in results(client)] == ["accept", "return"]
    shown = results(client)[0]["object"]
    row.refresh_from_db()
    assert shown["id"] == str(row.published_feature_id)
    assert f"?feature={row.published_feature_id}" in client.get(PAGE).content.decode()


def test_the_neighbour_s_decisions_are_in_their_own_register(
    client: Client, aurillac: Commune, ytrac: Commune, chloe: User
) -> None:
    with days_ago(1):
        decide(report(ytrac, at=(2.34, 44.93)), "reject", chloe)
    assert results(client) == []
    assert len(client.get("/api/v1/communes/15267/decisions/").json()["results"]) == 1


def test_it_says_which_level_decided_never_who(
    client: Client, aurillac: Commune, bruno: User, driss: User
) -> None:
    national = UserFactory(email="france@reperes.demo")
    MembershipFactory(user=national, national=True)
    for by in (bruno, driss, national):
        decided(aurillac, "reject", by)
    assert [line["body"] for line in results(client)][::-1] == ["commune", "epci", "france"]
    page = client.get(PAGE).content.decode()
    assert "par la mairie" in page and "par l&#x27;intercommunalité" in page


def test_a_mandate_that_ended_since_still_names_its_level(
    client: Client, aurillac: Commune, driss: User
) -> None:
    decided(aurillac, "reject", driss)
    driss.memberships.update(ends=timezone.now())
    assert results(client)[0]["body"] == "epci"


def test_self_accepted_is_said(client: Client, aurillac: Commune, bruno: User) -> None:
    with days_ago(1):
        accepted(aurillac, bruno, entered_by=bruno, channel="desk")
    assert results(client)[0]["self_accepted"] is True
    assert "acceptée par qui l'a saisie" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("text", XSS)
def test_a_hostile_reason_is_shown_as_text(text: str, client: Client, aurillac: Commune, bruno: User) -> None:
    decided(aurillac, "reject", bruno, public_reason=text)
    hamlet(aurillac, '<img src=x onerror="alert(2)">', 2.44, 44.93)
    page = client.get(PAGE).content.decode()
    assert not re.search(
        r"<script>alert|<img src=x|<svg/onload|\{\{7|href=\"javascript", page.replace("{{7*7}}", "")
    )
    assert client.get(FEED).status_code == 200 and client.get(JSON).status_code == 200


# --- Pages, filters, caches ---------------------------------------------------------------------------


def test_twenty_a_page_by_a_cursor_that_neither_skips_nor_repeats(
    client: Client, aurillac: Commune, bruno: User
) -> None:
    """Fifty decisions, many at the same instant."""
    with days_ago(1):
        rows = [report(aurillac) for _ in range(50)]
        Decision.objects.bulk_create(_refusals(rows, aurillac, bruno, timezone.now()))
    seen, address = [], JSON
    while address:
        answer = client.get(address).json()
        assert len(answer["results"]) <= 20
        seen += [line["id"] for line in answer["results"]]
        address = answer["next"]
    assert len(seen) == 50 and seen == sorted(seen, reverse=True)
    page = client.get(PAGE).content.decode()
    assert page.count('class="fiche decision"') == 20
    following = re.search(r'rel="next" href="(\?[^"]+)"', page)
    assert (
        following
        and client.get(PAGE + following[1].replace("&amp;", "&"))
        .content.decode()
        .count('class="fiche decision"')
        == 20
    )


def _refusals(rows: list[Any], commune: Commune, by: User, at: dt.datetime) -> list[Decision]:
    return [
        Decision(
            contribution=row,
            actor="official",
            action="reject",
            from_status="SUBMITTED",
            to_status="REJECTED",
            version=2,
            by=by,
            at=at,
            commune=commune,
            reason_code="autre",
            public_reason=f"Motif {rank}.",
        )
        for rank, row in enumerate(rows)
    ]


def test_filters_by_couche_and_year(client: Client, aurillac: Commune, bruno: User) -> None:
    bruno.memberships.update(starts=timezone.now() - dt.timedelta(days=900))
    decided(aurillac, "reject", bruno, days=400)
    decided(aurillac, "reject", bruno, couche=Couche.objects.get(slug="services"))
    old = timezone.localtime(timezone.now() - dt.timedelta(days=400)).year
    assert [one["couche"] for one in results(client, "?couche=services")] == ["services"]
    assert [one["couche"] for one in results(client, f"?annee={old}")] == ["zones-blanches"]
    page = client.get(PAGE, {"annee": "2019"})
    assert page.status_code == 200 and "Aucune décision ne répond à ce filtre" in page.content.decode()


@pytest.mark.parametrize(
    "query",
    ["couche=rien", "couche=%00", "annee=12", "annee=20²6", "annee=99999", "avant=x", "avant=20261301T000000000000-1",
     "avant=20260101T000000000000-99999999999999999999", "avant=%F0%9F%98%80", "couche=" + "a" * 9000],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused_in_words(
    query: str, client: Client, aurillac: Commune
) -> None:
    for door in (PAGE, FEED, JSON):
        answer = client.get(f"{door}?{query}")
        assert answer.status_code == 422, door
        assert "public" not in answer.get("Cache-Control", "")
    assert 'role="alert"' in client.get(f"{PAGE}?{query}").content.decode()


@pytest.mark.parametrize("code", ["00000", "abc", "%00", "9" * 300, "15014'--"])
def test_a_code_of_no_commune_is_not_found(code: str, client: Client, aurillac: Commune) -> None:
    for door in (PAGE, FEED, JSON):
        assert client.get(door.replace("15014", code)).status_code == 404


def test_a_former_code_leads_to_today_s_register(client: Client, aurillac: Commune) -> None:
    FormerCode.objects.create(code="15027", nom="Calvinet", kind="ancien-code", commune=aurillac)
    for door in (PAGE, FEED):
        answer = client.get(door.replace("15014", "15027"))
        assert (answer.status_code, answer["Location"]) == (301, door)


def test_the_register_holds_what_absorbed_communes_decided(
    client: Client, aurillac: Commune, ytrac: Commune, chloe: User
) -> None:
    with days_ago(1):
        decide(report(ytrac, at=(2.34, 44.93)), "reject", chloe)
    Commune.objects.filter(pk="15267").update(successor=aurillac, valid_to=timezone.localdate())
    assert [line["place"] for line in results(client)] == ["Ytrac"]


def test_caches_may_keep_it_and_ask_whether_it_changed(
    client: Client, aurillac: Commune, bruno: User, page_as: Callable[[User], Client]
) -> None:
    decided(aurillac, "reject", bruno)
    for door in (PAGE, FEED, JSON):
        first = client.get(door)
        assert "public" in first["Cache-Control"] and "max-age=60" in first["Cache-Control"]
        assert "Cookie" not in first.get("Vary", "")
        assert client.get(door, headers={"If-None-Match": first["ETag"]}).status_code == 304
        assert page_as(bruno).get(door).content == first.content, "the same for everybody"
    etag = client.get(PAGE)["ETag"]
    decided(aurillac, "accept", bruno, days=0.5)
    assert client.get(PAGE, headers={"If-None-Match": etag}).status_code == 200


def test_the_cost_does_not_follow_the_number_of_decisions(
    client: Client, aurillac: Commune, bruno: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        with days_ago(1):
            accepted(aurillac, bruno)
    publish_accepted(couche=Couche.objects.get(slug="zones-blanches"), by=None)
    with days_ago(1):
        rows = [report(aurillac) for _ in range(30)]
        Decision.objects.bulk_create(_refusals(rows, aurillac, bruno, timezone.now()))
    for door, most in ((PAGE, 10), (FEED, 6), (JSON, 9)):
        with django_assert_max_num_queries(most):
            client.get(door)


def test_a_page_of_a_large_register_walks_its_index(aurillac: Commune, bruno: User) -> None:
    """20,000 decisions in eight communes: neither sorted nor read whole."""
    with days_ago(30):
        rows = [report(aurillac) for _ in range(4)]
        Decision.objects.bulk_create(_refusals(rows, aurillac, bruno, timezone.now()))
    with connection.cursor() as cursor:
        # The trigger judges mandates one by one; this is about plans.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO moderation_decision (contribution_id, actor, action, from_status, to_status, version,"
            " by_id, at, commune_id, changes, reason_code, reason, public_reason, self_accepted)"
            " SELECT contribution_id, actor, action, from_status, to_status, version + n, by_id,"
            " at + n * interval '1 minute', commune_id, changes, reason_code, reason, public_reason, false"
            " FROM moderation_decision, generate_series(1, 5000) AS n"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE moderation_decision")
    page = in_words(decided_in(aurillac)).order_by("-at", "-pk")[:21]
    found = nodes(*page.query.sql_with_params())
    assert "decision_register" in used(found)
    assert "Sort" not in {node for node, _index in found[:2]}


# --- Figures -------------------------------------------------------------------------------------------


def test_the_figures_count_twelve_months_and_their_median(
    client: Client, aurillac: Commune, bruno: User
) -> None:
    now = timezone.now()
    bruno.memberships.update(starts=now - dt.timedelta(days=900))
    for days in (2, 4, 30):
        decided(aurillac, "reject", bruno, received_at=now - dt.timedelta(days=days + 1))
    decided(aurillac, "accept", bruno, received_at=now - dt.timedelta(days=5),
            couche=Couche.objects.get(slug="services"))  # fmt: skip
    decided(aurillac, "reject", bruno, days=380)
    report(aurillac, received_at=now - dt.timedelta(days=9))
    figures = figures_of(aurillac)
    assert figures.total is not None
    assert (figures.total.answers, figures.total.rejected, figures.total.accepted) == (4, 3, 1)
    assert round(figures.total.median_days, 2) == 4
    assert [(row.couche.slug, row.answers, round(row.median_days)) for row in figures.rows if row.couche] == [
        ("services", 1, 4), ("zones-blanches", 3, 4),
    ]  # fmt: skip
    assert (figures.waiting, figures.waiting_days) == (1, 9)
    page = client.get(PAGE).content.decode()
    assert "réponses en douze mois" in page and "<strong>4 jours</strong>" in page
    assert "sans réponse, le plus ancien depuis 9 jours" in page
    assert client.get(JSON).json()["figures"]["total"]["median_days"] == 4.0


def test_an_empty_register_says_so(client: Client, aurillac: Commune) -> None:
    page = client.get(PAGE).content.decode()
    assert "Rien n'a encore été décidé ici." in page and "délai médian" not in page
    assert client.get(JSON).json()["figures"]["total"] is None


def test_the_commune_s_page_leads_to_it(client: Client, aurillac: Commune, bruno: User) -> None:
    assert f'href="{PAGE}"' in client.get("/communes/15014/").content.decode()


def test_the_json_is_what_it_says(client: Client, aurillac: Commune, bruno: User) -> None:
    """A golden list of keys: a new one is a decision, not an accident."""
    decided(aurillac, "reject", bruno)
    answer = json.loads(client.get(JSON).content)
    assert set(answer) == {"commune", "figures", "log", "next", "results"}
    assert set(answer["results"][0]) == {
        "id", "at", "couche", "couche_title", "place", "action", "word", "status", "body", "reason",
        "redacted", "days", "self_accepted", "after_appeal", "object",
    }  # fmt: skip
