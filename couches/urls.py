"""Pages of couches."""

from django.urls import URLPattern, URLResolver, path

from couches import views, views_feature, views_map, views_versions

urlpatterns: list[URLPattern | URLResolver] = [
    path("couches/", views.catalogue, name="couches"),
    path("couches/<slug:slug>/", views.couche, name="couche"),
    path("couches/<str:slug>/points.json", views_map.points, name="couche-points"),
    path("couches/<slug:slug>/objets/<int:number>/", views_feature.feature, name="feature"),
    path("couches/<slug:slug>/versions/", views_versions.versions, name="couche-versions"),
    path("couches/<slug:slug>/versions/comparer/", views_versions.compare, name="couche-compare"),
    path("couches/<slug:slug>/versions/<int:number>/", views_versions.version, name="couche-version"),
    path(
        "couches/<slug:slug>/versions/<int:number>/depuis/<int:since>/",
        views_versions.difference,
        name="couche-differences",
    ),
]
