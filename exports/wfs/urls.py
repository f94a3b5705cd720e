"""The address of WFS, with and without a final slash: desks type it both ways."""

from django.urls import URLPattern, URLResolver, re_path

from exports.wfs.views import WfsView

urlpatterns: list[URLPattern | URLResolver] = [re_path(r"^wfs/?$", WfsView.as_view(), name="wfs")]
