"""`js/signaler/schema.js` reads and refuses answers with the words of `couches.schemas`."""

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from rjsmin import jsmin

from couches.models import Couche
from couches.schemas import clean_attributes, describe
from tests.couches.strategies import attributes_of

pytestmark = pytest.mark.django_db
MODULE = Path(__file__).resolve().parents[2] / "frontend" / "static" / "js" / "signaler" / "schema.js"
SLUGS = ["services", "zones-blanches", "batiments-publics"]
SEEDED = settings(max_examples=60, deadline=None, derandomize=True, database=None)

CAFE = {"kind": "cafe", "nom": "Café"}
ORANGE = {"operators": [{"operator": "20801", "calls": "none"}]}
PLACE = {"kind": "mairie", "nom": "Mairie"}


def test_the_form_engine_weighs_eight_kilobytes_at_most_as_it_travels() -> None:
    scripts = "".join(
        jsmin((MODULE.parent / f"{name}.js").read_text(encoding="utf-8"))
        for name in ("form", "photo", "schema")
    )
    assert len(gzip.compress(scripts.encode(), 9)) <= 8_000


def in_javascript(expression: str, given: dict[str, Any]) -> Any:
    """Evaluate an expression of the module's functions and of the names given."""
    program = (
        f"import * as schema from {json.dumps(MODULE.as_uri())};"
        f"const {{ describe, check }} = schema; const {{ {', '.join(given)} }} = {json.dumps(given)};"
        f"console.log(JSON.stringify({expression}));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def asked(couche: Couche) -> dict[str, Any]:
    return {"slug": couche.slug, "title": couche.title, "schema": couche.attribute_schema}


def seeded(couche: Couche, *, completing: bool) -> list[dict[str, Any]]:
    drawn: list[dict[str, Any]] = []

    @SEEDED
    @given(attributes_of(couche, completing=completing))
    def collect(attributes: dict[str, Any]) -> None:
        drawn.append(attributes)

    collect()
    return drawn


@pytest.mark.parametrize("slug", SLUGS)
def test_the_phone_reads_answers_with_the_same_words(slug: str) -> None:
    couche = Couche.objects.get(slug=slug)
    cases = seeded(couche, completing=True)
    said = in_javascript(
        "cases.map((one) => describe(couche, one).map(({ label, value }) => [label, value]))",
        {"couche": asked(couche), "cases": cases},
    )
    assert len(cases) >= 50
    assert said == [[list(pair) for pair in describe(couche, one)] for one in cases]


@pytest.mark.parametrize("slug", SLUGS)
def test_the_phone_refuses_nothing_the_server_takes(slug: str) -> None:
    couche = Couche.objects.get(slug=slug)
    cases = seeded(couche, completing=False)
    for attributes in cases:
        clean_attributes(couche, attributes)
    given_names = {"couche": asked(couche), "cases": cases}
    assert in_javascript("cases.map((one) => check(couche, one))", given_names) == [{}] * len(cases)


@pytest.mark.parametrize(
    ("slug", "attributes"),
    [
        ("zones-blanches", {}),
        ("zones-blanches", {"operators": "20801"}),
        ("zones-blanches", {"operators": [{"operator": "20801"}]}),
        ("zones-blanches", {"operators": [{"calls": "none"}]}),
        ("zones-blanches", {"operators": [{"operator": "20801", "calls": "bof"}]}),
        ("zones-blanches", {"operators": [{"operator": "1", "calls": "ok"}]}),
        ("zones-blanches", {"operators": ORANGE["operators"] * 2}),
        ("zones-blanches", {**ORANGE, "bars": 9}),
        ("zones-blanches", {**ORANGE, "bars": -1}),
        ("zones-blanches", {**ORANGE, "bars": "trois"}),
        ("zones-blanches", {**ORANGE, "volte": "oui"}),
        ("zones-blanches", {**ORANGE, "phone_model": "x" * 81}),
        ("services", {"nom": "Café"}),
        ("services", {"kind": "cafe"}),
        ("services", {"kind": "pyramide", "nom": "Café"}),
        ("services", {"kind": "cafe", "nom": "C"}),
        ("services", {"kind": "cafe", "nom": "é" * 141}),
        ("services", {**CAFE, "tournee": [{"jour": "lundi", "debut": "10:00", "fin": "09:00"}]}),
        ("services", {**CAFE, "tournee": [{"jour": "lundi"}]}),
        ("services", {**CAFE, "tournee": [{"jour": "lundi", "debut": "08:00", "fin": "09:00"}] * 22}),
        ("batiments-publics", {**PLACE, "entree_marches": 101}),
        ("batiments-publics", {**PLACE, "entree_largeur_mini": 12}),
        ("batiments-publics", {**PLACE, "kind": ""}),
    ],
)
def test_the_phone_says_what_the_server_would_say(slug: str, attributes: dict[str, Any]) -> None:
    couche = Couche.objects.get(slug=slug)
    with pytest.raises(ValidationError) as refused:
        clean_attributes(couche, attributes)
    expected = {path: texts[0] for path, texts in refused.value.message_dict.items()}
    said = in_javascript("check(couche, attributes)", {"couche": asked(couche), "attributes": attributes})
    assert said == expected
