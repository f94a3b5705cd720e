"""The catalogue is read as the harvester of data.gouv.fr reads it, field by field, in three serialisations."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.gis.geos import Point
from django.test import Client
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, URIRef

from couches.models import Couche, CoucheVersion
from exports.catalogue import views
from exports.catalogue.dcat import ADMS, DCAT_VERSION, HYDRA, LOCN, SPDX, VCARD
from exports.models import ExportFile
from tests.exports.factories import change, release

pytestmark = pytest.mark.django_db
EU_FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/"
IANA = "https://www.iana.org/assignments/media-types/"


def read(client: Client, ending: str = "ttl", **query: Any) -> Graph:
    response = client.get(f"/catalogue.{ending}", query)
    assert response.status_code == 200 and "set-cookie" not in response.headers
    form = {"ttl": "turtle", "jsonld": "json-ld", "rdf": "xml"}[ending]
    return Graph().parse(data=response.content, format=form)


def only(graph: Graph, subject: Any, predicate: Any) -> Any:
    (value,) = graph.objects(subject, predicate)
    return value


@pytest.fixture
def dataset(emma: Client, version: CoucheVersion) -> tuple[Graph, Any]:
    graph = read(emma)
    (node,) = graph.subjects(RDF.type, DCAT.Dataset)
    return graph, node


# rdflib reads JSON-LD into a class of its own that it wants replaced.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
def test_the_three_serialisations_say_the_same(emma: Client, version: CoucheVersion) -> None:
    def known(ending: str) -> set[Any]:
        kept = set()
        for one in read(emma, ending):
            if all(isinstance(term, URIRef | Literal) for term in one) and f".{ending}?" not in str(one):
                kept.add(one)
        return kept

    turtle = known("ttl")
    assert len(turtle) > 80 and turtle == known("jsonld") == known("rdf")


def test_what_makes_a_dataset(dataset: tuple[Graph, Any]) -> None:
    graph, node = dataset
    assert isinstance(node, URIRef) and str(only(graph, node, DCTERMS.identifier)) == str(node)
    assert str(only(graph, node, DCTERMS.title)) == "Réseau mobile : zones blanches"
    assert only(graph, node, DCTERMS.description).language == "fr"
    assert only(graph, node, DCTERMS.accrualPeriodicity) == URIRef(f"{EU_FREQUENCY}DAILY")
    assert "etalab.gouv.fr" in str(only(graph, node, DCTERMS.license))
    assert only(graph, node, DCAT.landingPage) == node
    assert len(list(graph.objects(node, DCAT.keyword))) == 4
    issued, modified = (only(graph, node, one).toPython() for one in (DCTERMS.issued, DCTERMS.modified))
    # The harvester leaves out what is said to change in the future.
    assert issued <= modified <= dt.datetime.now(dt.UTC)
    assert str(only(graph, node, DCAT_VERSION)) == "1" and not list(graph.objects(node, ADMS.versionNotes))


def test_its_place_is_a_polygon_the_harvester_keeps(dataset: tuple[Graph, Any]) -> None:
    graph, node = dataset
    geometry = only(graph, only(graph, node, DCTERMS.spatial), LOCN.geometry)
    # The very words its reader compares with: any other data type is passed over.
    assert str(geometry.datatype) == "https://www.iana.org/assignments/media-types/application/vnd.geo+json"
    polygon = json.loads(str(geometry))
    (ring,) = polygon["coordinates"]
    assert polygon["type"] == "Polygon" and ring[0] == ring[-1] and len(ring) == 5
    assert ring[0] == pytest.approx([2.3412345, 44.9212345])


def test_its_period_needs_no_other_address(dataset: tuple[Graph, Any]) -> None:
    graph, node = dataset
    period = only(graph, node, DCTERMS.temporal)
    assert not isinstance(period, URIRef)
    assert only(graph, period, DCAT.startDate).toPython() == dt.date(2026, 11, 20)


def test_who_publishes_and_whom_to_ask(settings: Any, emma: Client, version: CoucheVersion) -> None:
    settings.PUBLISHER, settings.CONTACT_EMAIL = "Syndicat d'essai", "carte@exemple.fr"
    graph = read(emma)
    (node,) = graph.subjects(RDF.type, DCAT.Dataset)
    agent, contact = only(graph, node, DCTERMS.publisher), only(graph, node, DCAT.contactPoint)
    assert str(only(graph, agent, FOAF.name)) == "Syndicat d'essai"
    assert only(graph, contact, VCARD.hasEmail) == URIRef("mailto:carte@exemple.fr")


def test_its_distributions_have_addresses_types_and_weights(emma: Client, version: CoucheVersion) -> None:
    ExportFile.objects.create(
        version=version, format="gpkg", crs="2154", path="x", size=1234, sha256="a" * 64, feature_count=8,
        built_at=version.published_at,
    )  # fmt: skip
    graph = read(emma)
    files = {
        str(only(graph, one, DCAT.mediaType)).removeprefix(IANA): one
        for one in graph.subjects(RDF.type, DCAT.Distribution)
        if list(graph.objects(one, DCAT.downloadURL))
    }
    assert {"application/geo+json", "application/geopackage+sqlite3", "text/csv"} <= set(files)
    built = files["application/geopackage+sqlite3"]
    assert only(graph, built, DCAT.byteSize).toPython() == 1234
    assert str(only(graph, only(graph, built, SPDX.checksum), SPDX.checksumValue)) == "a" * 64
    assert not list(graph.objects(files["text/csv"], DCAT.byteSize))
    for node in files.values():
        assert str(only(graph, node, DCTERMS.title)) and "derniere" in str(
            only(graph, node, DCAT.downloadURL)
        )


def test_its_services_are_apis(dataset: tuple[Graph, Any]) -> None:
    graph, node = dataset
    services = set(graph.subjects(RDF.type, DCAT.DataService))
    assert services and all(only(graph, one, DCAT.servesDataset) == node for one in services)
    reached = {service for _one, service in graph.subject_objects(DCAT.accessService)}
    assert reached == services


def test_data_gouv_reads_each_service_as_an_api(dataset: tuple[Graph, Any], emma: Client) -> None:
    """What udata's `dataservice_from_rdf` takes, each once; and the description is there when asked."""
    graph, node = dataset
    [catalogue] = graph.subjects(RDF.type, DCAT.Catalog)
    services = set(graph.objects(catalogue, DCAT.service))
    assert services == set(graph.subjects(RDF.type, DCAT.DataService)) and len(services) == 3
    identifiers = {str(only(graph, one, DCTERMS.identifier)) for one in services}
    assert len(identifiers) == 3
    for one in services:
        for predicate in (DCTERMS.title, DCTERMS.description, DCTERMS.license, DCAT.contactPoint):
            assert str(only(graph, one, predicate))
        for predicate in (DCTERMS.issued, DCTERMS.modified):
            assert only(graph, one, predicate) == only(graph, node, predicate)
        for predicate in (DCAT.endpointURL, DCAT.endpointDescription):
            address = urlsplit(str(only(graph, one, predicate)))
            assert emma.get(f"{address.path}?{address.query}").status_code == 200, address
        assert only(graph, only(graph, one, DCAT.servesDataset), DCTERMS.identifier)
        assert len(list(graph.objects(one, DCAT.keyword))) == 4


