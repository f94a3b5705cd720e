"""The door `/wfs/`: django-gisserver between our gate and our words."""

import logging
from collections.abc import Callable
from typing import Any

from defusedxml import DefusedXmlException
from django.conf import settings
from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException
from django.core.exceptions import FieldError, SuspiciousOperation, ValidationError
from django.db import DataError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from gisserver.crs import CRS84
from gisserver.exceptions import ExternalParsingError, ExternalValueError, OWSException
from gisserver.features import FeatureType, ServiceDescription
from gisserver.operations import wfs20
from gisserver.operations.base import OutputFormat
from gisserver.views import WFSView
from psycopg.errors import QueryCanceled

from exports.ogc.collections import all_collections
from exports.wfs import gate
from exports.wfs.types import types_asked

logger = logging.getLogger(__name__)
NAMESPACE = f"{settings.PUBLIC_URL}/wfs"
_METHODS = "GET, HEAD, POST, OPTIONS"
_OPERATION_END = b"</ows:Operation>"
# What the library raises on texts it cannot read, beside its own exceptions.
_UNREADABLE = (
    ExternalParsingError,
    ExternalValueError,
    DefusedXmlException,
    ValidationError,
    SuspiciousOperation,
    FieldError,
    NotImplementedError,
    GEOSException,
    GDALException,
    RecursionError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    DataError,
    InternalError,
)


class _GetCapabilities(wfs20.GetCapabilities):
    """What is offered, and how many objects a page holds: GDAL would ask for a hundred at a time."""

    def render_xml(self, context: dict[str, Any], ows_request: Any) -> HttpResponse:
        """Add `CountDefault` (OGC 09-025r2, table 14), which the library's template does not say."""
        response = super().render_xml(context, ows_request)
        told = (
            '<ows:Constraint name="CountDefault"><ows:NoValues/>'
            f"<ows:DefaultValue>{self.view.max_page_size}</ows:DefaultValue></ows:Constraint>"
        )
        # Inside the operation, where GDAL and QGIS look.
        before, operation, after = response.content.partition(b'<ows:Operation name="GetFeature">')
        response.content = (
            before + operation + after.replace(_OPERATION_END, told.encode() + _OPERATION_END, 1)
        )
        return response


class _GetFeature(wfs20.GetFeature):
    """GML and GeoJSON; the CSV that a spreadsheet may open safely is among the files."""

    def get_output_formats(self) -> list[OutputFormat]:
        """Return the library's formats but CSV."""
        return [one for one in super().get_output_formats() if one.content_type != "text/csv"]


