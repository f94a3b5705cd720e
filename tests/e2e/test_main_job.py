"""The main job, whole: reported, decided, published, downloaded, opened by GDAL.

Runs against a site of its own (web and worker as real processes), or against the one at
`REPERES_URL` started with `./reperes serve`, in which case `DATABASE_URL` must be its database.
"""

import contextlib
import io
import os
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyogrio
import pyproj
import pytest
import shapely
from playwright.sync_api import APIRequestContext, Page, Playwright, expect

from tests.e2e.conftest import Watch
from tests.e2e.site import Site, running_site
from tests.e2e.walk import CAFE, DEAD_ZONE, Report, decide, download, get, post
from tests.e2e.walk_pages import report_by_page, sign_in

AURILLAC, YTRAC = "15014", "15267"
DATA = Path(os.environ.get("REPERES_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
CANTAL = DATA / "cantal" / "cantal-communes-cog2026-derived.geojson"
COUCHE = "zones-blanches"


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Site]]:
    """Return a site by name, started at the first demand, all ended with the session."""
    with contextlib.ExitStack() as running:
        started: dict[str, Site] = {}

        def start(name: str) -> Site:
            if name not in started:
                territory = CANTAL if name == "cantal" else None
                first = next(iter(started.values()), None)
                folder = tmp_path_factory.mktemp(name)
                started[name] = running.enter_context(running_site(folder, territory, like=first))
            return started[name]

        yield start


@pytest.fixture(scope="module", params=["approximatif", "cantal"])
def site(request: pytest.FixtureRequest, sites: Callable[[str], Site]) -> Site:
    """The site, once on our approximate cells and once on the real Cantal of 2026."""
    running = os.environ.get("REPERES_URL")
    if running and request.param == "cantal":
        pytest.skip("REPERES_URL names one running site: its own outlines are walked.")
    if running:
        return Site(running.rstrip("/"), dict(os.environ))
    if request.param == "cantal" and not CANTAL.exists():
        pytest.skip("REPERES_DATA holds no Cantal outlines")
    return sites(request.param)


@pytest.fixture(scope="module")
def http(site: Site, playwright: Playwright) -> Iterator[APIRequestContext]:
    """A program that talks HTTP to the site."""
    context = playwright.request.new_context(base_url=site.url)
    yield context
    context.dispose()


@pytest.fixture(scope="module")
def tokens(site: Site) -> dict[str, str]:
    """A bearer token for each official of the demo."""
    people = {
        "aurillac": "maire@aurillac.demo",
        "clerk": "secretaire@aurillac.demo",
        "ytrac": "maire@ytrac.demo",
        "epci": "referent@caba.demo",
        "steward": "geomatique@cantal.demo",
    }
    # The command, five times in one program: starting is most of what it costs.
    script = "\n".join(
        f"from django.core.management import call_command; call_command('create_token', {email!r}, name='parcours')"
        for email in people.values()
    )
    printed = site.manage("shell", "-v0", "-c", script).strip().splitlines()
    return dict(zip(people, [line for line in printed if len(line) > 40 and " " not in line], strict=True))


@pytest.fixture(scope="module")
def centres(http: APIRequestContext) -> dict[str, tuple[float, float]]:
    """A point well inside each of the two communes, as the site knows them."""
    return {"aurillac": (2.4397, 44.9262), "ytrac": (2.3640, 44.9110)}


def test_the_walk(
    site: Site, http: APIRequestContext, tokens: dict[str, str], centres: dict[str, tuple[float, float]]
) -> None:
    """Report → decide → publish → download → version 2 → delta → revert, each checked at the next door."""
    first = _reports_in_two_communes(http, tokens, centres)
    second, duplicate = _decisions(http, tokens, centres, first)
    one = _publishes(http, tokens)
    _files_agree_with_the_api(http, one["number"])
    two = _a_second_version(http, tokens, centres, second)
    _the_delta_is_right(http, one["number"], two["number"])
    _a_revert_is_a_new_version(http, tokens, one["number"], two["number"])
    status = get(http, f"/api/v1/moderation/contributions/{duplicate.id}/", token=tokens["aurillac"]).json()
    assert status["status"] == "MERGED"
    assert "aucun manquement" in site.manage("fsck")


def _send(http: APIRequestContext, report: Report) -> dict[str, Any]:
    answer = post(http, "/api/v1/contributions/", report.document())
    assert answer.status == 201, answer.text()
    assert "set-cookie" not in answer.headers
    return answer.json()