def test_the_national_schema_is_named(emma: Client, aurillac: Any) -> None:
    services = Couche.objects.get(slug="services")
    release(change(attributes={}), couche=services)
    graph = read(emma)
    (node,) = graph.subjects(RDF.type, DCAT.Dataset)
    found = {str(one) for one in graph.objects(node, DCTERMS.conformsTo)}
    assert services.national_schema in found and services.national_schema.startswith(
        "https://schema.data.gouv.fr/"
    )


def test_a_couche_without_version_is_left_out(emma: Client, db: None) -> None:
    assert not list(read(emma).subjects(RDF.type, DCAT.Dataset))


def test_pages_are_followed_to_the_last(
    emma: Client, version: CoucheVersion, aurillac: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(change(attributes={}), couche=Couche.objects.get(slug="services"))
    monkeypatch.setattr(views, "PER_PAGE", 1)
    first, second = read(emma), read(emma, page=2)
    (following,) = first.objects(None, HYDRA.next)
    assert str(following).endswith("/catalogue.ttl?page=2") and not list(second.objects(None, HYDRA.next))
    seen = [set(graph.subjects(RDF.type, DCAT.Dataset)) for graph in (first, second)]
    assert not seen[0] & seen[1] and len(seen[0] | seen[1]) == 2
    for bad in ("0", "3", "x", "-1", "9" * 20):
        assert emma.get("/catalogue.ttl", {"page": bad}).status_code == 422


def test_one_point_still_makes_a_polygon(emma: Client, aurillac: Any) -> None:
    release(change(geom=Point(2.44, 44.93, srid=4326)))
    graph = read(emma)
    (geometry,) = graph.objects(None, LOCN.geometry)
    (ring,) = json.loads(str(geometry))["coordinates"]
    assert ring[0][0] < 2.44 < ring[2][0] and ring[0][1] < 44.93 < ring[2][1]


def test_the_catalogue_is_validated_by_its_bytes(emma: Client, version: CoucheVersion) -> None:
    first = emma.get("/catalogue.jsonld")
    assert first.headers["Content-Type"] == "application/ld+json"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = emma.get("/catalogue.jsonld", headers={"if-none-match": first.headers["ETag"]})
    assert again.status_code == 304
    release(change())
    later = emma.get("/catalogue.jsonld", headers={"if-none-match": first.headers["ETag"]})
    assert later.status_code == 200 and later.headers["ETag"] != first.headers["ETag"]
    assert emma.get("/catalogue.n3").status_code == 404


def test_queries_do_not_grow_with_what_is_published(
    emma: Client, version: CoucheVersion, django_assert_max_num_queries: Any
) -> None:
    def cost() -> int:
        with django_assert_max_num_queries(15) as queries:
            emma.get("/catalogue.ttl")
        return len(queries)

    before = cost()
    release(*[change(geom=Point(2.5 + rank / 1e4, 44.9, srid=4326)) for rank in range(50)])
    assert cost() == before
