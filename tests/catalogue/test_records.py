"""The ISO 19139 record, schema.org's Dataset and the site map."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from lxml import etree
from owslib.iso import MD_Metadata

from couches.models import Couche, CoucheVersion
from exports.catalogue import views
from tests.exports.factories import change, release

pytestmark = pytest.mark.django_db
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def record(client: Client, slug: str = "zones-blanches") -> bytes:
    response = client.get(f"/catalogue/{slug}.xml")
    assert response.status_code == 200 and response.headers["Content-Type"].startswith("application/xml")
    return bytes(response.content)


def test_owslib_reads_the_fields_of_inspire(settings: Any, emma: Client, version: CoucheVersion) -> None:
    settings.PUBLISHER, settings.CONTACT_EMAIL = "Syndicat d'essai & fils", "carte@exemple.fr"
    read = MD_Metadata(etree.fromstring(record(emma)))
    (found,) = read.identification
    page = f"{settings.PUBLIC_URL}/couches/zones-blanches/"
    assert read.identifier == page and found.uricode == [page]
    assert (read.hierarchy, read.languagecode, read.charset) == ("dataset", "fre", "utf8")
    assert found.title == "Réseau mobile : zones blanches" and len(found.abstract) > 40
    assert found.topiccategory == ["utilitiesCommunication"] and found.resourcelanguagecode == ["fre"]
    assert float(found.bbox.minx) == pytest.approx(2.3412345) and float(found.bbox.maxy) == pytest.approx(
        44.94
    )
    assert (found.temporalextent_start, found.temporalextent_end) == ("2026-11-20", "2026-11-20")
    assert {one.type for one in found.date} == {"publication", "revision"}
    assert found.contact[0].organization == read.contact[0].organization == "Syndicat d'essai & fils"
    assert found.contact[0].email == "carte@exemple.fr" and found.contact[0].role == "publisher"
    thesauri = [one.thesaurus["title"] for one in found.keywords if one.thesaurus]
    assert thesauri == ["GEMET - INSPIRE themes, version 1.0"]
    assert found.distance == ["10"] and found.uom == ["m"]
    assert found.accessconstraints == ["otherRestrictions"] and found.useconstraints == ["otherRestrictions"]
    assert "etalab" in found.uselimitation[0]
    assert version.sha256 in read.dataquality.lineage
    assert read.dataquality.conformancetitle and read.referencesystem.code
    addresses = [one.url for one in read.distribution.online]
    assert any("/ogc/collections/zones-blanches" in one for one in addresses)
    assert any("format=gpkg" in one for one in addresses)


def test_the_record_is_valid_against_its_schema(emma: Client, version: CoucheVersion) -> None:
    """The schemas of schemas.opengis.net/iso/19139, where the operator of the tests has them."""
    folder = os.environ.get("REPERES_ISO_XSD", "")
    if not folder:
        pytest.skip("REPERES_ISO_XSD does not say where gmx/gmx.xsd is (anchors are declared there)")
    schema = etree.XMLSchema(etree.parse(Path(folder) / "gmx" / "gmx.xsd"))
    document = etree.fromstring(record(emma))
    assert schema.validate(document), schema.error_log


def test_texts_are_escaped(emma: Client, version: CoucheVersion) -> None:
    Couche.objects.filter(slug="zones-blanches").update(title='<b>"A" & B</b>', description="]]> <!-- é")
    read = MD_Metadata(etree.fromstring(record(emma)))
    assert (
        read.identification[0].title == '<b>"A" & B</b>' and read.identification[0].abstract == "]]> <!-- é"
    )


@pytest.mark.parametrize(
    "path", ["/catalogue/rien.xml", "/catalogue/services.xml", "/couches/services/dataset.jsonld"]
)
def test_what_is_not_published_has_no_record(path: str, emma: Client, version: CoucheVersion) -> None:
    assert emma.get(path).status_code == 404


def test_schema_org_dataset(emma: Client, version: CoucheVersion) -> None:
    document = json.loads(emma.get("/couches/zones-blanches/dataset.jsonld").content)
    assert document["@type"] == "Dataset" and 50 <= len(document["description"]) <= 5000
    assert document["license"].startswith("https://") and document["version"] == "1"
    south, west, north, east = map(float, document["spatialCoverage"]["geo"]["box"].split())
    assert south < north and west < east and south > 40
    assert {one["encodingFormat"] for one in document["distribution"]} >= {"application/geo+json", "text/csv"}


def test_the_site_map_lists_what_is_worth_finding(
    emma: Client, version: CoucheVersion, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = etree.fromstring(emma.get("/sitemap.xml").content)
    found = root.xpath("s:url/s:loc/text()", namespaces=SITEMAP)
    for path in (
        "/",
        "/couches/zones-blanches/",
        "/couches/zones-blanches/versions/1/",
        "/communes/15014/",
        "/communes/15267/decisions/",
    ):
        assert f"{settings.PUBLIC_URL}{path}" in found
    for one in found:
        assert emma.get(one.removeprefix(settings.PUBLIC_URL)).status_code == 200, one
    assert f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml" in emma.get("/robots.txt").content.decode()
    monkeypatch.setattr(views, "SITEMAP_MAX", 5)
    index = etree.fromstring(emma.get("/sitemap.xml").content)
    parts = index.xpath("s:sitemap/s:loc/text()", namespaces=SITEMAP)
    listed = []
    for part in parts:
        body = emma.get(part.removeprefix(settings.PUBLIC_URL)).content
        listed += etree.fromstring(body).xpath("s:url/s:loc/text()", namespaces=SITEMAP)
    assert len(parts) > 1 and listed == found
    assert emma.get("/sitemap.xml?partie=99").status_code == 422


def test_a_record_follows_the_version(emma: Client, version: CoucheVersion) -> None:
    before = record(emma)
    release(change())
    assert record(emma) != before
