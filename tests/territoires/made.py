"""Small COG vintages and boundary files, made by hand for each test."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

EPCI = "241500230"
HEAD = "MOD,DATE_EFF,TYPECOM_AV,COM_AV,TNCC_AV,NCC_AV,NCCENR_AV,LIBELLE_AV,TYPECOM_AP,COM_AP,TNCC_AP"


def commune(code: str, nom: str, *, former: Iterable[str] = (), **facts: Any) -> dict[str, Any]:
    """Return a current commune as communes.json writes it."""
    row: dict[str, Any] = {
        "code": code,
        "nom": nom,
        "type": "commune-actuelle",
        "zone": "metro",
        "departement": "15",
        "region": "84",
        "siren": f"21{code}0",
        "codesPostaux": ["15000"],
        "population": 100,
        **facts,
    }
    if former:
        row["anciensCodes"] = list(former)
    return row


def delegated(code: str, nom: str, chef_lieu: str) -> dict[str, Any]:
    """Return a déléguée as communes.json writes it."""
    return {"code": code, "nom": nom, "type": "commune-deleguee", "chefLieu": chef_lieu, "departement": "15"}


def write_cog(folder: Path, year: int, rows: list[dict[str, Any]]) -> Path:
    """Write a vintage as the four JSON files of the package; return its folder, named by its year."""
    target = folder / f"cog-{year}"
    target.mkdir()
    members = [{"code": row["code"]} for row in rows if row["type"] == "commune-actuelle"]
    lists: dict[str, Any] = {
        "communes": rows,
        "epci": [{"code": EPCI, "nom": "CA du Bassin d'Aurillac", "type": "CA", "membres": members}],
        "departements": [{"code": "15", "nom": "Cantal", "region": "84"}],
        "regions": [{"code": "84", "nom": "Auvergne-Rhône-Alpes"}],
    }
    for name, content in lists.items():
        (target / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return target


def write_moves(folder: Path, moves: Iterable[tuple[str, str, str, str]]) -> Path:
    """Write INSEE's register with (kind, date, code before, code after), all of whole communes."""
    lines = [
        f"{kind},{date},COM,{before},0,X,X,Nom {before},COM,{after},0" for kind, date, before, after in moves
    ]
    target = folder / "registre.csv"
    target.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return target


def cell(column: int, row: int = 0) -> shapely.Polygon:
    """Return a square of 0.1° in the Cantal, EPSG:4326; neighbours share a side."""
    west, south = 2.0 + column / 10, 44.8 + row / 10
    return shapely.Polygon(
        [(west, south), (west + 0.1, south), (west + 0.1, south + 0.1), (west, south + 0.1)]
    )


def write_geojson(path: Path, outlines: Mapping[str, shapely.Geometry], **properties: Any) -> Path:
    """Write outlines by code as GeoJSON, extra properties on each."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "nom": f"Nom {code}", **properties},
            "geometry": json.loads(shapely.to_geojson(outline)),
        }
        for code, outline in outlines.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def write_vector(
    path: Path,
    outlines: Mapping[str, shapely.Geometry],
    *,
    crs: str | None = "EPSG:4326",
    code_column: str = "code_insee",
    names: Iterable[str] | None = None,
    **options: Any,
) -> Path:
    """Write outlines with GDAL in the format of the suffix."""
    driver = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".fgb": "FlatGeobuf"}[path.suffix]
    pyogrio.raw.write(
        str(path),
        geometry=np.array([shapely.to_wkb(outline) for outline in outlines.values()], dtype=object),
        field_data=[
            np.array(list(outlines), dtype=object),
            np.array(list(names) if names else [f"Nom {code}" for code in outlines], dtype=object),
        ],
        fields=[code_column, "nom_officiel"[:10]],
        geometry_type="Polygon",
        crs=crs,
        driver=driver,
        **options,
    )
    return path
