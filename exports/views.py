"""The public doors of exports: files, deltas, manifests, schemas. No account, no cookie."""

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from exports import downloads, streams
from exports.build import absolute, find_built
from exports.demands import Demand, read_demand
from exports.manifests import manifest
from exports.public import PublicView, find_couche, find_version, json_answer
from exports.queue import address, ask, wanted_file
from exports.schemas import table_schema
from exports.views_builds import accepted


class ExportFileView(PublicView):
    """`/exports/{slug}/{n}/?format=&crs=&territoire=`: a file, at once or as soon as built."""

    def get(self, request: Request, slug: str, number: str) -> HttpResponseBase:
        """Stream, serve, or say where the file stands."""
        demand = read_demand(find_version(slug, number), request.query_params)
        response = _streamed(request, demand) if demand.format.streamed else _built(request, demand)
        response["Content-Location"] = address(demand)
        return response


class ManifestView(PublicView):
    """`/exports/{slug}/{n}/manifeste.json`."""

    def get(self, request: Request, slug: str, number: str) -> HttpResponseBase:
        """Describe a version and its files."""
        response = json_answer(request, manifest(find_version(slug, number), settings.PUBLIC_URL))
        # Files appear as they are asked for.
        response["Cache-Control"] = "public, no-cache"
        return response


class SchemaView(PublicView):
    """`/exports/{slug}/schema.json`: the Table Schema of the CSV."""

    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Describe the columns."""
        return json_answer(request, table_schema(find_couche(slug)))


def _streamed(request: Request, demand: Demand) -> HttpResponseBase:
    return downloads.streamed(
        request._request,
        lambda: streams.stream(demand),
        etag=demand.etag(),
        filename=demand.filename(),
        media_type=demand.format.media_type,
    )


def _built(request: Request, demand: Demand) -> HttpResponseBase:
    row = find_built(demand)
    if row is None:
        return accepted(request, ask(wanted_file(demand)))
    path = absolute(row)
    media_type = "application/zip" if path.suffix == ".zip" else demand.format.media_type
    return downloads.file(
        request._request, path, sha256=row.sha256, filename=path.name, media_type=media_type
    )
