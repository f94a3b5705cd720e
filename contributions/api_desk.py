"""The desk's door: who is signed in, where they may enter for others, and the token to do it.

The page that enters reports is the same for everybody and may come from a phone's cache: it
knows nothing of a session, and asks here.
"""

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from comptes.authentication import SignInRequired
from comptes.models import User
from comptes.permissions import can, communes_for
from comptes.roles import Gesture
from contributions.contract import DeskAnswer

MAX_COMMUNES = 200


@method_decorator(never_cache, name="dispatch")
class Desk(APIView):
    """Where somebody of a town hall may enter reports for people."""

    # Ours to refuse: the code tells a phone's queue to wait rather than give up.
    permission_classes = [AllowAny]

    @extend_schema(operation_id="guichet", summary="Savoir où l'on peut saisir", responses=DeskAnswer)
    def get(self, request: Request) -> Response:
        """Return the person, a CSRF token and the communes open to them; 401 to a stranger."""
        if not isinstance(request.user, User):
            raise SignInRequired
        return Response(_desk(request.user, request._request))


def _desk(person: User, request: HttpRequest) -> dict[str, Any]:
    found = communes_for(person, Gesture.ENTER_FOR_OTHERS).order_by("pk")
    codes = list(found.values_list("pk", "nom")[: MAX_COMMUNES + 1])
    return {
        "person": str(person),
        "csrf": get_token(request),
        "communes": [{"code": code, "nom": nom} for code, nom in codes[:MAX_COMMUNES]],
        "more": len(codes) > MAX_COMMUNES,
        "everywhere": can(person, Gesture.ENTER_FOR_OTHERS, None),
    }
