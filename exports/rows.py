"""The SQL of every export: published rows of one version, and nothing else.

Only `couches` and `territoires` tables appear here, so nothing unmoderated can leave by
construction. Rows come in the order of their primary key, which never changes: the
bytes of a version are the same at each download. `Selection.after` and `until` cut that
order into steps, for what must leave before all of it is sorted.
"""

import json
from dataclasses import dataclass

from psycopg import sql

from couches.columns import LIST_SEPARATOR, WHOLE, Column
from couches.filters import in_force
from couches.models import CoucheVersion
from exports.projections import LEGAL, PROJECTIONS, WGS84
from territoires.models import Commune, Departement, Epci, Region

Territory = Commune | Epci | Departement | Region
# 1e-7 degree is 11 mm at most: rounding moves a point by less than 8 mm.
DEGREE_DIGITS = 7
METRE_DIGITS = 3

TABLES = sql.SQL("""
    FROM couches_featureversion fv
    JOIN territoires_commune c ON c.code_insee = fv.commune_id
    JOIN territoires_departement d ON d.code = c.departement_id""")
# What the values of a row are computed from.
ROW_FIELDS = sql.SQL("""
    fv.id, fv.feature_id, fv.number, fv.geom, fv.attributes, c.code_insee, c.nom, c.departement_id,
    d.srid, fv.observations, fv.distinct_observers, fv.last_observed_on, fv.accuracy_m,
    fv.near_border, fv.self_accepted, fv.origin""")
# Rows are put in order before anything is computed: what is sorted stays narrow, and the
# first byte leaves as soon as the order is known. `OFFSET 0` keeps the planner to it.
_IN_ORDER = sql.SQL("FROM (SELECT {fields} {tables} WHERE {where} ORDER BY fv.id OFFSET 0) fv {keyed}")


@dataclass(frozen=True)
class Selection:
    """The rows of one version, within a territory or everywhere, of one legal CRS or of all.

    `after` (exclusive) and `until` (inclusive) are keys of rows: a step of the walk.
    `placed`: the statement asks for a box too.
    """

    version: CoucheVersion
    territory: Territory | None = None
    legal_srid: int | None = None
    after: int | None = None
    until: int | None = None
    placed: bool = False

    def where(self) -> sql.Composed:
        """Return the condition that selects the rows in force at the version."""
        clauses = [*in_force(self.version, placed=self.placed), *self.place()]
        if self.after is not None:
            clauses.append(sql.SQL("fv.id > {}").format(sql.Literal(self.after)))
        if self.until is not None:
            clauses.append(sql.SQL("fv.id <= {}").format(sql.Literal(self.until)))
        return sql.SQL(" AND ").join(clauses)

    def place(self) -> list[sql.Composable]:
        """Return the conditions on the commune, if any."""
        clauses: list[sql.Composable] = []
        if self.legal_srid is not None:
            clauses.append(sql.SQL("d.srid = {}").format(sql.Literal(self.legal_srid)))
        if isinstance(self.territory, Commune):
            # What was published under the name of a commune merged since is still its own.
            column = sql.SQL("(c.code_insee = {0} OR c.successor_id = {0})")
        elif isinstance(self.territory, Epci):
            column = sql.SQL("c.epci_id = {0}")
        elif isinstance(self.territory, Departement):
            column = sql.SQL("c.departement_id = {0}")
        elif isinstance(self.territory, Region):
            column = sql.SQL("d.region_id = {0}")
        else:
            return clauses
        assert self.territory is not None  # noqa: S101  # one of the four above
        return [*clauses, column.format(sql.Literal(self.territory.pk))]


def _in_order(selection: Selection, columns: list[Column]) -> sql.Composed:
    return _IN_ORDER.format(
        fields=ROW_FIELDS, tables=TABLES, where=selection.where(), keyed=keyed_objects(columns)
    )


def geojson_rows(selection: Selection, columns: list[Column]) -> sql.Composed:
    """One GeoJSON Feature per row, in WGS 84, with a comma before it."""
    return sql.SQL(
        """SELECT ',{{"type":"Feature","id":"' || p.id || '","geometry":' || ST_AsGeoJSON(p.geom, {digits})
               || ',"properties":' || row_to_json((SELECT r FROM (SELECT {names}) r)) || '}}'
        FROM (SELECT fv.geom, fv.id AS row_id, {values} {rows}) p ORDER BY p.row_id"""
    ).format(
        digits=sql.Literal(DEGREE_DIGITS),
        names=sql.SQL(", ").join(sql.Identifier("p", column.name) for column in columns),
        values=_values(selection.version, columns, native=True),
        rows=_in_order(selection, columns),
    )


