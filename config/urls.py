"""Every address of the site, wired in one place."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from config import health
from config.pages import api_docs, communes, guide, home, papers, reading

APPS = ["moderation", "exports", "contributions", "couches", "comptes", "territoires"]

# Each app gives its pages in `urls.py` and its JSON door in `api_urls.py`.
urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # Before all others: a map asks for tiles by the hundred, and each address above costs them.
    path("tuiles/", include("couches.tile_urls")),
    path("", home.home, name="home"),
    path("communes/", communes.search, name="communes"),
    path("communes/<str:code>/", communes.commune, name="commune"),
    path("communes/<str:code>/formulaire.pdf", papers.form, name="commune-form-pdf"),
    path("communes/<str:code>/affiche.pdf", papers.poster, name="commune-poster-pdf"),
    path("aide/", reading.help_page, name="aide"),
    path("aide/mairie/", guide.page, name="aide-mairie"),
    path("aide/mairie.pdf", guide.paper, name="aide-mairie-pdf"),
    path("accessibilite/", reading.accessibility, name="accessibilite"),
    path("donnees-personnelles/", reading.personal_data, name="donnees-personnelles"),
    path("robots.txt", reading.robots, name="robots"),
    path("favicon.ico", reading.favicon, name="favicon"),
    path("manifeste.webmanifest", reading.manifest, name="manifest"),
    path("api/v1/docs/", api_docs.api_docs, name="api-docs"),
    path("api/v1/schema/", SpectacularAPIView.as_view(permission_classes=[]), name="api-schema"),
    *[path("", include(f"{app}.urls")) for app in APPS],
    *[path("api/v1/", include(f"{app}.api_urls")) for app in APPS],
]

handler400 = "config.views.bad_request"
handler403 = "config.views.forbidden"
handler404 = "config.views.not_found"
handler500 = "config.views.server_error"
