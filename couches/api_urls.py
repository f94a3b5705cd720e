"""JSON door of couches, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from couches.api import CoucheDetailView, CoucheListView

urlpatterns: list[URLPattern | URLResolver] = [
    path("couches/", CoucheListView.as_view(), name="api-couches"),
    path("couches/<slug:slug>/", CoucheDetailView.as_view(), name="api-couche"),
]
