"""JSON door of contributions, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from contributions.api import ChallengeDetail, ContributionDetail, ContributionList, PhotoDetail
from contributions.api_desk import Desk
from contributions.api_imports import ImportDetail, ImportErrors, ImportList, ImportRun, ImportTrial
from contributions.api_preview import PreviewView
from contributions.api_recovery import RecoverView
from contributions.offline_doors import CommunePack

urlpatterns: list[URLPattern | URLResolver] = [
    path("communes/<str:code>/pack/", CommunePack.as_view(), name="api-pack"),
    path("guichet/", Desk.as_view(), name="api-desk"),
    path("defi/", ChallengeDetail.as_view(), name="api-challenge"),
    path("contributions/", ContributionList.as_view(), name="api-contributions"),
    path("contributions/apercu/", PreviewView.as_view(), name="api-preview"),
    path("contributions/<uuid:contribution_id>/", ContributionDetail.as_view(), name="api-contribution"),
    path(
        "contributions/<uuid:contribution_id>/photos/<int:n>",
        PhotoDetail.as_view(),
        name="api-contribution-photo",
    ),
    path("imports/", ImportList.as_view(), name="api-imports"),
    path("imports/<uuid:import_id>/", ImportDetail.as_view(), name="api-import"),
    path("imports/<uuid:import_id>/essai/", ImportTrial.as_view(), name="api-import-trial"),
    path("imports/<uuid:import_id>/execution/", ImportRun.as_view(), name="api-import-run"),
    path("imports/<uuid:import_id>/erreurs.csv", ImportErrors.as_view(), name="api-import-errors"),
    path("suivi/retrouver/", RecoverView.as_view(), name="api-recover"),
]
