"""Several couches of one territory in one archive: read, bounded, built by a job from their files."""

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from couches.models import Couche, CoucheVersion
from exports import streams
from exports.build import WORKSHOP, absolute, alone, build, is_here, publish_file
from exports.demands import Demand, read_demand, recipe
from exports.formats import FORMATS
from exports.models import ExportFile
from exports.queue import Wanted
from exports.weights import expected_size, row_count
from exports.writers import licence_text, zip_files

TASK = "exports.build_lot"
NAME = "lot"
MAX_COUCHES = 20
# An archive is built whole on the disk beside the files it holds.
MAX_ROWS = 1_000_000
_ITEM = re.compile(r"([a-z0-9-]{1,40})(?::([1-9][0-9]{0,8}))?")


@dataclass(frozen=True)
class Lot:
    """One archive: a demand per couche, all of one territory and one format, versions pinned."""

    demands: tuple[Demand, ...]

    @property
    def format_name(self) -> str:
        """The format of its files."""
        return self.demands[0].format.name

    @property
    def territory_key(self) -> str:
        """Return "epci:241500230"."""
        return self.demands[0].territory_key

    @property
    def key(self) -> str:
        """The hash of all it is made of: versions, format, territory, recipes."""
        facts = [[demand.key, demand.version.sha256, recipe(demand.version)] for demand in self.demands]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    @property
    def couches(self) -> str:
        """Return "services:3,zones-blanches:2", as an address names them."""
        return ",".join(f"{demand.version.couche.slug}:{demand.version.number}" for demand in self.demands)

    def filename(self) -> str:
        """Return "lot_epci-241500230_gpkg_1a2b3c4d.zip"."""
        return f"lot_{self.territory_key.replace(':', '-')}_{self.format_name}_{self.key[:8]}.zip"

    def address(self) -> str:
        """Return the address that gives this very archive, versions included."""
        query = {"territoire": self.territory_key, "couches": self.couches, "format": self.format_name}
        return f"{reverse('exports-lot')}?{urlencode(query)}"


def read_lot(parameters: Mapping[str, str]) -> Lot:
    """Return the archive that an address asks for.

    `couches` lists slugs, each with `:n` for a version other than the last; empty for all.
    Raises ValidationError naming `territoire`, `couches` or `format`, and the remedy.
    """
    if not parameters.get("territoire"):
        raise ValidationError(
            {"territoire": [_("Dites lequel : territoire=epci:241500230, departement:15 ou commune:15014.")]}
        )
    versions = _read_versions(parameters.get("couches", ""))
    asked = {"format": parameters.get("format") or "gpkg", "territoire": parameters["territoire"]}
    lot = Lot(tuple(read_demand(version, asked) for version in versions))
    rows = sum(row_count(demand.selection) for demand in lot.demands)
    if rows > MAX_ROWS:
        message = _(
            "Ce lot aurait %(rows)d objets, %(limit)d au plus : demandez moins de couches ou un plus petit territoire."
        )
        raise ValidationError({"territoire": [message % {"rows": rows, "limit": MAX_ROWS}]})
    return lot


def _read_versions(text: str) -> list[CoucheVersion]:
    items = [item for item in text.split(",") if item] or list(
        Couche.objects.filter(versions__isnull=False).distinct().values_list("slug", flat=True)[:MAX_COUCHES]
    )
    if len(items) > MAX_COUCHES:
        message = _("%(limit)d couches au plus par lot : faites-en plusieurs.") % {"limit": MAX_COUCHES}
        raise ValidationError({"couches": [message]})
    found: dict[str, CoucheVersion] = {}
    for item in items:
        version = _read_version(item)
        if version.couche.slug in found:
            message = _("« %(slug)s » est demandée deux fois.") % {"slug": version.couche.slug}
            raise ValidationError({"couches": [message]})
        found[version.couche.slug] = version
    if not found:
        raise ValidationError({"couches": [_("Aucune couche n'a encore de version publiée.")]})
    return [found[slug] for slug in sorted(found)]


