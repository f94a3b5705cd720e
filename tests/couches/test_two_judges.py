"""What the compiled validator lets pass, the one that words refusals lets pass too, whatever the answers.

The other way round costs time alone: the second one then has the last word.
"""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.seeding import draw_attributes
from couches.models import Couche
from couches.schemas import _judges

pytestmark = pytest.mark.django_db
SLUGS = ["services", "zones-blanches", "batiments-publics"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["", "cafe", "none", "2026-02-30", "15000", "0471454646", "é", "a\nb", "12345678901234", "Mo 08:00"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=2)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("slug", SLUGS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_breach_passes_the_quick_one(slug: str, data: st.DataObject) -> None:
    couche = Couche.objects.get(slug=slug)
    answers: dict[str, Any] = draw_attributes(couche, random.Random(data.draw(st.integers(0, 999))))
    names = sorted(couche.attribute_schema["properties"])
    for name in data.draw(st.lists(st.sampled_from(names), max_size=3)):
        answers[name] = data.draw(_near(couche.attribute_schema["properties"][name], VALUES))
    for name in data.draw(st.lists(st.sampled_from(names), max_size=1)):
        answers.pop(name, None)
    judges = _judges(couche)
    breach = next(judges.wordy.iter_errors(answers), None)
    assert breach is None or not judges.fast.is_valid(answers), breach.message


def _near(definition: dict[str, Any], anything: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return anything, and what a rule of the definition is about: its pattern, its bounds, its choices."""
    about: list[st.SearchStrategy[Any]] = [anything]
    if "pattern" in definition:
        about.append(st.from_regex(definition["pattern"]))
    if "enum" in definition:
        about.append(st.sampled_from(definition["enum"]))
    if "maxLength" in definition:
        about += [st.just("x" * (definition["maxLength"] + extra)) for extra in (0, 1)]
        # A character is one, however many units it takes to write.
        about.append(st.just("\U0001f3d4" * definition["maxLength"]))
    for bound in ("minimum", "maximum"):
        if bound in definition:
            about += [st.just(definition[bound] + step) for step in (-1, 0, 1)]
    return st.one_of(about)
