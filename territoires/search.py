"""Finds communes by what people type: a name without its accents, an old name, a postcode, a code."""

import re

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from territoires.models import Commune, FormerCode
from territoires.names import fold_typed
from territoires.scope import commune_of_code

MAX_RESULTS = 20
MAX_TEXT = 80
_CODE = re.compile(r"(\d[\dAB])\d{0,3}", re.IGNORECASE)


def find_communes(text: str, limit: int = MAX_RESULTS) -> list[Commune]:
    """Return at most 20 current communes for `text`, the likeliest first, outlines deferred.

    Names beginning with the text come before names containing it, then former names;
    the most populated first. A number is a postcode, a code INSEE (current or former),
    or the beginning of one. Anything else than a usable text gives [].
    """
    limit = max(0, min(limit, MAX_RESULTS))
    typed = text[:MAX_TEXT].replace("\x00", " ").strip()
    if _CODE.fullmatch(typed):
        return _by_code(typed.upper(), limit)
    words = fold_typed(typed)
    if len(words) < 2:  # the commune of Y exists; no index could serve "contains y"
        return list(_communes().filter(nom_folded=words).order_by("code_insee")[:limit]) if words else []
    return _by_name(words, limit)


def _communes() -> QuerySet[Commune]:
    return Commune.objects.current().defer("geom").select_related("departement")


def _by_code(code: str, limit: int) -> list[Commune]:
    if len(code) < 5:
        return list(_communes().filter(code_insee__startswith=code).order_by("code_insee")[:limit])
    found = list(
        _communes().filter(codes_postaux__contains=[code]).order_by("-population", "code_insee")[:limit]
    )
    exact = commune_of_code(code)
    if exact is None:
        return found
    return [exact, *(commune for commune in found if commune.pk != exact.pk)][:limit]


def _by_name(words: str, limit: int) -> list[Commune]:
    """Three index-backed steps (trigrams), each only if the one before left room."""
    named = _communes().filter(nom_folded__contains=words)
    rank = Case(
        When(nom_folded=words, then=Value(0)),
        When(nom_folded__startswith=words, then=Value(1)),
        When(nom_folded__contains=f" {words}", then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    found: list[Commune] = list(named.alias(rank=rank).order_by("rank", "-population", "code_insee")[:limit])
    if len(found) < limit:
        former = FormerCode.objects.filter(nom_folded__contains=words).values("commune_id")
        known = [commune.pk for commune in found]
        more = _communes().filter(Q(code_insee__in=former) & ~Q(code_insee__in=known))
        found += more.order_by("-population", "code_insee")[: limit - len(found)]
    return found