def _read_version(item: str) -> CoucheVersion:
    """Return the version that "slug" or "slug:n" names."""
    parts = _ITEM.fullmatch(item)
    slug, number = parts.groups() if parts else ("", None)
    versions = CoucheVersion.objects.select_related("couche").filter(couche__slug=slug).order_by("-number")
    version = (versions.filter(number=int(number)) if number else versions).first()
    if version is None:
        message = _(
            "« %(item)s » n'existe pas : écrivez couches=services,zones-blanches:3, ou retirez « couches »."
        )
        raise ValidationError({"couches": [message % {"item": item[:60]}]})  # fmt: skip
    return version


def find_lot(lot: Lot) -> ExportFile | None:
    """Return the archive if it is built and on the disk."""
    row = ExportFile.objects.filter(**_identity(lot)).first()
    return row if row is not None and is_here(row) else None


def build_lot(lot: Lot) -> ExportFile:
    """Build each file, then the archive. Raises Busy when another process is at one of them."""
    with alone(f"{NAME}/{lot.key}"):
        found = find_lot(lot)
        if found is not None:
            return found
        workshop = Path(settings.EXPORTS_ROOT) / WORKSHOP / uuid.uuid4().hex
        workshop.mkdir(parents=True)
        try:
            files = [_file(demand, workshop) for demand in lot.demands]
            target = workshop / lot.filename()
            latest = max(demand.version.published_at for demand in lot.demands)
            zip_files(target, [_readme(lot, files, workshop), *files], latest)
            rows = sum(row_count(demand.selection) for demand in lot.demands)
            return publish_file(target, folder=Path(NAME), rows=rows, **_identity(lot))
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def _identity(lot: Lot) -> dict[str, Any]:
    """Say which row of ExportFile is the archive's: no recipe of a version is ever a lot's key."""
    return {
        "version": lot.demands[0].version,
        "format": NAME,
        "crs": "",
        "territory": lot.territory_key,
        "recipe": lot.key,
    }


def _file(demand: Demand, workshop: Path) -> Path:
    """Return the file of a demand: built and kept, or streamed into the workshop."""
    if not demand.format.streamed:
        return absolute(build(demand))
    path = workshop / demand.filename()
    with path.open("wb") as file:
        for chunk in streams.stream(demand):
            file.write(chunk)
    return path


def _readme(lot: Lot, files: list[Path], workshop: Path) -> Path:
    path = workshop / "LISEZMOI.txt"
    parts = [f"{file.name}\n{licence_text(demand)}" for demand, file in zip(lot.demands, files, strict=True)]
    path.write_text(
        "\n".join([*parts, f"Adresse : {settings.PUBLIC_URL}{lot.address()}\n"]), encoding="utf-8"
    )
    return path


def wanted_lot(lot: Lot) -> Wanted:
    """Return what the job of an archive is asked for."""
    rows = {demand: row_count(demand.selection) for demand in lot.demands}
    sizes = [expected_size(demand.version, demand.format, count) for demand, count in rows.items()]
    place = lot.demands[0].territory
    return Wanted(
        key=lot.key,
        lock=f"{TASK}:{lot.key}",
        slug=NAME,
        task=TASK,
        arguments={
            "slug": NAME,
            "couches": lot.couches,
            "format_name": lot.format_name,
            "territory": lot.territory_key,
        },
        filename=lot.filename(),
        title=_("%(n)d couches de %(lieu)s, en %(format)s")
        % {"n": len(lot.demands), "lieu": place, "format": FORMATS[lot.format_name].label},
        href=lot.address(),
        back="/couches/",
        rows_total=sum(rows.values()),
        # Each alone is about this; zipped together, less for the formats that are not compressed.
        expected_size=sum(size for size in sizes if size is not None) or None,
    )
