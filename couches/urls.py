"""Pages of couches."""

from django.urls import URLPattern, URLResolver, path

from couches import views, views_feature, views_map

urlpatterns: list[URLPattern | URLResolver] = [
    path("couches/", views.catalogue, name="couches"),
    path("couches/<slug:slug>/", views.couche, name="couche"),
    path("couches/<str:slug>/points.json", views_map.points, name="couche-points"),
    path("couches/<slug:slug>/objets/<int:number>/", views_feature.feature, name="feature"),
]
