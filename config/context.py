"""What every template may say about this instance."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation.trans_real import DjangoTranslation

from comptes.models import User
from moderation.desk import desk_of
from moderation.help import BY_SLUG
from moderation.tour import progress_of


def instance(request: HttpRequest) -> dict[str, Any]:
    """Return the flags of the instance; the same for everybody, so pages stay cacheable."""
    return {
        "is_demo": settings.REPERES_DEMO,
        "tile_host": settings.TILE_HOST,
        "geocoder": settings.GEOCODER_URL,
        "catalogue": script_catalogue(get_language() or settings.LANGUAGE_CODE),
        "publisher": settings.PUBLISHER,
        "contact_email": settings.CONTACT_EMAIL,
    }


def desk(request: HttpRequest) -> dict[str, Any]:
    """Return which desk the page is of, the sections of help by their name; in the sandbox, the tour."""
    here = desk_of(request)
    shown: dict[str, Any] = {"desk": here, "aides": BY_SLUG}
    user = getattr(request, "user", None)
    if here.practice and isinstance(user, User):
        shown["visite"] = progress_of(user)
    return shown


@lru_cache(maxsize=4)
def script_catalogue(language: str) -> dict[str, str | list[str]]:
    """Return the texts of the scripts in `language`, {} in French: the sources are.

    One page carries all of them: 5 kB once compressed, on an instance abroad only.
    """
    if language.startswith("fr"):
        return {}
    found = DjangoTranslation(
        language, domain="djangojs", localedirs=[str(path) for path in settings.LOCALE_PATHS]
    )
    texts: dict[str, str] = {}
    plurals: dict[str, dict[int, str]] = {}
    for key, text in found._catalog.items():  # type: ignore[attr-defined]  # what JSONCatalog itself reads
        if isinstance(key, tuple):
            source, form = key
            plurals.setdefault(source, {})[form] = text
        elif key:
            texts[key] = text
    return {**texts, **{source: [forms[n] for n in sorted(forms)] for source, forms in plurals.items()}}
