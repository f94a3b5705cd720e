"""Addresses of OGC API – Features, with and without a final slash: clients join paths both ways."""

from django.urls import URLPattern, URLResolver, re_path

from exports.ogc import views

_COLLECTION = r"ogc/collections/(?P<collection>[^/]{1,60})"

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^ogc/?$", views.LandingView.as_view(), name="ogc"),
    re_path(r"^ogc/conformance/?$", views.ConformanceView.as_view(), name="ogc-conformance"),
    re_path(r"^ogc/api/?$", views.ApiView.as_view(), name="ogc-api"),
    re_path(r"^ogc/collections/?$", views.CollectionsView.as_view(), name="ogc-collections"),
    re_path(rf"^{_COLLECTION}/?$", views.CollectionView.as_view(), name="ogc-collection"),
    re_path(rf"^{_COLLECTION}/queryables/?$", views.QueryablesView.as_view(), name="ogc-queryables"),
    re_path(rf"^{_COLLECTION}/items/?$", views.ItemsView.as_view(), name="ogc-items"),
    re_path(rf"^{_COLLECTION}/items/(?P<feature>[^/]{{1,60}})/?$", views.ItemView.as_view(), name="ogc-item"),
]
