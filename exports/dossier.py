"""The « dossier complet »: one ZIP from which a GIS desk can work without asking anything more.

GeoPackage with its styles inside, CSV with its Table Schema, dictionary, licence, ISO 19139
record, manifest, and a page that says what is what.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
from django.conf import settings
from django.utils.translation import gettext as _

from exports import streams
from exports.catalogue.facts import facts_of
from exports.catalogue.records import iso_record
from exports.demands import Demand
from exports.formats import FORMATS
from exports.manifests import manifest
from exports.projections import LEGAL
from exports.rows import Selection
from exports.schemas import table_schema
from exports.styles import qml, sld

WriteLayer = Callable[[Demand, Selection, int, Path], list[Path]]
# The table QGIS looks for styles in; its columns are those QGIS itself makes.
_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)"""


def write_dossier(
    demand: Demand, selection: Selection, srid: int, folder: Path, *, write_layer: WriteLayer
) -> list[Path]:
    """Write the files of the dossier for one CRS and return them; what does not depend on it once."""
    (package,) = write_layer(replace(demand, format=FORMATS["gpkg"]), selection, srid, folder)
    _add_styles(package, demand, srid)
    return [package, *_beside(demand, folder)]


def _add_styles(package: Path, demand: Demand, srid: int) -> None:
    couche = demand.version.couche
    moment = demand.version.published_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with closing(sqlite3.connect(package)) as base, base:
        base.execute(_STYLES)
        base.execute(
            "INSERT INTO layer_styles VALUES (1, '', '', ?, 'geom', ?, ?, ?, 1, ?, '', NULL, ?)",
            [couche.slug, couche.slug[:30], qml(couche), sld(couche), couche.title, moment],
        )
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            [moment],
        )


def _beside(demand: Demand, folder: Path) -> list[Path]:
    """Write what is said once, whatever the number of CRS."""
    version, couche = demand.version, demand.version.couche
    made = {
        "schema.json": orjson.dumps(table_schema(couche), option=orjson.OPT_INDENT_2),
        "metadonnees.xml": iso_record(facts_of(couche, version)).encode(),
        "manifeste.json": orjson.dumps(_manifest(demand), option=orjson.OPT_INDENT_2),
        f"{couche.slug}.qml": qml(couche).encode(),
        f"{couche.slug}.sld": sld(couche).encode(),
        "LISEZMOI.txt": _read_me(demand).encode(),
    }
    paths = []
    for name, body in made.items():
        path = folder / name
        path.write_bytes(body)
        paths.append(path)
    table = folder / f"{demand.stem(LEGAL)}.csv"
    if not table.exists():
        as_csv = replace(demand, format=FORMATS["csv"], crs=LEGAL)
        with table.open("wb") as target:
            for chunk in streams.csv(as_csv):
                target.write(chunk)
    return [table, *paths]


def _manifest(demand: Demand) -> dict[str, object]:
    """Return the manifest without what changes after the version is published."""
    found = manifest(demand.version, settings.PUBLIC_URL)
    return {name: value for name, value in found.items() if name != "files"}


def _read_me(demand: Demand) -> str:
    version, couche = demand.version, demand.version.couche
    place = demand.territory_key or _("toute la couche")
    published = version.published_at.astimezone(dt.UTC).date().isoformat()
    return _(
        "%(title)s\n\n"
        "Version %(number)d, publiée le %(published)s. Territoire : %(place)s.\n"
        "Adresse : %(site)s/couches/%(slug)s/\n"
        "Empreinte SHA-256 du contenu : %(sha256)s\n\n"
        "*.gpkg            GeoPackage, à glisser dans QGIS : son style est dedans\n"
        "*.csv             la table, UTF-8, virgule ; schema.json la décrit (Table Schema)\n"
        "dictionnaire.csv  le sens de chaque champ\n"
        "metadonnees.xml   fiche ISO 19139\n"
        "manifeste.json    ce qu'il faut pour vérifier et pour suivre les versions\n"
        "*.qml, *.sld      les styles, pour QGIS et pour les autres\n"
        "licence.txt       ce que vous pouvez en faire\n"
    ) % {
        "title": couche.title,
        "number": version.number,
        "published": published,
        "place": place,
        "site": settings.PUBLIC_URL,
        "slug": couche.slug,
        "sha256": version.sha256,
    }
