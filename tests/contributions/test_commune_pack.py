"""GET /api/v1/communes/{code}/pack/: all a phone needs in a commune, nobody's secret, 300 kB at most."""

import gzip
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.conf import settings
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django.test import Client

from contributions import outlines
from contributions.models import Contribution
from contributions.pack import AROUND_M, FEATURES, MAX_BYTES, OUTLINE_BYTES, build_pack
from contributions.tiles_plan import MAX_TILES, plan_tiles
from couches.models import Couche
from couches.publication import publish
from territoires.models import Commune, FormerCode, LieuDit
from tests import factories
from tests.contributions.factories import DEAD_ZONE, payload, published
from tests.couches.factories import create

URL = "/api/v1/communes/15014/pack/"
MAP_JS = Path(settings.BASE_DIR) / "frontend" / "static" / "js" / "map.js"


def read(client: Client, code: str = "15014") -> dict[str, Any]:
    answer = client.get(f"/api/v1/communes/{code}/pack/")
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = answer.json()
    return document


def test_it_says_whose_pack_it_is(client: Client, aurillac: Commune) -> None:
    document = read(client)
    assert document["format"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["made_at"])
    assert document["commune"] == {
        "code": "15014",
        "nom": "Aurillac",
        "postcodes": [],
        "mairie": [2.44, 44.93],
        "approximate": False,
        "to_confirm": False,
    }
    assert document["truncated"] is False


def test_an_outline_is_its_first_vertex_and_the_steps_to_the_others(
    client: Client, aurillac: Commune
) -> None:
    (polygon,) = read(client)["outline"]
    assert polygon == [[2390000, 44880000, 0, 100000, 100000, 0, 0, -100000]]


def test_the_neighbours_come_cut_and_far_communes_do_not_come(
    client: Client, aurillac: Commune, ytrac: Commune
) -> None:
    factories.CommuneFactory(code_insee="15999", nom="Loin", geom=factories.square(2.6, 44.93))
    (neighbour,) = read(client)["neighbours"]
    assert (neighbour["code"], neighbour["nom"], neighbour["to_confirm"]) == ("15267", "Ytrac", False)
    # Ytrac is 10 km wide: what lies beyond the window stays on the server.
    longitudes = neighbour["outline"][0][0][::2]
    assert 2_370_000 < longitudes[0] < 2_390_001


def test_a_neighbour_that_ended_is_left_out(client: Client, aurillac: Commune, ytrac: Commune) -> None:
    Commune.objects.filter(pk=ytrac.pk).update(valid_to="2026-01-01", successor=aurillac)
    assert read(client)["neighbours"] == []


def test_a_former_code_leads_to_the_commune_of_today(client: Client, aurillac: Commune) -> None:
    FormerCode.objects.create(code="15200", kind="ancien-code", commune=aurillac)
    assert read(client, "15200")["commune"]["code"] == "15014"


@pytest.mark.parametrize("code", ["99999", "abc", "15014%00", "é", "1" * 60])
def test_an_unknown_code_is_a_404_in_french(client: Client, aurillac: Commune, code: str) -> None:
    answer = client.get(f"/api/v1/communes/{code}/pack/")
    assert answer.status_code == 404
    assert "commune" in answer.json()["detail"]


def test_places_are_the_town_halls_the_hamlets_and_what_is_published(
    client: Client, aurillac: Commune, ytrac: Commune
) -> None:
    Commune.objects.filter(pk=ytrac.pk).update(chef_lieu=Point(2.388, 44.93, srid=4326))
    LieuDit.objects.create(commune=aurillac, nom="Belbex", point=Point(2.4241, 44.9101, srid=4326))
    LieuDit.objects.create(commune=ytrac, nom="Espinat", point=Point(2.36, 44.91, srid=4326))
    published(aurillac, lon=2.45)
    published(aurillac, couche="zones-blanches", **DEAD_ZONE)
    assert read(client)["places"] == [
        {"name": "Mairie (Aurillac)", "kind": "mairie", "lon": 2.44, "lat": 44.93},
        {"name": "Mairie (Ytrac)", "kind": "mairie", "lon": 2.388, "lat": 44.93},
        {"name": "Belbex", "kind": "lieu-dit", "lon": 2.4241, "lat": 44.9101},
        {"name": "Café des Amis", "kind": "objet", "lon": 2.45, "lat": 44.93},
    ]


