"""JSON door of moderation, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from moderation.api import BatchView, ContributionView, DecisionsView, QueueView, ReasonsView
from moderation.api_author import AnswerView, AppealView, CorrectView, StoryView, WithdrawView
from moderation.api_gestures import GesturesView, UndoView
from moderation.api_publication import RevertView, VersionsView
from moderation.api_register import RegisterView

# The sandbox's door, for its own pages; out of the documentation, since no program has use for it.
SANDBOX: list[URLPattern | URLResolver] = [
    path("moderation/bac-a-sable/gestes/", GesturesView.as_view(schema=None), name="api-bac-a-sable-geste"),
    path(
        "moderation/bac-a-sable/gestes/<uuid:pk>/annulation/",
        UndoView.as_view(schema=None),
        name="api-bac-a-sable-annulation",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *SANDBOX,
    path("moderation/contributions/", QueueView.as_view(), name="api-queue"),
    path("moderation/contributions/<uuid:pk>/", ContributionView.as_view(), name="api-queue-one"),
    path("moderation/contributions/<uuid:pk>/decisions/", DecisionsView.as_view(), name="api-decide"),
    path("moderation/decisions/", BatchView.as_view(), name="api-decide-batch"),
    path("moderation/gestes/", GesturesView.as_view(), name="api-gesture"),
    path("moderation/gestes/<uuid:pk>/annulation/", UndoView.as_view(), name="api-gesture-undo"),
    path("moderation/motifs/", ReasonsView.as_view(), name="api-reasons"),
    path("contributions/<uuid:pk>/suivi/", StoryView.as_view(), name="api-story"),
    path("contributions/<uuid:pk>/retrait/", WithdrawView.as_view(), name="api-withdraw"),
    path("contributions/<uuid:pk>/reponse/", AnswerView.as_view(), name="api-answer"),
    path("contributions/<uuid:pk>/correction/", CorrectView.as_view(), name="api-correct"),
    path("contributions/<uuid:pk>/recours/", AppealView.as_view(), name="api-appeal"),
    path("communes/<str:code>/decisions/", RegisterView.as_view(), name="api-register"),
    path("couches/<slug:slug>/versions/", VersionsView.as_view(), name="api-publish"),
    path("couches/<slug:slug>/versions/<int:number>/revert/", RevertView.as_view(), name="api-revert"),
]