class WfsView(WFSView):
    """WFS 2.0, reading only: Basic WFS, with paging, filters and the projections of each couche."""

    xml_namespace = NAMESPACE
    xml_namespace_aliases = {"reperes": NAMESPACE}
    accept_operations = {
        "WFS": {
            **WFSView.accept_operations["WFS"],
            "GetCapabilities": _GetCapabilities,
            "GetFeature": _GetFeature,
        }
    }
    max_page_size = settings.GISSERVER_DEFAULT_MAX_PAGE_SIZE
    http_method_names = ("get", "head", "post", "options")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer whole, never half: a page is bounded, so that a failure is still told by its status."""
        response = self._dispatch(request, super().dispatch)
        response["Access-Control-Allow-Origin"] = "*"
        response.setdefault(
            "Cache-Control", "public, no-cache" if response.status_code == 200 else "no-store"
        )
        return response

    def _dispatch(
        self, request: HttpRequest, answer: Callable[[HttpRequest], HttpResponseBase]
    ) -> HttpResponseBase:
        try:
            self._check(request)
            request.GET = _in_order(request.GET)  # type: ignore[assignment]  # as mutable as a copy is
            response = answer(request)
            if isinstance(response, StreamingHttpResponse):
                whole = HttpResponse(response.getvalue(), headers=dict(response.items()))
                whole["Content-Length"] = str(len(whole.content))
                return whole
        except OWSException as refusal:
            return self._refusal(refusal)
        except OperationalError as error:
            return self._late(error)
        except _UNREADABLE as error:
            # With its stack: what was ours to read and not theirs to write better is seen there.
            logger.warning("wfs: not understood (%s)", type(error).__name__, exc_info=error)
            text = _("La demande n'a pas été comprise : vérifiez le filtre et les noms des champs.")
            return self._refused("OperationParsingFailed", text, type(error).__name__)
        return response

    def _check(self, request: HttpRequest) -> None:
        gate.check_parameters(request.GET.dict(), request.META.get("QUERY_STRING", ""))
        if request.method == "POST":
            length = request.META.get("CONTENT_LENGTH") or "0"
            if length.isdigit() and int(length) > gate.MAX_BODY:
                gate.check_body(b" " * (gate.MAX_BODY + 1))
            gate.check_body(request.body)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say to a browser's preflight what may be asked."""
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = _METHODS
        response["Access-Control-Allow-Headers"] = "Content-Type"
        return response

    def handle_exception(self, exc: Exception) -> HttpResponse | None:
        """Write the library's refusals with a French sentence; leave the rest to `_dispatch`."""
        return self._refusal(exc) if isinstance(exc, OWSException) else None

    def get_feature_types(self) -> list[FeatureType]:
        """Return the couches and the versions that the request names; all couches when it names none."""
        text = self.request.META.get("QUERY_STRING", "")
        if self.request.method == "POST":
            text += self.request.body.decode("utf-8", "replace")
        return types_asked(text)

    def get_service_description(self, service: str | None = None) -> ServiceDescription:
        """Return who offers what."""
        return ServiceDescription(
            title="Repères",
            abstract=_("Couches validées par les communes, en lecture libre et sans compte."),
            keywords=[_("commune"), _("contribution citoyenne")],
            provider_name=settings.PUBLISHER or "Repères",
            provider_site=settings.PUBLIC_URL,
        )

    @property
    def server_url(self) -> str:
        """Return the public address, whatever name the request came by."""
        return f"{settings.PUBLIC_URL}/wfs/"

    def render_index(self, service: str | None = None) -> HttpResponse:
        """Show people what this address is for."""
        types = [{"name": f"reperes:{one.identifier}", "title": one.title} for one in all_collections()]
        return render(self.request, "exports/wfs.html", {"address": self.server_url, "types": types})

    def _refusal(self, refusal: OWSException) -> HttpResponse:
        # A filter that PostgreSQL refuses is the sender's: the library would say 500.
        status = 404 if refusal.status_code == 404 else 400
        if isinstance(refusal, gate.Refused):
            return self._refused(refusal.code, refusal.text, "", locator=refusal.locator or "")
        text = _too_long() if isinstance(_root(refusal), QueryCanceled) else _sentence(refusal)
        return self._refused(refusal.code, text, refusal.text, locator=refusal.locator or "", status=status)

    def _late(self, error: OperationalError) -> HttpResponse:
        if isinstance(error.__cause__, QueryCanceled):
            return self._refused("OperationProcessingFailed", _too_long(), "")
        text = _("La base de données ne répond pas à temps. Rien n'est perdu : réessayez.")
        response = self._refused("NoApplicableCode", text, "", status=503)
        response["Retry-After"] = "5"
        return response

    def _refused(
        self, code: str, text: str, detail: str, *, locator: str = "", status: int = 400
    ) -> HttpResponse:
        context = {"code": code, "locator": locator, "texts": [text, *([detail] if detail != text else [])]}
        body = render_to_string("exports/wfs_refus.xml", context)
        return HttpResponse(
            body.encode("utf-8", "replace"), status=status, content_type="text/xml; charset=utf-8"
        )


def _in_order(asked: QueryDict) -> QueryDict:
    """Return the parameters with the box of a short name, `EPSG:4326`, read as longitude then latitude.

    As GeoServer does, and as the library does everywhere but there.
    """
    changed = asked.copy()
    for name, value in asked.items():
        if name.upper() == "BBOX" and str(value).upper().endswith(",EPSG:4326"):
            changed[name] = f"{str(value)[: -len('EPSG:4326')]}{CRS84.urn}"
    return changed


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _too_long() -> str:
    return _("Ce filtre demande trop de temps : ajoutez un cadre (bbox) ou une commune.")


def _sentence(refusal: OWSException) -> str:
    named = {"name": refusal.locator or ""}
    if refusal.code == "MissingParameterValue":
        return _("Le paramètre « %(name)s » manque : ajoutez-le.") % named
    if refusal.code == "NotFound":
        return _("Cet objet n'est pas dans cette couche.")
    if refusal.code == "InvalidParameterValue":
        return _("La valeur de « %(name)s » n'est pas acceptée ici.") % named
    if refusal.code in ("OperationNotSupported", "OptionNotSupported", "VersionNegotiationFailed"):
        return _("Ce service ne fait pas cela : il sert WFS 2.0.0 en lecture.")
    return _("La demande n'a pas été comprise : vérifiez le filtre et les noms des champs.")
