"""Every address of the site, wired in one place."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from config import health

APPS = ["moderation", "exports", "contributions", "couches", "comptes", "territoires"]

# Each app gives its pages in `urls.py` and its JSON door in `api_urls.py`.
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("api/v1/schema/", SpectacularAPIView.as_view(permission_classes=[]), name="api-schema"),
    *[path("", include(f"{app}.urls")) for app in APPS],
    *[path("api/v1/", include(f"{app}.api_urls")) for app in APPS],
]
