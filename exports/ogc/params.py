"""What a request for items asks, read from its address and checked before any row is touched."""

import datetime as dt
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg import sql

from exports.ogc.collections import Collection
from exports.ogc.cql import Condition, translate
from exports.ogc.crs import MAX_COORDINATE, Reference, box_condition, read_reference
from exports.ogc.queryables import Queryable, queryables_of
from exports.rows import Selection
from territoires.scope import Territory, parse_territory

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
PARIS = ZoneInfo("Europe/Paris")
RESERVED = frozenset(
    {
        "f",
        "limit",
        "bbox",
        "bbox-crs",
        "crs",
        "datetime",
        "filter",
        "filter-lang",
        "filter-crs",
        "territoire",
        "curseur",
    }
)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?")


@dataclass(frozen=True)
class ItemsQuery:
    """One page of items: what is kept, in which CRS, how many, after which row (`fv.id`)."""

    collection: Collection
    reference: Reference
    limit: int = DEFAULT_LIMIT
    after: int = 0
    territory: Territory | None = None
    conditions: tuple[sql.Composable, ...] = ()
    # What conditions read: the objects of keyed lists among it are searched, once for each row looked at.
    filtered: tuple[Queryable, ...] = field(default=())
    # Whether a condition keeps to some place: a box, or what a filter says.
    placed: bool = False

    @property
    def selection(self) -> Selection:
        """The rows of the version and territory."""
        return Selection(self.collection.version, self.territory, placed=self.placed)

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is left out but by the page."""
        return not self.conditions and self.territory is None


def read_items(collection: Collection, parameters: Mapping[str, str]) -> ItemsQuery:
    """Return the page that the parameters of an address ask for.

    Raises ValidationError naming the parameter and the remedy; an unknown one is refused
    (`/req/core/query-param-unknown`).
    """
    # Most pages filter by nothing of the schema: it is not read for them.
    filters = "filter" in parameters or not RESERVED.issuperset(parameters)
    queryables = queryables_of(collection.version) if filters else {}
    unknown = sorted(set(parameters) - RESERVED - set(queryables))
    if unknown:
        message = _("Ce paramètre n'existe pas ici : retirez-le, ou voyez « queryables » de la collection.")
        raise ValidationError({unknown[0][:60]: [message]})
    legal = needs_legal(collection, parameters)
    box = _read_box(parameters, legal)
    conditions: list[sql.Composable] = [*box]
    conditions += _read_datetime(parameters.get("datetime", ""))
    named = [
        (queryables[name], text)
        for name, text in parameters.items()
        if name in queryables and name not in RESERVED
    ]
    conditions += [_equals(one, text) for one, text in named]
    asked = _read_filter(parameters, queryables, legal)
    return ItemsQuery(
        collection=collection,
        reference=read_reference("crs", parameters.get("crs", ""), legal),
        limit=_read_limit(parameters.get("limit", "")),
        after=_read_cursor(parameters.get("curseur", "")),
        territory=parse_territory(parameters.get("territoire", "")),
        conditions=(*conditions, *([asked.where] if asked else [])),
        filtered=(*(asked.read if asked else ()), *(one for one, _text in named)),
        placed=bool(box) or (asked is not None and asked.placed),
    )


def _read_filter(
    parameters: Mapping[str, str], queryables: dict[str, Queryable], legal: set[int]
) -> Condition | None:
    """Return what `filter` asks, if anything."""
    if parameters.get("filter-lang", "cql2-text") != "cql2-text":
        raise ValidationError({"filter-lang": [_("Seul cql2-text est offert.")]})
    if "filter" not in parameters:
        return None
    if not parameters["filter"]:
        raise ValidationError({"filter": [_("Ce filtre est vide : retirez-le, ou écrivez une condition.")]})
    reference = read_reference("filter-crs", parameters.get("filter-crs", ""), legal)
    return translate(parameters["filter"], queryables, reference)


def needs_legal(collection: Collection, parameters: Mapping[str, str]) -> set[int]:
    """Return the legal CRS of the collection's points, asked of the database only when a CRS is named."""
    if any(parameters.get(name) for name in ("crs", "bbox-crs", "filter-crs")):
        return collection.legal
    return set()