def _reports_in_two_communes(
    http: APIRequestContext, tokens: dict[str, str], centres: dict[str, tuple[float, float]]
) -> Report:
    """Each mayor sees their own, and only that; a retry is the same report; another content is refused."""
    dead = Report(COUCHE, *centres["aurillac"], DEAD_ZONE)
    cafe = Report("services", *centres["ytrac"], CAFE)
    receipt, other = _send(http, dead), _send(http, cafe)
    assert (receipt["commune"]["code"], other["commune"]["code"]) == (AURILLAC, YTRAC)
    assert post(http, "/api/v1/contributions/", dead.document(observed_at=_same(http, dead))).status in {
        200,
        409,
    }
    changed = dead.document(attributes={**DEAD_ZONE, "place": "indoors"})
    assert post(http, "/api/v1/contributions/", changed).status == 409
    queue = get(http, "/api/v1/moderation/contributions/?status=SUBMITTED", token=tokens["aurillac"]).text()
    assert dead.id in queue and cafe.id not in queue
    assert decide(http, tokens["ytrac"], dead.id, "accept").status == 404
    assert decide(http, tokens["clerk"], dead.id, "accept").status == 403
    assert get(http, f"/api/v1/contributions/{dead.id}/").status == 404
    return dead


def _same(http: APIRequestContext, report: Report) -> str:
    seen = http.get(f"/api/v1/contributions/{report.id}/", headers={"X-Suivi": report.secret})
    assert seen.status == 200, seen.text()
    return str(seen.json()["observed_at"])


def _decisions(
    http: APIRequestContext,
    tokens: dict[str, str],
    centres: dict[str, tuple[float, float]],
    first: Report,
) -> tuple[Report, Report]:
    """Accepted, returned then answered, merged; a stale or unconditional decision changes nothing."""
    lon, lat = centres["aurillac"]
    returned = Report(COUCHE, lon + 0.004, lat, DEAD_ZONE)
    duplicate = Report(COUCHE, lon + 0.0002, lat, DEAD_ZONE)
    _send(http, returned)
    near = _send(http, duplicate)["duplicates"]
    assert near, "30 m away is a possible duplicate"
    path = f"/api/v1/moderation/contributions/{first.id}/decisions/"
    assert post(http, path, {"action": "accept"}, token=tokens["aurillac"]).status == 428
    assert decide(http, tokens["aurillac"], first.id, "accept").status in {200, 201}
    stale = post(http, path, {"action": "accept"}, token=tokens["aurillac"], etag='"1"')
    assert stale.status == 412
    assert decide(http, tokens["aurillac"], returned.id, "return").status == 422
    why = {"reason_code": "precision", "reason": "De quel côté de la route ?"}
    motifs = get(http, f"/api/v1/moderation/motifs/?couche={COUCHE}", token=tokens["aurillac"]).json()
    codes = {motif["code"] for motif in motifs["results"] if "return" in motif["actions"]}
    assert codes, motifs
    why["reason_code"] = sorted(codes - {"autre"})[0]
    assert decide(http, tokens["epci"], returned.id, "return", **why).status in {200, 201}
    answered = http.post(
        f"/api/v1/contributions/{returned.id}/reponse/",
        data={"attributes": {**DEAD_ZONE, "place": "vehicle"}},
        headers={"X-Suivi": returned.secret},
    )
    assert answered.status == 200, answered.text()
    merged = decide(http, tokens["aurillac"], duplicate.id, "merge", into=first.id)
    assert merged.status in {200, 201}, merged.text()
    return returned, duplicate


def _publishes(http: APIRequestContext, tokens: dict[str, str]) -> dict[str, Any]:
    """Only the steward; a second click finds nothing new and gives the same version."""
    path = f"/api/v1/couches/{COUCHE}/versions/"
    assert post(http, path, {"note": "x"}).status == 401
    assert post(http, path, {"note": "x"}, token=tokens["aurillac"]).status == 403
    published = post(http, path, {"note": "Première publication"}, token=tokens["steward"])
    assert published.status == 201, published.text()
    again = post(http, path, {"note": "encore"}, token=tokens["steward"])
    assert again.status == 200 and again.json()["number"] == published.json()["number"]
    return dict(published.json())


def _features(http: APIRequestContext, number: int) -> dict[str, Any]:
    answer = http.get(f"/exports/{COUCHE}/{number}/?format=geojson")
    assert answer.status == 200, answer.text()
    return {feature["id"]: feature for feature in answer.json()["features"]}