def csv_rows(selection: Selection, columns: list[Column], crs: str) -> sql.Composed:
    """One row per feature: formula-safe texts, degrees, then x and y in the asked projection."""
    return sql.SQL("SELECT {values}, {projected} {rows} ORDER BY fv.id").format(
        values=sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(
                safe(value_of(column, selection.version), column), sql.Identifier(column.name)
            )
            for column in columns
        ),
        projected=_projected(crs),
        rows=_in_order(selection, columns),
    )


def flat_rows(
    selection: Selection, columns: list[Column], srid: int, *, geometry: bool = False
) -> sql.Composed:
    """One row per feature for GDAL: exact texts, then geom_x and geom_y in `srid`.

    With `geometry`, the point itself in their place, for readers that speak to PostGIS.
    """
    coordinates = "g.geom AS geometry" if geometry else "ST_X(g.geom) AS geom_x, ST_Y(g.geom) AS geom_y"
    return sql.SQL(
        "SELECT {values}, {coordinates} {rows} "
        "CROSS JOIN LATERAL (SELECT {geom} AS geom OFFSET 0) g ORDER BY fv.id"
    ).format(
        values=_values(selection.version, columns),
        coordinates=sql.SQL(coordinates),
        rows=_in_order(selection, columns),
        geom=projected_geometry(srid),
    )


def text_widths(selection: Selection, columns: list[Column]) -> sql.Composed:
    """The longest value of each text column in bytes: a DBF has columns of fixed width."""
    # In no order: OFFSET 0 alone gives the values the same names.
    rows = sql.SQL("FROM (SELECT {fields} {tables} WHERE {where} OFFSET 0) fv {keyed}")
    return sql.SQL("SELECT count(*), {widths} {rows}").format(
        widths=sql.SQL(", ").join(
            sql.SQL("coalesce(max(octet_length({})), 0)").format(value_of(column, selection.version))
            for column in columns
        ),
        rows=rows.format(
            fields=ROW_FIELDS, tables=TABLES, where=selection.where(), keyed=keyed_objects(columns)
        ),
    )


def legal_srids(selection: Selection) -> sql.Composed:
    """The legal CRS of the territories where the selection has rows.

    Asks each département whether it has one, through the index on (couche, commune):
    reading every row to find two distinct values would cost as much as the export.
    """
    return sql.SQL(
        """SELECT DISTINCT d.srid FROM territoires_departement d WHERE EXISTS (
             SELECT 1 FROM territoires_commune c
             JOIN couches_featureversion fv ON fv.commune_id = c.code_insee
             WHERE c.departement_id = d.code AND {where}) ORDER BY d.srid"""
    ).format(where=selection.where())


def count(selection: Selection) -> sql.Composed:
    """The number of rows of the selection."""
    return sql.SQL("SELECT count(*) {tables} WHERE {where}").format(tables=TABLES, where=selection.where())


