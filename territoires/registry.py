"""Writes the COG to the tables: communes, EPCI, départements, régions, former codes.

A commune that ends is closed, with its successor; it is never deleted, since people
hold mandates on it and contributions lie in it.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper
from psycopg.types.json import Jsonb

from territoires.cog import Cog, departement_rows
from territoires.models import Commune, Departement, Epci, FormerCode, Region
from territoires.moves import Moves

CREATE_COG = """
CREATE TEMPORARY TABLE cog_commune (
    code text PRIMARY KEY, nom text, siren text, population integer, codes_postaux jsonb,
    departement text, epci text, began date
) ON COMMIT DROP
"""
COPY_COG = "COPY cog_commune FROM STDIN"

# A code that comes back (27676 in 2023) is opened again. Only rows that change are written.
UPSERT_COMMUNES = """
INSERT INTO territoires_commune AS commune (
    code_insee, nom, siren, population, codes_postaux, departement_id, epci_id, millesime,
    approximate, to_confirm, accent, valid_from)
SELECT code, nom, siren, population, codes_postaux, departement, epci, %(millesime)s,
       false, false, '', CASE WHEN %(first)s THEN NULL ELSE began END
FROM cog_commune
ON CONFLICT (code_insee) DO UPDATE SET
    nom = excluded.nom, siren = excluded.siren, population = excluded.population,
    codes_postaux = excluded.codes_postaux, departement_id = excluded.departement_id,
    epci_id = excluded.epci_id, millesime = excluded.millesime,
    valid_from = CASE WHEN commune.valid_to IS NULL THEN commune.valid_from ELSE excluded.valid_from END,
    valid_to = NULL, successor_id = NULL
WHERE (commune.nom, commune.siren, commune.population, commune.codes_postaux, commune.departement_id,
       commune.epci_id, commune.millesime, commune.valid_to, commune.successor_id)
      IS DISTINCT FROM
      (excluded.nom, excluded.siren, excluded.population, excluded.codes_postaux,
       excluded.departement_id, excluded.epci_id, excluded.millesime, NULL::date, NULL::varchar)
"""

# The pieces go: they hold only what exists today. The outline stays, for history.
CLOSE_COMMUNE = """
UPDATE territoires_commune
SET successor_id = %(successor)s,
    valid_to = greatest(%(ended)s::date, valid_from + 1)
