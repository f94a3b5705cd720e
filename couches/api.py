"""GET couches/ and couches/{slug}/: the catalogue, open to everybody."""

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny

from couches.models import Couche
from couches.serializers import CoucheDetailSerializer, CoucheSerializer


@extend_schema(summary="Lister les couches", tags=["couches"], auth=[])
class CoucheListView(ListAPIView[Couche]):
    """Les couches et leur version en vigueur."""

    queryset = Couche.objects.with_latest()
    serializer_class = CoucheSerializer
    # No account here: a stale token must not close an open door.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    pagination_class = None


@extend_schema(summary="Lire une couche et le schéma de ses attributs", tags=["couches"], auth=[])
class CoucheDetailView(RetrieveAPIView[Couche]):
    """Une couche : sa version en vigueur, son style et `attribute_schema` (JSON Schema 2020-12)."""

    queryset = Couche.objects.with_latest()
    serializer_class = CoucheDetailSerializer
    authentication_classes = ()
    permission_classes = (AllowAny,)
    lookup_field = "slug"
