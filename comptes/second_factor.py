"""Whether the person before a page has shown more than a password: the one place that says so.

A page is tied to a session, and a session remembers how it was opened. A program (bearer token),
a job and the single-use link of a letter are not pages: each proved something else before, and
none of them is asked here. What the session remembers is checked against the tables at each
request: a key that was taken away proves nothing any more, in sessions already open either.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from comptes.models import User

# What ProConnect said of the session, as `comptes.proconnect.session` keeps it.
PROCONNECT_KEY = "proconnect"
# Pages of officials, where the warning shows.
WARNED = ("/moderation/", "/equipe/", "/compte/")


class SecondFactorMiddleware:
    """Ties the person of a request to the session they came by; reads nothing by itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Replace `request.user`, still lazy, by the same person tied to their session."""
        request.user = SimpleLazyObject(lambda: _tie(request))  # type: ignore[assignment]
        return self.get_response(request)


def _tie(request: HttpRequest) -> Any:
    # Not the lazy `request.user`: permissions compare classes of people.
    user = get_user(request)
    user.came_by = request  # type: ignore[union-attr]
    return user


def is_missing(user: "User | AnonymousUser") -> bool:
    """Say whether this person came by a session that must show a second factor and did not.

    Always False for whoever did not come by a page, and where the instance does not ask for it.
    """
    if settings.REPERES_MFA != "required":
        return False
    request = getattr(user, "came_by", None)
    return request is not None and user.pk is not None and not is_shown(request, user)


def is_shown(request: HttpRequest, user: "User | AnonymousUser") -> bool:
    """Say whether the session of `request` was opened, or confirmed, with a second factor still valid.

    One query at most, remembered on `user`, who lives as long as the request.
    """
    known: bool | None = getattr(user, "_second_factor_shown", None)
    if known is None:
        known = _by_authenticator(request, user) or _by_proconnect(request, user)
        user._second_factor_shown = known  # type: ignore[union-attr]
    return known


def forget(user: "User | AnonymousUser") -> None:
    """Look again at the next question: a factor was just shown or added within this request."""
    user._second_factor_shown = None  # type: ignore[union-attr]


def _by_authenticator(request: HttpRequest, user: "User | AnonymousUser") -> bool:
    records = get_authentication_records(request, user)
    shown = [one["id"] for one in records if one.get("method") == "mfa" and "id" in one]
    return bool(shown) and Authenticator.objects.filter(user_id=user.pk, pk__in=shown).exists()


def _by_proconnect(request: HttpRequest, user: "User | AnonymousUser") -> bool:
    kept = request.session.get(PROCONNECT_KEY)
    if not isinstance(kept, Mapping) or not kept.get("strong"):
        return False
    return SocialAccount.objects.filter(user_id=user.pk, uid=kept["uid"]).exists()


def has_factor(user: "User") -> bool:
    """Say whether this person has an application or a key; recovery codes alone are not one."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists()


def warning(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `second_factor_missing`, asked by the base page, so lazily.

    True on the pages of officials for whoever holds a deciding role and has shown a password only.
    """

    def missing() -> bool:
        from comptes.permissions import decides_somewhere

        if not request.path.startswith(WARNED) or request.path.startswith(reverse("mfa_index")):
            return False
        return is_missing(request.user) and decides_somewhere(request.user)

    return {"second_factor_missing": missing}
