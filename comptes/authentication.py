"""How a program proves who it acts for (`Authorization: Bearer …`), and a page that it is ours."""

import re

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.request import Request

from comptes.models import ApiToken, Membership, User

# What `ApiToken.objects.create` makes: 64 hexadecimal digits.
_TOKEN = re.compile(rb"[0-9a-f]{64}")


def signed_in(request: HttpRequest | Request) -> User:
    """Return who is signed in, for the type checker: the door let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101  # login_required, or the API's default permission
    return request.user


class SignInRequired(NotAuthenticated):
    """401: nobody is signed in, or the session ended; what was sent can be sent again after."""

    default_detail = gettext_lazy(
        "Connectez-vous avec le compte de la mairie, puis renvoyez : rien n'est perdu."
    )
    default_code = "connexion-requise"


class StaleToken(PermissionDenied):
    """403: the CSRF token is missing or of an earlier session; a new one and the same content pass."""

    default_detail = gettext_lazy("Cette page est ouverte depuis trop longtemps : rechargez-la et renvoyez.")
    default_code = "jeton-perime"


class PageAuthentication(SessionAuthentication):
    """DRF's sessions; a stale CSRF token has a code of its own, so that a queue asks for another."""

    def enforce_csrf(self, request: Request) -> None:
        """Check the CSRF token. Raises StaleToken (403)."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as error:
            raise StaleToken from error


class BearerAuthentication(TokenAuthentication):
    """Knox's tokens, read strictly.

    Knox decodes the header as UTF-8 and looks its first letters up as they are: an odd byte
    or a NUL would be an error of ours. Whatever does not look like a token is refused first.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return (person, token), None without a bearer header. Raises AuthenticationFailed (401)."""
        words = request.META.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace").split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2 or not _TOKEN.fullmatch(words[1]):
            raise AuthenticationFailed(_("Ce jeton n'est pas lisible : recopiez-le en entier."))
        try:
            user, token = self.authenticate_credentials(words[1])
        except AuthenticationFailed as error:
            raise AuthenticationFailed(
                _("Ce jeton n'ouvre plus rien : créez-en un autre sur la page de votre compte.")
            ) from error
        if not Membership.objects.live().filter(user=user.pk).exists():
            raise AuthenticationFailed(_("Ce jeton n'ouvre plus rien : son titulaire n'a plus de mandat."))
        return user, token


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes the header in the OpenAPI document."""

    target_class = BearerAuthentication
    name = "jeton"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}


class PageScheme(SessionScheme):
    """Describes the session cookie in the OpenAPI document, as for DRF's own class."""

    target_class = "comptes.authentication.PageAuthentication"
    priority = 0
