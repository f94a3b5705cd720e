"""Realistic points for benches and load tests: the same seed gives the same points.

People live in hamlets, and a few communes hold most of them: weights follow a Pareto law,
points gather around a few places of each commune, all inside its outline. Answers are
drawn from the couche's own schema, so any couche can be sown.
"""

import datetime as dt
import hashlib
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.utils import timezone

from contributions.models import Contribution
from couches.models import Couche
from couches.schemas import in_order, properties
from couches.staging import Change
from territoires.models import Commune

# Distinct answers drawn; more would cost time and teach a bench nothing.
POOL = 5_000
# A commune has a few hamlets, and one more for each fifty points: places fill up, they do not pile up.
HAMLETS = 4
POINTS_PER_HAMLET = 50
# The largest commune weighs so many times the median one, not all the others together.
MAX_WEIGHT = 200
CLUSTERED = 0.9
# Spread of a hamlet, as a share of the commune's width.
HAMLET_SPREAD = 0.05
_TEXTS = (
    "Derrière l'église, rien ne passe.",
    "Sur la route de Saint-Simon, à partir du deuxième virage.",
    "Ouvert le jeudi matin, fermé en août.",
    "Œuvre de l'abbé ; demander la clé à la mairie 🔑",
    "Le panneau indique encore l'ancien nom (L'Haÿ).",
    "Accès par la cour, porte de gauche.",
)
_NAMES = (
    "Café de la Place",
    "Espace France services",
    "Salle des fêtes",
    "Médiathèque",
    "Relais du Lac",
    "Mairie",
)


@dataclass(frozen=True)
class Places:
    """Points of a seed: longitudes, latitudes (EPSG:4326), and the rank of each one's commune."""

    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    rank: np.ndarray[Any, Any]
    codes: list[str]


def draw_places(count: int, *, seed: int) -> Places:
    """Return `count` points inside the communes of the database, in random order.

    Raises ValueError when no commune has an outline.
    """
    rng = np.random.default_rng(seed)
    communes = Commune.objects.current().filter(geom__isnull=False).order_by("code_insee")
    codes = list(communes.values_list("code_insee", flat=True))
    if not codes:
        raise ValueError("no outline")
    weights = np.minimum(rng.pareto(1.2, len(codes)) + 0.2, MAX_WEIGHT)
    numbers = rng.multinomial(count, weights / weights.sum())
    drawn = []
    rows = communes.values_list("geom", "chef_lieu").iterator(chunk_size=500)
    for number, (geom, town_hall) in zip(numbers, rows, strict=True):
        if number and geom is not None:
            outline = shapely.from_wkb(bytes(geom.wkb))
            drawn.append(_inside(outline, town_hall, int(number), rng))
    places = np.vstack(drawn)
    ranks = np.repeat(np.arange(len(codes)), numbers)
    order = rng.permutation(count)
    return Places(places[order, 0], places[order, 1], ranks[order], codes)


