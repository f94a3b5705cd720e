"""The JSON door of imports: the same verbs as the pages, for programs."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.authentication import signed_in
from contributions.imports import desk
from contributions.models import Import
from couches.models import Couche


class NotNow(exceptions.APIException):
    """Ce geste n'est pas possible dans l'état où est l'import."""

    status_code = 409
    default_code = "conflit"


class ImportRequest(serializers.Serializer):
    """A file and its couche, as multipart."""

    couche = serializers.SlugField()
    fichier = serializers.FileField()


class ImportAnswer(serializers.Serializer):
    """Where an import stands."""

    id = serializers.UUIDField()
    couche = serializers.SlugField()
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=Import.State.choices)
    sha256 = serializers.CharField()
    crs = serializers.CharField(help_text="Celui du fichier ; vide pour un tableau.")
    columns = serializers.ListField(child=serializers.CharField())
    sample = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    mapping = serializers.DictField(help_text="Devinée, puis celle que vous donnez.")
    rows_done = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    unknown = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="Textes que les choix n'ont pas reconnus : {champ: {texte: nombre de fois}}, cent par champ.",
    )
    error = serializers.CharField(allow_blank=True)
    errors_url = serializers.CharField(
        allow_null=True, help_text="Adresse des lignes laissées de côté, en CSV."
    )
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    delete_after = serializers.DateField()


def represent(row: Import) -> dict[str, Any]:
    """Return what a program reads of an import."""
    plain = (
        "name", "state", "sha256", "crs", "columns", "sample", "mapping", "rows_done", "counts", "unknown", "error",
    )  # fmt: skip
    found = desk.has_errors(row)
    return {
        "id": str(row.pk),
        "couche": row.couche.slug,
        **{name: getattr(row, name) for name in plain},
        "errors_url": f"/api/v1/imports/{row.pk}/erreurs.csv" if found else None,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "delete_after": row.delete_after,
    }


def _mine(request: Request, import_id: uuid.UUID) -> Import:
    user = signed_in(request)
    desk.check_may_import(user)
    row = desk.imports_of(user).filter(pk=import_id).first()
    if row is None:
        raise exceptions.NotFound
    return row


@method_decorator(never_cache, name="dispatch")
class ImportList(APIView):
    """My imports, and a new one."""

    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="imports_list", summary="Mes imports", responses=ImportAnswer(many=True))
    def get(self, request: Request) -> Response:
        """Return the fifty last ones."""
        user = signed_in(request)
        desk.check_may_import(user)
        return Response([represent(row) for row in desk.imports_of(user)[:50]])

    @extend_schema(
        operation_id="imports_create",
        summary="Envoyer un fichier",
        request={"multipart/form-data": ImportRequest},
        responses={201: ImportAnswer},
    )
    def post(self, request: Request) -> Response:
        """Store the file, look at its columns, guess what they are."""
        user = signed_in(request)
        desk.check_may_import(user)
        sent = request.data if isinstance(request.data, dict) else {}
        upload, slug = sent.get("fichier"), sent.get("couche")
        known = isinstance(slug, str) and "\0" not in slug
        row = desk.receive(
            couche=Couche.objects.filter(slug=slug).first() if known else None,
            upload=upload if isinstance(upload, UploadedFile) else None,
            by=user,
        )
        return Response(represent(row), status=201)


@method_decorator(never_cache, name="dispatch")
class ImportDetail(APIView):
    """One of my imports."""

    @extend_schema(operation_id="imports_read", summary="Où en est un import", responses=ImportAnswer)
    def get(self, request: Request, import_id: uuid.UUID) -> Response:
        """Return it."""
        return Response(represent(_mine(request, import_id)))

    @extend_schema(
        operation_id="imports_describe",
        summary="Dire ce que sont les colonnes",
        request=OpenApiTypes.OBJECT,
        description=(
            "`fields` {champ du tableau plat: colonne du fichier}, `x`, `y`, `crs` (EPSG), `date`, `accuracy`, "
            "`match` (none, id, place), `identifier`, `radius_m`, `values` {champ: {texte du fichier: code du "
            "choix, ou vide pour aucune réponse}} ; ce qui n'est pas dit reste."
        ),
        responses=ImportAnswer,
    )
    def patch(self, request: Request, import_id: uuid.UUID) -> Response:
        """Keep the mapping; a trial is then to be asked."""
        row = _mine(request, import_id)
        if not isinstance(request.data, dict):
            raise ValidationError({"fields": [_("Donnez un objet JSON.")]})
        with _now():
            desk.describe(row, {**row.mapping, **request.data})
        return Response(represent(row))

    @extend_schema(operation_id="imports_delete", summary="Effacer un import", responses={204: None})
    def delete(self, request: Request, import_id: uuid.UUID) -> Response:
        """Delete the file; what it proposed stays."""
        desk.forget(_mine(request, import_id))
        return Response(status=204)


@method_decorator(never_cache, name="dispatch")
class ImportTrial(APIView):
    """Try a file: every row is judged, nothing is proposed."""

    @extend_schema(
        operation_id="imports_try", summary="Essayer à blanc", request=None, responses={202: ImportAnswer}
    )
    def post(self, request: Request, import_id: uuid.UUID) -> Response:
        """Begin the trial; follow it by reading the import."""
        return _begun(_mine(request, import_id), desk.ask_trial)


@method_decorator(never_cache, name="dispatch")
class ImportRun(APIView):
    """Propose the sound rows of a tried file."""

    @extend_schema(
        operation_id="imports_run",
        summary="Proposer les lignes bonnes",
        request=None,
        responses={202: ImportAnswer},
    )
    def post(self, request: Request, import_id: uuid.UUID) -> Response:
        """Begin; follow it by reading the import."""
        return _begun(_mine(request, import_id), desk.ask_run)


@method_decorator(never_cache, name="dispatch")
class ImportErrors(APIView):
    """The rows left aside."""

    @extend_schema(
        operation_id="imports_errors",
        summary="Les lignes laissées de côté, en CSV",
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, import_id: uuid.UUID) -> HttpResponseBase:
        """Return the file."""
        path = desk.fetch_errors(_mine(request, import_id))
        if path is None:
            raise exceptions.NotFound
        return FileResponse(
            path.open("rb"), as_attachment=True, filename="erreurs.csv", content_type="text/csv"
        )


def _begun(row: Import, verb: Callable[[Import], None]) -> Response:
    """Ask for a reading of the file, and say that it will be done."""
    with _now():
        verb(row)
    return Response(represent(row), status=202)


@contextmanager
def _now() -> Iterator[None]:
    """Tell a refusal for the state the import is in: a conflict."""
    try:
        yield
    except desk.NotNow as refusal:
        raise NotNow(str(refusal)) from refusal
