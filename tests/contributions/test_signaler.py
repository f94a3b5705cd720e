"""/signaler/: the whole report by plain forms, without cookie nor script."""

import html
import io
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from PIL import Image

from comptes.models import Notification
from contributions.models import Contribution, Photo
from territoires.models import Commune
from tests.contributions.factories import published
from tests.factories import ContributionFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/signaler/"
ORANGE_FAILS = {"a-operators-20801-calls": "none"}


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True, headers={"sec-fetch-site": "same-origin"})


def hidden(response: HttpResponse, form_with: str = "") -> dict[str, str]:
    """Return the hidden fields of the page's form which contains `form_with`."""
    forms = re.findall(r"<form.*?</form>", response.content.decode(), re.DOTALL)
    chosen = next(form for form in forms if form_with in form)
    fields = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", chosen):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        fields[name[1]] = html.unescape(value[1]) if value else ""
    return fields


def at_the_details(visitor: Client, **place: Any) -> HttpResponse:
    return visitor.post(
        ADDRESS, {"etape": "lieu", "couche": "zones-blanches", "lat": "44,93", "lon": "2.44", **place}
    )


def at_the_check(visitor: Client, **answers: Any) -> HttpResponse:
    draft = hidden(at_the_details(visitor), "observed_on")
    day = {"observed_on": timezone.localdate().isoformat()}
    return visitor.post(ADDRESS, {**draft, **ORANGE_FAILS, **day, **answers, "etape": "verifier"})


def test_a_resident_reports_a_dead_zone_without_script(visitor: Client, aurillac: Commune) -> None:
    first = visitor.get(ADDRESS)
    assert first.content.decode().count("?couche=") == 3
    where = visitor.get(ADDRESS, {"couche": "zones-blanches"})
    assert 'name="lat"' in where.content.decode()
    check = at_the_check(visitor)
    text = check.content.decode()
    assert check.status_code == 200, text
    assert "Aurillac" in text and "Orange" in text and "44,93000" in text
    assert not Contribution.objects.exists()
    receipt = visitor.post(ADDRESS, {**hidden(check), "etape": "envoi", "email": "amel@exemple.fr"})
    row = Contribution.objects.get()
    assert (row.commune, row.channel, row.status) == (aurillac, "web", "SUBMITTED")
    assert row.attributes == {"operators": [{"operator": "20801", "calls": "none"}]}
    assert f"/suivi/#{row.pk}." in receipt.content.decode()
    assert Notification.objects.get().recipient == "amel@exemple.fr"
    for response in [first, where, check, receipt]:
        assert not response.cookies


def test_the_precision_is_shown_since_it_is_published(visitor: Client, aurillac: Commune) -> None:
    details = at_the_details(visitor, accuracy_m="12,4", position_source="gps")
    draft = {**hidden(details, "observed_on"), **ORANGE_FAILS, "observed_on": "2026-05-04"}
    check = visitor.post(ADDRESS, {**draft, "etape": "verifier"})
    assert "à 12 m près" in check.content.decode()
    visitor.post(ADDRESS, {**hidden(check), "etape": "envoi"})
    row = Contribution.objects.get()
    assert (row.accuracy_m, row.position_source) == (12.4, "gps")


def test_a_double_click_is_one_report(visitor: Client, aurillac: Commune) -> None:
    draft = {**hidden(at_the_check(visitor)), "etape": "envoi"}
    first, second = visitor.post(ADDRESS, draft), visitor.post(ADDRESS, draft)
    assert first.content == second.content
    assert Contribution.objects.count() == 1


def test_going_back_after_sending_and_changing_says_so(visitor: Client, aurillac: Commune) -> None:
    draft = {**hidden(at_the_check(visitor)), "etape": "envoi"}
    visitor.post(ADDRESS, draft)
    changed = visitor.post(ADDRESS, {**draft, "email": "amel@exemple.fr"})
    assert changed.status_code == 409 and "déjà parti" in changed.content.decode()
    assert Contribution.objects.count() == 1


def test_nothing_entered_is_lost_on_an_error(visitor: Client, aurillac: Commune) -> None:
    wrong_day = at_the_check(visitor, observed_on="2999-01-01")
    text = wrong_day.content.decode()
    assert wrong_day.status_code == 422 and "pas encore venu" in text
    assert re.search(r'value="none"[^>]*checked', text), "the answer given is still ticked"
    no_answer = at_the_check(visitor, **{"a-operators-20801-calls": ""})
    assert no_answer.status_code == 422 and 'id="erreurs"' in no_answer.content.decode()
    bad_mail = visitor.post(ADDRESS, {**hidden(at_the_check(visitor)), "etape": "envoi", "email": "amel@"})
    text = bad_mail.content.decode()
    assert bad_mail.status_code == 422 and 'href="#id_email"' in text
    assert "choisissez-la de nouveau" in text and "Orange" in text
    assert not Contribution.objects.exists()


