"""Errors of the JSON door as RFC 9457 problem documents, in French."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

CONTENT_TYPE = "application/problem+json"


class Conflict(exceptions.APIException):
    """Cette demande contredit ce qui est déjà enregistré."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflit"


class PreconditionRequired(exceptions.APIException):
    """Ajoutez l'en-tête If-Match avec l'ETag reçu à la lecture."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "precondition-requise"


class PreconditionFailed(exceptions.APIException):
    """Quelqu'un a décidé entre-temps : relisez avant de décider."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "version-depassee"


class PayloadTooLarge(exceptions.APIException):
    """Le corps de la demande est trop lourd."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "trop-lourd"


class Unprocessable(exceptions.ValidationError):
    """Le contenu est lisible mais refusé ; `errors` nomme chaque champ et son remède."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "contenu-refuse"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into a problem document `{type, title, status, detail, errors}`.

    Anything that is not a refusal stays an exception: a bug must be seen as one.
    """
    if isinstance(error, DjangoValidationError):
        error = Unprocessable(_by_field(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound(_("Introuvable, ou hors de votre territoire."))
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied(str(error) or _("Votre rôle ne permet pas ce geste."))
    if isinstance(error, OperationalError):
        return _problem(
            503,
            "indisponible",
            _("La base de données ne répond pas à temps. Rien n'est perdu : réessayez."),
            headers={"Retry-After": "5"},
        )
    response = drf_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    headers = {name: value for name, value in response.items() if name.lower() != "content-type"}
    errors = _errors(error.detail) if isinstance(error, exceptions.ValidationError) else {}
    detail = _detail(error, errors)
    code = error.get_codes() if isinstance(error.get_codes(), str) else error.default_code
    return _problem(error.status_code, str(code), detail, errors=errors, headers=headers)


def _problem(
    status_code: int,
    code: str,
    detail: str,
    *,
    errors: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:reperes:probleme:{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status_code,
        "detail": detail,
        "errors": errors or {},
    }
    return Response(body, status=status_code, headers=headers, content_type=CONTENT_TYPE)


def _by_field(error: DjangoValidationError) -> Any:
    return error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}


def _errors(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Flatten DRF's nested detail to `{"attributes.operators": ["…"]}`."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for key, value in detail.items():
            flat.update(_errors(value, f"{prefix}.{key}" if prefix else str(key)))
        return flat
    messages = detail if isinstance(detail, list) else [detail]
    flat, own = {}, []
    for index, message in enumerate(messages):
        if isinstance(message, dict | list):
            flat.update(_errors(message, f"{prefix}.{index}" if prefix else str(index)))
        else:
            own.append(str(message))
    if own:
        flat[prefix or "non_field_errors"] = own
    return flat


def _detail(error: exceptions.APIException, errors: dict[str, list[str]]) -> str:
    if errors:
        name, messages = next(iter(errors.items()))
        where = "" if name == "non_field_errors" else f"{name} : "
        return f"{where}{messages[0]}"
    text = str(error.detail)
    return text if text != str(exceptions.APIException.default_detail) else (error.__doc__ or text).strip()