def _inside(
    outline: Any, town_hall: Point | None, count: int, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """Draw points inside an outline: most around hamlets, some anywhere."""
    shapely.prepare(outline)
    west, south, east, north = outline.bounds
    corner, size = np.array([west, south]), np.array([east - west, north - south])
    number = HAMLETS + count // POINTS_PER_HAMLET
    hamlets = corner + rng.random((number, 2)) * size
    if town_hall is not None:
        hamlets[0] = town_hall.x, town_hall.y
    kept: list[np.ndarray[Any, Any]] = []
    missing = count
    while missing:
        tries = max(16, missing * 2)
        anywhere = corner + rng.random((tries, 2)) * size
        around = hamlets[rng.integers(0, number, tries)] + rng.normal(0, HAMLET_SPREAD, (tries, 2)) * size
        # Rounded before the test: what is stored lies inside too.
        found = np.round(np.where(rng.random((tries, 1)) < CLUSTERED, around, anywhere), 7)
        found = found[shapely.contains_xy(outline, found[:, 0], found[:, 1])][:missing]
        kept.append(found)
        missing -= len(found)
    return np.vstack(kept)


def changes(couche: Couche, places: Places, *, seed: int, today: dt.date) -> Iterator[Change]:
    """Yield one creation per place, for `couches.publication.publish`."""
    rng = random.Random(seed)  # noqa: S311  # made-up data
    pool = [draw_attributes(couche, rng) for _ in range(POOL)]
    for x, y, rank in zip(places.x.tolist(), places.y.tolist(), places.rank.tolist(), strict=True):
        observations = 1 + int(rng.paretovariate(1.5)) % 40
        yield Change(
            "create",
            uuid.UUID(int=rng.getrandbits(128), version=4),
            geom=Point(x, y, srid=4326),
            attributes=pool[rng.randrange(POOL)],
            commune_id=places.codes[rank],
            observations=observations,
            distinct_observers=rng.randint(1, observations),
            last_observed_on=today - dt.timedelta(days=rng.randrange(720)),
            accuracy_m=float(rng.randint(3, 60)),
            origin="seed",
        )


def draw_attributes(couche: Couche, rng: random.Random) -> dict[str, Any]:
    """Draw answers that the couche's schema accepts: the required ones, and some others."""
    required = set(couche.attribute_schema.get("required", ()))
    answers = {}
    for name, definition in properties(couche).items():
        if definition.get("x-complete") or not (name in required or rng.random() < 0.6):
            continue
        value = _draw(definition, rng)
        if value is not None:
            answers[name] = value
    return answers


def _draw(definition: dict[str, Any], rng: random.Random) -> Any:
    """Draw a value of one definition; None when it needs more than chance (a pattern without example)."""
    kind = definition.get("type")
    if "enum" in definition:
        return rng.choice(definition["enum"])
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "integer":
        return rng.randint(definition.get("minimum", 0), definition.get("maximum", 100))
    if kind == "array":
        return _draw_list(definition, rng)
    if kind == "string" and "pattern" in definition:
        return definition.get("x-table", {}).get("example")
    if kind == "string":
        limit = definition.get("maxLength", 200)
        text = rng.choice(_NAMES if limit <= 200 else _TEXTS)
        return text[:limit]
    return None


def _draw_list(definition: dict[str, Any], rng: random.Random) -> list[Any] | None:
    items = definition["items"]
    if "enum" in items:
        most = min(3, definition.get("maxItems", 3), len(items["enum"]))
        return rng.sample(items["enum"], rng.randint(1, most))
    key = definition.get("x-key")
    if not key:
        return None
    usual = definition.get("x-fixed") or items["properties"][key]["enum"]
    parts = {name: part for name, part in in_order(items["properties"]).items() if name != key}
    rows = []
    for value in rng.sample(usual, rng.choice((1, 1, 1, 2, min(3, len(usual))))):
        said = {name: _draw(part, rng) for name, part in parts.items() if rng.random() < 0.7}
        first = next(iter(parts))
        rows.append({key: value, **(said or {first: _draw(parts[first], rng)})})
    return rows


def copy_pending(couche: Couche, places: Places, *, seed: int) -> int:
    """Insert one waiting contribution per place through COPY; return how many."""
    rng = random.Random(seed)  # noqa: S311  # made-up data
    pool = [json.dumps(draw_attributes(couche, rng)) for _ in range(POOL)]
    now = timezone.now()
    fields = [field for field in Contribution._meta.concrete_fields if not field.generated]
    usual = {field.attname: field.get_default() for field in fields}
    usual |= {
        "couche_id": couche.pk,
        "operation": "create",
        "status": "SUBMITTED",
        "position_source": "gps",
        "channel": "web",
        "schema_version": couche.schema_version,
        "millesime": Commune.objects.order_by("-millesime").values_list("millesime", flat=True)[0],
        "secret_sha256": hashlib.sha256(str(seed).encode()).hexdigest(),
    }
    names = ", ".join(f'"{field.column}"' for field in fields)
    count = 0
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy(f"COPY {Contribution._meta.db_table} ({names}) FROM STDIN") as copy:
            for x, y, rank in zip(places.x.tolist(), places.y.tolist(), places.rank.tolist(), strict=True):
                identity = uuid.UUID(int=rng.getrandbits(128), version=4)
                received = now - dt.timedelta(minutes=rng.randrange(60 * 24 * 60))
                row = usual | {
                    "id": identity,
                    "geom": f"SRID=4326;POINT({x!r} {y!r})",
                    "attributes": pool[rng.randrange(POOL)],
                    "commune_id": places.codes[rank],
                    "code_insee_at_capture": places.codes[rank],
                    "observed_at": received,
                    "received_at": received,
                    "accuracy_m": float(rng.randint(3, 60)),
                    "payload_sha256": hashlib.sha256(identity.bytes).hexdigest(),
                }
                copy.write_row([_column(row[field.attname]) for field in fields])
                count += 1
        cursor.execute(f"ANALYZE {Contribution._meta.db_table}")
    return count


def _column(value: Any) -> Any:
    """Return a value as COPY takes it: JSON as text."""
    return json.dumps(value) if isinstance(value, dict | list) else value
