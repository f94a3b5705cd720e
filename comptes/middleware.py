"""Whoever left office is told so at the next page of the desk, whatever the page and the method."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from comptes.models import Membership, User

DESK = ("/moderation/", "/api/v1/moderation/")
# Practice is fake, and a letter's link is judged by itself, whoever's browser opens it.
OPEN = ("/moderation/bac-a-sable/", "/moderation/lien/", "/moderation/courriels/arret/")


def is_desk(path: str) -> bool:
    """Say whether this address is of the desk, which only a live mandate opens."""
    return path.startswith(DESK) and not path.startswith(OPEN)


class OfficeLeft(PermissionDenied):
    """A person without a live mandate at the desk; the text says which one ended, and when."""


class RefuseFormerOfficials:
    """Refuses the desk to a session whose person holds no live mandate: 403, and nothing is done.

    Strangers pass, and are asked to sign in; so do those whose session was closed while they
    still hold another mandate. One query, on the pages of the desk only.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let it pass, or raise OfficeLeft."""
        if is_desk(request.path) and settings.SESSION_COOKIE_NAME in request.COOKIES:
            _check(request)
        return self._get_response(request)


def _check(request: HttpRequest) -> None:
    # Before `request.user` is read: Django empties a session that was closed.
    known = request.session.get(SESSION_KEY)
    if known is None:
        return
    person = User._meta.pk.to_python(known)
    if not Membership.objects.live().filter(user=person).exists():
        raise OfficeLeft(_farewell(person))


def _farewell(person: int) -> str:
    ended = Membership.objects.filter(user=person, ends__lte=timezone.now())
    last = ended.with_places().order_by("-ends").first()
    if last is None or last.ends is None:
        return _("Vous n'avez pas de mandat en cours : rien n'a été fait.")
    return _(
        "Votre mandat (%(mandate)s) a pris fin le %(day)s : vous ne pouvez plus décider ici. "
        "Ce que vous veniez d'envoyer n'a pas été appliqué."
    ) % {"mandate": last, "day": date_format(timezone.localtime(last.ends), "j F Y à H:i")}
