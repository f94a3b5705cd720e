"""Answers that leave as PostgreSQL makes them: COPY, joined in chunks, nothing kept."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from django.db import transaction
from psycopg import sql

from couches.reading import reader
from exports.demands import Demand
from exports.rows import Selection, csv_rows, geojson_rows, step_end

# A chunk is what one write to the socket carries: smaller costs calls, larger costs memory.
CHUNK_BYTES = 256 * 1024
FIRST_CHUNK_BYTES = 16 * 1024
# A request may hold the database 5 s; a download of a million points on a slow line may not
# be cut for that. Memory stays flat and the transaction only reads.
STREAM_TIMEOUT_MS = 15 * 60 * 1000
# One column of JSON per row, which holds no control character: with these as quote and
# delimiter, COPY neither quotes nor escapes anything.
RAW_ROWS = sql.SQL(r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')")
BOM = "\ufeff".encode()
# Sorting a million rows would hold the first byte for seconds; walking them by key, without a
# sort, costs a third more. Steps of the walk are sorted apart: the first is small, so that it
# leaves at once, the others large, so that their plans cost nothing.
FIRST_STEP_ROWS = 1_000
STEP_ROWS = 50_000


@contextmanager
def copying(
    query: sql.Composable, options: sql.Composable, *, timeout_ms: int = STREAM_TIMEOUT_MS
) -> Iterator[psycopg.Copy]:
    """Open the COPY of a query, in a transaction that only reads; leaving early cancels it."""
    connection = reader()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {int(timeout_ms)}")
        statement = sql.SQL("COPY ({}) TO STDOUT {}").format(query, options)
        with cursor.copy(statement) as copy:  # Django's wrapper hands over psycopg's cursor
            yield copy


def copy_rows(query: sql.Composable, options: sql.Composable) -> Iterator[Any]:
    """Yield each row of a query as the bytes COPY gives, its newline included."""
    with copying(query, options) as copy:
        yield from copy


def walk(
    selection: Selection, query_of: Callable[[Selection], sql.Composable], options: Callable[[bool], sql.SQL]
) -> Iterator[Any]:
    """Yield the rows of a selection in the order of their key, step by step, of one snapshot.

    `query_of` makes the COPY of a step's selection, `options` its options (True: the first).
    The bytes are those of one COPY of all. A territory is small: it is read at once.
    """
    connection = reader()
    outermost = not connection.in_atomic_block
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if outermost:
            # Names of communes may be corrected meanwhile: every step sees the first one's.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = {STREAM_TIMEOUT_MS}")
        for first, step in _steps(cursor, selection):
            statement = sql.SQL("COPY ({}) TO STDOUT {}").format(query_of(step), options(first))
            with cursor.copy(statement) as copy:
                yield from copy


def _steps(cursor: Any, selection: Selection) -> Iterator[tuple[bool, Selection]]:
    """Yield (is it the first, the selection cut to a step), up to the end of the couche."""
    if selection.territory is not None:
        yield True, selection
        return
    after, rows = 0, FIRST_STEP_ROWS
    while True:
        cursor.execute(step_end(selection, after, rows))
        found = cursor.fetchone()
        yield after == 0, replace(selection, after=after, until=found[0] if found else None)
        if found is None:
            return
        after, rows = found[0], STEP_ROWS


def chunks(
    rows: Iterable[Any], *, head: bytes = b"", tail: bytes = b"", newline: bytes = b""
) -> Iterator[bytes]:
    """Join rows into chunks, `newline` in place of the \\n that COPY puts after each."""
    parts: list[Any] = [head]
    size, enough = len(head), FIRST_CHUNK_BYTES
    for row in rows:
        parts += (row[:-1], newline)
        size += len(row)
        if size >= enough:
            yield b"".join(parts)
            parts, size, enough = [], 0, CHUNK_BYTES
    yield b"".join([*parts, tail])


def stream(demand: Demand) -> Iterator[bytes]:
    """Yield the file of a streamed format."""
    return geojson(demand) if demand.format.name == "geojson" else csv(demand)


def geojson(demand: Demand) -> Iterator[bytes]:
    """Yield a FeatureCollection of RFC 7946: WGS 84, no `crs` member."""
    columns = demand.columns
    rows = walk(demand.selection, lambda step: geojson_rows(step, columns), lambda _first: RAW_ROWS)
    return chunks(
        without_first_comma(rows),
        head=b'{"type":"FeatureCollection","features":[\n',
        tail=b"]}\n",
        newline=b"\n",
    )


def csv(demand: Demand) -> Iterator[bytes]:
    """Yield a CSV of RFC 4180 in UTF-8, texts safe from formulas."""
    columns = demand.columns
    rows = walk(
        demand.selection,
        lambda step: csv_rows(step, columns, demand.crs),
        lambda first: sql.SQL("(FORMAT csv, HEADER)") if first else sql.SQL("(FORMAT csv)"),
    )
    return chunks(rows, head=BOM if demand.bom else b"", newline=b"\r\n")


def without_first_comma(rows: Iterator[Any]) -> Iterator[Any]:
    """Yield rows; the comma before each is one too many before the first."""
    for row in rows:
        yield row[1:]
        break
    yield from rows
