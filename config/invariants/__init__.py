"""What must hold in the database, each promise with the SQL that finds its breaches.

Every query returns one text column: what is broken, named by identifiers, never by
personal content. `manage.py fsck` runs them all.
"""

from config.invariants.people import COMPTES, TERRITOIRES
from config.invariants.promise import Invariant
from config.invariants.published import COUCHES
from config.invariants.reports import CONTRIBUTIONS, DECISIONS, REASONS, SANDBOX

__all__ = ["ALL", "Invariant"]

ALL = [*CONTRIBUTIONS, *DECISIONS, *REASONS, *COUCHES, *TERRITOIRES, *COMPTES, *SANDBOX]