WHERE code_insee = %(code)s
"""


@dataclass(slots=True)
class RegistryDiff:
    """What the COG changes. `gone` is code → successor ("" when nobody takes over)."""

    first: bool = False
    new: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str, str]] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)
    split: dict[str, list[str]] = field(default_factory=dict)
    updated: int = 0

    @property
    def merged(self) -> dict[str, list[str]]:
        """Successor → the codes it takes over."""
        merged: dict[str, list[str]] = {}
        for code, successor in sorted(self.gone.items()):
            if successor:
                merged.setdefault(successor, []).append(code)
        return merged


def compare(cog: Cog, moves: Moves) -> RegistryDiff:
    """Return what differs between the tables and `cog`; reads only.

    Only the départements that this COG covers are compared. A re-established commune
    is recognised by INSEE's moves, or by the former codes of the vintage before.
    """
    rows = Commune.objects.values_list("code_insee", "nom", "departement_id", "valid_to", "successor_id")
    known = {code: (nom, departement, ended, successor) for code, nom, departement, ended, successor in rows}
    current = {code for code, (_nom, _departement, ended, _successor) in known.items() if ended is None}
    covered = cog.covered_departements
    diff = RegistryDiff(first=not known)
    diff.new = sorted(set(cog.communes) - current)
    diff.renamed = [
        (code, known[code][0], commune.nom)
        for code, commune in sorted(cog.communes.items())
        if code in current and known[code][0] != commune.nom
    ]
    for code in sorted(current - set(cog.communes)):
        if known[code][1] in covered:
            diff.gone[code] = cog.today(code) or ""
    if not diff.first:
        for child, parent in _parents(diff.new, known, moves):
            if parent in current:
                diff.split.setdefault(cog.today(parent) or parent, []).append(child)
    return diff


def _parents(
    new: list[str], known: Mapping[str, tuple[str, str, dt.date | None, str | None]], moves: Moves
) -> list[tuple[str, str]]:
    """Return (child, parent) for new codes that are re-established; a swap of codes is no split."""
    children = set(new)
    pairs = {(child, parent) for parent, split in moves.children_of.items() for child in split & children}
    pairs |= {(code, str(known[code][3])) for code in new if code in known and known[code][3]}
    former = FormerCode.objects.filter(code__in=new).values_list("code", "commune_id")
    pairs |= {(code, parent) for code, parent in former if code != parent}
    return sorted(pairs)


def write(cursor: CursorWrapper, cog: Cog, moves: Moves, diff: RegistryDiff) -> None:
    """Write `cog` to the tables; the caller holds the transaction. Fills `diff.updated`."""
    _write_territories(cog)
    cursor.execute(CREATE_COG)
    first_day = dt.date(cog.millesime, 1, 1)
    with cursor.copy(COPY_COG) as copy:
        for commune in cog.communes.values():
            copy.write_row(
                (
                    commune.code,
                    commune.nom,
                    commune.siren,
                    commune.population,
                    Jsonb(commune.codes_postaux, dumps=json.dumps),
                    commune.departement,
                    cog.epci_of.get(commune.code),
                    min(moves.began.get(commune.code, first_day), dt.date(cog.millesime, 12, 31)),
                )
            )
    cursor.execute(UPSERT_COMMUNES, {"millesime": cog.millesime, "first": diff.first})
    diff.updated = cursor.rowcount
    for code, successor in diff.gone.items():
        ended = moves.ended.get(code, first_day)
        cursor.execute(CLOSE_COMMUNE, {"code": code, "successor": successor or None, "ended": ended})
    cursor.execute("DELETE FROM territoires_communepiece WHERE commune_id = ANY(%s)", [list(diff.gone)])
    _write_former(cog, moves)


def _write_territories(cog: Cog) -> None:
    Region.objects.bulk_create(
        [Region(code=code, nom=nom) for code, nom in cog.regions],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["nom"],
    )
    rows = departement_rows(cog)
    named = {code for code, _nom, _region in cog.departements}
    # A COG without the list of départements must not rename those we know.
    known = set(Departement.objects.values_list("code", flat=True)) - named
    Departement.objects.bulk_create(
        [Departement(code=c, nom=n, region_id=r, srid=s) for c, n, r, s in rows if c not in known],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["nom", "region", "srid"],
    )
    Epci.objects.bulk_create(
        [Epci(siren=siren, nom=nom, nature=nature) for siren, nom, nature in cog.epcis],
        update_conflicts=True,
        unique_fields=["siren"],
        update_fields=["nom", "nature"],
    )


def _write_former(cog: Cog, moves: Moves) -> None:
    """Bring the former codes of the communes this COG covers up to date; old names come from the moves."""
    covered = cog.covered_departements
    rows = FormerCode.objects.values_list(
        "pk", "code", "nom", "kind", "commune_id", "commune__departement_id"
    )
    known = {(row[1], row[2], row[3], row[4]): row[0] for row in rows if row[5] in covered}
    # A run without the register keeps the names that one with it had found.
    names = {(code, kind, commune): nom for code, nom, kind, commune in known}
    wanted = set()
    for name in cog.former:
        kept = names.get((name.code, name.kind, name.commune), "")
        nom = name.nom or moves.names.get(name.code, "") or kept
        wanted.add((name.code, nom[:80], name.kind, name.commune))
    FormerCode.objects.filter(pk__in=[pk for row, pk in known.items() if row not in wanted]).delete()
    FormerCode.objects.bulk_create(
        [
            FormerCode(code=code, nom=nom, kind=kind, commune_id=commune)
            for code, nom, kind, commune in sorted(wanted - set(known))
        ],
        batch_size=2000,
    )
