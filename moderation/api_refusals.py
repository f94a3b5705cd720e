"""Turns the refusals of the verbs into HTTP answers: one table, on classes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, ValidationError

from comptes.permissions import Forbidden, SecondFactorRequired
from moderation.gestures import GroupRefused
from moderation.refusals import (
    AlreadyAppealed,
    AlreadyDecided,
    DecidedAbove,
    GestureUnknown,
    NobodyAbove,
    NotAllowedFrom,
    NotVisible,
    NotYourGesture,
    OthersRelyOnIt,
    OutOfTerritory,
    Refusal,
    SamePerson,
    StaleVersion,
    TooLateToAppeal,
    TooLateToCorrect,
    UndoRefused,
)


class Conflict(APIException):
    """409: the gesture contradicts what is recorded."""

    status_code = 409
    default_detail = _("Ce geste contredit l'état présent du signalement.")
    default_code = "conflit"


class PreconditionFailed(APIException):
    """412: somebody decided since the version that If-Match names."""

    status_code = 412
    default_detail = _("Quelqu'un a décidé entre-temps : relisez avant de décider.")
    default_code = "version-depassee"


class PreconditionRequired(APIException):
    """428: a decision without an If-Match that can be read."""

    status_code = 428
    default_detail = _(
        "Ajoutez l'en-tête If-Match avec l'ETag reçu à la lecture, par exemple If-Match: \"3\"."
    )
    default_code = "precondition-requise"


class SecondFactorProblem(PermissionDenied):
    """403: a page acts for somebody who has shown a password only."""

    default_code = SecondFactorRequired.code


class Unprocessable(ValidationError):
    """422: the body can be read but not accepted; `errors` names each field and its remedy."""

    status_code = 422
    default_code = "contenu-refuse"


HTTP: dict[type[Exception], type[APIException]] = {
    StaleVersion: PreconditionFailed,
    NotAllowedFrom: Conflict,
    NotYourGesture: Conflict,
    OthersRelyOnIt: Conflict,
    AlreadyDecided: Conflict,
    TooLateToCorrect: Conflict,
    UndoRefused: Conflict,
    AlreadyAppealed: Conflict,
    TooLateToAppeal: Conflict,
    NobodyAbove: Conflict,
    DecidedAbove: PermissionDenied,
    SamePerson: PermissionDenied,
    GestureUnknown: NotFound,
    NotVisible: NotFound,
    OutOfTerritory: PermissionDenied,
    SecondFactorRequired: SecondFactorProblem,
    Forbidden: PermissionDenied,
}


# What the JSON door calls otherwise than the tables.
FIELDS = {"public_reason": "reason"}


def as_api_exception(refusal: Exception) -> APIException:
    """Return the HTTP form of a Refusal, Forbidden or ValidationError.

    412, 409, 403, 404, else 422 on the field to change.
    """
    if isinstance(refusal, DjangoValidationError):
        by_field = (
            refusal.message_dict if hasattr(refusal, "error_dict") else {"non_field_errors": refusal.messages}
        )
        return Unprocessable(by_field)
    for kind, answer in HTTP.items():
        if isinstance(refusal, kind):
            return answer(str(refusal))
    assert isinstance(refusal, Refusal)  # noqa: S101  # Forbidden is in the table
    field = FIELDS.get(refusal.field, refusal.field) or "non_field_errors"
    return Unprocessable({field: [str(refusal)]})


@contextmanager
def refusals_as_answers() -> Iterator[None]:
    """Run a verb; let its refusal leave as a problem document."""
    try:
        yield
    except GroupRefused as refusal:
        kind = type(as_api_exception(refusal.outcome.refusal or refusal))
        told = str(refusal)
        raise kind({"items": [told]} if kind is Unprocessable else told) from refusal
    except (Refusal, Forbidden) as refusal:
        raise as_api_exception(refusal) from refusal


def read_body(request: "serializers.Serializer[Any]") -> dict[str, Any]:
    """Return the checked body of a request. Raises Unprocessable (422), by field."""
    if not request.is_valid():
        raise Unprocessable(request.errors)
    return dict(request.validated_data)
