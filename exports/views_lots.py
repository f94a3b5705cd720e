"""`/exports/lot/`: the couches of a territory in one archive."""

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from exports import downloads
from exports.build import absolute
from exports.lots import find_lot, read_lot, wanted_lot
from exports.public import PublicView
from exports.queue import ask
from exports.views_builds import accepted


class LotView(PublicView):
    """`/exports/lot/?territoire=&couches=&format=`: the archive, or where its build stands."""

    def get(self, request: Request) -> HttpResponseBase:
        """Serve, or say where the archive stands. `Content-Location` pins the versions."""
        lot = read_lot(request.query_params)
        row = find_lot(lot)
        response: HttpResponseBase
        if row is None:
            response = accepted(request, ask(wanted_lot(lot)))
        else:
            response = downloads.file(
                request._request,
                absolute(row),
                sha256=row.sha256,
                filename=lot.filename(),
                media_type="application/zip",
            )
        response["Content-Location"] = lot.address()
        return response
