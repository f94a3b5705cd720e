"""Reads exported files back, with GDAL from the wheel and from the distribution."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from couches.models import CoucheVersion
from exports.build import absolute, build
from exports.demands import read_demand
from exports.models import ExportFile


def body(response: HttpResponseBase) -> bytes:
    """Return the whole body, streamed or not."""
    if response.streaming:
        return b"".join(response.streaming_content)  # type: ignore[attr-defined]  # both kinds have it
    return bytes(response.content)  # type: ignore[attr-defined]


def geojson(client: Client, slug: str = "zones-blanches", number: str = "1", **query: str) -> dict[str, Any]:
    """Return the GeoJSON of a version."""
    response = client.get(f"/exports/{slug}/{number}/", {"format": "geojson", **query})
    assert response.status_code == 200
    document: dict[str, Any] = json.loads(body(response))
    return document


def built(version: CoucheVersion, **query: str) -> tuple[ExportFile, Path]:
    """Build a file as the worker does."""
    row = build(read_demand(version, query))
    return row, absolute(row)


def rows(path: str | Path, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what pyogrio reads: metadata, then a dict per feature with `x` and `y`."""
    meta, _ids, points, fields = pyogrio.raw.read(path, **options)
    import shapely

    geometries = shapely.from_wkb(points)
    names = list(meta["fields"])
    found = []
    for index in range(len(geometries)):
        row = {name: fields[rank][index] for rank, name in enumerate(names)}
        row |= {"x": float(geometries[index].x), "y": float(geometries[index].y)}
        found.append(row)
    return meta, found


def ogrinfo(path: str | Path) -> str:
    """Return what the distribution's GDAL says of a file; skip where it is not installed."""
    if shutil.which("ogrinfo") is None:
        pytest.skip("gdal-bin is not installed")
    command = ["ogrinfo", "-ro", "-so", "-al", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout
