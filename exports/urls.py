"""Pages of exports."""

from django.urls import URLPattern, URLResolver, include, path

from exports import views, views_builds, views_deltas, views_lots

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("exports.ogc.urls")),
    path("", include("exports.catalogue.urls")),
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
        "exports/<str:slug>/<str:number>/depuis/<str:since>/",
        views_deltas.DeltaView.as_view(),
        name="exports-delta",
    ),
]
