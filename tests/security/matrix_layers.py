"""The matrix's rows for the doors of published layers: the same for everybody, read only."""

from typing import Any

from couches.models import Feature
from tests.security.matrix_route import EVERYBODY, Route, World, public

WFS_BODY = (
    b'<GetFeature xmlns="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0">'
    b'<Query typeNames="zones-blanches"/></GetFeature>'
)


def _collection(world: World) -> list[Any]:
    return ["zones-blanches"]


def _item(world: World) -> list[Any]:
    return [
        "zones-blanches",
        str(Feature.objects.filter(couche__slug="zones-blanches").earliest("number").pk),
    ]


LAYERS: dict[str, Route] = {
    "ogc": public(),
    "ogc-conformance": public(),
    "ogc-api": public(),
    "ogc-collections": public(),
    "ogc-collection": public(args=_collection),
    "ogc-queryables": public(args=_collection),
    "ogc-items": public(args=_collection),
    "ogc-item": public(args=_item),
    # Reads only, by POST too: a filter may be longer than an address.
    "wfs": Route(
        body=lambda world: WFS_BODY, content_type="text/xml", allowed={"GET": EVERYBODY, "POST": EVERYBODY}
    ),
    "catalogue": public(args=lambda world: ["jsonld"]),
    "catalogue-iso": public(args=_collection),
    "catalogue-dataset": public(args=_collection),
    "sitemap": public(),
    "exports-national": public(args=lambda world: ["zones-blanches", "1"]),
    "exports-conforming": public(args=lambda world: ["zones-blanches", "1", "zones-blanches"]),
    "exports-gaps": public(args=lambda world: ["zones-blanches", "1", "zones-blanches"]),
    "schema-zones-blanches": public(),
    "schema-zones-blanches-json": public(args=lambda world: ["1.0.0"]),
}
