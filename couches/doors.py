"""What the public reading doors of couches share: refusals in words, validators, weights, other origins.

Plain views: a tile is asked for by the hundred, and a framework of views would cost more
than the tile itself. Refusals follow RFC 9457, as everywhere else.
"""

import gzip
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

from couches.models import Couche, CoucheVersion
from couches.prepared import fetch_row
from couches.reading import reader

P = ParamSpec("P")
LATEST = "derniere"
# A year: the version is in the address, and a version never changes.
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "public, no-cache"
_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
# Below it the header costs more than what is saved.
_WORTH_GZIP = 1_000
_METHODS = "GET, HEAD, OPTIONS"


class Refusal(Exception):
    """A refusal of a public door: an HTTP status, a code for programs, a sentence for people."""

    def __init__(self, status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None):
        super().__init__(detail)
        self.status, self.code, self.detail, self.errors = status, code, detail, errors or {}

    def response(self) -> HttpResponse:
        """Return the problem document (RFC 9457)."""
        body = {
            "type": f"urn:reperes:probleme:{self.code}",
            "title": self.code.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "errors": self.errors,
        }
        answer = HttpResponse(
            json.dumps(body, ensure_ascii=False), status=self.status, content_type="application/problem+json"
        )
        answer["Cache-Control"] = "no-store"
        return answer


def public_door(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Make a view a public machine door: GET and HEAD from any origin, refusals as problem documents."""

    @wraps(view)
    def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = _answer(view, request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "ETag, Content-Length"
        return response

    return answer


def _answer(
    view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = _METHODS
        response["Access-Control-Allow-Headers"] = "If-None-Match"
        return response
    if request.method not in ("GET", "HEAD"):
        refused = Refusal(
            405, "methode", _("Cette adresse se lit seulement : demandez-la par GET.")
        ).response()
        refused["Allow"] = _METHODS
        return refused
    try:
        return view(request, *args, **kwargs)
    except Refusal as refusal:
        return refusal.response()
    except ValidationError as error:
        errors = error.message_dict
        return Refusal(422, "contenu-refuse", next(iter(errors.values()))[0], errors).response()
    except OperationalError:
        detail = _("La base de données ne répond pas à temps. Rien n'est perdu : réessayez.")
        response = Refusal(503, "indisponible", detail).response()
        response["Retry-After"] = "5"
        return response


_OWN = ("id", "couche_id", "number", "sha256", "feature_count")
_ITS_COUCHE = ("id", "slug", "title", "style", "sensitive")
_FIND = """
SELECT v.id, v.couche_id, v.number, v.sha256, v.feature_count, c.id, c.slug, c.title, c.style, c.sensitive
FROM couches_coucheversion v JOIN couches_couche c ON c.id = v.couche_id
WHERE c.slug = %(slug)s::text AND (%(latest)s::boolean OR v.number = %(number)s::int) ORDER BY v.number DESC LIMIT 1
"""


def is_numbered(slug: str, number: str) -> bool:
    """Say whether two words of an address can name a couche and the number of a version."""
    return bool(_SLUG.fullmatch(slug) and _NUMBER.fullmatch(number))


def find_version(slug: str, number: str) -> CoucheVersion:
    """Return a published version and its couche, by one query; `derniere` is the one in force.

    What the doors do not need (the schema, which weighs more than all the rest) is read from
    the base when it is looked at. Raises Refusal (404), in words, whatever the texts are.
    """
    latest = number == LATEST
    found = None
    if is_numbered(slug, "1" if latest else number):
        found = fetch_row(
            reader(), _FIND, {"slug": slug, "number": 0 if latest else int(number), "latest": latest}
        )
    if found is None:
        detail = _(
            "Cette couche ou cette version n'existe pas : la page « Couches » donne la liste ; "
            "« derniere » est toujours la version en vigueur."
        )
        raise Refusal(404, "introuvable", detail)
    # As from_db does for .only(): a tile is asked for by the hundred, and the ORM's own way costs more than it.
    alias, own, couche = reader().alias, list(found[: len(_OWN)]), list(found[len(_OWN) :])
    style = _ITS_COUCHE.index("style")
    couche[style] = json.loads(couche[style]) if isinstance(couche[style], str) else couche[style]
    version = CoucheVersion.from_db(alias, _OWN, own)
    version.couche = Couche.from_db(alias, _ITS_COUCHE, couche)
    return version


def sealed(*facts: object) -> str:
    """Return a strong ETag that only this instance can have made of these facts.

    Facts: what decides of the bytes and can be read in the address. A client that sends
    such a tag back for a numbered version holds the very bytes, since a version never
    changes: 304 is answered without asking the database anything.
    """
    text = json.dumps([str(fact) for fact in facts]).encode()
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()[:32]


def same_bytes(request: HttpRequest, etag: str, cache: str) -> HttpResponse | None:
    """Return 304 when the client already holds what `etag` names, in either encoding; else None."""
    # META, not headers: these build a dictionary of all that was sent, for a map that asks by the hundred.
    sent = request.META.get("HTTP_IF_NONE_MATCH", "")
    for tag in (f'"{etag}"', f'"{etag}-gz"'):
        if tag not in sent:
            continue
        response = get_conditional_response(request, etag=tag)
        if isinstance(response, HttpResponse):
            response["ETag"] = tag
            response["Cache-Control"] = cache
            response["Vary"] = "Accept-Encoding"
            return response
    return None


def bytes_answer(
    request: HttpRequest, body: bytes, *, etag: str, cache: str, media_type: str
) -> HttpResponse:
    """Answer with bytes, compressed when it is worth it; a coding has its own strong ETag."""
    zipped = len(body) > _WORTH_GZIP and "gzip" in request.headers.get("Accept-Encoding", "")
    if zipped:
        # No date inside: the same bytes each time.
        body = gzip.compress(body, compresslevel=5, mtime=0)
    tag = f'"{etag}-gz"' if zipped else f'"{etag}"'
    given = get_conditional_response(request, etag=tag)
    if isinstance(given, HttpResponse):
        response = given
    else:
        response = HttpResponse(b"" if request.method == "HEAD" else body, content_type=media_type)
        response["Content-Length"] = str(len(body))
        if zipped:
            response["Content-Encoding"] = "gzip"
    response["ETag"], response["Cache-Control"], response["Vary"] = tag, cache, "Accept-Encoding"
    return response