def test_going_back_keeps_the_answers_and_the_place(visitor: Client, aurillac: Commune) -> None:
    draft = hidden(at_the_check(visitor))
    details = visitor.post(ADDRESS, {**draft, "etape": "precisez"}).content.decode()
    assert re.search(r'value="none"[^>]*checked', details)
    where = visitor.post(ADDRESS, {**draft, "etape": "ou"})
    assert 'value="44,93"' in where.content.decode()
    moved = visitor.post(
        ADDRESS, {**hidden(where, 'name="lat"'), "etape": "lieu", "lat": "44.94", "lon": "2.44"}
    )
    kept = hidden(moved, "observed_on")
    assert (kept["id"], kept["lat"]) == (draft["id"], "44.94")
    assert re.search(r'value="none"[^>]*checked', moved.content.decode())


@pytest.mark.parametrize(
    ("lat", "lon", "said"),
    [
        ("44", "", "obligatoire"),
        ("nord", "2", "latitude"),
        ("40.4", "-3.7", "hors"),
        ("999", "2", "latitude"),
    ],
)
def test_a_wrong_place_says_what_to_do(
    visitor: Client, aurillac: Commune, lat: str, lon: str, said: str
) -> None:
    page = at_the_details(visitor, lat=lat, lon=lon)
    assert page.status_code == 422
    assert said in page.content.decode() and f'value="{lat}"' in page.content.decode()


def test_a_known_place_is_found_by_its_commune(visitor: Client, aurillac: Commune) -> None:
    cafe = published(aurillac)
    page = visitor.get(ADDRESS, {"couche": "services", "q": "aurillac"}).content.decode()
    assert "Café des Amis" in page and f"?feature={cafe.pk}" in page and "à la mairie" in page
    assert "Aucune commune" in visitor.get(ADDRESS, {"couche": "services", "q": "zzzz"}).content.decode()


@pytest.mark.parametrize("operation", ["confirm", "update", "delete"])
def test_a_published_object_can_be_confirmed_corrected_or_said_gone(
    visitor: Client, aurillac: Commune, operation: str
) -> None:
    cafe = published(aurillac)
    assert "Café des Amis" in visitor.get(ADDRESS, {"feature": str(cafe.pk)}).content.decode()
    details = visitor.post(ADDRESS, {"etape": "objet", "feature": str(cafe.pk), "operation": operation})
    answers = {"a-kind": "cafe", "a-nom": "Café du Centre"} if operation == "update" else {}
    check = visitor.post(
        ADDRESS,
        {**hidden(details, "observed_on"), **answers, "observed_on": "04/05/2026", "etape": "verifier"},
    )
    assert check.status_code == 200
    visitor.post(ADDRESS, {**hidden(check), "etape": "envoi"})
    row = Contribution.objects.get()
    assert (row.operation, row.feature_id, row.geom.coords) == (operation, cafe.pk, (2.44, 44.93))
    assert row.attributes == ({"kind": "cafe", "nom": "Café du Centre"} if operation == "update" else {})


def test_what_is_near_is_shown_before_writing(visitor: Client, aurillac: Commune) -> None:
    cafe = published(aurillac, lat=44.9302)
    ContributionFactory(commune=aurillac, couche=cafe.couche, attributes={"kind": "cafe", "nom": "Canari"})
    page = at_the_details(visitor, couche="services").content.decode()
    assert "Café des Amis" in page and 'value="confirm"' in page
    assert "Un signalement proche attend" in page and "Canari" not in page


def picture() -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(stream, "JPEG")
    stream.seek(0)
    stream.name = "photo.jpg"
    return stream


def test_a_photo_goes_with_the_report(visitor: Client, aurillac: Commune) -> None:
    draft = {**hidden(at_the_check(visitor)), "etape": "envoi"}
    page = visitor.post(ADDRESS, {**draft, "photo": picture()})
    again = visitor.post(ADDRESS, {**draft, "photo": picture()})
    assert Photo.objects.get().rank == 1
    assert "Une photo est jointe" in page.content.decode() and again.status_code == 200


def test_a_photo_refused_does_not_lose_the_report(visitor: Client, aurillac: Commune) -> None:
    svg = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    svg.name = "photo.jpg"
    page = visitor.post(ADDRESS, {**hidden(at_the_check(visitor)), "etape": "envoi", "photo": svg})
    assert Contribution.objects.count() == 1 and not Photo.objects.exists()
    assert "n&#x27;a pas pu être lue" in page.content.decode()
    retry = {**hidden(page, 'name="photo"'), "photo": picture()}
    assert "Une photo est jointe" in visitor.post(ADDRESS, retry).content.decode()
    assert Photo.objects.count() == 1