def longest_answers(selection: Selection, limit: int) -> sql.Composed:
    """Whether a row's answers, all together, pass `limit` characters: if none does, no value does.

    PostgreSQL's compression shortens a text ninety times at most: what is stored in less
    than that is not even read.
    """
    return sql.SQL(
        "SELECT EXISTS (SELECT {tables} WHERE {where} "
        "AND pg_column_size(fv.attributes) > {stored} AND length(fv.attributes::text) > {limit})"
    ).format(
        tables=TABLES,
        where=selection.where(),
        stored=sql.Literal(limit // 100),
        limit=sql.Literal(limit),
    )


def step_end(selection: Selection, after: int, rows: int) -> sql.Composed:
    """The key `rows` rows of the couche after `after`, whatever their version: no row near the end.

    An index-only walk of (couche, id): fifty thousand keys in a few milliseconds.
    """
    return sql.SQL(
        "SELECT fv.id FROM couches_featureversion fv WHERE fv.couche_id = {couche} AND fv.id > {after} "
        "ORDER BY fv.couche_id, fv.id OFFSET {offset} LIMIT 1"
    ).format(
        couche=sql.Literal(selection.version.couche_id),
        after=sql.Literal(after),
        offset=sql.Literal(rows - 1),
    )


def keys(selection: Selection, *, skip: int, limit: int) -> sql.Composed:
    """The keys of the rows of a whole version, in order, `skip` rows on: an index is walked, nothing joined.

    A row always has its commune, its département and its object: they are not asked.
    """
    return sql.SQL(
        "SELECT fv.id FROM couches_featureversion fv WHERE {where} "
        "ORDER BY fv.couche_id, fv.id OFFSET {skip} LIMIT {limit}"
    ).format(
        where=selection.where(),
        skip=sql.Literal(skip),
        limit=sql.Literal(limit),
    )


def projected_geometry(srid: int) -> sql.Composable:
    """Return the geometry in `srid`; the stored one where nothing is to be done."""
    if srid == WGS84:
        return sql.SQL("fv.geom")
    return sql.SQL("ST_Transform(fv.geom, {})").format(sql.Literal(PROJECTIONS[srid].computed_as))


def _projected(crs: str) -> sql.Composable:
    """Return x, y and crs: the legal projection of each row's territory, or the one asked."""
    geom: sql.Composable
    name: sql.Composable
    if crs == LEGAL:
        geom, name = sql.SQL("ST_Transform(fv.geom, fv.srid)"), sql.SQL("'EPSG:' || fv.srid")
    else:
        geom, name = projected_geometry(int(crs)), sql.Literal(f"EPSG:{crs}")
    digits = DEGREE_DIGITS if crs == str(WGS84) else METRE_DIGITS
    return sql.SQL(
        "round(ST_X({geom})::numeric, {digits}) AS x, round(ST_Y({geom})::numeric, {digits}) AS y, {name} AS crs"
    ).format(geom=geom, digits=sql.Literal(digits), name=name)


def _values(version: CoucheVersion, columns: list[Column], *, native: bool = False) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(value_of(column, version, native=native), sql.Identifier(column.name))
        for column in columns
    )


def value_of(column: Column, version: CoucheVersion, *, native: bool = False) -> sql.Composable:
    """Return the SQL of a column's value; with `native`, lists stay JSON lists."""
    if not column.path:
        return _own_value(column.name, version)
    source: sql.Composable = sql.SQL("fv.attributes")
    if column.path == (WHOLE,):
        return source
    path = column.path
    if column.key:
        if column.excluding:
            return _other_objects(column, native=native)
        source, path = sql.Identifier("k", _alias(column)), path[-1:]
    *parents, last = path
    for parent in parents:
        source = sql.SQL("({} -> {})").format(source, sql.Literal(parent))
    return _typed(source, sql.Literal(last), column.kind, native=native)


def _own_value(name: str, version: CoucheVersion) -> sql.Composable:
    return {
        "id": sql.SQL("fv.feature_id"),
        "number": sql.SQL("fv.number"),
        "couche": sql.Literal(version.couche.slug) + sql.SQL("::text"),
        "version": sql.Literal(version.number) + sql.SQL("::int"),
        "code_insee": sql.SQL("fv.code_insee"),
        "commune": sql.SQL("fv.nom"),
        "departement": sql.SQL("fv.departement_id"),
        "latitude": sql.SQL("round(ST_Y(fv.geom)::numeric, {})").format(sql.Literal(DEGREE_DIGITS)),
        "longitude": sql.SQL("round(ST_X(fv.geom)::numeric, {})").format(sql.Literal(DEGREE_DIGITS)),
        "observations": sql.SQL("fv.observations"),
        "distinct_observers": sql.SQL("fv.distinct_observers"),
        "last_observed_on": sql.SQL("fv.last_observed_on"),
        "accuracy_m": sql.SQL("round(fv.accuracy_m::numeric, 1)"),
        "near_border": sql.SQL("fv.near_border"),
        "self_accepted": sql.SQL("fv.self_accepted"),
        "origin": sql.SQL("fv.origin"),
    }[name]


