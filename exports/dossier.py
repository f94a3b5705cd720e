"""The complete folder of a version: one ZIP that opens in QGIS, in a spreadsheet, and is understood in ten years."""

import csv
import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from pathlib import Path

import orjson
import pyarrow as pa
import pyogrio
from django.conf import settings

from exports import streams
from exports.demands import Demand
from exports.formats import FORMATS
from exports.licences import licence_text
from exports.manifests import manifest
from exports.projections import PROJECTIONS
from exports.rows import Selection
from exports.schemas import LIST_SEPARATOR, PROJECTED, Column, columns_of, table_schema
from exports.styles import qml, sld
from exports.writers import at_its_date, write_gdal

STYLES = "layer_styles"
# The columns QGIS gives the table it looks styles up in.
_STYLE_TEXTS = (
    "f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column",
    "styleName", "styleQML", "styleSLD",
)  # fmt: skip
_STYLE_FIELDS = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _STYLE_TEXTS),
        pa.field("useAsDefault", pa.bool_()),
        *(pa.field(name, pa.string()) for name in ("description", "owner", "ui")),
        pa.field("update_time", pa.timestamp("ms", "UTC")),
    ]
)


def write_dossier(demand: Demand, parts: Iterable[tuple[int, Selection]], folder: Path) -> list[Path]:
    """Write the files of the folder, a GeoPackage per CRS in `parts`, and return them in reading order."""
    couche, columns = demand.version.couche, columns_of(demand.version.couche)
    packages = [
        _write_package(demand, selection, columns, srid, folder / f"{demand.stem(str(srid))}.gpkg")
        for srid, selection in parts
    ]
    texts = {
        "LISEZMOI.txt": _readme(demand, [path.name for path in packages]),
        "licence.txt": licence_text(demand.version),
        "dictionnaire.html": _readable(demand, columns),
        f"{couche.slug}.qml": qml(couche),
        f"{couche.slug}.sld": sld(couche),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "schema.json").write_bytes(orjson.dumps(table_schema(couche), option=orjson.OPT_INDENT_2))
    document = manifest(demand.version, settings.PUBLIC_URL)
    # What is built beside changes with what people ask for: these bytes may not.
    del document["files"]
    (folder / "manifeste.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    _write_dictionary(columns, folder / "dictionnaire.csv")
    _write_csv(demand, folder / f"{couche.slug}.csv")
    made = [*texts, "dictionnaire.csv", "schema.json", "manifeste.json", f"{couche.slug}.csv"]
    return [*packages, *(folder / name for name in sorted(made))]


def _write_package(
    demand: Demand, selection: Selection, columns: list[Column], srid: int, path: Path
) -> Path:
    """Write a GeoPackage whose style QGIS applies by itself."""
    write_gdal(replace(demand, format=FORMATS["gpkg"]), selection, columns, srid, path)
    couche = demand.version.couche
    published = demand.version.published_at.astimezone(dt.UTC).replace(microsecond=0)
    row = [
        "",
        "",
        couche.slug,
        "geom",
        couche.slug,
        qml(couche),
        sld(couche),
        True,
        couche.title,
        "Repères",
        None,
        published,
    ]
    arrays = [pa.array([value], field.type) for value, field in zip(row, _STYLE_FIELDS, strict=True)]  # fmt: skip
    styles = pa.RecordBatchReader.from_batches(
        _STYLE_FIELDS, [pa.RecordBatch.from_arrays(arrays, schema=_STYLE_FIELDS)]
    )
    with at_its_date(demand.version):
        pyogrio.write_arrow(styles, path, layer=STYLES, driver="GPKG", geometry_name=None, FID="id")
    return path


def _write_csv(demand: Demand, path: Path) -> None:
    """Write the very CSV that our Table Schema describes."""
    asked = replace(demand, format=FORMATS["csv"])
    with path.open("wb") as file:
        for chunk in streams.csv(asked):
            file.write(chunk)


def _write_dictionary(columns: list[Column], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["champ", "titre", "type", "description", "valeurs"])
        for column in (*columns, *PROJECTED):
            values = LIST_SEPARATOR.join(f"{code}={label}" for code, label in column.labels.items())
            writer.writerow([column.name, column.title, column.kind, column.description, values])


def _readable(demand: Demand, columns: list[Column]) -> str:
    """Return the dictionary as a page that any browser opens, without network."""
    rows = "\n".join(
        f"<tr><th scope='row'><code>{escape(column.name)}</code></th><td>{escape(column.title)}</td>"
        f"<td>{escape(column.kind)}</td><td>{escape(column.description)}</td><td>"
        + "<br>".join(
            f"<code>{escape(str(code))}</code> {escape(str(label))}" for code, label in column.labels.items()
        )
        + "</td></tr>"
        for column in (*columns, *PROJECTED)
    )
    title = escape(f"{demand.version.couche.title}, version {demand.version.number} : dictionnaire")
    return (
        f"<!DOCTYPE html>\n<html lang='fr'><head><meta charset='utf-8'><title>{title}</title></head><body>\n"
        f"<h1>{title}</h1>\n<table border='1'>\n<tr><th scope='col'>Champ</th><th scope='col'>Titre</th>"
        "<th scope='col'>Type</th><th scope='col'>Description</th><th scope='col'>Valeurs</th></tr>\n"
        f"{rows}\n</table>\n</body></html>\n"
    )


def _readme(demand: Demand, packages: list[str]) -> str:
    version, couche = demand.version, demand.version.couche
    published = version.published_at.astimezone(dt.UTC)
    place = f"Territoire : {demand.territory} ({demand.territory_key})\n" if demand.territory else ""
    listed = "\n".join(f"  {name} : GeoPackage, styles compris (QGIS les applique seul)" for name in packages)
    projections = ", ".join(
        f"EPSG:{srid}" for srid in PROJECTIONS if any(f"EPSG{srid}." in n for n in packages)
    )
    return f"""{couche.title}
Version {version.number}, publiée le {published:%d/%m/%Y à %H:%M} UTC
{place}Projection : {projections}
Empreinte du contenu de la version : {version.sha256}

CE QUE CONTIENT CE DOSSIER
{listed}
  {couche.slug}.csv : les mêmes objets pour un tableur (UTF-8, virgules), conforme à schema.json
  schema.json : le Table Schema du CSV, que Validata et frictionless contrôlent
  dictionnaire.csv, dictionnaire.html : le sens de chaque champ et de chaque valeur
  {couche.slug}.qml, {couche.slug}.sld : les styles, pour QGIS et pour GeoServer
  manifeste.json : la version, son nombre d'objets, son empreinte, la précédente
  licence.txt : ce que vous pouvez en faire

POUR COMMENCER
  Dans QGIS, glissez le fichier .gpkg dans la carte.
  Dans un tableur, ouvrez le .csv en UTF-8. Un texte qui commence par = + - ou @ y est précédé
  d'une apostrophe : aucun tableur ne l'exécute.

L'identifiant « id » est stable pour la vie de l'objet : d'une version à l'autre, joignez par lui.
Adresse permanente : {settings.PUBLIC_URL}/exports/{couche.slug}/{version.number}/?format=dossier
"""
