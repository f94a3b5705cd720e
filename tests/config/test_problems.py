"""Whatever goes wrong at the JSON door leaves as a problem document that can be read."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from config.parsers import PayloadTooLarge
from config.problems import CONTENT_TYPE
from moderation.api_refusals import Conflict, PreconditionFailed, PreconditionRequired, Unprocessable


class Line(serializers.Serializer[Any]):
    """Fields whose refusal, in the library's words, quotes what was sent."""

    kind = serializers.ChoiceField(choices=["a", "b"], required=False)
    id = serializers.UUIDField(required=False)


class Sheet(Line):
    """Lines within a document."""

    lines = Line(many=True, required=False)


class Door(APIView):
    """Judges a Sheet."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        """Return what was accepted."""
        sheet = Sheet(data=request.data)
        sheet.is_valid(raise_exception=True)
        return Response(dict(sheet.validated_data))


def send(document: Any) -> Any:
    """Post through our parser, our handler and the renderer; return the response, rendered."""
    body = json.dumps(document).encode()
    request = APIRequestFactory().post("/", body, content_type="application/json")
    return Door.as_view()(request).render()


def raised(error: Exception) -> Any:
    """Return the rendered answer of a view that raises `error`."""

    class Raising(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, request: Request) -> Response:
            raise error

    response: Any = Raising.as_view()(APIRequestFactory().get("/"))
    return response.render()


def problem(response: Any) -> dict[str, Any]:
    """Return the document, once its form is the one promised."""
    document: dict[str, Any] = json.loads(response.content.decode("utf-8"))
    assert document.keys() == {"type", "title", "status", "detail", "errors"}
    assert document["status"] == response.status_code
    assert document["type"].startswith("urn:reperes:probleme:")
    assert response["Content-Type"] == CONTENT_TYPE
    assert document["detail"]
    return document


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"kind": "a\ud800"}, "kind"),
        ({"id": "\udfff"}, "id"),
        ({"lines": [{}, {"kind": "\ud800"}]}, "lines.1.kind"),
    ],
)
def test_a_lone_surrogate_quoted_by_the_library_is_replaced(document: Any, field: str) -> None:
    answer = problem(send(document))
    assert answer["status"] == 400
    assert list(answer["errors"]) == [field]
    assert answer["detail"] == f"{field} : {answer['errors'][field][0]}"


def test_what_replaces_a_lone_surrogate_stands_in_its_place() -> None:
    assert "a?b" in problem(send({"kind": "a\ud800b"}))["detail"]


def test_a_lone_surrogate_in_the_name_of_a_field_is_replaced() -> None:
    answer = problem(raised(exceptions.ValidationError({"a\ud800": ["Champ inconnu."]})))
    assert answer["errors"] == {"a?": ["Champ inconnu."]}
    assert answer["detail"] == "a? : Champ inconnu."


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["id", "couche", "operation", "channel", "position_source", "\ud800"])
def test_a_lone_surrogate_in_a_contribution_is_a_refusal(api: APIClient, field: str) -> None:
    body = json.dumps({field: "\ud800"}).encode()
    response: Any = api.post("/api/v1/contributions/", body, content_type="application/json")
    assert problem(response)["status"] == 422


def test_accents_and_emoji_are_kept_as_they_are() -> None:
    assert "« œuvre 🔑 »" in problem(send({"kind": "« œuvre 🔑 »"}))["detail"]


def test_what_is_sound_passes() -> None:
    assert send({"kind": "a"}).data == {"kind": "a"}


@pytest.mark.parametrize(
    ("refusal", "errors", "detail"),
    [
        (
            DjangoValidationError({"geometry": ["Placez le point."]}),
            "geometry",
            "geometry : Placez le point.",
        ),
        (DjangoValidationError("Envoyez un objet."), "non_field_errors", "Envoyez un objet."),
        (DjangoValidationError(["Un.", "Deux."]), "non_field_errors", "Un."),
        (Unprocessable({"into": ["Choisissez."]}), "into", "into : Choisissez."),
    ],
)
def test_what_can_be_read_but_not_accepted_is_422(refusal: Exception, errors: str, detail: str) -> None:
    answer = problem(raised(refusal))
    assert (answer["status"], answer["type"]) == (422, "urn:reperes:probleme:contenu-refuse")
    assert list(answer["errors"]) == [errors]
    assert answer["detail"] == detail


def test_the_field_of_a_line_is_named_by_its_path() -> None:
    refused: Any = {"lines": [{}, {"kind": ["Choisissez."]}, {"id": {"version": "Écrivez 4."}}]}
    errors = problem(raised(exceptions.ValidationError(refused)))["errors"]
    assert errors == {"lines.1.kind": ["Choisissez."], "lines.2.id.version": ["Écrivez 4."]}


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (Http404(), 404, "Introuvable, ou hors de votre territoire."),
        (PermissionDenied(), 403, "Votre rôle ne permet pas ce geste."),
        (PermissionDenied("Demandez à la mairie."), 403, "Demandez à la mairie."),
        (Conflict(), 409, "Ce geste contredit l'état présent du signalement."),
        (PreconditionFailed(), 412, "Quelqu'un a décidé entre-temps : relisez avant de décider."),
        (PayloadTooLarge(), 413, "Le corps de la demande est trop lourd."),
        (
            PreconditionRequired(),
            428,
            "Ajoutez l'en-tête If-Match avec l'ETag reçu à la lecture, par exemple If-Match: \"3\".",
        ),
    ],
)
def test_a_refusal_says_why_in_french(error: Exception, status: int, detail: str) -> None:
    answer = problem(raised(error))
    assert (answer["status"], answer["detail"], answer["errors"]) == (status, detail, {})


def test_a_database_that_does_not_answer_is_to_be_asked_again() -> None:
    response = raised(OperationalError("canceling statement due to statement timeout"))
    answer = problem(response)
    assert (answer["status"], response["Retry-After"]) == (503, "5")
    assert "statement" not in answer["detail"]


def test_the_headers_of_a_refusal_are_kept() -> None:
    response = raised(exceptions.Throttled(wait=7))
    assert (problem(response)["status"], response["Retry-After"]) == (429, "7")


def test_the_code_that_an_error_was_given_is_its_type() -> None:
    answer = problem(raised(exceptions.ParseError("Illisible.", code="corps-illisible")))
    assert (answer["type"], answer["title"]) == ("urn:reperes:probleme:corps-illisible", "Corps illisible")


@pytest.mark.parametrize("build", [lambda: ValueError("bug"), lambda: KeyError("bug")])
def test_a_bug_is_not_dressed_up_as_a_refusal(build: Callable[[], Exception]) -> None:
    error = build()
    with pytest.raises(type(error), match="bug"):
        raised(error)


@pytest.mark.django_db
def test_a_refusal_at_a_real_door_is_a_problem_document(api: APIClient) -> None:
    response: Any = api.get("/api/v1/contributions/4b3f2c4e-0000-4000-8000-000000000001/")
    assert problem(response)["status"] == 404
