"""Reads the Code officiel géographique: today's communes, what they were called, who they belong to.

Source: the files of `@etalab/decoupage-administratif` (INSEE COG, DGCL, La Poste;
Licence Ouverte): communes.json, epci.json, departements.json, regions.json in one
folder, or one file holding the same lists under those names.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from territoires.legal import srid_of
from territoires.refusals import Refused

CODE_INSEE = re.compile(r"([013-9]\d|2[AB1-9])\d{3}")
FORMER_KINDS = ("commune-deleguee", "commune-associee")
MAX_BYTES = 64 << 20
# Version 6 of the package is the COG of 2026, and so on since version 1.
PACKAGE_YEAR_OFFSET = 2020
_YEAR = re.compile(r"(?<!\d)(20[0-9]{2})(?:[01]\d[0-3]\d)?(?!\d)")


class CogRefused(Refused):
    """Le Code officiel géographique donné ne convient pas."""

    def __init__(self, text: str) -> None:
        """Refuse on the field "cog"."""
        super().__init__("cog", text)


@dataclass(frozen=True, slots=True)
class CogCommune:
    """A commune of the vintage; `siren` may be empty and `population` unknown overseas."""

    code: str
    nom: str
    departement: str
    siren: str
    population: int | None
    codes_postaux: list[str]


@dataclass(frozen=True, slots=True)
class FormerName:
    """An old code or name (kinds of `FormerCode.Kind`) and the commune that answers for it today."""

    code: str
    nom: str
    kind: str
    commune: str


@dataclass(slots=True)
class Cog:
    """One vintage of the COG. `departements` is (code, nom, region), `epcis` (siren, nom, nature)."""

    millesime: int
    communes: dict[str, CogCommune]
    former: list[FormerName]
    regions: list[tuple[str, str]] = field(default_factory=list)
    departements: list[tuple[str, str, str]] = field(default_factory=list)
    epcis: list[tuple[str, str, str]] = field(default_factory=list)
    epci_of: dict[str, str] = field(default_factory=dict)
    municipal: dict[str, str] = field(default_factory=dict)
    _today: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Index former codes: the merged ones first, they are exact."""
        for name in sorted(self.former, key=lambda name: name.kind != "ancien-code"):
            self._today.setdefault(name.code, name.commune)

    def today(self, code: str) -> str | None:
        """Return the code which answers today for `code`; None when the COG has never heard of it.

        Municipal arrondissements (75101…) lead to their commune.
        """
        if code in self.communes:
            return code
        return self._today.get(code) or self.municipal.get(code)

    @property
    def covered_departements(self) -> set[str]:
        """Départements of which this COG knows communes; the others are none of its business."""
        return {commune.departement for commune in self.communes.values()}


