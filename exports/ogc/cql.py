"""CQL2 text to SQL: the `cql2` library reads, this module translates what we offer and refuses the rest.

OGC 21-065r2. Names come from the queryables alone and every value is a bound literal: nothing
of the text reaches the database as SQL.
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cql2
import shapely
from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException, GEOSGeometry
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg import sql

from exports.ogc.crs import MAX_COORDINATE, Reference
from exports.ogc.queryables import GEOMETRY, Queryable
from exports.projections import WGS84

MAX_TEXT = 4000
# The library descends once per level of nesting, on a stack that a hostile text would burst
# (measured: the whole process dies at a few thousand): what nests is counted before it reads.
MAX_NESTING = 40
MAX_OPERATORS = 200
MAX_VERTICES = 2000
_NESTING = re.compile(r"\bNOT\b|[-+*/%^(]|\bDIV\b", re.IGNORECASE)
_OPERATORS = re.compile(r"\b(?:AND|OR|NOT)\b|[-+*/%^]|\bDIV\b", re.IGNORECASE)
_STRINGS = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"[^\"]*\"")

_COMPARISONS = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_SPATIAL = {
    "s_intersects": "ST_Intersects",
    "s_within": "ST_Within",
    "s_contains": "ST_Contains",
    "s_equals": "ST_Equals",
    "s_touches": "ST_Touches",
    "s_crosses": "ST_Crosses",
    "s_overlaps": "ST_Overlaps",
    "s_disjoint": "ST_Disjoint",
}
# What an instant may be to an instant or an interval [a, b].
_TEMPORAL = {
    "t_after": "{v} > {b}",
    "t_before": "{v} < {a}",
    "t_equals": "({v} = {a} AND {v} = {b})",
    "t_during": "({v} > {a} AND {v} < {b})",
    "t_intersects": "({v} >= {a} AND {v} <= {b})",
    "t_disjoint": "({v} < {a} OR {v} > {b})",
}
_KINDS = {"string": str, "list": str, "integer": float, "number": float, "boolean": bool}


@dataclass(frozen=True)
class Condition:
    """What a CQL2 text asks: its SQL, the queryables it reads, whether it keeps to some place."""

    where: sql.Composable
    read: tuple[Queryable, ...]
    placed: bool


def translate(text: str, queryables: dict[str, Queryable], reference: Reference) -> Condition:
    """Return the condition a CQL2 text expresses; geometries are in `reference`.

    Raises ValidationError on `filter` with what is not understood and what would be.
    """
    _bound(text)
    try:
        document = cql2.parse_text(text).to_json()
    except cql2.ParseError as error:
        message = _(
            "Ce filtre CQL2 n'est pas compris, près du caractère %(place)s. Exemple : commune = 'Ytrac'."
        )
        place = re.search(r"--> \d+:(\d+)", str(error))
        raise _refused(message % {"place": place[1] if place else "1"}) from None
    except (cql2.ValidationError, ValueError, TypeError, OSError):
        raise _refused(_("Ce filtre CQL2 n'est pas valide.")) from None
    translator = _Translator(queryables, reference)
    where = translator.condition(document)
    return Condition(where, tuple(translator.read.values()), _is_placed(document))


def _is_placed(node: Any) -> bool:
    """Say whether only what is at some place can meet a condition."""
    operator = str(node.get("op", "")).lower() if isinstance(node, dict) else ""
    if operator == "and":
        return any(_is_placed(one) for one in node["args"])
    return operator in _SPATIAL and operator != "s_disjoint"


def _bound(text: str) -> None:
    """Refuse what would cost too much to read, before anything recursive sees it."""
    if len(text) > MAX_TEXT:
        raise _refused(_("Ce filtre dépasse %(max)d caractères : raccourcissez-le.") % {"max": MAX_TEXT})
    if "\x00" in text or any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise _refused(_("Ce filtre contient un caractère interdit."))
    bare = _STRINGS.sub("''", text)
    depth = deepest = 0
    for char in bare:
        depth += {"(": 1, ")": -1}.get(char, 0)
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING or len(_OPERATORS.findall(bare)) > MAX_OPERATORS:
        raise _refused(_("Ce filtre est trop imbriqué : simplifiez-le."))


class _Translator:
    def __init__(self, queryables: dict[str, Queryable], reference: Reference) -> None:
        self.queryables = queryables
        self.reference = reference
        self.read: dict[str, Queryable] = {}

    def condition(self, node: Any) -> sql.Composable:
        """Return the SQL of a node that is true or false."""
        if isinstance(node, bool):
            return sql.Literal(node)
        if isinstance(node, dict) and "property" in node:
            one = self._queryable(node)
            if one.kind == "boolean":
                return sql.SQL("({} IS TRUE)").format(one.value)
        if not isinstance(node, dict) or "op" not in node:
            raise _refused(_("Une condition est attendue, par exemple observations > 3."))
        operator, arguments = str(node["op"]).lower(), node.get("args", [])
        method = self._method(operator)
        if method is None:
            message = _("L'opérateur « %(name)s » n'est pas offert : voyez la liste dans la documentation.")
            raise _refused(message % {"name": operator[:40]})
        return method(operator, arguments)

    def _method(self, operator: str) -> Callable[[str, list[Any]], sql.Composable] | None:
        if operator in _COMPARISONS:
            return self._compare
        if operator in _SPATIAL:
            return self._spatial
        if operator in _TEMPORAL:
            return self._temporal
        return {
            "and": self._logical,
            "or": self._logical,
            "not": self._not,
            "isnull": self._is_null,
            "like": self._like,
            "between": self._between,
            "in": self._in,
        }.get(operator)

    def _logical(self, operator: str, arguments: list[Any]) -> sql.Composable:
        joined = sql.SQL(f" {operator.upper()} ").join([self.condition(one) for one in arguments])
        return sql.SQL("({})").format(joined)

    def _not(self, _operator: str, arguments: list[Any]) -> sql.Composable:
        return sql.SQL("(NOT {})").format(self.condition(arguments[0]))

    def _is_null(self, _operator: str, arguments: list[Any]) -> sql.Composable:
        if arguments[0] == {"property": GEOMETRY}:
            return sql.SQL("(fv.geom IS NULL)")
        return sql.SQL("({} IS NULL)").format(self._queryable(arguments[0]).value)

    def _compare(self, operator: str, arguments: list[Any]) -> sql.Composable:
        (left, left_kind), (right, right_kind) = self._pair(arguments)
        if left_kind == "boolean" and operator not in ("=", "<>"):
            raise _refused(_("Un oui ou non ne se compare qu'avec = ou <>."))
        if left_kind != right_kind:
            raise self._unlike(left_kind, right_kind)
        return sql.SQL("({} {} {})").format(left, sql.SQL(_COMPARISONS[operator]), right)

    def _pair(self, arguments: list[Any]) -> list[tuple[sql.Composable, str]]:
        return [self._scalar(one) for one in arguments]

    def _scalar(self, node: Any) -> tuple[sql.Composable, str]:
        """Return (SQL, kind) of a value: kind is text, number, boolean or date."""
        if isinstance(node, bool):
            return sql.Literal(node), "boolean"
        if isinstance(node, int | float):
            return sql.SQL("{}::numeric").format(sql.Literal(str(node))), "number"
        if isinstance(node, str):
            return sql.SQL("{}::text").format(sql.Literal(node)), "text"
        if isinstance(node, dict) and ("date" in node or "timestamp" in node):
            return _date_literal(_day(node)), "date"
        if isinstance(node, dict) and node.get("op") == "casei":
            value, kind = self._scalar(node["args"][0])
            if kind != "text":
                raise _refused(_("CASEI ne vaut que pour les textes."))
            return sql.SQL("lower({})").format(value), "text"
        if isinstance(node, dict) and "property" in node:
            one = self._queryable(node)
            kinds = {"integer": "number", "number": "number", "boolean": "boolean", "date": "date"}
            return _as_date(one), kinds.get(one.kind, "text")
        raise _refused(_("Un champ ou une valeur est attendu de part et d'autre d'une comparaison."))

    def _like(self, _operator: str, arguments: list[Any]) -> sql.Composable:
        (value, kind), (pattern, pattern_kind) = self._pair(arguments)
        if kind != "text" or pattern_kind != "text":
            raise _refused(_("LIKE compare un texte à un modèle, par exemple nom LIKE 'Mairie%'."))
        literal = (
            arguments[1]["args"][0]
            if isinstance(arguments[1], dict) and "args" in arguments[1]
            else arguments[1]
        )
        # PostgreSQL stops the whole query at a pattern whose last backslash escapes nothing.
        if not isinstance(literal, str) or re.search(r"(?<!\\)(?:\\\\)*\\$", literal):
            raise _refused(
                _("Le modèle de LIKE est un texte, qui ne finit pas par une barre oblique inverse.")
            )
        return sql.SQL("({} LIKE {})").format(value, pattern)

    def _between(self, _operator: str, arguments: list[Any]) -> sql.Composable:
        (value, kind), (low, low_kind), (high, high_kind) = self._pair(arguments)
        if kind not in ("number", "date") or {low_kind, high_kind} != {kind}:
            raise _refused(_("BETWEEN compare un nombre ou une date à deux bornes."))
        return sql.SQL("({} BETWEEN {} AND {})").format(value, low, high)

    def _in(self, _operator: str, arguments: list[Any]) -> sql.Composable:
        value, kind = self._scalar(arguments[0])
        listed = [self._scalar(one) for one in arguments[1]]
        strange = next((other for _sql, other in listed if other != kind), None)
        if strange is not None:
            raise self._unlike(kind, strange)
        return sql.SQL("({} IN ({}))").format(value, sql.SQL(", ").join([one for one, _kind in listed]))

    def _temporal(self, operator: str, arguments: list[Any]) -> sql.Composable:
        left, right = arguments
        if not (isinstance(left, dict) and "property" in left):
            raise _refused(_("Mettez le champ d'abord : T_AFTER(last_observed_on, DATE('2026-01-01'))."))
        one = self._queryable(left)
        if one.kind != "date":
            raise _refused(_("« %(name)s » n'est pas une date.") % {"name": one.name})
        start, end = _interval(right)
        return sql.SQL("(" + _TEMPORAL[operator] + ")").format(
            v=_as_date(one), a=_date_literal(start, "-infinity"), b=_date_literal(end, "infinity")
        )

    def _spatial(self, operator: str, arguments: list[Any]) -> sql.Composable:
        names = [isinstance(one, dict) and one.get("property") == GEOMETRY for one in arguments]
        if names.count(True) != 1:
            message = _(
                "Comparez « geometry » à une géométrie : S_INTERSECTS(geometry, BBOX(2.3, 44.9, 2.5, 45))."
            )
            raise _refused(message)
        shape = self._shape(arguments[names.index(False)])
        sides = [sql.SQL("fv.geom") if one else shape for one in names]
        test = sql.SQL("{}({}, {})").format(sql.SQL(_SPATIAL[operator]), *sides)
        if operator == "s_disjoint":
            return test
        return sql.SQL("(fv.geom && {} AND {})").format(shape, test)

    def _shape(self, node: Any) -> sql.Composable:
        """Return a literal geometry in EPSG:4326: checked here, moved by PostGIS."""
        try:
            if isinstance(node, dict) and "bbox" in node:
                box = [float(value) for value in node["bbox"]]
                flat = [*box[:2], *box[3:5]] if len(box) == 6 else box
                shape = shapely.box(*flat)
            else:
                shape = shapely.from_geojson(json.dumps(node))
        except (shapely.errors.ShapelyError, ValueError, TypeError):
            raise _refused(_("Cette géométrie n'est pas comprise.")) from None
        coordinates = shapely.get_coordinates(shape)
        if shape.is_empty or len(coordinates) > MAX_VERTICES or not shape.is_valid:
            message = _("Cette géométrie est vide, non valide, ou a plus de %(max)d sommets.")
            raise _refused(message % {"max": MAX_VERTICES})
        if not (abs(coordinates) <= MAX_COORDINATE).all():
            raise _refused(_("Les coordonnées de cette géométrie sont hors limites."))
        return _in_degrees(shapely.force_2d(shape), self.reference)

    def _queryable(self, node: Any) -> Queryable:
        name = node.get("property") if isinstance(node, dict) else None
        if not isinstance(name, str):
            raise _refused(_("Un nom de champ est attendu."))
        if name not in self.queryables:
            message = _("« %(name)s » n'est pas un champ filtrable : voyez « queryables » de la collection.")
            raise _refused(message % {"name": name[:60]})
        self.read[name] = self.queryables[name]
        return self.queryables[name]

    def _unlike(self, kind: str, other: str) -> ValidationError:
        words = {
            "text": _("un texte"),
            "number": _("un nombre"),
            "boolean": _("un oui ou non"),
            "date": _("une date"),
        }
        message = _("On ne compare pas %(one)s et %(other)s.")
        return _refused(message % {"one": words[kind], "other": words[other]})


def _as_date(one: Queryable) -> sql.Composable:
    """Return a queryable's value; dates become texts in ISO 8601, as those of answers are kept.

    In the collation "C" such texts sort as dates do, whatever the database's language.
    """
    if one.kind != "date":
        return one.value
    text = one.value if one.is_text else sql.SQL("to_char({}, 'YYYY-MM-DD')").format(one.value)
    return sql.SQL('({} COLLATE "C")').format(text)


def _date_literal(day: dt.date | None, otherwise: str = "") -> sql.Composable:
    # "-infinity" sorts before every digit, "infinity" after.
    return sql.SQL("{}::text").format(sql.Literal(day.isoformat() if day else otherwise))


def _day(node: Any) -> dt.date:
    """Return the day that a DATE or a TIMESTAMP names. Raises ValidationError."""
    text = node.get("date") or node.get("timestamp") if isinstance(node, dict) else node
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        raise _refused(_("Écrivez une date comme DATE('2026-11-20').")) from None


def _interval(node: Any) -> tuple[dt.date | None, dt.date | None]:
    """Return (start, end) of an instant or an INTERVAL; None is an open end."""
    if isinstance(node, dict) and "interval" in node:
        start, end = [None if one == ".." else _day(one) for one in node["interval"]]
        return start, end
    if isinstance(node, dict) and ("date" in node or "timestamp" in node):
        return _day(node), _day(node)
    raise _refused(_("Une date ou un INTERVAL est attendu."))


def _in_degrees(shape: Any, reference: Reference) -> sql.Composable:
    try:
        geometry = GEOSGeometry(shapely.to_wkb(shape).hex(), srid=reference.srid)
    except (GEOSException, GDALException):
        raise _refused(_("Cette géométrie n'est pas comprise.")) from None
    literal: sql.Composable = sql.SQL("{}::geometry").format(sql.Literal(geometry.hexewkb.decode()))
    if reference.north_first:
        literal = sql.SQL("ST_FlipCoordinates({})").format(literal)
    return literal if reference.srid == WGS84 else sql.SQL("ST_Transform({}, 4326)").format(literal)


def _refused(message: str) -> ValidationError:
    return ValidationError({"filter": [message]})
