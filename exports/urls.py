"""Pages of exports."""

from django.urls import URLPattern, URLResolver, include, path

from exports import views, views_builds, views_deltas, views_lots, views_national

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("exports.ogc.urls")),
    path("", include("exports.wfs.urls")),
    path("", include("exports.catalogue.urls")),
    path(
        "exports/<str:slug>/<str:number>/national/",
        views_national.NationalView.as_view(),
        name="exports-national",
    ),
    path(
        "exports/<str:slug>/<str:number>/national/<str:schema>/",
        views_national.ConformingView.as_view(),
        name="exports-conforming",
    ),
    path(
        "exports/<str:slug>/<str:number>/national/<str:schema>/ecarts/",
        views_national.GapsView.as_view(),
        name="exports-gaps",
    ),
    path("schemas/zones-blanches/", views_national.OwnSchemaView.as_view(), name="schema-zones-blanches"),
    path(
        "schemas/zones-blanches/<str:schema_version>/schema.json",
        views_national.OwnSchemaView.as_view(),
        name="schema-zones-blanches-json",
    ),
    path("exports/lot/", views_lots.LotView.as_view(), name="exports-lot"),
    path("exports/suivi/<str:key>/", views_builds.BuildView.as_view(), name="exports-build"),
    path("exports/<str:slug>/schema.json", views.SchemaView.as_view(), name="exports-schema"),
    path("exports/<str:slug>/<str:number>/", views.ExportFileView.as_view(), name="exports-file"),
    path(
        "exports/<str:slug>/<str:number>/manifeste.json",
        views.ManifestView.as_view(),
        name="exports-manifest",
    ),
    path(
        "exports/<str:slug>/<str:number>/empreinte.json",
        views_deltas.FingerprintView.as_view(),
        name="exports-fingerprint",
    ),
    path(
        "exports/<str:slug>/<str:number>/depuis/<str:since>/",
        views_deltas.DeltaView.as_view(),
        name="exports-delta",
    ),
]
