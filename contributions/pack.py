"""The pack of a commune: all a phone needs to report there without network, in one document.

Whose land a point lies on, what is published around, the places to search, and which map
tiles to keep. It answers like `territoires.location.locate` for every point of its
`window`, and knows nothing beyond. Never more than 300 kB.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import shapely
from django.contrib.gis.geos import Point
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions import outlines
from contributions.tiles_plan import plan_tiles
from couches.models import Couche
from couches.schemas import title_of
from territoires.location import NEAR_BORDER_M
from territoires.models import Commune, LieuDit
from territoires.querysets import extent_around

FORMAT = 1
MAX_BYTES = 300_000
OUTLINE_BYTES = 150_000
PLACES_BYTES = 60_000
# Format, date and commas.
HEAD_BYTES = 100
# Vertices are left out only when the outlines would not fit; locate() itself doubts within 100 m.
TOLERANCES_M = (0, 2, 5)
# Points this far from the commune's box get an answer; outlines go on beyond, so that the
# cut is never taken for a border.
WINDOW_M = 500
CUT_M = WINDOW_M + 2 * NEAR_BORDER_M
AROUND_M = 2_000
# More would not fit: a feature takes 180 bytes.
MAX_FEATURES = 2_000
MAX_TITLE = 120
DECIMALS = 6

Box = tuple[float, float, float, float]

EXTENT = """
SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
FROM territoires_commune WHERE code_insee = %s AND geom IS NOT NULL
"""
OUTLINES = """
SELECT code_insee, nom, to_confirm, ST_X(chef_lieu), ST_Y(chef_lieu),
       ST_AsBinary(CASE WHEN code_insee = %(code)s THEN geom
                        ELSE ST_CollectionExtract(ST_Intersection(geom, frame), 3) END)
FROM territoires_commune, ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AS frame
WHERE valid_to IS NULL AND geom && frame AND ST_Intersects(geom, frame)
ORDER BY code_insee
"""
# The area is made once, from an outline that 50 m more or less do not change; both branches
# come from an index. The commune's own come first: a town next door must not push them out.
FEATURES = """
WITH area AS MATERIALIZED (
    SELECT ST_Buffer(ST_SimplifyPreserveTopology(geom, 0.0005)::geography, %(around)s)::geometry AS geom
    FROM territoires_commune WHERE code_insee = %(code)s AND geom IS NOT NULL
), near AS (
    SELECT id FROM couches_featureversion WHERE commune_id = %(code)s AND to_version IS NULL
    UNION
    SELECT row.id FROM area JOIN couches_featureversion AS row
        ON row.geom && area.geom AND ST_Intersects(area.geom, row.geom)
    WHERE row.to_version IS NULL
)
SELECT row.couche_id, row.feature_id, row.number, row.attributes, ST_X(row.geom), ST_Y(row.geom),
       row.last_observed_on, row.observations
FROM near
JOIN couches_featureversion AS row ON row.id = near.id
JOIN couches_couche AS couche ON couche.id = row.couche_id AND NOT couche.sensitive
ORDER BY row.commune_id = %(code)s DESC, row.last_observed_on DESC, row.number DESC
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Pack:
    """The document, as JSON, its weak ETag (the same content made later keeps it), and what its map would weigh."""

    body: bytes
    etag: str
    tiles_bytes: int


def build_pack(commune: Commune) -> Pack:
    """Return the pack of a current commune (`territoires.scope.commune_of_code`), in five queries."""
    content = _content(commune)
    body = orjson.dumps(content)
    made_at = timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    head = orjson.dumps({"format": FORMAT, "made_at": made_at})
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    tiles_bytes = content["tiles"]["bytes"] if content["tiles"] else 0
    return Pack(body=head[:-1] + b"," + body[1:], etag=etag, tiles_bytes=tiles_bytes)


def _content(commune: Commune) -> dict[str, Any]:
    town_hall = _lon_lat(commune.chef_lieu.x, commune.chef_lieu.y) if commune.chef_lieu else None
    content: dict[str, Any] = {
        "commune": {
            "code": commune.pk,
            "nom": commune.nom,
            "postcodes": commune.codes_postaux,
            "mairie": town_hall,
            "approximate": commune.approximate,
            "to_confirm": commune.to_confirm,
        },
        "window": None,
        "outline": [],
        "neighbours": [],
        "tiles": None,
    }
    town_halls = [_place(commune.nom, town_hall)] if town_hall else []
    extent = _extent(commune)
    if extent:
        content |= {"window": _around(extent, WINDOW_M), "tiles": plan_tiles(extent)}
        town_halls += _draw(content, commune, _around(extent, CUT_M))
    features, complete = _features(commune)
    content["places"], content["features"], content["truncated"] = [], [], False
    return _fill(content, commune, town_halls, features, complete=complete)


def _extent(commune: Commune) -> Box | None:
    with connection.cursor() as cursor:
        cursor.execute(EXTENT, [commune.pk])
        row: Box | None = cursor.fetchone()
    return row


def _around(extent: Box, metres: float) -> list[float]:
    """Return the box widened on each side by at least `metres`."""
    west, south, east, north = extent
    # The corner farthest from the equator is where a degree of longitude is shortest.
    far = south if abs(south) > abs(north) else north
    left, low, _right, _high = extent_around(Point(west, far), metres)
    dx, dy = west - left, far - low
    return [round(bound, DECIMALS) for bound in (west - dx, south - dy, east + dx, north + dy)]


