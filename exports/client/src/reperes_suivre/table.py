"""The table kept in step, and the row that says which version it holds: one transaction for both.

The columns never change, whatever becomes of the couche's schema: answers are in
`attributes` (jsonb). `lon` and `lat` are exact decimals, since the published hash covers
them; `geom` is computed from them in the projection of the table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from reperes_suivre.errors import Diverged, Misuse
from reperes_suivre.site import State

STATE_TABLE = "reperes_suivi"
_MARK = "reperes-suivre"
_CREATE_STATE = """
CREATE TABLE IF NOT EXISTS {state} (
    table_name text PRIMARY KEY, table_oid oid NOT NULL, address text NOT NULL, territory text NOT NULL,
    srid integer NOT NULL, version integer NOT NULL, feature_count integer NOT NULL, sha256 text NOT NULL,
    updated_at timestamptz NOT NULL
)
"""
_CREATE = """
CREATE TABLE {table} (
    id uuid PRIMARY KEY, number bigint NOT NULL, geom geometry(Point, {srid}) NOT NULL,
    lon numeric(10, 7) NOT NULL, lat numeric(9, 7) NOT NULL, attributes jsonb NOT NULL,
    code_insee text NOT NULL, commune text NOT NULL, departement text NOT NULL,
    observations integer NOT NULL, distinct_observers integer NOT NULL, last_observed_on date NOT NULL,
    accuracy_m numeric(7, 1), near_border boolean NOT NULL, self_accepted boolean NOT NULL, origin text NOT NULL,
    version integer NOT NULL, retired_at timestamptz, retired_in integer
)
"""
_COLUMNS = (
    "id", "number", "geom", "lon", "lat", "attributes", "code_insee", "commune", "departement", "observations",
    "distinct_observers", "last_observed_on", "accuracy_m", "near_border", "self_accepted", "origin", "version",
)  # fmt: skip
_RECEIVE = "CREATE TEMP TABLE reperes_recu (change text NOT NULL, document jsonb NOT NULL) ON COMMIT DROP"
_UPSERT = """
INSERT INTO {table} AS held ({columns}, retired_at, retired_in)
SELECT (p ->> 'id')::uuid, (p ->> 'number')::bigint,
    ST_Transform(ST_SetSRID(ST_MakePoint(lon::float8, lat::float8), 4326), {srid}), lon, lat,
    coalesce(p -> 'attributes', '{{}}'::jsonb), p ->> 'code_insee', p ->> 'commune', p ->> 'departement',
    (p ->> 'observations')::integer, (p ->> 'distinct_observers')::integer, (p ->> 'last_observed_on')::date,
    (p ->> 'accuracy_m')::numeric, (p ->> 'near_border')::boolean, (p ->> 'self_accepted')::boolean,
    p ->> 'origin', {version}, NULL, NULL
