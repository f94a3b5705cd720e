"""Pauses: what they refuse, whom, where exactly and until when; what everybody reads of them."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from comptes.models import User
from contributions import pauses, workshops
from contributions.models import Contribution, Pause, TokenBucket
from contributions.submission import submit
from couches.models import Couche
from moderation.author import correct
from territoires.models import Commune
from tests.contributions.factories import payload, submission
from tests.contributions.pauses_cast import ADDRESS, SOON, at, box, opened
from tests.contributions.test_api import problem
from tests.contributions.test_signaler import at_the_check, hidden
from tests.factories import (
    ContributionFactory,
    MembershipFactory,
    UserFactory,
)

# --- a refusal ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_stranger_is_refused_with_the_town_halls_words_the_end_and_what_to_do(
    api: APIClient, bruno: User
) -> None:
    row = opened(bruno)
    response = api.post(ADDRESS, payload())
    said = problem(response, 403)
    assert said["type"] == "urn:reperes:probleme:zone-en-pause"
    assert "Appelez le 04 71 00 00 00." in said["detail"] and "texte est gardé" in said["detail"]
    assert str(timezone.localtime(row.ends).year) in said["detail"]
    assert abs(int(response["Retry-After"]) - SOON.total_seconds()) < 5
    assert not Contribution.objects.exists() and not TokenBucket.objects.exists()
    assert api.post(ADDRESS, at(2.45, 44.95)).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["web", "offline", "embed", "api"])
def test_every_anonymous_channel_feels_it(api: APIClient, bruno: User, channel: str) -> None:
    opened(bruno)
    problem(api.post(ADDRESS, payload(channel=channel)), 403)


@pytest.mark.django_db
def test_a_token_without_live_mandate_opens_nothing(api_as: Callable[[User], APIClient], bruno: User) -> None:
    opened(bruno)
    former = UserFactory()
    MembershipFactory(user=former, commune_id="15014", ends=timezone.now() - dt.timedelta(days=1))
    problem(api_as(former).post(ADDRESS, payload()), 401)


@pytest.mark.django_db
def test_the_desk_the_officials_the_workshops_and_the_files_go_on(
    api: APIClient, api_as: Callable[[User], APIClient], bruno: User, claude: User
) -> None:
    opened(bruno)
    opened(bruno, mode=Pause.Mode.SLOW)
    _row, code = workshops.open_workshop(by=bruno, label="Classe", hours=3, max_uses=60)
    assert api_as(claude).post(ADDRESS, payload(channel="desk")).status_code == 201
    assert api_as(bruno).post(ADDRESS, payload()).status_code == 201
    assert api.post(ADDRESS, payload(workshop=code)).status_code == 201
    assert submit(submission()).created
    problem(api.post(ADDRESS, payload(workshop="CHENE-0000")), 422)


@pytest.mark.django_db
def test_what_was_acknowledged_is_never_refused_afterwards(api: APIClient, bruno: User) -> None:
    document = payload()
    first = api.post(ADDRESS, document)
    opened(bruno)
    again = api.post(ADDRESS, document)
    assert (first.status_code, again.status_code) == (201, 200) and first.content == again.content


@pytest.mark.django_db
def test_a_pause_on_a_subject_leaves_the_others_open(api: APIClient, bruno: User) -> None:
    opened(bruno, couche=Couche.objects.get(slug="services"))
    assert api.post(ADDRESS, payload()).status_code == 201
    cafe = {"kind": "cafe", "nom": "Le Zinc"}
    problem(api.post(ADDRESS, payload(couche="services", attributes=cafe)), 403)


@pytest.mark.django_db
def test_limits_switched_off_do_not_open_a_refused_zone(api: APIClient, bruno: User, settings: Any) -> None:
    opened(bruno)
    settings.REPERES_LIMITS = False
    problem(api.post(ADDRESS, payload()), 403)
    assert api.post(ADDRESS, at(2.45, 44.95)).status_code == 201


@pytest.mark.django_db
def test_the_page_keeps_all_that_was_entered(bruno: User) -> None:
    opened(bruno)
    visitor = Client(enforce_csrf_checks=True, headers={"sec-fetch-site": "same-origin"})
    check = at_the_check(visitor)
    assert "suspendus ici" in check.content.decode() and "avis--attente" in check.content.decode()
    page = visitor.post("/signaler/", {**hidden(check), "etape": "envoi", "email": "amel@exemple.fr"})
    text = page.content.decode()
    assert page.status_code == 403 and not page.cookies and int(page["Retry-After"]) > 1
    assert text.count("Appelez le 04 71 00 00 00.") == 1 and 'value="amel@exemple.fr"' in text
    assert hidden(page)["id"] == hidden(check)["id"] and not Contribution.objects.exists()


@pytest.mark.django_db
def test_a_report_does_not_slip_into_a_pause_by_a_correction(bruno: User) -> None:
    received = submit(submission(geometry={"type": "Point", "coordinates": [2.45, 44.95]})).contribution
    opened(bruno)
    with pytest.raises(ValidationError) as refusal:
        correct(contribution=received, geometry={"type": "Point", "coordinates": [2.44, 44.93]})
    assert list(refusal.value.message_dict) == ["geometry"]
    inside = ContributionFactory(commune=bruno.memberships.get().commune, received_at=timezone.now())
    assert correct(contribution=inside, observed_at="2026-05-04T10:30:00+02:00")


# --- where exactly, until when --------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lon", "lat", "status"),
    [
        (2.43, 44.92, 403), (2.43, 44.925, 403), (2.435, 44.92, 403), (2.44, 44.93, 403), (2.435, 44.925, 403),
        (2.42999999, 44.925, 201), (2.44000001, 44.925, 201), (2.435, 44.91999999, 201), (2.435, 44.93000001, 201),
    ],
)  # fmt: skip
def test_the_edge_is_inside_and_a_millimetre_beyond_is_not(
    api: APIClient, bruno: User, lon: float, lat: float, status: int
) -> None:
    opened(bruno, zone=box(2.43, 44.92, 2.44, 44.93))
    assert api.post(ADDRESS, at(lon, lat)).status_code == status


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_postgis_and_plain_arithmetic_agree_on_what_is_inside(bruno: User, data: Any) -> None:
    inside_aurillac = [st.floats(2.391, 2.489), st.floats(44.881, 44.979)]
    west, east = sorted(data.draw(inside_aurillac[0]) for _ in range(2))
    south, north = sorted(data.draw(inside_aurillac[1]) for _ in range(2))
    if east - west < 0.001 or north - south < 0.001:
        return
    row = opened(bruno, zone=box(west, south, east, north))
    lon = data.draw(st.sampled_from([west, east]) | inside_aurillac[0])
    lat = data.draw(st.sampled_from([south, north]) | inside_aurillac[1])
    commune, couche = Commune.objects.get(pk="15014"), Couche.objects.get(slug="zones-blanches")
    found = pauses.on(Point(lon, lat, srid=4326), commune=commune, couche=couche)
    assert (row in found) is (west <= lon <= east and south <= lat <= north)
    pauses.end_pause(by=bruno, pk=row.pk)


@pytest.mark.django_db
def test_at_the_instant_it_ends_the_zone_is_open_again(api: APIClient, bruno: User) -> None:
    began = timezone.now()
    with time_machine.travel(began, tick=False):
        row = opened(bruno, ends=began + dt.timedelta(hours=2))
        problem(api.post(ADDRESS, payload()), 403)
    with time_machine.travel(row.ends - dt.timedelta(microseconds=1), tick=False):
        assert api.post(ADDRESS, payload())["Retry-After"] == "1"
    with time_machine.travel(row.ends, tick=False):
        assert api.post(ADDRESS, payload()).status_code == 201


@pytest.mark.django_db
def test_before_it_begins_nothing_is_refused(api: APIClient, bruno: User) -> None:
    began = timezone.now()
    starts = began + dt.timedelta(days=1)
    opened(bruno, starts=starts, ends=starts + SOON)
    with time_machine.travel(starts - dt.timedelta(microseconds=1), tick=False):
        assert api.post(ADDRESS, payload()).status_code == 201
    with time_machine.travel(starts, tick=False):
        problem(api.post(ADDRESS, payload()), 403)


@pytest.mark.django_db
def test_of_several_the_last_to_end_is_told(api: APIClient, bruno: User) -> None:
    opened(bruno, message="La courte.")
    opened(bruno, message="La longue.", ends=timezone.now() + dt.timedelta(days=30))
    opened(bruno, message="La lente.", mode=Pause.Mode.SLOW, ends=timezone.now() + dt.timedelta(days=60))
    assert "La longue." in problem(api.post(ADDRESS, payload()), 403)["detail"]


@pytest.mark.django_db
def test_a_stroke_over_the_border_never_touches_the_neighbours_reports(
    api: APIClient, bruno: User, ytrac: Commune
) -> None:
    opened(bruno, zone=box(2.3899, 44.92, 2.40, 44.93))  # eight metres into Ytrac
    problem(api.post(ADDRESS, at(2.3901, 44.925)), 403)
    assert api.post(ADDRESS, at(2.38995, 44.925)).status_code == 201


@pytest.mark.django_db
def test_a_whole_commune_is_its_outline_and_no_more(api: APIClient, bruno: User, ytrac: Commune) -> None:
    opened(bruno, commune=Commune.objects.get(pk="15014"))
    for lon, lat in ((2.4899, 44.9799), (2.44, 44.93)):
        problem(api.post(ADDRESS, at(lon, lat)), 403)
    assert api.post(ADDRESS, at(2.36, 44.93)).status_code == 201


# --- what everybody reads ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_log_says_where_why_and_until_when_and_never_by_whom(
    bruno: User, aurillac: Commune, ytrac: Commune
) -> None:
    first = opened(bruno, commune=aurillac)
    second = opened(bruno, mode=Pause.Mode.SLOW, couche=Couche.objects.get(slug="services"))
    pauses.end_pause(by=bruno, pk=first.pk)
    later, earlier = pauses.public_log(aurillac)
    assert (later.place, later.mode, later.until) == ("Environ 78 ha : Aurillac", "ralentis", second.ends)
    assert earlier.place == "Toute la commune : Aurillac" and earlier.ended_early and earlier.is_over
    assert [row.place for row in pauses.live_in(aurillac)] == [later.place]
    assert pauses.public_log(ytrac) == []
    assert "Bruno" not in str([later, earlier]) and "2.4" not in str([later, earlier])


@pytest.mark.django_db
def test_the_preview_announces_it_to_strangers_only(
    api: APIClient, api_as: Callable[[User], APIClient], bruno: User, claude: User
) -> None:
    path = "/api/v1/contributions/apercu/"
    assert api.post(path, payload()).json()["pause"] is None
    row = opened(bruno)
    told = api.post(path, payload()).json()["pause"]
    assert (told["mode"], told["message"]) == ("refuse", row.message) and "suspendus ici" in told["detail"]
    assert api.post(path, at(2.45, 44.95)).json()["pause"] is None
    assert api_as(claude).post(path, payload(channel="desk")).json()["pause"] is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/communes/15014/", "/signaler/?commune=15014", "/signaler/?commune=15014&couche=services"]
)
def test_the_communes_page_and_the_report_say_it_while_it_lasts(
    client: Client, bruno: User, path: str
) -> None:
    assert "sans compte suspendus" not in client.get(path).content.decode()
    row = opened(bruno, message="Appelez-nous <b>vite</b>.")
    page = client.get(path)
    assert "sans compte suspendus" in page.content.decode() and "&lt;b&gt;" in page.content.decode()
    assert not page.cookies and "Bruno" not in page.content.decode()
    pauses.end_pause(by=bruno, pk=row.pk)
    assert "sans compte suspendus" not in client.get(path).content.decode()


@pytest.mark.django_db
def test_only_strangers_reports_of_the_week_in_the_zone_are_counted(bruno: User, claude: User) -> None:
    row = opened(bruno, couche=Couche.objects.get(slug="zones-blanches"))
    now = timezone.now()
    ContributionFactory()
    ContributionFactory(geom=Point(2.44, 44.931, srid=4326))
    for other in (
        {"geom": Point(2.45, 44.95, srid=4326)}, {"received_at": now - dt.timedelta(days=8)},
        {"channel": "desk", "entered_by": claude}, {"channel": "import"}, {"status": "WITHDRAWN"},
        {"couche": Couche.objects.get(slug="services")},
    ):  # fmt: skip
        ContributionFactory(**other)
    assert pauses.waiting_in(row) == 2


def test_the_answer_is_json_that_a_phone_can_read() -> None:
    """The phone tells a pause from other refusals by the end of this type."""
    assert json.dumps(pauses.ZonePaused.code) == '"zone-en-pause"' and pauses.ZonePaused.status == 403
