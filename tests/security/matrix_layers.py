"""The matrix's rows for the doors of published layers: the same for everybody, read only."""

from typing import Any

from couches.models import Feature
from tests.security.matrix_route import Route, World, public


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
    "catalogue": public(args=lambda world: ["jsonld"]),
    "catalogue-iso": public(args=_collection),
    "catalogue-dataset": public(args=_collection),
    "sitemap": public(),
}
