"""The hour that follows sending: the author corrects, nobody else does, and the journal says so."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from comptes.models import Notification, User
from contributions.models import Contribution
from moderation.author import correct, story_of
from moderation.models import Decision
from moderation.refusals import NotYourGesture, StaleVersion
from moderation.workflow import apply
from territoires.models import Commune
from tests.contributions.factories import payload
from tests.factories import SECRET
from tests.moderation.factories import DEAD_ZONE, about, bare_couche, decide, published, report
from tests.moderation.test_api_author import ask
from tests.moderation.test_page_suivi import code, send

VEHICLE = DEAD_ZONE | {"place": "vehicle"}
SENT = dt.datetime(2026, 11, 1, 13, 4, tzinfo=dt.UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The hands of the clock, at the moment of sending: 14 h 04 in Aurillac."""
    with time_machine.travel(SENT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def fresh(aurillac: Commune) -> Contribution:
    """A report received this minute."""
    return report(aurillac, received_at=timezone.now(), email="amel@exemple.fr")


def test_the_author_corrects_answers_place_and_date(fresh: Contribution, api: APIClient) -> None:
    """One decision, the version grows, the state stays; the place is no longer the device's."""
    body = {
        "attributes": VEHICLE,
        "geometry": {"type": "Point", "coordinates": [2.441, 44.931]},
        "observed_at": "2026-05-02T08:00:00+02:00",
    }
    answer = ask(api, fresh, "correction", body)
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store", answer.content
    fresh.refresh_from_db()
    assert (fresh.status, fresh.version, fresh.attributes) == ("SUBMITTED", 2, VEHICLE)
    assert fresh.geom.coords == (2.441, 44.931)
    assert (fresh.accuracy_m, fresh.position_source) == (None, "map")
    assert fresh.observed_at == dt.datetime(2026, 5, 2, 6, tzinfo=dt.UTC)
    written = fresh.decisions.get()
    assert (written.action, written.actor, written.by) == ("correct", "author", None)
    assert written.reason == "les réponses, le lieu, la date"
    told = answer.json()
    assert [(one["status"], one["status_label"], one["corrected"]) for one in told["steps"]] == [
        ("SUBMITTED", "En attente", False),
        ("SUBMITTED", "Corrigé", True),
    ]
    assert told["may_correct"] and told["correct_until"]
    assert not Notification.objects.exists(), "nobody is written to about their own gesture"
    call_command("fsck")


def test_only_what_is_given_changes(fresh: Contribution, api: APIClient) -> None:
    """A date alone leaves the answers and the precision of the place."""
    seen = fresh.attributes, fresh.geom.coords, fresh.accuracy_m
    assert ask(api, fresh, "correction", {"observed_at": "2026-05-02T08:00:00Z"}).status_code == 200
    fresh.refresh_from_db()
    assert (fresh.attributes, fresh.geom.coords, fresh.accuracy_m) == seen
    assert fresh.decisions.get().reason == "la date"


def test_the_same_correction_again_is_once_even_too_late(
    clock: time_machine.Traveller, fresh: Contribution, bruno: User, api: APIClient
) -> None:
    """A lost answer can be asked for again: after the hour, and after a decision too."""
    body = {"attributes": VEHICLE, "geometry": {"type": "Point", "coordinates": [2.441, 44.931]}}
    for _ in range(2):
        assert ask(api, fresh, "correction", body).status_code == 200
    clock.move_to(SENT + dt.timedelta(hours=2))
    assert ask(api, fresh, "correction", body).status_code == 200
    decide(fresh, "accept", bruno)
    assert ask(api, fresh, "correction", body).status_code == 200
    assert fresh.decisions.filter(action="correct").count() == 1


def test_the_last_second_is_in_time_and_the_next_is_not(
    clock: time_machine.Traveller, fresh: Contribution, api: APIClient
) -> None:
    """59 min 59 s, then 1 h 00: refused, and told until when it was possible."""
    clock.move_to(SENT + dt.timedelta(minutes=59, seconds=59))
    assert ask(api, fresh, "correction", {"attributes": VEHICLE}).status_code == 200
    clock.move_to(SENT + dt.timedelta(hours=1))
    answer = ask(api, fresh, "correction", {"attributes": DEAD_ZONE})
    assert answer.status_code == 409 and "jusqu'à 15 h 04" in answer.json()["detail"]
    fresh.refresh_from_db()
    assert (fresh.attributes, fresh.version) == (VEHICLE, 2)
    story = ask(api, fresh, "suivi").json()
    assert story["may_correct"] is False and story["correct_until"] is None
    clock.move_to(SENT + dt.timedelta(days=2))
    late = ask(api, fresh, "correction", {"attributes": DEAD_ZONE}).json()["detail"]
    assert "jusqu'au 1 novembre 2026 à 15 h 04" in late


def test_a_wrong_correction_too_late_is_told_too_late(
    clock: time_machine.Traveller, fresh: Contribution, api: APIClient
) -> None:
    """Nobody mends a form that cannot be sent any more."""
    clock.move_to(SENT + dt.timedelta(hours=1))
    assert ask(api, fresh, "correction", {"attributes": {"inconnu": 1}}).status_code == 409


def test_once_the_mayor_decided_it_is_closed(fresh: Contribution, bruno: User, api: APIClient) -> None:
    """Accepted: the state says so; reopened: read by somebody, it stays closed."""
    decide(fresh, "accept", bruno)
    answer = ask(api, fresh, "correction", {"attributes": VEHICLE})
    assert answer.status_code == 409 and "Acceptée" in answer.json()["detail"]
    decide(fresh, "reopen", bruno)
    answer = ask(api, fresh, "correction", {"attributes": VEHICLE})
    assert answer.status_code == 409 and "déjà examiné" in answer.json()["detail"]
    fresh.refresh_from_db()
    assert fresh.attributes == DEAD_ZONE and not ask(api, fresh, "suivi").json()["may_correct"]


def test_what_others_were_merged_into_is_closed(
    fresh: Contribution, aurillac: Commune, bruno: User, api: APIClient
) -> None:
    """The mayor found the same place in both: one may not become another thing."""
    decide(report(aurillac), "merge", bruno, into=fresh.pk)
    assert ask(api, fresh, "correction", {"attributes": VEHICLE}).status_code == 409


def test_the_mayor_s_old_page_decides_on_nothing(
    fresh: Contribution, bruno: User, api: APIClient, api_as: Callable[[User], APIClient]
) -> None:
    """412: the author changed what was read; the words say who, not that somebody decided."""
    assert ask(api, fresh, "correction", {"attributes": VEHICLE}).status_code == 200
    path = f"/api/v1/moderation/contributions/{fresh.pk}/decisions/"
    answer = api_as(bruno).post(path, {"action": "accept"}, format="json", headers={"If-Match": '"1"'})
    assert answer.status_code == 412
    assert "L'auteur a modifié son signalement" in answer.json()["detail"]
    again = api_as(bruno).post(path, {"action": "accept"}, format="json", headers={"If-Match": '"2"'})
    assert again.status_code == 201


def test_neither_the_neighbour_nor_the_mayor_corrects(
    fresh: Contribution, bruno: User, chloe: User, api_as: Callable[[User], APIClient]
) -> None:
    """The secret is the author's; an official's account opens nothing, nor does the workflow."""
    for person in (bruno, chloe):
        path = f"/api/v1/contributions/{fresh.pk}/correction/"
        for headers in ({}, {"X-Suivi": "un-autre-secret-tout-a-fait-faux"}):
            body = {"attributes": VEHICLE}
            assert api_as(person).post(path, body, format="json", headers=headers).status_code == 404
    with pytest.raises(NotYourGesture):
        apply(contribution_id=fresh.pk, action="correct", actor="official", by=bruno, version=1)
    fresh.refresh_from_db()
    assert (fresh.attributes, fresh.version) == (DEAD_ZONE, 1)


def test_another_site_s_page_is_refused(fresh: Contribution, api: APIClient, client: Client) -> None:
    """Origin says where it comes from; the page's door looks too."""
    elsewhere = {"X-Suivi": SECRET, "Origin": "https://ailleurs.exemple"}
    path = f"/api/v1/contributions/{fresh.pk}/correction/"
    assert api.post(path, {"attributes": VEHICLE}, format="json", headers=elsewhere).status_code == 403
    page = client.post("/suivi/correction/", {"code": code(fresh)}, headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 403 and not fresh.decisions.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "attributes"),
        ({"attributes": None}, "attributes"),
        ([], "non_field_errors"),
        ("x", "non_field_errors"),
        ({"attributes": {"inconnu": 1}}, "attributes.inconnu"),
        ({"attributes": []}, "attributes"),
        ({"attributes": {}}, "attributes.operators"),
        ({"geometry": {"type": "Point", "coordinates": [2.34, 44.93]}}, "geometry"),
        ({"geometry": {"type": "Point", "coordinates": [-30, 40]}}, "geometry"),
        ({"geometry": {"type": "Point", "coordinates": [None, 1e999]}}, "geometry"),
        ({"geometry": "ici"}, "geometry"),
        ({"observed_at": "hier"}, "observed_at"),
        ({"observed_at": 12}, "observed_at"),
        ({"observed_at": "2999-01-01T00:00:00Z"}, "observed_at"),
        ({"attributes": VEHICLE, "status": "ACCEPTED"}, "status"),
        ({"attributes": VEHICLE, "commune": "15267"}, "commune"),
        ({"\ud800": 1}, None),
    ],
)
def test_a_bad_correction_names_the_field(
    body: Any, field: str | None, fresh: Contribution, ytrac: Commune, api: APIClient
) -> None:
    """4xx; nothing was written. Another commune's place is one of them."""
    path = f"/api/v1/contributions/{fresh.pk}/correction/"
    raw = json.dumps(body)
    answer = api.post(path, raw, content_type="application/json", headers={"X-Suivi": SECRET})
    assert 400 <= answer.status_code < 500, answer.content
    if answer.status_code == 422 and field:
        assert field in answer.json()["errors"], answer.content
    fresh.refresh_from_db()
    assert (fresh.version, fresh.attributes, fresh.commune_id) == (1, DEAD_ZONE, "15014")