def test_features_are_those_in_force_in_the_commune_and_within_two_kilometres(
    client: Client, aurillac: Commune, ytrac: Commune
) -> None:
    here = published(aurillac, couche="zones-blanches", **DEAD_ZONE)
    near = published(ytrac, lon=2.39 - 0.02)  # 1.6 km from the border
    published(ytrac, lon=2.39 - 0.03)  # 2.4 km
    gone = published(aurillac, lon=2.46)
    gone.versions.update(to_version=2)
    features = {feature["id"]: feature for feature in read(client)["features"]}
    assert set(features) == {str(here.pk), str(near.pk)}
    assert features[str(here.pk)] == {
        "id": str(here.pk),
        "couche": "zones-blanches",
        "number": here.number,
        "title": "Orange : appels impossible",
        "lon": 2.44,
        "lat": 44.93,
        "observed_on": "2026-05-01",
        "observations": 1,
        "operators": ["20801"],
    }
    assert "operators" not in features[str(near.pk)]


def test_nothing_pending_nor_sensitive_leaves(client: Client, aurillac: Commune) -> None:
    sent = client.post(
        "/api/v1/contributions/",
        payload(attributes={**DEAD_ZONE, "comment": "Chez Amel"}),
        content_type="application/json",
    )
    assert sent.status_code == 201 and Contribution.objects.exists()
    Couche.objects.filter(slug="services").update(sensitive=True)
    publish(couche=Couche.objects.get(slug="services"), changes=[create()], by=None)
    assert read(client)["features"] == []
    assert "Amel" not in client.get(URL).content.decode()


def test_head_gives_the_weight_before_the_tap_and_gzip_the_weight_on_the_wire(
    client: Client, aurillac: Commune
) -> None:
    for rank in range(20):
        published(aurillac, lon=2.44 + rank / 1000)
    plain, head = client.get(URL), client.head(URL, headers={"accept-encoding": "gzip"})
    assert int(head["Content-Length"]) == len(plain.content) == int(plain["Content-Length"])
    assert "Content-Encoding" not in head and not head.content
    zipped = client.get(URL, headers={"accept-encoding": "gzip"})
    assert zipped["Content-Encoding"] == "gzip"
    assert len(zipped.content) == int(zipped["Content-Length"]) < len(plain.content) / 2
    assert gzip.decompress(zipped.content)[50:] == plain.content[50:]  # but for `made_at`