def _files_agree_with_the_api(http: APIRequestContext, number: int) -> None:
    """GDAL reads the count, the CRS, the attributes and the coordinates (≤ 1 cm) of the GeoJSON."""
    truth = _features(http, number)
    manifest = http.get(f"/exports/{COUCHE}/{number}/manifeste.json").json()
    assert manifest["feature_count"] == len(truth) and manifest["number"] == number
    assert "amel" not in str(truth) and "secret" not in str(truth)
    to_legal = pyproj.Transformer.from_crs(4326, 2154, always_xy=True)
    expected = {key: to_legal.transform(*found["geometry"]["coordinates"]) for key, found in truth.items()}
    gpkg = download(http, f"/exports/{COUCHE}/{number}/?format=gpkg&crs=2154")
    assert gpkg.status == 200, gpkg.text()
    _same_places(gpkg.body(), expected, truth, ".gpkg")
    shp = download(http, f"/exports/{COUCHE}/{number}/?format=shp&territoire=commune:{AURILLAC}")
    names = zipfile.ZipFile(io.BytesIO(shp.body())).namelist()
    assert {".shp", ".shx", ".dbf", ".prj", ".cpg"} <= {Path(name).suffix for name in names}
    _same_places(shp.body(), expected, truth, ".shp.zip")
    csv = http.get(f"/exports/{COUCHE}/{number}/?format=csv")
    assert csv.status == 200 and len(csv.text().strip().splitlines()) == len(truth) + 1


def _same_places(
    content: bytes, expected: dict[str, tuple[float, float]], truth: dict[str, Any], suffix: str
) -> None:
    """Read with GDAL as an analyst's desk would, and compare each object with the API's."""
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        meta, _, geometries, columns = pyogrio.raw.read(file.name)
    assert pyproj.CRS(meta["crs"]).to_epsg() == 2154
    fields = list(meta["fields"])
    seen = columns[
        next(at for at, name in enumerate(fields) if name.startswith(("observations", "nb_obs", "obs")))
    ]
    ids = [str(value) for value in columns[fields.index("id")]]
    assert set(ids) == set(expected)
    for key, geometry, count in zip(ids, shapely.from_wkb(geometries), seen, strict=True):
        assert abs(geometry.x - expected[key][0]) <= 0.01 and abs(geometry.y - expected[key][1]) <= 0.01
        assert int(count) == truth[key]["properties"]["observations"]


def _a_second_version(
    http: APIRequestContext, tokens: dict[str, str], centres: dict[str, tuple[float, float]], answered: Report
) -> dict[str, Any]:
    """One more accepted, one withdrawn from the map: version 2 has both, version 1 has neither."""
    latest = http.get(f"/exports/{COUCHE}/derniere/?format=geojson").json()["features"]
    assert decide(http, tokens["aurillac"], answered.id, "accept").status in {200, 201}
    gone = next(f for f in latest if f["properties"]["observations"] == 2)
    lon, lat = gone["geometry"]["coordinates"]
    removal = Report(COUCHE, lon, lat, {}, operation="delete", feature=gone["id"])
    _send(http, removal)
    assert decide(http, tokens["aurillac"], removal.id, "accept").status in {200, 201}
    published = post(http, f"/api/v1/couches/{COUCHE}/versions/", {"note": "Suite"}, token=tokens["steward"])
    assert published.status == 201, published.text()
    return dict(published.json())


def _the_delta_is_right(http: APIRequestContext, before: int, after: int) -> None:
    """Added, changed, withdrawn: exactly the difference between the two versions."""
    old, new = _features(http, before), _features(http, after)
    delta = http.get(f"/exports/{COUCHE}/{after}/depuis/{before}/?format=geojson")
    assert delta.status == 200, delta.text()
    changes = {feature["id"]: feature["properties"]["change"] for feature in delta.json()["features"]}
    assert {key for key, what in changes.items() if what == "added"} == set(new) - set(old)
    assert {key for key, what in changes.items() if what == "withdrawn"} == set(old) - set(new)
    assert (set(new) - set(old)) and (set(old) - set(new))


def _a_revert_is_a_new_version(
    http: APIRequestContext, tokens: dict[str, str], back_to: int, last: int
) -> None:
    """Same content and same hash as the version it restores; the versions between stay as they were."""
    kept = _features(http, last)
    path = f"/api/v1/couches/{COUCHE}/versions/{back_to}/revert/"
    assert post(http, path, {}, token=tokens["aurillac"]).status == 403
    reverted = post(http, path, {"note": "Erreur"}, token=tokens["steward"])
    assert reverted.status == 201, reverted.text()
    number = reverted.json()["number"]
    assert number == last + 1
    hashes = [http.get(f"/exports/{COUCHE}/{n}/manifeste.json").json()["sha256"] for n in (back_to, number)]
    assert hashes[0] == hashes[1]
    assert _features(http, last) == kept


