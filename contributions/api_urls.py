"""JSON door of contributions, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from contributions.api import ContributionDetail, ContributionList, PhotoDetail
from contributions.api_desk import Desk

urlpatterns: list[URLPattern | URLResolver] = [
    path("guichet/", Desk.as_view(), name="api-desk"),
    path("contributions/", ContributionList.as_view(), name="api-contributions"),
    path("contributions/<uuid:contribution_id>/", ContributionDetail.as_view(), name="api-contribution"),
    path(
        "contributions/<uuid:contribution_id>/photos/<int:n>",
        PhotoDetail.as_view(),
        name="api-contribution-photo",
    ),
]