def test_a_place_in_another_commune_says_what_to_do(
    fresh: Contribution, ytrac: Commune, api: APIClient
) -> None:
    """Withdraw, and send anew: the mayor who decides never changes under a report."""
    there = {"geometry": {"type": "Point", "coordinates": [2.34, 44.93]}}
    assert "retirez ce signalement" in ask(api, fresh, "correction", there).json()["errors"]["geometry"][0]


def test_a_confirmation_keeps_its_object_s_place(aurillac: Commune, bruno: User, api: APIClient) -> None:
    """Its place is not the author's to move; its date is theirs."""
    row = about(published(aurillac, bruno), "confirm", attributes={}, received_at=timezone.now())
    moved = {"geometry": {"type": "Point", "coordinates": [2.441, 44.931]}}
    assert ask(api, row, "correction", moved).status_code == 422
    assert ask(api, row, "correction", {"observed_at": "2026-05-02T08:00:00Z"}).status_code == 200


def test_it_can_be_withdrawn_or_accepted_after(fresh: Contribution, bruno: User, api: APIClient) -> None:
    """A correction closes no door."""
    assert ask(api, fresh, "correction", {"attributes": VEHICLE}).status_code == 200
    assert ask(api, fresh, "retrait").status_code == 200
    assert [one.action for one in fresh.decisions.order_by("version")] == ["correct", "withdraw"]


