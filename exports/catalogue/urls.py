"""Addresses of the catalogue."""

from django.urls import URLPattern, URLResolver, path, re_path

from exports.catalogue import views

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^catalogue\.(?P<ending>jsonld|ttl|rdf)$", views.DcatView.as_view(), name="catalogue"),
    path("catalogue/<slug:slug>.xml", views.IsoView.as_view(), name="catalogue-iso"),
    path("couches/<slug:slug>/dataset.jsonld", views.DatasetView.as_view(), name="catalogue-dataset"),
    path("sitemap.xml", views.SitemapView.as_view(), name="sitemap"),
]
