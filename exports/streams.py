"""Answers that leave as PostgreSQL makes them: COPY, joined in chunks, nothing kept."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, transaction
from psycopg import sql

from exports.demands import Demand
from exports.rows import csv_rows, geojson_rows

# A chunk is what one write to the socket carries: smaller costs calls, larger costs memory.
CHUNK_BYTES = 256 * 1024
# A request may hold the database 5 s; a download of a million points on a slow line may not
# be cut for that. Memory stays flat and the transaction only reads.
STREAM_TIMEOUT_MS = 15 * 60 * 1000
# One column of JSON per row, which holds no control character: with these as quote and
# delimiter, COPY neither quotes nor escapes anything.
RAW_ROWS = sql.SQL(r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')")
BOM = "\ufeff".encode()


@contextmanager
def copying(
    query: sql.Composable, options: sql.Composable, *, timeout_ms: int = STREAM_TIMEOUT_MS
) -> Iterator[psycopg.Copy]:
    """Open the COPY of a query, in a transaction that only reads; leaving early cancels it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {int(timeout_ms)}")
        statement = sql.SQL("COPY ({}) TO STDOUT {}").format(query, options)
        with cursor.copy(statement) as copy:  # Django's wrapper hands over psycopg's cursor
            yield copy


def copy_rows(query: sql.Composable, options: sql.Composable) -> Iterator[Any]:
    """Yield each row of a query as the bytes COPY gives, its newline included."""
    with copying(query, options) as copy:
        yield from copy


def chunks(
    rows: Iterable[Any], *, head: bytes = b"", tail: bytes = b"", newline: bytes = b""
) -> Iterator[bytes]:
    """Join rows into chunks, `newline` in place of the \\n that COPY puts after each."""
    parts: list[Any] = [head]
    size = len(head)
    for row in rows:
        parts += (row[:-1], newline)
        size += len(row)
        if size >= CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join([*parts, tail])


def stream(demand: Demand) -> Iterator[bytes]:
    """Yield the file of a streamed format."""
    return geojson(demand) if demand.format.name == "geojson" else csv(demand)


def geojson(demand: Demand) -> Iterator[bytes]:
    """Yield a FeatureCollection of RFC 7946: WGS 84, no `crs` member."""
    rows = copy_rows(geojson_rows(demand.selection, demand.columns), RAW_ROWS)
    return chunks(
        without_first_comma(rows),
        head=b'{"type":"FeatureCollection","features":[\n',
        tail=b"]}\n",
        newline=b"\n",
    )


def csv(demand: Demand) -> Iterator[bytes]:
    """Yield a CSV of RFC 4180 in UTF-8, texts safe from formulas."""
    query = csv_rows(demand.selection, demand.columns, demand.crs)
    rows = copy_rows(query, sql.SQL("(FORMAT csv, HEADER)"))
    return chunks(rows, head=BOM if demand.bom else b"", newline=b"\r\n")


def without_first_comma(rows: Iterator[Any]) -> Iterator[Any]:
    """Yield rows; the comma before each is one too many before the first."""
    for row in rows:
        yield row[1:]
        break
    yield from rows
