"""Pages of contributions."""

from django.urls import URLPattern, URLResolver, path

from contributions.offline_doors import forms
from contributions.views import report

urlpatterns: list[URLPattern | URLResolver] = [
    path("signaler/", report, name="signaler"),
    path("signaler/formulaires.json", forms, name="signaler-formulaires"),
]
