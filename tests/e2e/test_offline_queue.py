"""The queue of a phone, through what happens to phones: each report arrives once, whole, or stays and says why."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import CDPSession, Page

from contributions.models import Contribution
from tests.e2e.device import DEAD_ZONE, DRAWN, PLACE, Phone, Saved, jpeg, module
from tests.e2e.faults import PHOTO, TEXT, FaultyNetwork
from tests.factories import ContributionFactory

HOUR = dt.timedelta(hours=1)
# What the first version of this page left on a phone: three stores, a report and its photo.
FIRST_VERSION = """
async ([report, base64]) => {
  const request = indexedDB.open("reperes", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("reports", { keyPath: "id" });
    request.result.createObjectStore("photos", { keyPath: ["id", "n"] });
    request.result.createObjectStore("settings", { keyPath: "key" });
  };
  await new Promise((resolve, reject) => { request.onsuccess = resolve; request.onerror = reject; });
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
  const transaction = request.result.transaction(["reports", "photos"], "readwrite");
  transaction.objectStore("reports").put(report);
  transaction.objectStore("photos").put({ id: report.id, n: 1, type: "image/jpeg", bytes });
  await new Promise((resolve, reject) => { transaction.oncomplete = resolve; transaction.onabort = reject; });
  request.result.close();
}
"""
CHANGE = """
async ([url, id, changes]) => {
  await (await import(url)).changeReport(id, (row) => Object.assign(row, changes));
}
"""


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    """The whole suite sends from one address."""
    settings.REPERES_LIMITS = False


def _assert_stored_once(saved: Saved) -> Contribution:
    """Check that a report is in the database, once, whole, with its own photos."""
    (stored,) = Contribution.objects.filter(pk=saved.id)
    assert stored.attributes == saved.attributes
    kept = stored.photos.order_by("rank").values_list("source_sha256", flat=True)
    assert list(kept) == [hashlib.sha256(one).hexdigest() for one in saved.photos]
    return stored


def _devtools(phone: Phone, page: Page) -> CDPSession:
    return phone.context.new_cdp_session(page)


def _show(page: Page, screen: str) -> None:
    page.evaluate("(screen) => { location.hash = screen; }", screen)


def _give_place(page: Page, lat: str, lon: str) -> None:
    page.get_by_role("button", name="Des coordonnées").click()
    page.get_by_label("Latitude").fill(lat)
    page.get_by_label("Longitude").fill(lon)
    page.get_by_role("button", name="Placer ici").click()
    page.get_by_text("Lieu placé").wait_for()


def test_a_report_with_its_photo_is_kept_offline_and_sent_later(
    phone: Phone, network: FaultyNetwork, tmp_path: Path
) -> None:
    photo = tmp_path / "antenne.jpg"
    photo.write_bytes(jpeg(900))
    page = phone.prepare()
    saved = phone.save(page, state="draft")
    phone.context.set_offline(True)
    page.reload()
    page.wait_for_function(DRAWN)
    _show(page, "photo")
    page.locator("input[type=file]").set_input_files(photo)
    page.get_by_text("Photo ajoutée").wait_for()
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Envoyer à la mairie").click()
    page.get_by_text("Enregistré sur ce téléphone.").first.wait_for()
    (row,) = phone.waiting(page)
    (weight,) = row["kept_photos"]
    assert 1000 < weight < 400_000
    phone.context.set_offline(False)
    page.get_by_text("C'est envoyé.").first.wait_for()
    network.await_seen(lambda seen: any(one.call == PHOTO and one.status == 201 for one in seen))
    stored = Contribution.objects.get(pk=saved.id)
    assert (stored.photos.count(), stored.channel) == (1, "offline")
    assert network.count(TEXT) == 1


def test_what_waits_survives_a_restart_and_a_cold_start_without_server(
    switch_on: Callable[[], Phone], network: FaultyNetwork
) -> None:
    phone = switch_on()
    page = phone.prepare()
    network.is_up = False
    saved = [phone.save(page, photos=1), phone.save(page)]
    phone.close()

    phone = switch_on()
    page = phone.open()
    assert {row["id"] for row in phone.waiting(page)} == {one.id for one in saved}
    page.get_by_text("2 signalements attendent").first.wait_for()
    phone.close()
    assert Contribution.objects.count() == 0

    network.heal()
    phone = switch_on()
    page = phone.open()
    phone.await_empty(page)
    for one in saved:
        _assert_stored_once(one)


@pytest.mark.parametrize(
    ("fault", "held"),
    [
        ("drop_before", "network"),
        ("drop_after", "network"),
        ("half", "network"),
        ("torn", "network"),
        ("redirect", "network"),
        ("500", "server"),
        ("502", "server"),
        ("503", "server"),
        ("429", "limit"),
        ("portal", "portal"),
        ("filter", "portal"),
        ("empty", "portal"),
    ],
)
def test_no_failure_is_taken_for_a_success(
    phone: Phone, network: FaultyNetwork, fault: str, held: str
) -> None:
    page = phone.prepare()
    saved = phone.save(page, photos=2)
    network.plan(fault, fault, on=TEXT)
    network.plan(fault, fault, on=PHOTO)
    for _ in range(4):
        assert phone.send(page) == {"sent": 0, "left": 1, "busy": False}
        (row,) = phone.waiting(page)
        assert (row["state"], row["held"]) == ("waiting", held)
    _show(page, "envois")
    page.get_by_role("button", name="Envoyer maintenant").click()
    phone.await_empty(page)
    _assert_stored_once(saved)
    assert Contribution.objects.count() == 1


@pytest.mark.parametrize("fault", ["drop_before", "500", "429", "portal", "redirect", "half", "empty"])
def test_a_challenge_that_does_not_come_keeps_the_report(
    phone: Phone, network: FaultyNetwork, fault: str
) -> None:
    page = phone.prepare()
    saved = phone.save(page)
    network.plan(fault, on="defi")
    assert phone.send(page)["left"] == 1
    assert network.count(TEXT) == 0
    phone.drain(page)
    _assert_stored_once(saved)


def test_a_damaged_report_does_not_hold_back_the_others(phone: Phone) -> None:
    page = phone.prepare()
    damaged = phone.save(page, observed={"at": "hier", "chosen": True}, created_at="2020-01-01T00:00:00Z")
    sound = phone.save(page)
    assert phone.send(page) == {"sent": 1, "left": 1, "busy": False}
    _assert_stored_once(sound)
    assert [row["id"] for row in phone.waiting(page)] == [damaged.id]


def test_the_wait_that_the_server_asks_for_is_kept(phone: Phone, network: FaultyNetwork) -> None:
    page = phone.prepare()
    saved = phone.save(page)
    network.plan("429")
    phone.send(page)
    (row,) = phone.waiting(page)
    assert row["not_before"] > page.evaluate("() => Date.now()")
    # Until then neither a page that opens nor the network that comes back asks again.
    assert phone.send(page, force=False)["left"] == 1
    assert network.count(TEXT) == 0
    page.evaluate(CHANGE, [module("store"), saved.id, {"not_before": 0}])
    assert phone.send(page, force=False)["sent"] == 1
    _assert_stored_once(saved)


@pytest.mark.parametrize("lock", ["web lock", "lease"])
def test_two_tabs_that_find_the_network_again_post_once(
    phone: Phone, network: FaultyNetwork, lock: str
) -> None:
    if lock == "lease":
        phone.context.add_init_script("delete Navigator.prototype.locks;")
    first = phone.prepare()
    phone.context.set_offline(True)
    saved = phone.save(first)
    second = phone.open()
    for page in (first, second):
        phone.send(page, force=False)
    phone.context.set_offline(False)
    network.await_stored(saved.id)
    phone.await_empty(first)
    phone.await_empty(second)
    assert network.count(TEXT, saved.id) == 1
    _assert_stored_once(saved)


def test_a_refusal_stays_with_its_reason_until_it_is_mended(phone: Phone, network: FaultyNetwork) -> None:
    page = phone.prepare()
    # At sea: the phone has no pack and cannot know.
    saved = phone.save(page, photos=1, place={**PLACE, "lon": -20.0})
    assert phone.send(page) == {"sent": 0, "left": 0, "busy": False}
    (row,) = phone.waiting(page)
    assert row["state"] == "refused"
    assert row["error"]["status"] == 422
    _show(page, "envois")
    page.get_by_text(row["error"]["detail"]).first.wait_for()
    page.get_by_role("button", name="Corriger").click()
    page.get_by_role("button", name="Changer le lieu").click()
    _give_place(page, "44,93", "2,44")
    page.get_by_role("button", name="C'est ici").click()
    for _ in range(4):
        go_on = page.get_by_role("button", name="Continuer")
        send = page.get_by_role("button", name="Envoyer à la mairie")
        go_on.or_(send).first.wait_for()
        if send.count():
            break
        title = page.title(), page.url
        go_on.click()
        page.wait_for_function(
            "([title, url]) => document.title !== title || location.href !== url", arg=list(title)
        )
    page.get_by_role("button", name="Envoyer à la mairie").click()
    phone.await_empty(page)
    stored = _assert_stored_once(saved)
    assert stored.geom.x == 2.44


def test_an_id_that_somebody_else_took_is_changed_and_stored_once(
    phone: Phone, network: FaultyNetwork
) -> None:
    page = phone.prepare()
    saved = phone.save(page, photos=1)
    theirs = ContributionFactory(id=saved.id, attributes={"place": "indoors"})
    phone.drain(page)
    (row,) = phone.queue(page)
    assert row["id"] != saved.id
    assert row["secret"] != saved.secret
    _assert_stored_once(Saved(row["id"], row["secret"], saved.attributes, saved.photos))
    theirs.refresh_from_db()
    assert theirs.attributes == {"place": "indoors"}
    assert Contribution.objects.count() == 2


def test_a_full_phone_keeps_the_text_without_the_photo(
    switch_on: Callable[[], Phone], network: FaultyNetwork, tmp_path: Path
) -> None:
    photo = tmp_path / "grande.jpg"
    photo.write_bytes(jpeg(1500))
    phone = switch_on()
    page = phone.prepare()
    saved = phone.save(page, state="draft")
    used = _devtools(phone, page).send("Storage.getUsageAndQuota", {"origin": network.url})["usage"]
    # Chromium remembers for a while how much room it saw: only a restart makes it look again.
    phone.close()
    phone = switch_on()
    page = phone.open("/healthz")
    full = {"origin": network.url, "quotaSize": used + 250_000}
    _devtools(phone, page).send("Storage.overrideQuotaForOrigin", full)
    page.goto(f"{network.url}/signaler/#photo")
    page.locator("input[type=file]").set_input_files(photo)
    page.get_by_role("alert").filter(has_text="place").wait_for()
    (row,) = phone.queue(page)
    assert (row["attributes"], row["photos"], row["kept_photos"]) == (DEAD_ZONE, [], [])
    page.get_by_role("button", name="Passer").click()
    page.get_by_role("button", name="Envoyer à la mairie").click()
    phone.await_empty(page)
    _assert_stored_once(saved)


def test_an_upgrade_of_the_phone_keeps_what_the_first_version_held(
    phone: Phone, new_phone: Callable[[], Phone], network: FaultyNetwork
) -> None:
    # A blank report as a phone writes it, taken from another one.
    other = new_phone()
    page = other.prepare()
    model = other.save(page)
    (report,) = other.queue(page)
    del report["kept_photos"]
    picture = jpeg()
    page = phone.open("/couches/")
    old = {**report, "photos": [{"n": 1, "size": len(picture), "state": "waiting"}]}
    encoded = page.evaluate("(bytes) => btoa(String.fromCharCode(...bytes))", list(picture))
    page.evaluate(FIRST_VERSION, [old, encoded])
    page = phone.open()
    phone.await_empty(page)
    _assert_stored_once(Saved(model.id, model.secret, model.attributes, [picture]))
    assert (
        page.evaluate(
            "async () => (await indexedDB.databases()).find(({ name }) => name === 'reperes').version"
        )
        == 2
    )


def test_a_queue_taken_elsewhere_in_a_file_is_sent_once(
    phone: Phone, new_phone: Callable[[], Phone], network: FaultyNetwork, tmp_path: Path
) -> None:
    page = phone.prepare()
    network.is_up = False
    saved = [phone.save(page, photos=1), phone.save(page)]
    _show(page, "envois")
    page.get_by_text("Cet appareil", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Enregistrer un fichier").click()
    file = tmp_path / "envois.json"
    download.value.save_as(file)
    assert {one["id"] for one in json.loads(file.read_text())["reports"]} == {one.id for one in saved}

    network.heal()
    other = new_phone()
    desk = other.prepare()
    _show(desk, "envois")
    desk.get_by_text("Cet appareil", exact=True).click()
    desk.get_by_label("Reprendre un fichier").set_input_files(file)
    desk.get_by_text("2 signalements repris").wait_for()
    other.await_empty(desk)
    phone.drain(page)
    for one in saved:
        _assert_stored_once(one)
    assert Contribution.objects.count() == 2


@pytest.mark.parametrize("address", ["/", "/communes/15014/", "/couches/", "/suivi/"])
def test_every_page_says_how_many_reports_wait(phone: Phone, network: FaultyNetwork, address: str) -> None:
    page = phone.prepare()
    phone.save(page)
    phone.save(page)
    network.plan("503", "503")
    page = phone.open(address)
    tab = page.locator("a.attente")
    tab.wait_for()
    assert "2" in tab.inner_text()
    tab.click()
    page.wait_for_url("**/signaler/#envois")


@pytest.mark.parametrize("wrong_by", [-3 * HOUR, 3 * HOUR])
def test_a_wrong_clock_is_corrected_and_a_chosen_day_is_not(
    phone: Phone, network: FaultyNetwork, wrong_by: dt.timedelta
) -> None:
    page = phone.prepare()
    page.clock.install(time=timezone.now() + wrong_by)
    chosen = (timezone.now() - dt.timedelta(days=3)).replace(microsecond=0)
    moment = phone.save(page)
    day = phone.save(page, observed={"at": chosen.isoformat(), "chosen": True})
    seen_at = timezone.now()
    phone.drain(page)
    stored = _assert_stored_once(moment)
    assert abs(stored.observed_at - seen_at) < dt.timedelta(minutes=1)
    assert _assert_stored_once(day).observed_at == chosen


def test_a_report_seen_seven_days_before_arrives_with_its_own_date(
    phone: Phone, network: FaultyNetwork
) -> None:
    page = phone.prepare()
    week = dt.timedelta(days=7)
    page.clock.install(time=timezone.now() - week)
    saved = phone.save(page, photos=1)
    seen_at = timezone.now() - week
    page.clock.fast_forward(week // dt.timedelta(milliseconds=1))
    phone.drain(page)
    stored = _assert_stored_once(saved)
    assert abs(stored.observed_at - seen_at) < dt.timedelta(minutes=1)
    assert stored.received_at - stored.observed_at > week - dt.timedelta(minutes=1)
    assert stored.channel == "offline"