def _draw(content: dict[str, Any], commune: Commune, frame: list[float]) -> list[dict[str, Any]]:
    """Fill in the outlines; return the town halls of the neighbours that lie in the frame."""
    west, south, east, north = frame
    with connection.cursor() as cursor:
        bounds = {"west": west, "south": south, "east": east, "north": north}
        cursor.execute(OUTLINES, {"code": commune.pk, **bounds})
        rows = cursor.fetchall()
    shapes = [shapely.from_wkb(bytes(row[5])) for row in rows]
    encoded: list[outlines.Encoded] = []
    for metres in TOLERANCES_M:
        drawn = outlines.simplify(shapes, metres) if metres else shapes
        encoded = [outlines.encode(shape) for shape in drawn]
        if len(orjson.dumps(encoded)) <= OUTLINE_BYTES:
            break
    town_halls = []
    for (code, nom, to_confirm, lon, lat, _wkb), outline in zip(rows, encoded, strict=True):
        if code == commune.pk:
            content["outline"] = outline
        elif outline:
            content["neighbours"].append(
                {"code": code, "nom": nom, "outline": outline, "to_confirm": to_confirm}
            )
            if lon is not None and west <= lon <= east and south <= lat <= north:
                town_halls.append(_place(nom, _lon_lat(lon, lat)))
    return town_halls


def _features(commune: Commune) -> tuple[list[dict[str, Any]], bool]:
    """Return what is published in the commune and around, its own first; and whether that is all."""
    couches = {couche.pk: couche for couche in Couche.objects.filter(sensitive=False)}
    parameters: dict[str, str | int] = {"code": commune.pk, "around": AROUND_M, "limit": MAX_FEATURES + 1}
    with connection.cursor() as cursor:
        cursor.execute(FEATURES, parameters)
        rows = cursor.fetchall()
    found = [_feature(couches[row[0]], *row[1:]) for row in rows[:MAX_FEATURES] if row[0] in couches]
    return found, len(rows) <= MAX_FEATURES


def _feature(couche: Couche, feature_id: Any, number: int, attributes: Any, *facts: Any) -> dict[str, Any]:
    lon, lat, observed_on, observations = facts
    # Django hands jsonb over as text to raw cursors.
    answers = json.loads(attributes) if isinstance(attributes, str) else attributes
    described = {
        "id": str(feature_id),
        "couche": couche.slug,
        "number": number,
        "title": title_of(couche, answers)[:MAX_TITLE],
        "lon": round(lon, DECIMALS),
        "lat": round(lat, DECIMALS),
        "observed_on": observed_on.isoformat(),
        "observations": observations,
    }
    if "operators" in couche.attribute_schema.get("properties", {}):
        described["operators"] = [
            row["operator"] for row in answers.get("operators", []) if "operator" in row
        ]
    return described


def _fill(
    content: dict[str, Any],
    commune: Commune,
    town_halls: list[dict[str, Any]],
    features: list[dict[str, Any]],
    *,
    complete: bool,
) -> dict[str, Any]:
    """Put in what fits: town halls and hamlets, then features, then their names as places."""
    hamlets = [*town_halls, *_hamlets(commune)]
    content["places"] = _fitting(hamlets, PLACES_BYTES)
    room = MAX_BYTES - len(orjson.dumps(content)) - HEAD_BYTES
    kept = _fitting(features, room)
    titled = list(_titled(kept))
    places = content["places"] + _fitting(titled, room - len(orjson.dumps(kept)))
    whole = len(places) == len(hamlets) + len(titled) and len(kept) == len(features)
    content["features"] = sorted(kept, key=lambda feature: feature["observed_on"], reverse=True)
    content |= {"places": places, "truncated": not (complete and whole)}
    return content


def _hamlets(commune: Commune) -> Iterator[dict[str, Any]]:
    """Yield the lieux-dits, those of communes absorbed since they were loaded included."""
    communes = Commune.objects.filter(Q(pk=commune.pk) | Q(successor=commune)).values("pk")
    known = LieuDit.objects.filter(commune__in=communes)
    for nom, point in known.order_by("nom", "pk").values_list("nom", "point"):
        yield _place(nom, _lon_lat(point.x, point.y), "lieu-dit")


def _titled(features: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the features which have a name of their own, once each: a café is a place, a dead zone is not."""
    seen: set[tuple[str, float, float]] = set()
    for feature in features:
        spot = (feature["title"], round(feature["lon"], 4), round(feature["lat"], 4))
        if "operators" not in feature and spot not in seen:
            seen.add(spot)
            yield _place(feature["title"], [feature["lon"], feature["lat"]], "objet")


def _place(name: str, at: list[float], kind: str = "mairie") -> dict[str, Any]:
    said = _("Mairie (%(commune)s)") % {"commune": name} if kind == "mairie" else name
    return {"name": said, "kind": kind, "lon": at[0], "lat": at[1]}


def _lon_lat(lon: float, lat: float) -> list[float]:
    return [round(lon, DECIMALS), round(lat, DECIMALS)]


def _fitting(items: list[dict[str, Any]], room: int) -> list[dict[str, Any]]:
    """Return the first items whose JSON takes at most `room` bytes."""
    for rank, item in enumerate(items):
        room -= len(orjson.dumps(item)) + 1
        if room < 0:
            return items[:rank]
    return items
