"""Pages of couches."""

from django.urls import URLPattern, URLResolver, path

from couches import views, views_tiles

urlpatterns: list[URLPattern | URLResolver] = [
    path("couches/", views.catalogue, name="couches"),
    path("couches/<slug:slug>/", views.couche, name="couche"),
    path("tuiles/<str:slug>/<str:number>/tilejson.json", views_tiles.tilejson, name="tilejson"),
    path("tuiles/<str:slug>/<str:number>/<str:z>/<str:x>/<str:y>.mvt", views_tiles.tile, name="tile"),
]