FROM (
    SELECT document -> 'properties' AS p, (document #>> '{{geometry,coordinates,0}}')::numeric AS lon,
        (document #>> '{{geometry,coordinates,1}}')::numeric AS lat
    FROM pg_temp.reperes_recu WHERE change <> 'withdrawn'
) received
ON CONFLICT (id) DO UPDATE SET ({columns}, retired_at, retired_in) = ({excluded}, NULL, NULL)
WHERE held.retired_at IS NOT NULL OR ({compared}) IS DISTINCT FROM ({others})
"""
_GONE = (
    "SELECT (document -> 'properties' ->> 'id')::uuid FROM pg_temp.reperes_recu WHERE change = 'withdrawn'"
)
_ABSENT = """SELECT h.id FROM {table} h WHERE NOT EXISTS (
    SELECT FROM pg_temp.reperes_recu r WHERE (r.document -> 'properties' ->> 'id')::uuid = h.id)"""
# The hash of docs/couches.md, computed where the rows are. A jsonb has one spelling, whatever
# wrote it, so the server's function and this one meet.
_FINGERPRINT = """
SELECT count(*), encode(sha256(coalesce(string_agg(row_sha256, ''::bytea ORDER BY id), ''::bytea)), 'hex')
FROM (
    SELECT id, sha256(convert_to(jsonb_build_array(
        id, round(lon, 7)::text, round(lat, 7)::text, attributes, code_insee, observations, distinct_observers,
        last_observed_on, round(accuracy_m, 1)::text, near_border, self_accepted, origin
    )::text, 'UTF8')) AS row_sha256
    FROM {table} WHERE retired_at IS NULL
) rows
"""


@dataclass(frozen=True)
class Held:
    """What the state row says."""

    version: int
    feature_count: int
    sha256: str


@dataclass(frozen=True)
class Table:
    """A table `schema.name` that follows one couche, in projection `srid`."""

    schema: str
    name: str
    address: str
    territory: str
    srid: int
    keep_retired: bool = False

    @property
    def own(self) -> sql.Identifier:
        """The table, quoted."""
        return sql.Identifier(self.schema, self.name)

    @property
    def state(self) -> sql.Identifier:
        """The table of states, quoted."""
        return sql.Identifier(self.schema, STATE_TABLE)

    def lock(self, connection: psycopg.Connection[Any]) -> None:
        """Keep other runs on the same table out until the end of the transaction."""
        connection.execute("SET LOCAL lock_timeout = '120s'")
        connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{_MARK} {self.schema}.{self.name}"]
        )

    def held(self, connection: psycopg.Connection[Any]) -> Held | None:
        """Return what the table holds, None before the first run. Raises Misuse when it is not ours."""
        oid = _one(connection, "SELECT to_regclass(%s)::oid", [self._quoted(connection, self.own)])
        known = _one(connection, "SELECT to_regclass(%s)::oid", [self._quoted(connection, self.state)])
        row = None
        if known is not None:
            query = sql.SQL(
                "SELECT table_oid, address, territory, srid, version, feature_count, sha256 "
                "FROM {} WHERE table_name = %s"
            )
            row = connection.execute(query.format(self.state), [self.name]).fetchone()
        if row is None and oid is not None:
            raise Misuse(
                f"La table {self.schema}.{self.name} existe et n'a pas été faite par reperes-suivre : "
                "donnez un autre nom, elle n'est pas touchée."
            )
        if row is None or oid is None:
            return None
        if row[0] != oid:
            raise Misuse(
                f"La table {self.schema}.{self.name} a été refaite par quelqu'un d'autre : elle n'est pas touchée. "
                "Donnez un autre nom, ou supprimez-la pour repartir de zéro."
            )
        if (row[1], row[2], row[3]) != (self.address, self.territory, self.srid):
            raise Misuse(
                f"La table {self.schema}.{self.name} suit {row[1]} (territoire « {row[2] or 'partout'} », "
                f"EPSG:{row[3]}) : donnez les mêmes options, ou une autre table."
            )
        return Held(row[4], row[5], row[6])

    def create(self, connection: psycopg.Connection[Any]) -> None:
        """Create the schema, the table, its indexes, and its place in the table of states."""
        here = {"table": self.own, "state": self.state, "srid": sql.Literal(self.srid)}
        if _one(connection, "SELECT to_regnamespace(%s)::oid", [_ident(connection, self.schema)]) is None:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.schema)))
        connection.execute(sql.SQL(_CREATE_STATE).format(**here))
        connection.execute(sql.SQL(_CREATE).format(**here))
        connection.execute(sql.SQL("CREATE INDEX ON {table} USING gist (geom)").format(**here))
        connection.execute(sql.SQL("CREATE INDEX ON {table} (code_insee)").format(**here))
        connection.execute(
            sql.SQL("COMMENT ON TABLE {table} IS {mark}").format(
                **here, mark=sql.Literal(f"{_MARK} : {self.address}")
            )
        )

    def receive(
        self, connection: psycopg.Connection[Any], features: Iterable[tuple[str, dict[str, Any]]]
    ) -> None:
        """Copy features into a temporary table, as text; a feature without `change` is an addition."""
        connection.execute(_RECEIVE)
        with connection.cursor() as cursor, cursor.copy("COPY pg_temp.reperes_recu FROM STDIN") as copy:
            for text, feature in features:
                copy.write_row((str(feature.get("properties", {}).get("change", "added")), text))
        connection.execute("ANALYZE pg_temp.reperes_recu")

    def apply(self, connection: psycopg.Connection[Any], version: int, *, whole: bool) -> tuple[int, int]:
        """Write what was received: a delta, or a whole version. Return (written, withdrawn)."""
        gone = sql.SQL(_ABSENT if whole else _GONE).format(table=self.own)
        if self.keep_retired:
            statement = sql.SQL(
                "UPDATE {table} SET retired_at = now(), retired_in = {version} "
                "WHERE retired_at IS NULL AND id IN ({gone})"
            )
        else:
            statement = sql.SQL("DELETE FROM {table} WHERE id IN ({gone})")
        number = sql.Literal(version)
        withdrawn = connection.execute(statement.format(table=self.own, version=number, gone=gone)).rowcount
        names = [name for name in _COLUMNS if name != "version"]
        written = connection.execute(
            sql.SQL(_UPSERT).format(
                table=self.own,
                srid=sql.Literal(self.srid),
                version=number,
                columns=_names("", _COLUMNS),
                excluded=_names("excluded", _COLUMNS),
                compared=_names("held", names),
                others=_names("excluded", names),
            )
        ).rowcount
        return written, withdrawn

    def fingerprint(self, connection: psycopg.Connection[Any]) -> tuple[int, str]:
        """Return (count, SHA-256) of the rows, recomputed from all that they say."""
        row = connection.execute(sql.SQL(_FINGERPRINT).format(table=self.own)).fetchone()
        assert row is not None  # noqa: S101  # an aggregate has one row
        return int(row[0]), str(row[1])

    def check(self, connection: psycopg.Connection[Any], expected: State) -> None:
        """Raise Diverged unless the rows are those the site published."""
        count, sha256 = self.fingerprint(connection)
        if (count, sha256) != (expected.feature_count, expected.sha256):
            raise Diverged(
                f"Version {expected.number} : {count} objets d'empreinte {sha256[:12]} dans la table, "
                f"{expected.feature_count} d'empreinte {expected.sha256[:12]} publiés."
            )

    def record(self, connection: psycopg.Connection[Any], state: State) -> None:
        """Write which version the table holds, in the same transaction as its rows."""
        query = sql.SQL(
            """INSERT INTO {state} VALUES (%(name)s, to_regclass(%(own)s)::oid, %(address)s, %(territory)s, %(srid)s,
                   %(version)s, %(count)s, %(sha256)s, now())
               ON CONFLICT (table_name) DO UPDATE SET table_oid = excluded.table_oid, address = excluded.address,
                   territory = excluded.territory, srid = excluded.srid, version = excluded.version,
                   feature_count = excluded.feature_count, sha256 = excluded.sha256, updated_at = now()"""
        ).format(state=self.state)
        connection.execute(
            query,
            {
                "name": self.name, "own": self._quoted(connection, self.own), "address": self.address,
                "territory": self.territory, "srid": self.srid, "version": state.number,
                "count": state.feature_count, "sha256": state.sha256,
            },
        )  # fmt: skip

    @staticmethod
    def _quoted(connection: psycopg.Connection[Any], name: sql.Identifier) -> str:
        return name.as_string(connection)


def _ident(connection: psycopg.Connection[Any], name: str) -> str:
    return sql.Identifier(name).as_string(connection)


def _names(alias: str, names: Iterable[str]) -> sql.Composed:
    parts = [sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names]
    return sql.SQL(", ").join(parts)


def _one(connection: psycopg.Connection[Any], query: str, parameters: list[Any]) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None
