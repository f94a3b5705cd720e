"""Published rows as a Django model: what django-gisserver asks for, on the SQL of the files.

An unmanaged model per couche has one field per column of the flat table; its table is the
statement of `exports.rows`, put in the place of a table's name. PostgreSQL merges it into the
query: a box goes through the spatial index, and only the columns asked for are computed.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any, Self

from django.apps.registry import Apps
from django.contrib.gis.db import models
from django.contrib.gis.db.models.lookups import GISLookup
from django.db import connections
from django.db.models.fields import Field
from django.db.models.sql import Query
from django.db.models.sql.datastructures import BaseTable
from django.db.models.sql.where import AND, WhereNode
from psycopg import sql

from couches.columns import Column, columns_of
from couches.models import CoucheVersion
from couches.reading import reader
from exports.rows import ROW_FIELDS, TABLES, Selection, keyed_objects, keys, value_of
from exports.wfs.anchors import Anchors
from exports.wfs.distance import PublishedPoint

GEOMETRY, KEY = "geom", "row_key"
MAX_KEY = 2**63 - 1
_anchors = Anchors()
# Of the model's fields: an answer may be called `pk`, `save` or `objects`.
PREFIX = "c_"
_FROM = sql.SQL(
    "(SELECT {values}, fv.geom, fv.row_key FROM (SELECT {fields}, fv.id AS row_key {tables} WHERE {where}) fv {keyed})"
)
_FIELDS: dict[str, type[Field[Any, Any]]] = {
    "string": models.TextField,
    "integer": models.BigIntegerField,
    "number": models.FloatField,
    "boolean": models.BooleanField,
    "list": models.TextField,
    "json": models.TextField,
    # An answer keeps the text that was given; our own dates are dates (see `_field`).
    "date": models.TextField,
}
# By couche: its schema, and the model made of it.
_models: dict[str, tuple[dict[str, Any], type[models.Model]]] = {}


# What may be anywhere else than at the geometry it is compared to.
_EVERYWHERE = {"disjoint", "fes_beyond", "isnull"}


class _Rows(BaseTable):
    """The statement of one version's rows, where a query names its table.

    `statement(placed)` is asked when the query is known: of one that asks for a place, an index
    answers for it and for the version together.
    """

    statement: Callable[[bool], str]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the statement, named like the table it stands for."""
        statement = self.statement(_is_placed(compiler.query.where))
        return f"{statement} {compiler.quote_name_unless_alias(self.table_alias)}", []


def _is_placed(where: WhereNode) -> bool:
    """Say whether only rows at some place can meet a condition."""
    if where.negated or (where.connector != AND and len(where.children) > 1):
        return False
    return any(
        _is_placed(one)
        if isinstance(one, WhereNode)
        else isinstance(one, GISLookup) and one.lookup_name not in _EVERYWHERE
        for one in where.children
    )


class PublishedQuerySet(models.QuerySet[Any]):
    """Rows of one version. Pages are walked by key first: no column is computed for a row that is skipped."""

    version: CoucheVersion

    def count(self) -> int:
        """Return the number of rows; that of the whole version is known since its publication."""
        if not self.query.where and not self.query.is_sliced:
            return self.version.feature_count
        return super().count()

    def __getitem__(self, key: Any) -> Any:
        """Return a page in an order that never repeats nor skips a row of the version."""
        sorted_by = self.query.order_by or ()
        ordered = self.order_by(*sorted_by, KEY)
        if not isinstance(key, slice) or not key.start:
            return models.QuerySet.__getitem__(ordered, key)
        if not self.query.where and not sorted_by:
            # Nothing is left aside: the keys are counted in their index, without the tables beside.
            rest = ordered.filter(**{f"{KEY}__gte": self._key_at(key.start)})
            return models.QuerySet.__getitem__(rest, slice(None, key.stop and key.stop - key.start))
        keys = models.QuerySet.__getitem__(ordered.values(KEY), key)
        page = ordered.all()
        page.query.where = WhereNode()
        return page.filter(**{f"{KEY}__in": keys})

    def _key_at(self, rank: int) -> int:
        """Return the key of the row that `rank` rows come before; beyond the last, a key that none has."""
        known = _anchors.nearest(self.version, rank)
        if known and known[0] == rank:
            return known[1]
        selection, skip = Selection(self.version), rank
        if known:
            selection, skip = replace(selection, after=known[1]), rank - known[0] - 1
        with connections[self.db].cursor() as cursor:
            cursor.execute(keys(selection, skip=skip, limit=1).as_string(cursor.cursor))
            found = cursor.fetchone()
        if found is None:
            return MAX_KEY
        _anchors.keep(self.version, rank, found[0])
        return int(found[0])

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]  # Django's own hook for what a queryset carries
        clone.version = self.version
        return clone


def published_rows(version: CoucheVersion) -> PublishedQuerySet:
    """Return the rows of a version, in the order of their keys, from the database for reading."""
    model = _model_of(version)
    query = Query(model)

    class Rows(_Rows):
        # Composed once for all the queries of a request, and by those alone: capabilities make none.
        statement = staticmethod(cache(partial(_statement, version)))

    query.base_table_class = Rows
    rows = PublishedQuerySet(model, query=query, using=reader().alias)
    rows.version = version
    return rows


def _statement(version: CoucheVersion, placed: bool) -> str:
    columns = columns_of(version.couche)
    values = [
        sql.SQL("({}){} AS {}").format(
            value_of(column, version),
            sql.SQL("::double precision" if column.kind == "number" else ""),
            sql.Identifier(column.name),
        )
        for column in columns
    ]
    composed = _FROM.format(
        values=sql.SQL(", ").join(values),
        fields=ROW_FIELDS,
        tables=TABLES,
        where=Selection(version, placed=placed).where(),
        keyed=keyed_objects(columns),
    )
    # Django gives parameters to every statement: a lone % would be read as one of them.
    return composed.as_string(reader().connection).replace("%", "%%")


def _model_of(version: CoucheVersion) -> type[models.Model]:
    """Return the model of a couche's columns, made again when its schema changes."""
    couche = version.couche
    kept = _models.get(couche.slug)
    if kept is None or kept[0] != couche.attribute_schema:
        kept = _models[couche.slug] = (couche.attribute_schema, _made(couche.slug, columns_of(couche)))
    return kept[1]


def _made(slug: str, columns: list[Column]) -> type[models.Model]:
    meta = type(
        "Meta",
        (),
        {
            "apps": Apps(),
            "app_label": "exports",
            "managed": False,
            "db_table": f"wfs_{slug}",
            "ordering": [KEY],
        },
    )
    own = {
        GEOMETRY: PublishedPoint(srid=4326),
        KEY: models.BigIntegerField(),
        "Meta": meta,
        "__module__": __name__,
    }
    fields = {f"{PREFIX}{column.name}": _field(column) for column in columns}
    return type(slug.replace("-", "_"), (models.Model,), fields | own)


def _field(column: Column) -> Field[Any, Any]:
    if column.name == "id" and not column.path:
        return models.UUIDField(primary_key=True, db_column="id")
    kind = models.DateField if column.kind == "date" and not column.path else _FIELDS[column.kind]
    return kind(null=True, db_column=column.name, verbose_name=column.title)
