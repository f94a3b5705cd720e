"""Pages of contributions."""

from django.urls import URLPattern, URLResolver, path

from contributions import views_imports, views_pauses, views_workshops
from contributions.offline_doors import forms
from contributions.views import report
from contributions.views_offline import service_worker

urlpatterns: list[URLPattern | URLResolver] = [
    path("signaler/", report, name="signaler"),
    path("signaler/formulaires.json", forms, name="signaler-formulaires"),
    path("sw.js", service_worker, name="sw"),
    path("ateliers/", views_workshops.workshops, name="ateliers"),
    path("ateliers/<int:pk>/fin/", views_workshops.end, name="ateliers-fin"),
    path("importer/", views_imports.imports, name="imports"),
    path("importer/<uuid:pk>/", views_imports.one_import, name="import"),
    path("importer/<uuid:pk>/erreurs.csv", views_imports.errors, name="import-erreurs"),
    path("importer/<uuid:pk>/effacer/", views_imports.forget, name="import-effacer"),
    path("moderation/pauses/", views_pauses.pauses, name="pauses"),
    path("moderation/pauses/<int:pk>/fin/", views_pauses.end, name="pauses-fin"),
]
