"""The shape of a promise about the database."""

from dataclasses import dataclass

from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Invariant:
    """A promise of design section 9: `sql` returns one row per breach, none when kept."""

    name: str
    promise: StrOrPromise
    sql: str