def test_the_first_sending_again_still_gets_its_receipt(api: APIClient, aurillac: Commune) -> None:
    """A device that lost the receipt sends what it sent: the correction is not a conflict."""
    sent = payload()
    first = api.post("/api/v1/contributions/", sent, format="json")
    row = Contribution.objects.get()
    assert ask(api, row, "correction", {"attributes": VEHICLE}).status_code == 200
    again = api.post("/api/v1/contributions/", sent, format="json")
    assert again.status_code == 200 and again.json() == first.json()
    row.refresh_from_db()
    assert row.attributes == VEHICLE


def test_correcting_by_the_form(clock: time_machine.Traveller, fresh: Contribution, client: Client) -> None:
    """Without scripts: told until when, filled with what was said, sent twice is once."""
    page = send(client, code=code(fresh))
    text = page.content.decode()
    assert "Corriger (possible jusqu'à 15 h 04)" in text.replace("&#x27;", "'")
    assert 'action="/suivi/correction/"' in text and 'id="corriger">' in text
    opened = send(client, code=code(fresh), corriger="1").content.decode()
    assert 'id="corriger" open>' in opened
    fields = {
        **{
            page.context["questions"].add_prefix(name): value
            for name, value in page.context["questions"].initial.items()
            if value not in (None, "", [])
        },
        "observed_on": "2026-10-30",
    }
    for _ in range(2):
        answer = send(
            client, "/suivi/correction/", code=code(fresh), lon="2,441", lat="44,931", **fields
        )  # fmt: skip
        assert answer.status_code == 200, answer.content.decode()
    text = answer.content.decode()
    assert "Corrigé" in text and "le lieu, la date" in text
    fresh.refresh_from_db()
    assert fresh.decisions.count() == 1 and fresh.geom.coords == (2.441, 44.931)
    assert timezone.localdate(fresh.observed_at) == dt.date(2026, 10, 30)


