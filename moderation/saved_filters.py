"""Saved filters: an official names what they look for in the queue, for themself alone."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from comptes.models import User
from couches.text import clean_text
from moderation.filters import MINE, READERS, parse_filters
from moderation.models import SAVED_NAME, SAVED_QUERY, SavedFilter

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_SAVED = 20
# Where one is in the list is no part of what one looks for.
OF_THE_PAGE = {"after", "since", "limit"}


def normalised(raw: object) -> str:
    """Return a query string of the queue with its filters only, in one order; "" when there is none.

    Raises ValidationError by field, as the queue would.
    """
    if not isinstance(raw, str) or len(raw) > 2 * SAVED_QUERY:
        raise ValidationError({"query": [_("Ces filtres sont trop longs : repartez de la file.")]})
    params = QueryDict(raw.lstrip("?"))
    kept = {
        name: str(params[name])
        for name, (target, _read) in READERS.items()
        if params.get(name) and target not in OF_THE_PAGE
    }
    parse_filters(kept, default_status=MINE)
    if kept == {"status": MINE}:
        return ""
    query = urlencode(sorted(kept.items()))
    if len(query) > SAVED_QUERY:
        raise ValidationError({"query": [_("Ces filtres sont trop longs : repartez de la file.")]})
    return query


def saved_by(user: User) -> QuerySet[SavedFilter]:
    """Return the filters of `user`, by name."""
    return SavedFilter.objects.filter(user=user)


@transaction.atomic
def save(*, by: User, name: object, query: object) -> SavedFilter:
    """Keep a query string under a name; the same name again replaces it.

    Raises ValidationError on "name", "query", or a filter's own field.
    """
    named, wanted = _name(name), normalised(query)
    if not wanted:
        raise ValidationError({"query": [_("Choisissez d'abord un filtre dans la file.")]})
    _wait_for_my_turn(by)
    own = saved_by(by)
    found = own.filter(name=named).first()
    if found is not None:
        found.query = wanted
        found.save(update_fields=["query"])
        return found
    if own.count() >= MAX_SAVED:
        raise ValidationError(
            {"name": [_("%(max)d filtres au plus : supprimez-en un d'abord.") % {"max": MAX_SAVED}]}
        )
    return SavedFilter.objects.create(user=by, name=named, query=wanted, created_at=timezone.now())


@transaction.atomic
def rename(*, by: User, pk: int, name: object) -> SavedFilter:
    """Rename one of one's own. Raises SavedFilter.DoesNotExist, ValidationError on "name"."""
    named = _name(name)
    _wait_for_my_turn(by)
    row = saved_by(by).get(pk=pk)
    if saved_by(by).filter(name=named).exclude(pk=pk).exists():
        raise ValidationError({"name": [_("Un autre de vos filtres porte déjà ce nom.")]})
    row.name = named
    row.save(update_fields=["name"])
    return row


def delete(*, by: User, pk: int) -> None:
    """Delete one of one's own. Raises SavedFilter.DoesNotExist."""
    deleted, _by_model = saved_by(by).filter(pk=pk).delete()
    if not deleted:
        raise SavedFilter.DoesNotExist


def context(user: User, raw: str) -> dict[str, Any]:
    """Return what `moderation/composants/filtres_enregistres.html` shows beside a queue asked by `raw`.

    `filtres` each with `is_current`; `filtre_courant` is what could be saved, "" when nothing can.
    """
    try:
        current = normalised(raw)
    except ValidationError:
        current = ""
    rows: Iterable[SavedFilter] = saved_by(user)
    told = [{"row": row, "is_current": row.query == current} for row in rows]
    known = any(one["is_current"] for one in told)
    return {"filtres": told, "filtre_courant": "" if known else current}


def _name(raw: object) -> str:
    try:
        name = clean_text(raw, max_length=SAVED_NAME).replace("\n", " ")  # type: ignore[arg-type]  # it checks
    except ValidationError as error:
        raise ValidationError({"name": error.messages}) from error
    if not name:
        raise ValidationError({"name": [_("Donnez un nom à ce filtre.")]})
    return name


def _wait_for_my_turn(user: User) -> None:
    """Two tabs of one person write one after the other: their count and their names hold."""
    User.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=user.pk)
