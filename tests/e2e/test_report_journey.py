"""A resident reports from the phone: each way to say where, what is known already, photos, corrections."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from contributions.models import Contribution
from contributions.photos import photo_path
from couches.models import Feature
from territoires.models import Commune
from tests.e2e.conftest import HashedLiveServer, Watch
from tests.e2e.phone import COUNTERS, HERE, Phone, geocoder, geocoder_pattern, jpeg
from tests.frontend.factories import publish_dead_zone

Camera = Callable[[Page, str], None]
BORDER = "Tout près d'une autre commune : vérifiez le lieu. La mairie confirmera."
with_worker = pytest.mark.browser_context_args(service_workers="allow")


@pytest.fixture
def phone(
    live_server: HashedLiveServer,
    transactional_db: None,
    aurillac: Commune,
    ytrac: Commune,
    page: Page,
    watch: Watch,
) -> Phone:
    """A phone in Aurillac, whose network some tests cut."""
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page.add_init_script(COUNTERS)
    return Phone(page, live_server.url)


@pytest.fixture
def located(context: BrowserContext, phone: Phone) -> Phone:
    """The same, whose owner lets the site know the position."""
    context.grant_permissions(["geolocation", "background-sync"])
    context.set_geolocation(HERE)  # type: ignore[arg-type]  # a plain dict of the same keys
    return phone


@pytest.fixture
def zone(aurillac: Commune) -> Feature:
    """A dead zone of Orange, published at the town hall (2.44 E, 44.93 N)."""
    publish_dead_zone(aurillac)
    return Feature.objects.get()


def test_a_dead_zone_is_reported_from_the_position(located: Phone, capture: Camera) -> None:
    page = located.open().page
    capture(page, "appli-1-quoi")
    located.choose()
    expect(page.get_by_text("Position trouvée, à 12 m près.")).to_be_visible()
    expect(page.locator(".lieu__commune")).to_have_text("Aurillac")
    capture(page, "appli-2-ou")
    located.tap("C'est ici")
    located.title("Réseau mobile : zones blanches")
    capture(page, "appli-3-precisez")
    located.nothing_works()
    capture(page, "appli-3-precisez-rempli")
    located.tap("Continuer")
    located.title("Une photo, un courriel ?")
    capture(page, "appli-4-photo")
    located.tap("Passer")
    located.title("Vérifiez, puis envoyez")
    expect(page.get_by_text("Sujet")).to_be_visible()
    capture(page, "appli-5-verifier")
    located.send()
    located.is_sent()
    expect(page.get_by_text("La mairie (Aurillac) examinera votre signalement.")).to_be_visible()
    capture(page, "appli-6-recu")
    row = Contribution.objects.get()
    assert (row.position_source, row.accuracy_m, row.channel) == ("gps", 12, "web")
    assert abs(row.geom.x - HERE["longitude"]) < 1e-6 and abs(row.geom.y - HERE["latitude"]) < 1e-6
    operators = [{"operator": "20801", "calls": "none", "sms": "none", "data": "none"}]
    assert row.attributes == {"operators": operators}
    assert page.context.cookies() == []
    link = page.get_by_role("link", name="Suivre la réponse").get_attribute("href")
    assert link and link.startswith(f"/suivi/#{row.pk}.")


def test_the_second_report_of_a_person_takes_six_taps_and_no_key(located: Phone) -> None:
    located.open().choose()
    expect(located.page.locator(".lieu__commune")).to_have_text("Aurillac")
    located.tap("C'est ici")
    located.nothing_works()
    located.tap("Continuer")
    located.tap("Passer")
    located.send()
    located.is_sent()
    located.open()
    assert located.page.evaluate("[taps, keys]") == [0, 0]
    located.choose()
    expect(located.page.locator(".lieu__commune")).to_have_text("Aurillac")
    located.tap("C'est ici")
    located.tap("Rien ne passe")
    located.tap("Continuer")
    located.tap("Passer")
    located.send()
    located.is_sent()
    taps, keys = located.page.evaluate("[taps, keys]")
    assert taps <= 6 and keys == 0
    assert Contribution.objects.filter(attributes__operators__0__operator="20801").count() == 2


def test_a_whole_report_by_keyboard_without_the_map(phone: Phone, context: BrowserContext) -> None:
    context.route(geocoder_pattern(), geocoder)
    page = phone.open().page
    phone.press("Réseau mobile")
    phone.title("Où est-ce ?")
    phone.press("Une adresse ou un lieu-dit")
    page.keyboard.type("le bourg")
    expect(page.get_by_role("button", name="Le Bourg 15000 Aurillac")).to_be_visible()
    phone.press("Le Bourg 15000 Aurillac")
    expect(page.locator(".lieu__commune")).to_have_text("Aurillac")
    phone.press("C'est ici")
    phone.press("Orange", "Space")
    phone.press("Rien ne passe", "Space")
    phone.press("Continuer")
    phone.press("Adresse électronique")
    page.keyboard.type("amel@exemple.fr")
    phone.press("Continuer")
    phone.press("Envoyer à la mairie")
    phone.is_sent()
    assert page.evaluate("taps") == 0
    row = Contribution.objects.get()
    assert row.position_source == "address" and row.accuracy_m is None
    assert page.locator(".leaflet-container").count() == 0


def test_coordinates_pasted_as_maps_give_them_are_read(phone: Phone) -> None:
    page = phone.open().page
    phone.choose()
    phone.tap("Des coordonnées")
    page.get_by_label("Latitude").fill("44.9401, 2.4512")
    assert page.get_by_label("Longitude").input_value() == "2.4512"
    phone.tap("Placer ici")
    expect(page.locator(".lieu__commune")).to_have_text("Aurillac")
    page.get_by_label("Latitude").fill("quarante-quatre")
    phone.tap("Placer ici")
    expect(page.get_by_role("alert")).to_contain_text("Écrivez deux nombres de degrés")


def test_the_place_outside_france_is_refused_in_words(phone: Phone, watch: Watch) -> None:
    watch.expect("status of 404")
    phone.open().choose()
    phone.place_by_numbers("40,0", "-30,0", commune="")
    expect(phone.page.get_by_role("alert")).to_contain_text("hors de France")


def test_the_arrows_move_the_map_under_the_cross(phone: Phone, capture: Camera) -> None:
    page = phone.open("?couche=zones-blanches").page
    phone.place_by_numbers()
    phone.tap("La carte")
    page.get_by_role("region", name="Carte").focus()
    latitude = page.get_by_label("Latitude").input_value()
    capture(page, "appli-2-carte")
    page.keyboard.press("ArrowUp")
    # The place follows once the map has stopped.
    expect(page.get_by_label("Latitude")).not_to_have_value(latitude)
    expect(page.locator(".lieu__etat")).to_contain_text("Sous la croix :")
    assert float(page.get_by_label("Latitude").input_value()) > float(latitude)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Longitude")).to_have_value(re.compile("2\\.45[2-9]"))
    lon = float(page.get_by_label("Longitude").input_value())
    assert lon > 2.4512
    phone.tap("Placer ici")
    expect(page.locator(".lieu__etat")).to_contain_text("Lieu placé :")
    assert phone.reports()[0]["place"]["source"] == "map"
    assert abs(phone.reports()[0]["place"]["lon"] - lon) < 1e-6


def test_a_position_refused_is_said_and_the_other_ways_remain(phone: Phone, capture: Camera) -> None:
    phone.page.context.clear_permissions()
    phone.open().choose()
    phone.tap("Utiliser ma position")
    expect(phone.page.locator(".lieu__etat")).to_contain_text("L'accès à la position est refusé")
    capture(phone.page, "appli-2-position-refusee")
    phone.place_by_numbers()


def test_a_position_that_never_comes_is_given_up_after_ninety_seconds(located: Phone) -> None:
    page = located.page
    page.add_init_script("navigator.geolocation.watchPosition = () => 1")
    page.clock.install()
    located.open().choose()
    expect(page.locator(".lieu__etat")).to_have_text("Recherche de votre position…")
    page.clock.fast_forward(91_000)
    expect(page.locator(".lieu__etat")).to_contain_text("La position n'a pas été trouvée.")


def test_a_rough_position_grows_better_or_is_enough(located: Phone, context: BrowserContext) -> None:
    context.set_geolocation({**HERE, "accuracy": 140})  # type: ignore[arg-type]
    page = located.open().page
    located.choose()
    expect(page.locator(".lieu__etat")).to_contain_text("à 140 m près")
    context.set_geolocation({**HERE, "accuracy": 40})  # type: ignore[arg-type]
    expect(page.locator(".lieu__etat")).to_contain_text("à 40 m près")
    located.tap("Cette précision suffit")
    expect(page.get_by_role("button", name="Chercher de nouveau ma position")).to_be_visible()
    assert located.reports()[0]["place"]["accuracy"] == 40


@with_worker
def test_without_network_the_phone_names_the_commune_and_its_near_border(
    located: Phone, context: BrowserContext, capture: Camera
) -> None:
    located.prepare()
    located.hold_worker()
    capture(located.page, "appli-preparer-pret")
    context.set_geolocation({"longitude": 2.3905, "latitude": 44.93, "accuracy": 9})
    context.set_offline(True)
    located.open().choose()
    expect(located.page.locator(".lieu__commune")).to_have_text("Aurillac")
    expect(located.page.get_by_text(BORDER)).to_be_visible()
    capture(located.page, "appli-2-limite")


@with_worker
def test_known_places_of_the_pack_are_a_way_without_network(phone: Phone, context: BrowserContext) -> None:
    phone.prepare()
    phone.hold_worker()
    context.set_offline(True)
    phone.open().choose()
    phone.tap("Un lieu connu")
    phone.page.locator(".proposition").first.click()
    expect(phone.page.locator(".lieu__commune")).to_have_text("Aurillac")
    assert phone.reports()[0]["place"]["source"] == "list"


def _confirm(phone: Phone, capture: Camera, name: str) -> None:
    phone.tap("C'est ici")
    phone.title("C'est peut-être déjà sur la carte")
    capture(phone.page, name)
    phone.tap("J'ai le même problème")
    phone.nothing_works("Free")
    phone.tap("Continuer")
    phone.tap("Passer")
    phone.send()


def test_what_is_known_near_is_confirmed_with_ones_own_operator(
    phone: Phone, zone: Feature, capture: Camera
) -> None:
    phone.open().choose()
    with phone.page.expect_response("**/contributions/apercu/"):
        phone.place_by_numbers("44,9302", "2,4402")
    _confirm(phone, capture, "appli-2-deja")
    phone.is_sent()
    row = Contribution.objects.get()
    assert (row.operation, row.feature_id) == ("confirm", zone.pk)
    assert [one["operator"] for one in row.attributes["operators"]] == ["20815"]
    assert (timezone.now() - row.observed_at).total_seconds() < 300


def test_what_is_known_near_is_still_shown_when_the_server_answers_late(
    phone: Phone, zone: Feature, watch: Watch
) -> None:
    watch.expect("net::ERR_FAILED")
    phone.page.route("**/contributions/apercu/", lambda route: route.abort(), times=1)
    phone.open().choose()
    phone.place_by_numbers("44,9302", "2,4402")
    phone.tap("C'est ici")
    phone.nothing_works("Free")
    phone.tap("Continuer")
    phone.tap("Passer")
    phone.tap("Voir ce qui est connu tout près")
    phone.title("C'est peut-être déjà sur la carte")
    phone.tap("J'ai le même problème")
    expect(phone.page.locator("h1")).to_contain_text("Orange : appels impossible")


@with_worker
def test_what_is_known_near_is_shown_without_network_and_confirmed_later(
    phone: Phone, zone: Feature, context: BrowserContext, capture: Camera
) -> None:
    phone.prepare()
    phone.hold_worker()
    context.set_offline(True)
    phone.open().choose()
    phone.place_by_numbers("44,9302", "2,4402")
    _confirm(phone, capture, "appli-2-deja-hors-ligne")
    expect(phone.page.get_by_text("Enregistré sur ce téléphone.")).to_be_visible()
    capture(phone.page, "appli-6-recu-attente")
    assert not Contribution.objects.exists()
    context.set_offline(False)
    phone.is_sent()
    row = Contribution.objects.get()
    assert (row.operation, row.feature_id, row.channel) == ("confirm", zone.pk, "offline")


def test_a_photo_goes_with_the_report_without_what_the_phone_wrote_in_it(
    phone: Phone, tmp_path: Path, capture: Camera
) -> None:
    phone.open().choose()
    phone.place_by_numbers()
    phone.tap("C'est ici")
    phone.nothing_works()
    phone.tap("Continuer")
    phone.page.locator("#photo").set_input_files(
        {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    )
    expect(phone.page.get_by_text("Photo ajoutée,")).to_be_visible()
    capture(phone.page, "appli-4-photo-jointe")
    phone.tap("Continuer")
    expect(phone.page.get_by_text("Une photo partira avec")).to_be_visible()
    phone.send()
    phone.is_sent()
    expect(phone.page.get_by_text("photo partira quand")).to_have_count(0)
    photo = Contribution.objects.get().photos.get()
    assert max(photo.width, photo.height) == 1600
    assert b"Marque" not in photo_path(photo.sha256).read_bytes()


def test_a_photo_no_browser_reads_is_refused_and_the_report_leaves_without_it(
    phone: Phone, capture: Camera
) -> None:
    phone.open().choose()
    phone.place_by_numbers()
    phone.tap("C'est ici")
    phone.nothing_works()
    phone.tap("Continuer")
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 400
    phone.page.locator("#photo").set_input_files(
        {"name": "IMG_2.heic", "mimeType": "image/heic", "buffer": heic}
    )
    expect(phone.page.get_by_role("alert")).to_contain_text("n'a pas pu être lue")
    capture(phone.page, "appli-4-photo-refusee")
    phone.tap("Passer")
    phone.send()
    phone.is_sent()
    assert not Contribution.objects.get().photos.exists()


def test_what_was_sent_is_corrected_within_the_hour(phone: Phone, capture: Camera) -> None:
    phone.open().to_review("Orange")
    phone.send()
    phone.is_sent()
    phone.tap("Corriger (possible jusqu'à")
    phone.title("Vérifiez, puis envoyez")
    phone.tap("Changer les réponses")
    phone.page.get_by_role("checkbox", name="Orange", exact=True).uncheck(force=True)
    phone.nothing_works("SFR")
    phone.tap("Continuer")
    phone.title("Une photo, un courriel ?")
    phone.page.get_by_role("button", name=re.compile("^(Continuer|Passer)$")).click()
    phone.tap("Envoyer la correction")
    phone.is_sent()
    row = Contribution.objects.get()
    assert [one["operator"] for one in row.attributes["operators"]] == ["20810"]


@with_worker
def test_a_known_place_opens_on_the_server_and_the_app_without_it(
    phone: Phone, zone: Feature, context: BrowserContext
) -> None:
    phone.open().hold_worker()
    phone.page.goto(f"{phone.url}/signaler/?feature={zone.pk}")
    expect(phone.page.get_by_role("button", name="C'est toujours vrai")).to_be_visible()
    context.set_offline(True)
    phone.open(f"?feature={zone.pk}")
    phone.title("Que voulez-vous signaler ?")


def test_the_geocoder_is_the_only_stranger_a_report_may_call(phone: Phone, context: BrowserContext) -> None:
    """Typed text leaves for the geocoder alone, once typing rests; `watch` refuses any other."""
    stranger = settings.GEOCODER_URL
    asked: list[str] = []
    context.route(geocoder_pattern(), geocoder)
    context.on("request", lambda one: asked.append(one.url) if one.url.startswith(stranger) else None)
    phone.open().choose()
    phone.tap("Une adresse ou un lieu-dit")
    phone.page.get_by_label("Adresse, hameau ou lieu-dit").press_sequentially("le bourg", delay=20)
    expect(phone.page.get_by_role("button", name="Le Bourg 15000 Aurillac")).to_be_visible()
    assert len(asked) == 1
