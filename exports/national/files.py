"""The conforming file of a schema, the list of what does not conform, and their counts: one walk each."""

import csv
import io
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from psycopg import sql

from couches.reading import reader
from exports.demands import territory_key
from exports.national.judging import STUCK, Gap, Judge
from exports.national.mappers import Mapper, Published
from exports.national.official import in_force, slug_of
from exports.national.specs import SPECS, Spec
from exports.national.white_zones import WHITE_ZONES
from exports.rows import TABLES, Selection
from exports.streams import STREAM_TIMEOUT_MS

BATCH = 2000
GAPS_HEAD = ["id", "number", "code_insee", "commune", "champ", "etat", "pourquoi", "fiche"]
_ROWS = sql.SQL("""
SELECT fv.feature_id::text, fv.number, round(ST_X(fv.geom)::numeric, 7)::text, round(ST_Y(fv.geom)::numeric, 7)::text,
       fv.attributes, c.code_insee, c.nom, fv.observations, fv.distinct_observers, fv.last_observed_on::text,
       coalesce(round(fv.accuracy_m::numeric, 1)::text, ''), (v.published_at AT TIME ZONE 'Europe/Paris')::date::text
{tables}
JOIN couches_coucheversion v ON v.couche_id = fv.couche_id AND v.number = fv.from_version
WHERE {where} ORDER BY fv.id""")


@dataclass
class Tally:
    """How many rows conform, out of how many, which fields are at fault, how many rows the schema itself blocks."""

    conforming: int = 0
    total: int = 0
    stuck: int = 0
    fields: Counter[str] = field(default_factory=Counter)


def spec_of(mapper: Mapper) -> tuple[Spec, bool]:
    """Return (rules, whether official) of a mapper's schema; ours is always official."""
    return (WHITE_ZONES, True) if mapper.spec == WHITE_ZONES.key else in_force(SPECS[mapper.spec])


def published(selection: Selection) -> Iterator[Published]:
    """Yield the rows of a selection, a batch at a time."""
    query = _ROWS.format(tables=TABLES, where=selection.where())
    licence = selection.version.couche.licence
    connection = reader()
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as setting:
            setting.execute(f"SET LOCAL statement_timeout = {STREAM_TIMEOUT_MS}")
        with connection.connection.cursor(name="national") as cursor:
            cursor.itersize = BATCH
            for row in cursor.execute(query):
                attributes = row[4] if isinstance(row[4], dict) else _loaded(row[4])
                yield Published(*[*row[:4], attributes, *row[5:], licence])


def _loaded(raw: str) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(raw)
    return found


def judged(mapper: Mapper, selection: Selection) -> Iterator[tuple[Published, dict[str, str], list[Gap]]]:
    """Yield each national row with the row of ours it comes from and what keeps it from conforming."""
    judge = Judge(spec_of(mapper)[0])
    couche = selection.version.couche
    for row in published(selection):
        for made in mapper.rows(couche, row):
            yield row, made, judge.gaps(made)


def conforming_csv(mapper: Mapper, selection: Selection) -> Iterator[bytes]:
    """Yield the CSV of the rows that conform, in the schema's order; the values judged are those written."""
    names = [one.name for one in spec_of(mapper)[0].fields]
    rows = (
        [made.get(name, "") for name in names] for _row, made, gaps in judged(mapper, selection) if not gaps
    )
    return _csv(names, rows)


def gaps_csv(mapper: Mapper, selection: Selection) -> Iterator[bytes]:
    """Yield the CSV of what does not conform: a line per field, with why and where to mend it."""
    return _csv(GAPS_HEAD, (list(line.values()) for line in gap_lines(mapper, selection)))


def gap_lines(mapper: Mapper, selection: Selection) -> Iterator[dict[str, str]]:
    """Yield {heading: value} for each field at fault."""
    slug = selection.version.couche.slug
    page = settings.PUBLIC_URL + reverse("couche", args=[slug])
    for row, _made, gaps in judged(mapper, selection):
        for gap in gaps:
            values = [
                row.id, str(row.number), row.code_insee, row.commune, gap.field, gap.state, gap.why,
                f"{page}objets/{row.number}/",
            ]  # fmt: skip
            yield dict(zip(GAPS_HEAD, values, strict=True))


def tally(mapper: Mapper, selection: Selection) -> Tally:
    """Count what conforms."""
    found = Tally()
    for _row, _made, gaps in judged(mapper, selection):
        found.total += 1
        found.conforming += not gaps
        found.stuck += any(gap.state == STUCK for gap in gaps)
        found.fields.update(gap.field for gap in gaps if gap.state != STUCK)
    return found


def filename(mapper: Mapper, selection: Selection) -> str:
    """Return the name the standard asks: `AAAA-MM-JJ_producteur_jeu_territoire.csv`, the day being the version's."""
    day = selection.version.published_at.date().isoformat()
    plain = unicodedata.normalize("NFKD", settings.PUBLISHER or "reperes").encode("ascii", "ignore").decode()
    place = territory_key(selection.territory).replace(":", "-") or "france"
    return f"{day}_{slug_of(plain)}_{mapper.file_part}_{place}.csv"


def _csv(head: list[str], rows: Iterator[list[str]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(head)
    for rank, row in enumerate(rows, 1):
        writer.writerow(row)
        if rank % BATCH == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()