def test_it_is_public_cached_and_cookieless(client: Client, aurillac: Commune) -> None:
    answer = client.get(URL, headers={"accept-encoding": "gzip", "authorization": "Bearer faux"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=300"
    assert "Accept-Encoding" in answer["Vary"] and "Cookie" not in answer["Vary"]
    assert not answer.cookies
    assert client.post(URL).status_code == 405


def test_an_unchanged_pack_is_not_sent_again(client: Client, aurillac: Commune) -> None:
    first = client.get(URL)
    again = client.get(URL, headers={"if-none-match": first["ETag"], "accept-encoding": "gzip"})
    assert (again.status_code, again.content) == (304, b"")
    published(aurillac)
    assert client.get(URL, headers={"if-none-match": first["ETag"]}).status_code == 200


def test_the_queries_do_not_follow_the_number_of_things(
    client: Client, aurillac: Commune, ytrac: Commune, django_assert_max_num_queries: Any
) -> None:
    for rank in range(30):
        published(aurillac, lon=2.44 + rank / 1000)
        LieuDit.objects.create(commune=aurillac, nom=f"Lieu {rank}", point=Point(2.44, 44.93, srid=4326))
    with django_assert_max_num_queries(6):
        client.get(URL)


SCATTER = """
INSERT INTO couches_feature (id, number, couche_id)
SELECT gen_random_uuid(), 1000000 + rank, %(couche)s FROM generate_series(1, 5000) AS rank;
INSERT INTO couches_featureversion (
    feature_id, couche_id, number, geom, attributes, commune_id, from_version, observations, distinct_observers,
    last_observed_on, near_border, self_accepted, origin, row_sha256)
SELECT feature.id, model.couche_id, feature.number, ST_Translate(geom, random() * 4 - 2, random() * 4 - 2), attributes,
    '15267', from_version, 1, 1, last_observed_on, false, false, origin, row_sha256
FROM couches_feature AS feature CROSS JOIN (SELECT * FROM couches_featureversion LIMIT 1) AS model
WHERE feature.id <> model.feature_id;
ANALYZE couches_featureversion, couches_feature
"""


def test_features_are_found_by_their_indexes(aurillac: Commune, ytrac: Commune) -> None:
    """The cost follows what lies around the commune, not what the country holds."""
    published(aurillac)
    couche = Couche.objects.get(slug="services")
    with connection.cursor() as cursor:
        cursor.execute(SCATTER.replace("%(couche)s", str(couche.pk)))
        cursor.execute(
            f"EXPLAIN (FORMAT JSON) {FEATURES}", {"code": "15014", "around": AROUND_M, "limit": 100}
        )
        plan = cursor.fetchone()[0]
    text = plan if isinstance(plan, str) else json.dumps(plan)
    scans = re.findall(r'"Node Type": "Seq Scan"[^{}]*?"Relation Name": "(\w+)"', text)
    assert not {"couches_featureversion", "couches_feature"} & set(scans), text
    assert "fv_geom_alive" in text and "fv_commune_couche" in text


def test_a_commune_without_outline_still_has_its_pack(client: Client, aurillac: Commune) -> None:
    published(aurillac)
    Commune.objects.update(geom=None, chef_lieu=None)
    document = read(client)
    assert (document["window"], document["outline"], document["neighbours"]) == (None, [], [])
    assert (document["tiles"], document["commune"]["mairie"]) == (None, None)
    assert len(document["features"]) == 1


def test_what_does_not_fit_is_left_out_and_said(aurillac: Commune) -> None:
    LieuDit.objects.bulk_create(
        LieuDit(commune=aurillac, nom=f"Lieu {'x' * 100} {rank}", point=Point(2.44, 44.93, srid=4326))
        for rank in range(2_000)
    )
    pack = build_pack(aurillac)
    assert len(pack.body) <= MAX_BYTES
    assert b'"truncated":true' in pack.body


def test_outlines_of_too_many_vertices_lose_some_and_stay_within_ten_metres(aurillac: Commune) -> None:
    rough = Polygon(_fractal(40_000), srid=4326)
    Commune.objects.filter(pk=aurillac.pk).update(geom=MultiPolygon(rough, srid=4326))
    pack = build_pack(Commune.objects.get(pk=aurillac.pk))
    assert len(pack.body) <= OUTLINE_BYTES + 5_000
    drawn = decoded(outline_of(pack.body))
    apart = shapely.from_wkb(bytes(rough.wkb)).symmetric_difference(drawn)
    assert apart.buffer(-5 / 78_970).is_empty  # no disagreement is 10 m wide


def _fractal(count: int) -> list[tuple[float, float]]:
    """Return a closed ring of `count` vertices which wavers by a few metres around a circle."""
    ring = []
    for rank in range(count):
        angle = 2 * math.pi * rank / count
        radius = 0.05 + 0.00002 * math.sin(rank * 0.7) + 0.00001 * math.sin(rank * 2.9)
        ring.append((2.44 + radius * math.cos(angle), 44.93 + radius * math.sin(angle)))
    return [*ring, ring[0]]


def outline_of(body: bytes) -> Any:
    return json.loads(body)["outline"]


def decoded(encoded: Any) -> Any:
    """Return the shapely geometry of an encoded outline, by another way than the phone's."""
    polygons = []
    for polygon in encoded:
        rings = []
        for flat in polygon:
            x = y = 0
            ring = []
            for dx, dy in zip(flat[::2], flat[1::2], strict=True):
                x, y = x + dx, y + dy
                ring.append((x / outlines.UNIT, y / outlines.UNIT))
            rings.append(ring)
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.MultiPolygon(polygons)


def test_holes_and_islands_survive_the_encoding() -> None:
    hole = shapely.box(2.42, 44.91, 2.43, 44.92)
    island = shapely.box(2.6, 44.9, 2.61, 44.91)
    geometry = shapely.MultiPolygon([shapely.box(2.4, 44.9, 2.5, 45).difference(hole), island])
    assert decoded(outlines.encode(geometry)).equals(geometry)
    assert outlines.encode(shapely.box(2.4, 44.9, 2.4000001, 45)) == []
    assert outlines.encode(None) == []


def test_the_tiles_are_those_the_map_asks_for(client: Client, aurillac: Commune) -> None:
    tiles = read(client)["tiles"]
    source = MAP_JS.read_text(encoding="utf-8")
    query = "".join(re.findall(r'"([^"]*)"', source.split("const query =")[1].split(";")[0]))
    assert tiles["template"] == f"{settings.TILE_HOST}/wmts?{query}"
    assert tiles["zooms"] == [10, 15]
    assert tiles["bbox"] == [2.39, 44.88, 2.49, 44.98]
    assert tiles["bytes"] == 27_000 * tiles["count"]


def test_a_huge_commune_does_without_the_finest_tiles(settings: Any) -> None:
    tiles = plan_tiles((-54.6, 2.1, -52.9, 4.3))  # Maripasoula
    assert tiles is not None and tiles["zooms"][1] < 15 and tiles["count"] <= MAX_TILES
    settings.TILE_HOST = ""
    assert plan_tiles((2.39, 44.88, 2.49, 44.98)) is None
