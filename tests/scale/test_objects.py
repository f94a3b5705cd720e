"""Files shared through a real S3 door on loopback: whole or absent, private, the same on each machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.test import Client
from moto.server import ThreadedMotoServer

from config.objects import shared_objects
from contributions.models import Photo
from contributions.photos import Pixels, open_photo, photo_path, store
from couches import objects
from couches.bucket import ObjectsUnreachable, _storage
from couches.models import CoucheVersion
from exports.build import build
from exports.demands import read_demand
from exports.models import ExportFile


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def bucket(door: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket that the site is told to share."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "essai",
        "AWS_SECRET_ACCESS_KEY": "essai",
        "REPERES_S3_BUCKET": "reperes",
        "REPERES_S3_ENDPOINT": door,
        "REPERES_S3_REGION": "eu-west-3",
    }.items():
        monkeypatch.setenv(name, value)
    made = boto3.resource("s3", endpoint_url=door, region_name="eu-west-3").Bucket("reperes")
    made.create(CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    settings.SHARED_OBJECTS = shared_objects()
    yield made
    made.objects.all().delete()
    made.delete()
    _storage.cache_clear()


def keys(bucket: Any) -> list[str]:
    return sorted(one.key for one in bucket.objects.all())


def test_a_built_file_is_given_by_another_machine(
    bucket: Any,
    version: CoucheVersion,
    settings: Any,
    tmp_path: Path,
    emma: Client,
) -> None:
    row = build(read_demand(version, {"format": "gpkg", "crs": "2154"}))
    [key] = keys(bucket)
    assert key == f"reperes/exports/{row.path}"
    settings.EXPORTS_ROOT = tmp_path / "autre" / "exports"
    whole = emma.get("/exports/zones-blanches/1/", {"format": "gpkg", "crs": "2154"})
    assert whole.status_code == 200 and len(whole.getvalue()) == row.size
    assert whole.headers["ETag"] == f'"{row.sha256}"'
    part = emma.get(
        "/exports/zones-blanches/1/", {"format": "gpkg", "crs": "2154"}, headers={"range": "bytes=0-14"}
    )
    assert part.status_code == 206 and part.getvalue() == b"SQLite format 3"
    assert not list((tmp_path / "autre").rglob("*.part"))


def test_what_the_bucket_lost_is_built_again(
    bucket: Any,
    version: CoucheVersion,
    settings: Any,
    tmp_path: Path,
    emma: Client,
) -> None:
    build(read_demand(version, {"format": "gpkg", "crs": "2154"}))
    bucket.objects.all().delete()
    settings.EXPORTS_ROOT = tmp_path / "autre" / "exports"
    assert emma.get("/exports/zones-blanches/1/", {"format": "gpkg", "crs": "2154"}).status_code == 202


def test_a_bucket_that_is_away_writes_no_row(
    bucket: Any,
    version: CoucheVersion,
    settings: Any,
) -> None:
    settings.SHARED_OBJECTS = {**settings.SHARED_OBJECTS, "endpoint_url": "http://127.0.0.1:9"}
    with pytest.raises(ObjectsUnreachable):
        build(read_demand(version, {"format": "gpkg", "crs": "2154"}))
    assert not ExportFile.objects.exists(), "whole or absent"


def test_a_photo_follows_and_goes(bucket: Any, settings: Any, tmp_path: Path) -> None:

    settings.MEDIA_ROOT = tmp_path / "media"
    pixels = Pixels(webp=b"RIFF....WEBP", width=1, height=1)
    store(pixels)
    settings.MEDIA_ROOT = tmp_path / "autre" / "media"
    with open_photo(Photo(sha256=pixels.sha256)) as stream:
        assert stream.read() == pixels.webp
    objects.forget(photo_path(pixels.sha256), Path(settings.MEDIA_ROOT))
    assert keys(bucket) == [] and not photo_path(pixels.sha256).exists()


def test_nothing_in_the_bucket_is_public(bucket: Any, door: str, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    path = Path(settings.MEDIA_ROOT) / "photos" / "a.webp"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    objects.keep(path, Path(settings.MEDIA_ROOT))
    grants = bucket.Object("reperes/media/photos/a.webp").Acl().grants
    assert all("AllUsers" not in str(one["Grantee"]) for one in grants)


def test_without_a_bucket_its_client_is_not_even_loaded() -> None:
    program = (
        "import django, sys; django.setup(); import config.urls, contributions.jobs, exports.jobs; "
        "sys.exit('boto3' in sys.modules)"
    )
    env = {name: text for name, text in os.environ.items() if not name.startswith("REPERES_S3")}
    assert subprocess.run([sys.executable, "-c", program], env=env, check=False).returncode == 0


def test_without_a_bucket_only_the_disk_is_looked_at(settings: Any, tmp_path: Path) -> None:
    settings.SHARED_OBJECTS = None
    path = tmp_path / "racine" / "f"
    assert objects.bring(path, tmp_path / "racine") is False
    path.parent.mkdir()
    path.write_bytes(b"x")
    objects.keep(path, tmp_path / "racine")
    assert objects.bring(path, tmp_path / "racine") is True
    objects.forget(path, tmp_path / "racine")
    assert not path.exists()