def _typed(source: sql.Composable, key: sql.Composable, kind: str, *, native: bool) -> sql.Composable:
    """Read one key of a JSON object as its kind; what is not of that kind (an older schema) is NULL."""
    shapes = {
        "string": "({s} ->> {k})",
        "date": "({s} ->> {k})",
        "integer": "CASE WHEN jsonb_typeof({s} -> {k}) = 'number' THEN trunc(({s} ->> {k})::numeric)::bigint END",
        "number": "CASE WHEN jsonb_typeof({s} -> {k}) = 'number' THEN ({s} ->> {k})::numeric END",
        "boolean": "CASE {s} ->> {k} WHEN 'true' THEN true WHEN 'false' THEN false END",
        "list": "({s} -> {k})" if native else _JOINED,
        "json": "({s} -> {k})" if native else "({s} -> {k})::text",
    }
    return sql.SQL(shapes[kind]).format(s=source, k=key, separator=sql.Literal(LIST_SEPARATOR))


_JOINED = """CASE WHEN jsonb_typeof({s} -> {k}) = 'array' THEN
    (SELECT string_agg(item, {separator} ORDER BY rank)
     FROM jsonb_array_elements_text({s} -> {k}) WITH ORDINALITY items(item, rank)) END"""


def _alias(column: Column) -> str:
    assert column.key is not None  # noqa: S101  # only keyed columns are read from a key
    return f"{column.path[0]}_{column.key[1]}"


def keyed_objects(columns: list[Column]) -> sql.Composable:
    """Return a LATERAL that finds, once per row, each usual object of a keyed list.

    `OFFSET 0` keeps the planner from searching it again for each column that reads it.
    """
    found = {_alias(column): column for column in columns if column.key and not column.excluding}
    if not found:
        return sql.SQL("")
    searches = [_search(column, alias) for alias, column in found.items()]
    return sql.SQL("CROSS JOIN LATERAL (SELECT {} OFFSET 0) k").format(sql.SQL(", ").join(searches))


def _search(column: Column, alias: str) -> sql.Composed:
    """Find one object by its key; asking first whether it is there costs four times less than a path."""
    assert column.key is not None  # noqa: S101  # only keyed columns are searched
    name, (key, value) = column.path[0], column.key
    return sql.SQL(
        "CASE WHEN fv.attributes @> {present} THEN jsonb_path_query_first(fv.attributes, {path}) END AS {alias}"
    ).format(
        present=sql.Literal(json.dumps({name: [{key: value}]})),
        path=sql.Literal(f"$.{_quoted(name)}[*] ? (@.{_quoted(key)} == {_quoted(value)})"),
        alias=sql.Identifier(alias),
    )


def _other_objects(column: Column, *, native: bool) -> sql.Composable:
    """Return the objects of a keyed list whose key has no column of its own, as JSON."""
    assert column.key is not None  # noqa: S101  # only keyed columns exclude keys
    name, key = column.path[0], _quoted(column.key[0])
    usual = " || ".join(f"@.{key} == {_quoted(value)}" for value in column.excluding)
    found = [sql.Identifier("k", f"{name}_{value}") for value in column.excluding]
    # Most rows have no other object: counting them is cheaper than looking.
    value = sql.SQL(
        """CASE WHEN jsonb_typeof(fv.attributes -> {name}) = 'array'
                 AND jsonb_array_length(fv.attributes -> {name}) > num_nonnulls({found})
           THEN nullif(jsonb_path_query_array(fv.attributes, {path}), '[]'::jsonb) END"""
    ).format(
        name=sql.Literal(name),
        found=sql.SQL(", ").join(found),
        path=sql.Literal(f"$.{_quoted(name)}[*] ? (!({usual}))"),
    )
    return value if native else sql.SQL("({})::text").format(value)


def _quoted(text: str) -> str:
    """Return text as a string of the SQL/JSON path language, which escapes as JavaScript does."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ASVS 1.2.10: what a spreadsheet takes for the start of a formula, wide forms included.
_FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"


def safe(value: sql.Composable, column: Column) -> sql.Composable:
    """Return a value that no spreadsheet executes: texts get a leading quote, numbers stay numbers."""
    if column.kind == "boolean":
        return value + sql.SQL("::text") if not column.path else sql.SQL("({})::text").format(value)
    if (
        column.name == "id"
        or column.kind not in ("string", "list", "json", "date")
        or column.name == "last_observed_on"
    ):
        return value
    if column.definition.get("enum"):
        return value
    return sql.SQL(
        "CASE WHEN strpos({starts}, left({v}, 1)) > 0 AND {v} <> '' THEN '''' || {v} ELSE {v} END"
    ).format(starts=sql.Literal(_FORMULA_STARTS), v=value)
