"""How many rows conform: counted once per version and rules, at once when few, by a job when many."""

import hashlib
import json
from collections import Counter
from typing import Any

from django.core.cache import cache

from comptes.deferral import defer
from exports.demands import recipe
from exports.national.files import Tally, spec_of, tally
from exports.national.mappers import Mapper
from exports.rows import Selection

TASK = "exports.count_national"
# Rows judged while somebody waits: about a second.
AT_ONCE = 3000
KEEP_SECONDS = 30 * 24 * 3600


def known_tally(mapper: Mapper, selection: Selection) -> Tally | None:
    """Return the counts of a version, or None while a job makes them."""
    found: dict[str, Any] | None = cache.get(_key(mapper, selection))
    if found is not None:
        return Tally(found["conforming"], found["total"], found["stuck"], Counter(found["fields"]))
    if selection.version.feature_count <= AT_ONCE:
        return count(mapper, selection)
    version = selection.version
    defer(
        TASK,
        once=f"{TASK}:{mapper.spec}:{version.pk}",
        slug=version.couche.slug,
        number=version.number,
        spec=mapper.spec,
    )
    return None


def count(mapper: Mapper, selection: Selection) -> Tally:
    """Count and remember."""
    made = tally(mapper, selection)
    kept = {**vars(made), "fields": dict(made.fields)}
    cache.set(_key(mapper, selection), kept, KEEP_SECONDS)
    return made


def rules_key(mapper: Mapper) -> str:
    """Return what changes when the rules do."""
    spec, official = spec_of(mapper)
    facts = [spec.key, spec.version, official, [str(field) for field in spec.fields], str(spec.checks)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _key(mapper: Mapper, selection: Selection) -> str:
    version = selection.version
    facts = [mapper.spec, version.pk, version.sha256, recipe(version), rules_key(mapper)]
    return "national:" + hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
