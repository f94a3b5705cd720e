"""JSON door of territoires, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from territoires.api import CommuneDetail, CommuneList

urlpatterns: list[URLPattern | URLResolver] = [
    path("communes/", CommuneList.as_view(), name="api-communes"),
    path("communes/<str:code>/", CommuneDetail.as_view(), name="api-commune"),
]
