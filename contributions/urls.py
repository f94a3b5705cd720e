"""Pages of contributions."""

from django.urls import URLPattern, URLResolver, path

from contributions import views_workshops
from contributions.views import report

urlpatterns: list[URLPattern | URLResolver] = [
    path("signaler/", report, name="signaler"),
    path("ateliers/", views_workshops.workshops, name="ateliers"),
    path("ateliers/<int:pk>/fin/", views_workshops.end, name="ateliers-fin"),
]