def test_a_fourth_photo_is_refused_and_a_stranger_adds_none(visitor: Client, aurillac: Commune) -> None:
    page = visitor.post(ADDRESS, {**hidden(at_the_check(visitor)), "etape": "envoi"})
    own = hidden(page, 'name="photo"')
    for rank in range(4):
        stream = io.BytesIO()
        Image.new("RGB", (40, 30 + rank), "green").save(stream, "PNG")
        stream.seek(0)
        page = visitor.post(ADDRESS, {**own, "photo": stream})
    assert Photo.objects.count() == 3 and "Trois photos au plus" in page.content.decode()
    assert visitor.post(ADDRESS, {**own, "secret": "x" * 30, "photo": picture()}).status_code == 400
    assert visitor.post(ADDRESS, {**own, "id": "x", "photo": picture()}).status_code == 400
    assert "Choisissez" in visitor.post(ADDRESS, own).content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://ailleurs.exemple"},
        {"origin": "null"},
    ],
    ids=str,
)
def test_another_site_cannot_make_a_visitor_send(aurillac: Commune, headers: dict[str, str]) -> None:
    ours = Client(headers={"sec-fetch-site": "same-origin", "origin": "http://testserver"})
    draft = {**hidden(at_the_check(ours)), "etape": "envoi"}
    assert Client(headers=headers).post(ADDRESS, draft).status_code == 403
    assert not Contribution.objects.exists()
    assert ours.post(ADDRESS, draft).status_code == 200


def test_the_first_pages_are_the_same_for_everybody(visitor: Client, page_as: Any, bruno: Any) -> None:
    for query in ["", "?couche=services", "?couche=services&commune=15014"]:
        anonymous, signed_in = visitor.get(ADDRESS + query), page_as(bruno).get(ADDRESS + query)
        assert anonymous.content == signed_in.content
        assert "public" in anonymous["Cache-Control"] and not signed_in.cookies


def test_a_page_with_the_secret_is_never_kept(visitor: Client, aurillac: Commune) -> None:
    assert "no-store" in at_the_details(visitor)["Cache-Control"]


@pytest.mark.parametrize(
    "post",
    [
        {},
        {"etape": "avaler"},
        {"etape": "envoi"},
        {"etape": "verifier", "id": "x"},
        {"etape": "precisez"},
        {"etape": "ou"},
        {"etape": "objet", "feature": "x", "operation": "confirm"},
        {"etape": "lieu", "couche": "inconnue", "lat": "44.93", "lon": "2.44"},
        {"etape": "photo"},
    ],
    ids=str,
)
def test_a_step_that_leads_nowhere_says_so(visitor: Client, db: None, post: dict[str, str]) -> None:
    assert visitor.post(ADDRESS, post).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "?feature=x",
        "?couche=x%00",
        "?commune=%00",
        "?couche=services&q=%00",
        "?couche=services&commune=99999",
    ],
)
def test_an_odd_address_still_shows_a_page(visitor: Client, db: None, query: str) -> None:
    assert visitor.get(ADDRESS + query).status_code == 200


@pytest.mark.parametrize(
    "tampered",
    [
        {"attributes": "["},
        {"attributes": "[" * 9000},
        {"attributes": "[1]"},
        {"attributes": '{"operators": "\\ud800"}'},
        {"attributes": '{"operators": 1e999}'},
        {"attributes": '{"operators": [1, [], {"operator": {}}]}'},
        {"attributes": '{"operators": 1' + "0" * 400 + "}"},
        {"attributes": '{"nom": "\\u0000"}'},
        {"observed_at": "2026-99-99T00:00:00Z"},
        {"observed_at": "0001-01-01T00:00:00+14:00"},
        {"accuracy_m": "nan"},
        {"position_source": "flair"},
        {"lat": "nan"},
        {"lat": "1e999"},
        {"feature": "x"},
        {"operation": "avaler"},
        {"couche": "services"},
        {"secret": "court"},
        {"id": "x"},
    ],
    ids=lambda tampered: ascii(tampered)[:40],
)
def test_a_tampered_draft_is_refused_with_a_page(
    visitor: Client, aurillac: Commune, tampered: dict[str, str]
) -> None:
    draft = {**hidden(at_the_check(visitor)), **tampered}
    for step in ["envoi", "verifier", "precisez", "ou"]:
        assert visitor.post(ADDRESS, {**draft, "etape": step}).status_code in {200, 400, 422}
    assert not Contribution.objects.exists()


def test_too_heavy_a_form_is_refused_before_it_is_read(visitor: Client, db: None) -> None:
    response = visitor.generic(
        "POST",
        ADDRESS,
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(14 * 1024 * 1024),
    )
    assert response.status_code == 413 and "12 Mo" in response.content.decode()
