"""Pages of contributions."""

from django.urls import URLPattern, URLResolver, path

from contributions.views import report

urlpatterns: list[URLPattern | URLResolver] = [path("signaler/", report, name="signaler")]