def read_cog(path: Path, *, millesime: int | None = None) -> Cog:
    """Read the COG in `path` (folder or file).

    Its year is that of the package, of the name, or `millesime`. Raises CogRefused.
    """
    lists = _lists(path)
    year = _year(path, millesime)
    communes: dict[str, CogCommune] = {}
    epci_of: dict[str, str] = {}
    try:
        rows = lists["communes"]
        for row in rows:
            if row["type"] == "commune-actuelle":
                communes[row["code"]] = _commune(row)
        epcis = [(row["code"], row["nom"], row["type"]) for row in lists["epci"]]
        for row in lists["epci"]:
            epci_of.update((member["code"], row["code"]) for member in row["membres"])
        cog = Cog(
            millesime=year,
            communes=communes,
            former=list(_former(rows, communes)),
            regions=[(row["code"], row["nom"]) for row in lists["regions"]],
            departements=[(row["code"], row["nom"], row["region"]) for row in lists["departements"]],
            epcis=epcis,
            epci_of=epci_of,
            municipal={
                row["code"]: row["commune"] for row in rows if row["type"] == "arrondissement-municipal"
            },
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise CogRefused(
            _("« %(path)s » n'a pas la forme du paquet @etalab/decoupage-administratif (%(error)s).")
            % {"path": path, "error": error}
        ) from error
    _check(cog, path)
    return cog


def year_in_name(name: str) -> int | None:
    """Return the year written in a file name (`…-2018.geojson.zip`, `…_2026-01-01`), or None."""
    found = _YEAR.search(name)
    return int(found[1]) if found else None


def _lists(path: Path) -> dict[str, Any]:
    """Return the four lists, from a folder or from one file."""
    names = ("communes", "epci", "departements", "regions")
    if path.is_dir():
        return {name: _json(path / f"{name}.json") for name in names}
    document = _json(path)
    if isinstance(document, list):  # communes.json itself: the others lie beside it
        return {
            name: document if name == "communes" else _json(path.parent / f"{name}.json") for name in names
        }
    if not isinstance(document, dict) or "communes" not in document:
        raise CogRefused(_("« %(path)s » ne contient pas de liste « communes ».") % {"path": path})
    return {name: document.get(name, []) for name in names}


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CogRefused(_("« %(path)s » dépasse 64 Mo : ce n'est pas le COG.") % {"path": path})
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CogRefused(
            _("« %(path)s » est introuvable : lancez « npm ci », ou donnez le dossier par --cog.")
            % {"path": path}
        ) from error
    except (ValueError, RecursionError, OSError) as error:
        raise CogRefused(_("« %(path)s » n'est pas un JSON lisible.") % {"path": path}) from error


def _year(path: Path, millesime: int | None) -> int:
    year = _package_year(path) or millesime or year_in_name(path.name)
    if year is None:
        raise CogRefused(_("L'année du COG n'est écrite nulle part : donnez-la par --millesime."))
    return year


def _package_year(path: Path) -> int | None:
    manifest = (path if path.is_dir() else path.parent).parent / "package.json"
    if not manifest.is_file():
        return None
    content = _json(manifest)
    if not isinstance(content, dict) or content.get("name") != "@etalab/decoupage-administratif":
        return None
    major = str(content.get("version", "")).partition(".")[0]
    return PACKAGE_YEAR_OFFSET + int(major) if major.isdigit() and int(major) > 0 else None


def _commune(row: dict[str, Any]) -> CogCommune:
    return CogCommune(
        code=row["code"],
        nom=row["nom"],
        departement=row["departement"],
        siren=row.get("siren") or "",
        population=row.get("population"),
        codes_postaux=list(row.get("codesPostaux") or []),
    )


def _former(rows: Iterable[dict[str, Any]], communes: dict[str, CogCommune]) -> Iterable[FormerName]:
    seen = set()
    for row in rows:
        if row["type"] in FORMER_KINDS and row["chefLieu"] in communes:
            names = [FormerName(row["code"], row["nom"], row["type"], row["chefLieu"])]
        elif row["type"] == "commune-actuelle":
            names = [
                FormerName(code, "", "ancien-code", row["code"]) for code in row.get("anciensCodes") or []
            ]
        else:
            names = []
        for name in names:
            if (name.code, name.kind, name.commune) not in seen:
                seen.add((name.code, name.kind, name.commune))
                yield name


def _check(cog: Cog, path: Path) -> None:
    """Refuse what would break a constraint of the database later, with a worse message."""
    if not cog.communes:
        raise CogRefused(_("« %(path)s » ne contient aucune commune actuelle.") % {"path": path})
    for commune in cog.communes.values():
        # What JSON gave is not yet what the annotations say.
        code: object = commune.code
        nom: object = commune.nom
        population: object = commune.population
        if not (isinstance(code, str) and CODE_INSEE.fullmatch(code)):
            raise CogRefused(_("« %(code)s » n'est pas un code INSEE.") % {"code": code})
        if not (isinstance(nom, str) and 0 < len(nom) <= 80):
            raise CogRefused(_("La commune %(code)s n'a pas de nom utilisable.") % {"code": code})
        if population is not None and not (isinstance(population, int) and 0 <= population < 2**31):
            raise CogRefused(_("La population de %(code)s n'est pas un nombre.") % {"code": code})


def departement_rows(cog: Cog) -> list[tuple[str, str, str | None, int]]:
    """Return (code, nom, region, srid) for each département, named by its code when the COG is partial."""
    known = {code: (nom, region) for code, nom, region in cog.departements}
    known_regions = {code for code, _nom in cog.regions}
    rows = []
    for code in sorted(cog.covered_departements | set(known)):
        nom, region = known.get(code, (code, ""))
        rows.append((code, nom, region if region in known_regions else None, srid_of(code)))
    return rows