def test_the_same_by_pages(
    site: Site, page: Page, watch: Watch, centres: dict[str, tuple[float, float]]
) -> None:
    """A resident, two mayors, the steward and the analyst, each with a browser and nothing else."""
    watch.expect("status of 404")
    note = f"Virage du moulin {uuid.uuid4().hex[:8]}"
    follow_up = report_by_page(site, page, centres["aurillac"], note)
    report_id = follow_up.split("#")[1].split(".")[0]
    sign_in(site, page, "maire@ytrac.demo")
    assert page.goto(f"{site.url}/moderation/{report_id}/").status == 404  # type: ignore[union-attr]
    page.context.clear_cookies()
    sign_in(site, page, "maire@aurillac.demo")
    page.goto(f"{site.url}/moderation/{report_id}/")
    expect(page.get_by_text(note).first).to_be_visible()
    page.get_by_role("button", name="Accepter").first.click()
    # Back at the queue: the server has answered.
    page.wait_for_url("**/moderation/")
    page.context.clear_cookies()
    page.goto(follow_up)
    expect(page.get_by_text("Acceptée").first).to_be_visible()
    sign_in(site, page, "geomatique@cantal.demo", landing="**")
    page.goto(f"{site.url}/moderation/publication/")
    page.locator("form", has_text="Note de version").filter(has=page.locator(f"#note-{COUCHE}")).get_by_role(
        "button"
    ).click()
    expect(page.get_by_text("publiée").first).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{site.url}/couches/{COUCHE}/")
    page.get_by_label("Format").first.select_option("geojson")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Télécharger ce territoire").first.click()
    assert note in Path(waiting.value.path()).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"geometry": {"type": "Point", "coordinates": [-30.0, 40.0]}}, "geometry"),
        ({"geometry": {"type": "Point", "coordinates": []}}, "geometry"),
        ({"couche": "licornes"}, "couche"),
        ({"attributes": {**DEAD_ZONE, "inconnu": 1}}, "attributes.inconnu"),
        ({"attributes": {f"k{n}": n for n in range(3000)}}, "attributes"),
        ({"attributes": {**DEAD_ZONE, "comment": "a\u0000b"}}, "attributes.comment"),
        ({"observed_at": "hier"}, "observed_at"),
        ({"accuracy_m": -1}, "accuracy_m"),
    ],
)
def test_bad_input_is_named(
    change: dict[str, Any], named: str, http: APIRequestContext, centres: dict[str, tuple[float, float]]
) -> None:
    """422, in French, the field named, nothing stored."""
    report = Report(COUCHE, *centres["aurillac"], DEAD_ZONE)
    answer = post(http, "/api/v1/contributions/", report.document(**change))
    assert answer.status == 422, answer.text()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert any(key.startswith(named) for key in answer.json()["errors"]), answer.json()
    assert http.get(f"/api/v1/contributions/{report.id}/", headers={"X-Suivi": report.secret}).status == 404


def test_hostile_bodies_never_break_the_server(site: Site, playwright: Playwright) -> None:
    """Lone surrogates, NaN, deep nesting, 10,000 keys and a body that is not JSON: 4xx each."""
    bodies = [
        b"{",
        b'{"id": "\\ud800"}',
        b'{"accuracy_m": NaN}',
        b'{"accuracy_m": 1e999}',
        b"[" * 20000,
        b'{"attributes": {' + b",".join(b'"k%d": 1' % n for n in range(10000)) + b"}}",
        b"\xff\xfe",
        b"x" * 200_000,
    ]
    for body in bodies:
        # A connection each: the server hangs up on a body it did not read to its end.
        stranger = playwright.request.new_context(base_url=site.url)
        answer = stranger.post(
            "/api/v1/contributions/", data=body, headers={"Content-Type": "application/json"}
        )
        assert 400 <= answer.status < 500, (body[:30], answer.status)
        stranger.dispose()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/exports/licornes/1/?format=geojson", 404),
        ("/exports/zones-blanches/9999/?format=geojson", 404),
        ("/exports/zones-blanches/derniere/?format=dwg", 422),
        ("/exports/zones-blanches/derniere/?format=gpkg&crs=27572", 422),
        ("/exports/zones-blanches/derniere/?format=gpkg&territoire=commune:99999", 422),
        ("/exports/zones-blanches/99999999999999999999/?format=gpkg", 404),
    ],
)
def test_unknown_exports_are_named(path: str, status: int, http: APIRequestContext) -> None:
    """An unknown version, CRS or territory says which parameter, and what to write."""
    answer = http.get(path, headers={"Accept": "application/json"})
    assert answer.status == status, answer.text()
    assert answer.json()["detail"]
