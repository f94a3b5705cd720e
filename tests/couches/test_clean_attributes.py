"""clean_attributes(): the same judge at every door, in French, whatever is sent."""
# ruff: noqa: E501  # the table of refusals reads better one case a line

import math
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from couches.models import Couche
from couches.schemas import carry_over, clean_attributes, describe, title_of
from tests.couches.strategies import attributes_of

pytestmark = pytest.mark.django_db
SLUGS = ["services", "zones-blanches", "batiments-publics"]
HYPOTHESIS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

CAFE = {"kind": "cafe", "nom": "Café de la Place"}
DEAD_ZONE = {"operators": [{"operator": "20801", "calls": "none", "sms": "poor"}]}


def couche(slug: str) -> Couche:
    return Couche.objects.get(slug=slug)


def refusal(slug: str, raw: object, **options: bool) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        clean_attributes(couche(slug), raw, **options)
    return caught.value.message_dict


def test_a_dead_zone_is_kept_as_said() -> None:
    assert clean_attributes(couche("zones-blanches"), DEAD_ZONE) == DEAD_ZONE


@pytest.mark.parametrize(
    ("slug", "raw", "path", "word"),
    [
        ("zones-blanches", {}, "attributes.operators", "au moins un opérateur"),
        ("zones-blanches", {"operators": []}, "attributes.operators", "au moins un opérateur"),
        ("zones-blanches", {"operators": "20801"}, "attributes.operators", "opérateur"),
        (
            "zones-blanches",
            {"operators": [{"operator": "20801", "calls": "bof"}]},
            "attributes.operators.0.calls",
            "impossible (none)",
        ),
        (
            "zones-blanches",
            {"operators": [{"operator": "1", "calls": "ok"}]},
            "attributes.operators.0.operator",
            "20801 Orange",
        ),
        ("zones-blanches", {"operators": [{"operator": "20801"}]}, "attributes.operators.0", "au moins une chose"),
        (
            "zones-blanches",
            {"operators": [{"operator": "20801", "calls": "ok"}, {"operator": "20801", "calls": "none"}]},
            "attributes.operators.1.operator",
            "donné deux fois",
        ),
        (
            "zones-blanches",
            {"operators": [{"operator": "20801", "calls": "ok", "wifi": "ok"}]},
            "attributes.operators.0.wifi",
            "n'a pas de champ",
        ),
        ("zones-blanches", {**DEAD_ZONE, "sinc": "2026"}, "attributes.sinc", "« since »"),
        ("zones-blanches", {**DEAD_ZONE, "since": "31/02/2026"}, "attributes.since", "qui existe"),
        ("zones-blanches", {**DEAD_ZONE, "bars": 5}, "attributes.bars", "0 à 4"),
        ("zones-blanches", {**DEAD_ZONE, "bars": 10**400}, "attributes.bars", "0 à 4"),
        ("zones-blanches", {**DEAD_ZONE, "bars": math.nan}, "attributes.bars", "0 à 4"),
        ("zones-blanches", {**DEAD_ZONE, "bars": True}, "attributes.bars", "0 à 4"),
        ("zones-blanches", {**DEAD_ZONE, "volte": "oui"}, "attributes.volte", "oui, non"),
        ("services", {"kind": "cafe"}, "attributes.nom", "nom du lieu"),
        ("services", {**CAFE, "kind": "casino"}, "attributes.kind", "Autre service"),
        ("services", {**CAFE, "telephone": "12"}, "attributes.telephone", "04 71 45 46 46"),
        ("services", {**CAFE, "telephone": "٠٤٧١٤٥٤٦٤٦"}, "attributes.telephone", "04 71 45 46 46"),
        ("services", {**CAFE, "site_web": "javascript:alert(1)"}, "attributes.site_web", "https://"),
        ("services", {**CAFE, "horaires": "quand je veux"}, "attributes.horaires", "lundi au vendredi"),
        ("services", {**CAFE, "nom": "a\x00b"}, "attributes.nom", "caractère nul"),
        ("services", {**CAFE, "nom": "\ud800"}, "attributes.nom", "abîmé"),
        ("services", {**CAFE, "nom": "x" * 141}, "attributes.nom", "140"),
        ("services", {**CAFE, "comment": "x" * 1_001}, "attributes.comment", "1000 au plus"),
        ("services", {**CAFE, "comment": "x" * 10_000_000}, "attributes.comment", "au plus"),
        ("services", {**CAFE, "frais_a_charge": ["Gratuit", "Gratuit"]}, "attributes.frais_a_charge", "deux fois"),
        ("services", {**CAFE, "frais_a_charge": ["Cher"]}, "attributes.frais_a_charge.0", ""),
        ("services", {**CAFE, "frais_a_charge": ["Gratuit"] * 4}, "attributes.frais_a_charge", "3 réponses au plus"),
        ("services", {**CAFE, "pivot": "35600000000048"}, "attributes.pivot", "complété par la mairie"),
        (
            "services",
            {**CAFE, "tournee": [{"jour": "lundi", "debut": "9h", "fin": "8h30"}]},
            "attributes.tournee.0.fin",
            "après le début",
        ),
        ("services", {**CAFE, "tournee": [{"debut": "9h", "fin": "10h"}]}, "attributes.tournee.0.jour", "jour"),
        ("services", {**CAFE, "tournee": [["lundi"]]}, "attributes.tournee.0", "objet"),
        ("batiments-publics", {"kind": "mairie", "nom": "Mairie", "entree_marches": 1.5}, "attributes.entree_marches", "0 à 100"),
        ("services", ["kind"], "attributes", "objet JSON"),
        ("services", {f"k{n}": 1 for n in range(10_000)}, "attributes", "10000 champs reçus : 60 au plus"),
        ("services", {**CAFE, "a\x00\ud800b": 1}, "attributes.ab", "n'a pas de champ « ab »"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_remedy(slug: str, raw: object, path: str, word: str) -> None:
    errors = refusal(slug, raw)
    assert path in errors
    assert word in errors[path][0]


def test_every_wrong_answer_is_named_at_once() -> None:
    errors = refusal("services", {"kind": "x", "nom": "", "telephone": "1", "autre": 1})
    assert set(errors) == {"attributes.kind", "attributes.nom", "attributes.telephone", "attributes.autre"}


def test_an_empty_answer_is_unknown_and_never_stored() -> None:
    raw = {**CAFE, "comment": " \u200b\n ", "services": [], "telephone": None, "tournee": [{}, {"lieu": ""}]}
    assert clean_attributes(couche("services"), raw) == CAFE


def test_false_and_zero_are_answers() -> None:
    raw = {"kind": "mairie", "nom": "Mairie", "entree_plain_pied": False, "entree_marches": 0}
    assert clean_attributes(couche("batiments-publics"), raw) == raw


def test_french_notations_reach_the_national_ones() -> None:
    raw = {
        **CAFE,
        "telephone": "04 71 45 46 46",
        "horaires": "lundi au vendredi 9h-12h",
        "site_web": "www.cafe.fr",
    }
    assert clean_attributes(couche("services"), raw) == {
        **CAFE,
        "telephone": "+33471454646",
        "horaires": "Mo-Fr 09:00-12:00",
        "site_web": "https://www.cafe.fr",
    }


def test_one_number_has_one_spelling() -> None:
    cleaned = clean_attributes(couche("zones-blanches"), {**DEAD_ZONE, "bars": 2.0})
    assert repr(cleaned["bars"]) == "2"


def test_the_town_hall_completes_what_residents_may_not() -> None:
    raw = {**CAFE, "pivot": "356 000 000 00048"}
    cleaned = clean_attributes(couche("services"), raw, completing=True)
    assert cleaned["pivot"] == "35600000000048"


def test_a_false_siret_is_refused() -> None:
    errors = refusal("services", {**CAFE, "pivot": "35600000000049"}, completing=True)
    assert "SIRET juste" in errors["attributes.pivot"][0]


def test_a_partial_proposal_may_leave_out_what_is_obligatory() -> None:
    assert clean_attributes(couche("services"), {"comment": "Fermé"}, partial=True) == {"comment": "Fermé"}
    assert clean_attributes(couche("services"), None, partial=True) == {}


def test_a_partial_proposal_is_judged_all_the_same() -> None:
    raw = {"tournee": [{"jour": "lundi"}]}
    assert set(refusal("services", raw, partial=True)) == {
        "attributes.tournee.0.debut",
        "attributes.tournee.0.fin",
    }


def test_a_correction_keeps_what_the_town_hall_completed() -> None:
    current = {**CAFE, "pivot": "35600000000048", "adresse": "1 rue", "comment": "ancien"}
    assert carry_over(couche("services"), current, {**CAFE, "adresse": "2 rue"}) == {
        **CAFE,
        "pivot": "35600000000048",
        "adresse": "2 rue",
    }


def test_a_new_schema_is_used_at_once() -> None:
    services = couche("services")
    clean_attributes(services, CAFE)
    services.attribute_schema["required"] = ["kind", "nom", "comment"]
    with pytest.raises(ValidationError, match="Précisions"):
        clean_attributes(services, CAFE)


def test_answers_are_told_in_french() -> None:
    zone = couche("zones-blanches")
    told = dict(
        describe(zone, {**DEAD_ZONE, "since": "2026-03-15", "volte": False, "display": "emergency_only"})
    )
    assert told["Que se passe-t-il, opérateur par opérateur ?"] == "Orange : appels impossible, SMS difficile"
    assert told["Depuis quand ?"] == "15/03/2026"
    assert told["Appels par la 4G ou le wifi activés sur le téléphone ?"] == "non"
    assert title_of(couche("services"), CAFE) == "Café de la Place"
    assert title_of(zone, DEAD_ZONE).startswith("Orange")
    assert title_of(zone, {}) == zone.title


@HYPOTHESIS
@given(data=st.data(), slug=st.sampled_from(SLUGS), completing=st.booleans())
def test_valid_answers_come_back_unchanged_and_can_be_told(data: Any, slug: str, completing: bool) -> None:
    layer = couche(slug)
    attributes = data.draw(attributes_of(layer, completing=completing))
    cleaned = clean_attributes(layer, attributes, completing=completing)
    assert cleaned == attributes
    assert clean_attributes(layer, cleaned, completing=completing) == cleaned
    assert len(describe(layer, cleaned)) == len(cleaned)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@HYPOTHESIS
@given(data=st.data(), slug=st.sampled_from(SLUGS))
def test_anything_else_is_refused_by_name_and_never_by_a_crash(data: Any, slug: str) -> None:
    layer = couche(slug)
    names = st.sampled_from(sorted(layer.attribute_schema["properties"])) | st.text(max_size=5)
    raw = data.draw(json_like | st.dictionaries(names, json_like, max_size=6))
    try:
        clean_attributes(layer, raw)
    except ValidationError as error:
        refused = set(error.message_dict)
    else:
        refused = set()
    assert all(path.split(".")[0] == "attributes" for path in refused)
