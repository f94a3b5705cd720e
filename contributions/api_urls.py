"""JSON door of contributions, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from contributions.api import ChallengeDetail, ContributionDetail, ContributionList, PhotoDetail

urlpatterns: list[URLPattern | URLResolver] = [
    path("defi/", ChallengeDetail.as_view(), name="api-challenge"),
    path("contributions/", ContributionList.as_view(), name="api-contributions"),
    path("contributions/<uuid:contribution_id>/", ContributionDetail.as_view(), name="api-contribution"),
    path(
        "contributions/<uuid:contribution_id>/photos/<int:n>",
        PhotoDetail.as_view(),
        name="api-contribution-photo",
    ),
]
