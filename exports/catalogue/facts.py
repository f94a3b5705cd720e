"""What every catalogue says of a couche, gathered once: DCAT, ISO 19139 and schema.org only write it down."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from couches.models import Couche, CoucheVersion
from exports.formats import FORMATS, Format
from exports.models import ExportFile
from exports.ogc.collections import Collection
from exports.ogc.documents import extent

LICENCES = {"etalab-2.0": "https://www.etalab.gouv.fr/licence-ouverte-open-licence"}


@dataclass(frozen=True)
class Download:
    """One file of the latest version: `size` and `sha256` once it is built."""

    format: Format
    url: str
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True)
class Service:
    """A service that gives the couche.

    `url` is where a client begins, `root` the service's own address, `described_by` the document that
    says all it does, `conforms_to` the standard it follows.
    """

    title: str
    text: str
    url: str
    root: str
    described_by: str
    conforms_to: str


@dataclass(frozen=True)
class Facts:
    """A couche as catalogues see it; `box` is [west, south, east, north] in WGS 84, `days` the first and last."""

    couche: Couche
    version: CoucheVersion
    first_published: dt.datetime
    box: list[float]
    days: list[str]
    crs: list[str]
    downloads: list[Download]
    services: list[Service]

    @property
    def page(self) -> str:
        """The address of the couche's page, which is also its identifier for ever."""
        return f"{settings.PUBLIC_URL}/couches/{self.couche.slug}/"

    @property
    def keywords(self) -> list[str]:
        """The words people look for."""
        return [self.couche.theme.lower(), _("commune"), _("contribution citoyenne"), _("ruralité")]

    @property
    def licence(self) -> str:
        """The address of the licence, or its name where we know no address."""
        return LICENCES.get(self.couche.licence, self.couche.licence)

    @property
    def ring(self) -> list[list[float]]:
        """The box as a closed ring, counter-clockwise; a lone point gets a metre around it."""
        west, south, east, north = self.box
        margin = 1e-5 if west == east or south == north else 0.0
        west, south, east, north = west - margin, south - margin, east + margin, north + margin
        return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def publisher() -> str:
    """Return who publishes, said by the operator; the platform's name otherwise."""
    return settings.PUBLISHER or "Repères"


def published_facts(couches: list[Couche] | None = None) -> list[Facts]:
    """Return the facts of each couche that has a version, in the order of the catalogue."""
    found = couches if couches is not None else list(Couche.objects.with_latest())
    gathered = []
    for couche in found:
        version = couche.latest()
        if version is not None:
            version.couche = couche
            gathered.append(facts_of(couche, version))
    return gathered


def facts_of(couche: Couche, version: CoucheVersion) -> Facts:
    """Return the facts of a couche at one of its versions."""
    collection = Collection(version, pinned=False)
    covered = extent(collection)
    first = couche.versions.order_by("number").values_list("published_at", flat=True).first()
    return Facts(
        couche=couche,
        version=version,
        first_published=first or version.published_at,
        box=list(covered["spatial"]["bbox"][0]),
        days=[instant[:10] for instant in covered["temporal"]["interval"][0] if instant],
        crs=collection.crs,
        downloads=_downloads(couche, version),
        services=_services(couche),
    )


def _downloads(couche: Couche, version: CoucheVersion) -> list[Download]:
    """Return the addresses that follow the latest version, with the weight of what is built of it."""
    rows = ExportFile.objects.filter(version=version, territory="").order_by("built_at")
    built = {row.format: row for row in rows}
    base = settings.PUBLIC_URL + reverse("exports-file", args=[couche.slug, "derniere"])
    return [
        Download(
            form,
            f"{base}?{urlencode({'format': name})}",
            built[name].size if name in built else None,
            built[name].sha256 if name in built else "",
        )
        for name, form in FORMATS.items()
    ]


def _services(couche: Couche) -> list[Service]:
    site = settings.PUBLIC_URL
    capabilities = f"{site}/wfs/?service=WFS&request=GetCapabilities&typeNames=reperes:{couche.slug}"
    tiles = f"{site}/tuiles/{couche.slug}/derniere/tilejson.json"
    return [
        Service(
            title="OGC API – Features",
            text=_("Objets en GeoJSON, page par page, avec projections et filtres CQL2 : pour QGIS et GDAL."),
            url=f"{site}/ogc/collections/{couche.slug}",
            root=f"{site}/ogc/",
            described_by=f"{site}/ogc/api",
            conforms_to="http://www.opengis.net/spec/ogcapi-features-1/1.0",
        ),
        Service(
            title="WFS 2.0",
            text=_(
                "Objets en GML 3.2 ou GeoJSON, avec projections et filtres : pour les logiciels plus anciens."
            ),
            url=capabilities,
            root=f"{site}/wfs/",
            described_by=capabilities,
            conforms_to="http://www.opengis.net/def/serviceType/ogc/wfs/2.0",
        ),
        Service(
            title="TileJSON",
            text=_("Tuiles vectorielles, pour montrer la couche sur une carte."),
            url=tiles,
            root=tiles,
            described_by=tiles,
            conforms_to="https://github.com/mapbox/tilejson-spec/tree/master/3.0.0",
        ),
    ]
