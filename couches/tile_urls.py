"""Addresses of tiles, wired before all others: they are asked for by the hundred."""

from django.urls import URLPattern, URLResolver, path

from couches import views_tiles

urlpatterns: list[URLPattern | URLResolver] = [
    path("<str:slug>/<str:number>/<str:z>/<str:x>/<str:y>.mvt", views_tiles.tile, name="tile"),
    path("<str:slug>/<str:number>/tilejson.json", views_tiles.tilejson, name="tilejson"),
]
