"""The catalogue as a DCAT-AP 3 graph, readable field by field by the harvester of data.gouv.fr.

Polygons of `dct:spatial` carry the data type that harvester looks for
(`application/vnd.geo+json`), beside the GeoSPARQL one of DCAT-AP.
"""

import json

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from rdflib import DCAT, DCTERMS, FOAF, RDF, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef

from couches.models import Couche
from exports.catalogue.facts import Download, Facts, Service, publisher

ADMS = Namespace("http://www.w3.org/ns/adms#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
LOCN = Namespace("http://www.w3.org/ns/locn#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
GEOSPARQL = Namespace("http://www.opengis.net/ont/geosparql#")
# Of DCAT 3, younger than the library's list.
DCAT_VERSION = URIRef("http://www.w3.org/ns/dcat#version")
AUTHORITY = "http://publications.europa.eu/resource/authority/"
GEOJSON_LITERAL = URIRef("https://www.iana.org/assignments/media-types/application/vnd.geo+json")
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
PER_PAGE = 50
FREQUENCIES = {
    Couche.Policy.HOURLY: "HOURLY",
    Couche.Policy.DAILY: "DAILY",
    Couche.Policy.WEEKLY: "WEEKLY",
    Couche.Policy.MANUAL: "IRREG",
}
# The European themes of ours; "Regions and cities" for a theme we do not know.
THEMES = {
    "Services au public": "GOVE",
    "Réseaux et télécommunications": "TECH",
    "Équipements publics": "GOVE",
}
# The European file types that exist; others are told by their media type alone.
FILE_TYPES = {
    "geojson": "GEOJSON", "gpkg": "GPKG", "shp": "SHP", "csv": "CSV", "kml": "KML", "xlsx": "XLSX", "ods": "ODS",
    "parquet": "PARQUET",
}  # fmt: skip


def graph_of(found: list[Facts], *, address: str, page: int, last_page: int, total: int) -> Graph:
    """Return the graph of one page of the catalogue; `address` is the document's own, without query."""
    graph = Graph()
    for prefix, namespace in {
        "dcat": DCAT, "dct": DCTERMS, "foaf": FOAF, "vcard": VCARD, "locn": LOCN, "hydra": HYDRA, "spdx": SPDX,
        "adms": ADMS, "gsp": GEOSPARQL,
    }.items():  # fmt: skip
        graph.bind(prefix, namespace)
    catalogue = URIRef(f"{settings.PUBLIC_URL}/couches/#catalogue")
    graph.add((catalogue, RDF.type, DCAT.Catalog))
    graph.add((catalogue, DCTERMS.title, Literal(_("Couches validées par les communes"), lang="fr")))
    graph.add((catalogue, DCTERMS.description, Literal(_catalogue_text(), lang="fr")))
    graph.add((catalogue, DCTERMS.language, URIRef(f"{AUTHORITY}language/FRA")))
    graph.add((catalogue, FOAF.homepage, URIRef(f"{settings.PUBLIC_URL}/couches/")))
    graph.add((catalogue, DCTERMS.publisher, _publisher(graph)))
    for facts in found:
        graph.add((catalogue, DCAT.dataset, _dataset(graph, facts)))
        for service in facts.services:
            graph.add((catalogue, DCAT.service, _service(graph, facts, service)))
    _paging(graph, address, page, last_page, total)
    return graph


def _catalogue_text() -> str:
    return _(
        "Ce que les habitants ont placé sur la carte et que leurs communes ont validé, en versions numérotées."
    )


def _publisher(graph: Graph) -> URIRef:
    agent = URIRef(f"{settings.PUBLIC_URL}/#editeur")
    graph.add((agent, RDF.type, FOAF.Organization))
    graph.add((agent, FOAF.name, Literal(publisher(), lang="fr")))
    graph.add((agent, FOAF.homepage, URIRef(f"{settings.PUBLIC_URL}/")))
    return agent


def _dataset(graph: Graph, facts: Facts) -> URIRef:
    couche, version = facts.couche, facts.version
    dataset = URIRef(facts.page)
    theme = THEMES.get(couche.theme, "REGI")
    frequency = FREQUENCIES[Couche.Policy(couche.publication_policy)]
    for predicate, value in [
        (RDF.type, DCAT.Dataset),
        (DCTERMS.identifier, Literal(facts.page)),
        (DCTERMS.title, Literal(couche.title, lang="fr")),
        (DCTERMS.description, Literal(couche.description, lang="fr")),
        (DCTERMS.issued, Literal(facts.first_published.isoformat(), datatype=XSD.dateTime)),
        (DCTERMS.modified, Literal(version.published_at.isoformat(), datatype=XSD.dateTime)),
        (DCTERMS.license, _reference(facts.licence)),
        (DCTERMS.accrualPeriodicity, URIRef(f"{AUTHORITY}frequency/{frequency}")),
        (DCTERMS.accessRights, URIRef(f"{AUTHORITY}access-right/PUBLIC")),
        (DCTERMS.language, URIRef(f"{AUTHORITY}language/FRA")),
        (DCTERMS.provenance, _provenance(graph)),
        (DCTERMS.publisher, _publisher(graph)),
        (DCAT.theme, URIRef(f"{AUTHORITY}data-theme/{theme}")),
        (DCAT.landingPage, URIRef(facts.page)),
        (DCAT_VERSION, Literal(str(version.number))),
        (ADMS.versionNotes, Literal(version.note, lang="fr")),
        (DCAT.contactPoint, _contact(graph)),
        (DCTERMS.spatial, _place(graph, facts)),
        (DCTERMS.conformsTo, URIRef(f"{settings.PUBLIC_URL}{reverse('exports-schema', args=[couche.slug])}")),
        *[(DCAT.keyword, Literal(word, lang="fr")) for word in facts.keywords],
        *[(DCTERMS.conformsTo, URIRef(couche.national_schema))] * bool(couche.national_schema),
    ]:  # fmt: skip
        if value != Literal("", lang="fr"):
            graph.add((dataset, predicate, value))
    if facts.days:
        graph.add((dataset, DCTERMS.temporal, _period(graph, facts.days)))
    for download in facts.downloads:
        graph.add((dataset, DCAT.distribution, _distribution(graph, facts, download)))
    return dataset


def _reference(text: str) -> URIRef | Literal:
    return URIRef(text) if text.startswith("http") else Literal(text)


def _contact(graph: Graph) -> BNode:
    contact = BNode("contact")
    graph.add((contact, RDF.type, VCARD.Organization))
    graph.add((contact, VCARD.fn, Literal(publisher())))
    if settings.CONTACT_EMAIL:
        graph.add((contact, VCARD.hasEmail, URIRef(f"mailto:{settings.CONTACT_EMAIL}")))
    graph.add((contact, VCARD.hasURL, URIRef(f"{settings.PUBLIC_URL}/aide/")))
    return contact


def _provenance(graph: Graph) -> BNode:
    node = BNode("provenance")
    graph.add((node, RDF.type, DCTERMS.ProvenanceStatement))
    text = _("Signalé par des habitants ou des agents, décidé par la commune, publié en version immuable.")
    graph.add((node, SKOS.prefLabel, Literal(text, lang="fr")))
    return node


def _place(graph: Graph, facts: Facts) -> BNode:
    place = BNode(f"lieu-{facts.couche.slug}")
    polygon = {"type": "Polygon", "coordinates": [facts.ring]}
    corners = ", ".join(f"{x:.7f} {y:.7f}" for x, y in facts.ring)
    graph.add((place, RDF.type, DCTERMS.Location))
    graph.add((place, LOCN.geometry, Literal(json.dumps(polygon), datatype=GEOJSON_LITERAL)))
    graph.add((place, DCAT.bbox, Literal(f"POLYGON(({corners}))", datatype=GEOSPARQL.wktLiteral)))
    return place


def _period(graph: Graph, days: list[str]) -> BNode:
    period = BNode(f"periode-{days[0]}-{days[-1]}")
    graph.add((period, RDF.type, DCTERMS.PeriodOfTime))
    graph.add((period, DCAT.startDate, Literal(days[0], datatype=XSD.date)))
    graph.add((period, DCAT.endDate, Literal(days[-1], datatype=XSD.date)))
    return period


def _distribution(graph: Graph, facts: Facts, download: Download) -> URIRef:
    form = download.format
    node = URIRef(download.url)
    title = f"{facts.couche.title} ({form.label})"
    media_type = form.media_type.split(";")[0]
    for predicate, value in [
        (RDF.type, DCAT.Distribution),
        (DCTERMS.identifier, Literal(download.url)),
        (DCTERMS.title, Literal(title, lang="fr")),
        (DCAT.accessURL, URIRef(download.url)),
        (DCAT.downloadURL, URIRef(download.url)),
        (DCAT.mediaType, URIRef(f"{MEDIA_TYPES}{media_type}")),
        (DCTERMS.license, _reference(facts.licence)),
        (DCTERMS.modified, Literal(facts.version.published_at.isoformat(), datatype=XSD.dateTime)),
        (DCTERMS["format"], _file_type(form.name)),
    ]:
        graph.add((node, predicate, value))
    if download.size is not None:
        graph.add((node, DCAT.byteSize, Literal(download.size, datatype=XSD.nonNegativeInteger)))
    if download.sha256:
        checksum = BNode(f"empreinte-{download.sha256[:16]}")
        graph.add((checksum, RDF.type, SPDX.Checksum))
        graph.add((checksum, SPDX.algorithm, SPDX.checksumAlgorithm_sha256))
        graph.add((checksum, SPDX.checksumValue, Literal(download.sha256, datatype=XSD.hexBinary)))
        graph.add((node, SPDX.checksum, checksum))
    return node


def _file_type(name: str) -> URIRef | Literal:
    return URIRef(f"{AUTHORITY}file-type/{FILE_TYPES[name]}") if name in FILE_TYPES else Literal(name)


def _service(graph: Graph, facts: Facts, service: Service) -> URIRef:
    """Add a data service, and the distribution through which the dataset is reached by it; return the former.

    Its fields are those that udata reads of an API (`dataservice_from_rdf`).
    """
    node, dataset = URIRef(f"{service.url}#service"), URIRef(facts.page)
    title = f"{service.title} : {facts.couche.title}"
    for predicate, value in [
        (RDF.type, DCAT.DataService),
        (DCTERMS.identifier, Literal(f"{service.url}#service")),
        (DCTERMS.title, Literal(title, lang="fr")),
        (DCTERMS.description, Literal(service.text, lang="fr")),
        (DCTERMS.issued, Literal(facts.first_published.isoformat(), datatype=XSD.dateTime)),
        (DCTERMS.modified, Literal(facts.version.published_at.isoformat(), datatype=XSD.dateTime)),
        (DCAT.endpointURL, URIRef(service.root)),
        (DCAT.endpointDescription, URIRef(service.described_by)),
        (DCTERMS.conformsTo, URIRef(service.conforms_to)),
        (DCAT.servesDataset, dataset),
        (DCAT.contactPoint, _contact(graph)),
        (DCTERMS.publisher, _publisher(graph)),
        (DCTERMS.license, _reference(facts.licence)),
        *[(DCAT.keyword, Literal(word, lang="fr")) for word in facts.keywords],
    ]:
        graph.add((node, predicate, value))
    reached = URIRef(f"{service.url}#acces")
    for predicate, value in [
        (RDF.type, DCAT.Distribution),
        (DCTERMS.identifier, Literal(f"{service.url}#acces")),
        (DCTERMS.title, Literal(title, lang="fr")),
        (DCAT.accessURL, URIRef(service.url)),
        (DCAT.accessService, node),
        (DCTERMS.license, _reference(facts.licence)),
    ]:
        graph.add((reached, predicate, value))
    graph.add((dataset, DCAT.distribution, reached))
    return node


def _paging(graph: Graph, address: str, page: int, last_page: int, total: int) -> None:
    """Say which page this is: harvesters follow `hydra:next`."""

    def at(number: int) -> URIRef:
        return URIRef(f"{address}?page={number}")

    view = at(page)
    graph.add((view, RDF.type, HYDRA.PartialCollectionView))
    graph.add((view, HYDRA.first, at(1)))
    graph.add((view, HYDRA.last, at(last_page)))
    graph.add((view, HYDRA.totalItems, Literal(total, datatype=XSD.integer)))
    if page < last_page:
        graph.add((view, HYDRA.next, at(page + 1)))
    if page > 1:
        graph.add((view, HYDRA.previous, at(page - 1)))
