"""Pages of couches."""

from django.urls import URLPattern, URLResolver, path

from couches import views, views_versions

urlpatterns: list[URLPattern | URLResolver] = [
    path("couches/", views.catalogue, name="couches"),
    path("couches/<slug:slug>/", views.couche, name="couche"),
    path("couches/<slug:slug>/versions/", views_versions.versions, name="couche-versions"),
    path("couches/<slug:slug>/versions/comparer/", views_versions.compare, name="couche-compare"),
    path("couches/<slug:slug>/versions/<int:number>/", views_versions.version, name="couche-version"),
    path(
        "couches/<slug:slug>/versions/<int:number>/depuis/<int:since>/",
        views_versions.difference,
        name="couche-differences",
    ),
]
