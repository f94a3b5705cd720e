"""Feature types: a couche in force (`zones-blanches`), or one version of it for ever (`zones-blanches_v3`)."""

import re
from dataclasses import replace

from django.utils.translation import gettext as _
from gisserver.crs import CRS, CRS84, WEB_MERCATOR, WGS84
from gisserver.features import FeatureField, FeatureType
from gisserver.geometries import WGS84BoundingBox
from gisserver.types import GmlBoundedByElement, XsdAnyType, XsdTypes
from rest_framework.exceptions import NotFound

from couches.columns import Column
from exports.ogc.collections import Collection, all_collections, find_collection
from exports.ogc.documents import extent
from exports.projections import PROJECTIONS
from exports.wfs.rows import GEOMETRY, PREFIX, published_rows

# A colon separates a prefix from a name in XML: here the version follows an underscore.
_PINNED = re.compile(r"(?<![a-z0-9-])([a-z0-9-]{1,40})_v([1-9][0-9]{0,8})(?![0-9])")
_MAX_PINNED = 5
_NAME = re.compile(r"(?<![a-z0-9-])[a-z0-9-]+(?!_v[0-9]|[a-z0-9-])")


class _Identifier(FeatureField):
    """The identifier as text: a type that GDAL does not know makes it guess all the others from values.

    It would then read 01001, the code of a commune, as the number 1001.
    """

    def _get_xsd_type(self) -> XsdAnyType:
        return XsdTypes.string


class Couches(FeatureType):
    """A collection as WFS sees it; its box is the one known since its publication."""

    def __init__(self, collection: Collection):
        self.collection = collection
        super().__init__(
            published_rows(collection.version),
            name=collection.pinned_identifier.replace(":", "_")
            if collection.pinned
            else collection.couche.slug,
            title=collection.title,
            abstract=collection.couche.description,
            keywords=[collection.couche.theme.lower()] if collection.couche.theme else [],
            fields=[_field(column) for column in collection.columns] + [FeatureField(GEOMETRY)],
            geometry_field_name=GEOMETRY,
            crs=WGS84,
            other_crs=_other_crs(collection.legal),
            show_name_field=False,
        )

    @property
    def xsd_base_type(self) -> XsdAnyType:
        """Return the base without `gml:boundedBy`: the envelope of a point is the point, said twice."""
        base = super().xsd_base_type
        kept = [one for one in base.elements if not isinstance(one, GmlBoundedByElement)]
        return replace(base, elements=kept)

    def get_bounding_box(self) -> WGS84BoundingBox | None:
        """Return [west, south, east, north] in WGS 84."""
        west, south, east, north = extent(self.collection)["spatial"]["bbox"][0]
        return WGS84BoundingBox(west, south, east, north)


def types_asked(text: str) -> list[FeatureType]:
    """Return the types that a request names, wherever it does; all those in force when it names none."""
    in_force = all_collections()
    names = set(_NAME.findall(text))
    named = [one for one in in_force if one.couche.slug in names]
    pinned = [one for slug, number in sorted(set(_PINNED.findall(text))) if (one := _pinned(slug, number))]
    return [Couches(one) for one in ([*named, *pinned[:_MAX_PINNED]] or in_force)]


def _pinned(slug: str, number: str) -> Collection | None:
    try:
        return find_collection(f"{slug}:v{number}")
    except NotFound:
        # The library says which type it does not know.
        return None


def _field(column: Column) -> FeatureField:
    # An XML name does not start with a digit.
    name = f"_{column.name}" if column.name[0].isdigit() else column.name
    told = column.title if not column.description else f"{column.title} : {column.description}"
    if column.labels:
        values = ", ".join(f"{value} = {label}" for value, label in column.labels.items())
        told = f"{told} ({_('valeurs')} : {values})"
    kind = _Identifier if column.name == "id" and not column.path else FeatureField
    return kind(name, model_attribute=f"{PREFIX}{column.name}", abstract=told)


def _other_crs(legal: set[int]) -> list[CRS]:
    """Return the CRS offered beside WGS 84: those of the registry PostGIS computes under their own code."""
    codes = [
        code
        for code, projection in PROJECTIONS.items()
        if code not in (WGS84.srid, WEB_MERCATOR.srid)
        and projection.computed_as == code
        and legal <= projection.covers
    ]
    return [CRS84, WEB_MERCATOR, *(CRS.from_srid(code) for code in codes)]