def read_feature_id(text: str) -> uuid.UUID | None:
    """Return the UUID of an item's address, None where it is not one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _read_limit(text: str) -> int:
    if not text:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise ValidationError(
            {"limit": [_("Écrivez un nombre entier, de 1 à %(max)d.") % {"max": MAX_LIMIT}]}
        )
    # `/req/core/fc-limit-response-1`: more than we give is a wish, not a mistake.
    return min(int(text), MAX_LIMIT)


def _read_cursor(text: str) -> int:
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValidationError(
            {"curseur": [_("Suivez le lien « next » de la page précédente, sans le changer.")]}
        )
    return int(text)


def _read_box(parameters: Mapping[str, str], legal: set[int]) -> list[sql.Composable]:
    text = parameters.get("bbox", "")
    reference = read_reference("bbox-crs", parameters.get("bbox-crs", ""), legal)
    if not text:
        if "bbox" in parameters:
            raise ValidationError({"bbox": [_("Écrivez quatre nombres séparés par des virgules.")]})
        return []
    parts = text.split(",")
    if len(parts) not in (4, 6) or not all(_DECIMAL.fullmatch(part) for part in parts):
        message = _("Écrivez quatre nombres séparés par des virgules : ouest, sud, est, nord.")
        raise ValidationError({"bbox": [message]})
    numbers = [float(part) for part in parts]
    if not all(math.isfinite(one) and abs(one) <= MAX_COORDINATE for one in numbers):
        raise ValidationError({"bbox": [_("Ces coordonnées sont hors limites.")]})
    # Six numbers bound the height too, which our points do not have.
    flat = [*numbers[:2], *numbers[3:5]] if len(numbers) == 6 else numbers
    return [box_condition(flat, reference)]


def _read_datetime(text: str) -> list[sql.Composable]:
    """Return the condition on the day of the last observation: an instant, or an interval with open ends."""
    if not text:
        return []
    parts = text.split("/")
    if len(parts) > 2:
        raise _bad_datetime()
    days = [None if part in ("", "..") else _day(part) for part in parts]
    start, end = days if len(days) == 2 else (days[0], days[0])
    if len(parts) == 1 and start is None:
        raise _bad_datetime()
    if start and end and start > end:
        raise ValidationError({"datetime": [_("Le début de l'intervalle est après sa fin.")]})
    column = sql.SQL("fv.last_observed_on")
    found: list[sql.Composable] = []
    if start:
        found.append(sql.SQL("{} >= {}::date").format(column, sql.Literal(start.isoformat())))
    if end:
        found.append(sql.SQL("{} <= {}::date").format(column, sql.Literal(end.isoformat())))
    return found


def _day(text: str) -> dt.date:
    """Return the day of an RFC 3339 instant, as it is in France, or of a date."""
    try:
        if len(text) == 10:
            return dt.date.fromisoformat(text)
        moment = dt.datetime.fromisoformat(text.upper())
        if moment.tzinfo is None:
            raise _bad_datetime()
        return moment.astimezone(PARIS).date()
    except (ValueError, OverflowError):
        raise _bad_datetime() from None


def _bad_datetime() -> ValidationError:
    message = _(
        "Écrivez une date (2026-11-20), un instant (2026-11-20T12:00:00Z) ou un intervalle (2026-01-01/..)."
    )
    return ValidationError({"datetime": [message]})


def _equals(one: Queryable, text: str) -> sql.Composable:
    """Return the condition of a plain parameter: the property has this very value."""
    if "\x00" in text:
        raise ValidationError({one.name: [_("Ce texte contient un caractère interdit.")]})
    if one.kind in ("integer", "number"):
        if not _DECIMAL.fullmatch(text):
            raise ValidationError({one.name: [_("Écrivez un nombre.")]})
        return sql.SQL("{} = {}::numeric").format(one.value, sql.Literal(text))
    if one.kind == "boolean":
        if text not in ("true", "false"):
            raise ValidationError({one.name: [_("Écrivez true ou false.")]})
        return sql.SQL("{} = {}").format(one.value, sql.Literal(text == "true"))
    if one.kind == "date" and not one.is_text:
        return sql.SQL("{} = {}::date").format(one.value, sql.Literal(_date_of(one, text)))
    return sql.SQL("{} = {}").format(one.value, sql.Literal(text))


def _date_of(one: Queryable, text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValidationError({one.name: [_("Écrivez une date comme 2026-11-20.")]}) from None
