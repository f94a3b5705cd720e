"""Pages of couches."""

from django.urls import URLPattern, URLResolver, path

from couches import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("couches/", views.catalogue, name="couches"),
    path("couches/<slug:slug>/", views.couche, name="couche"),
]