def test_a_bad_form_keeps_what_was_typed_and_a_late_one_says_so(
    clock: time_machine.Traveller, fresh: Contribution, ytrac: Commune, client: Client
) -> None:
    """422 with the form open; 409 once the hour is over, and no promise that the words are kept."""
    form = send(client, code=code(fresh)).context["questions"]
    fields = {
        form.add_prefix(name): value for name, value in form.initial.items() if value not in (None, "", [])
    }
    day = {"observed_on": "2026-10-30"}
    for wrong in ({"observed_on": "2999-01-01"}, {**day, "lon": "abc", "lat": "44"},
                  {**day, "lon": "2,34", "lat": "44,93"}):  # fmt: skip
        answer = send(client, "/suivi/correction/", code=code(fresh), **fields, **wrong)
        assert answer.status_code == 422 and 'id="corriger" open>' in answer.content.decode()
    clock.move_to(SENT + dt.timedelta(hours=1))
    late = send(client, "/suivi/correction/", code=code(fresh), **fields, **day)
    assert late.status_code == 409 and "15 h 04" in late.content.decode()
    assert "est conservé" not in late.content.decode()
    fresh.refresh_from_db()
    assert fresh.version == 1


def test_a_wrong_code_corrects_nothing(fresh: Contribution, client: Client) -> None:
    """404, like the other doors."""
    assert send(client, "/suivi/correction/", code=f"{fresh.pk}.{'z' * 27}").status_code == 404
    assert send(client, "/suivi/correction/", code="bonjour").status_code == 422


def test_the_official_reads_what_was_corrected(
    fresh: Contribution, bruno: User, page_as: Callable[[User], Client]
) -> None:
    """The journal says so, under a word of its own."""
    correct(contribution=fresh, attributes=VEHICLE)
    page = page_as(bruno).get(f"/moderation/{fresh.pk}/").content.decode()
    assert "Corrigé" in page and "a corrigé" in page and "les réponses" in page


def test_what_the_town_hall_completed_survives(aurillac: Commune, bruno: User) -> None:
    """Nor a correction nor an answer empties the fields its form does not show."""
    couche = bare_couche("services")
    name = next(key for key, one in couche.attribute_schema["properties"].items() if one.get("x-complete"))
    row = report(
        aurillac, couche=couche, received_at=timezone.now(),
        attributes={"kind": "cafe", "nom": "Café", name: "Gardé"},
    )  # fmt: skip
    correct(contribution=row, attributes={"kind": "cafe", "nom": "Zinc"})
    row.refresh_from_db()
    assert (row.attributes["nom"], row.attributes[name]) == ("Zinc", "Gardé")


def test_a_stale_official_is_told_by_the_verb_too(fresh: Contribution, bruno: User) -> None:
    """The same words from the verb: who modified, when."""
    correct(contribution=fresh, attributes=VEHICLE)
    with pytest.raises(StaleVersion, match="relisez-le"):
        apply(contribution_id=fresh.pk, action="accept", actor="official", by=bruno, version=1)
    assert story_of(fresh).may_correct and Decision.objects.count() == 1
