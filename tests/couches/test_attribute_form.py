"""The form of a couche: what is shown, sent and judged without scripts."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from couches.forms import AttributeForm, attribute_form
from couches.models import Couche
from couches.schemas import clean_attributes
from tests.couches.strategies import attributes_of

pytestmark = pytest.mark.django_db
SLUGS = ["services", "zones-blanches", "batiments-publics"]


def couche(slug: str) -> Couche:
    return Couche.objects.get(slug=slug)


class Browser(HTMLParser):
    """Fills nothing, sends what the page shows: the successful controls of HTML forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sent = QueryDict(mutable=True)
        self.labels: set[str] = set()
        self.controls: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self._select = self._textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "label" and given.get("for"):
            self.labels.add(given["for"] or "")
        name = given.get("name") or ""
        if tag in ("input", "select", "textarea"):
            self.controls.append(given.get("id") or "")
        if tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.sent.appendlist(name, given.get("value") or "")
        if tag == "select":
            self._select = name
        if tag == "option" and "selected" in given:
            self.sent.appendlist(self._select, given.get("value") or "")
        if tag == "textarea":
            self._textarea, self.text = name, ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # HTML drops one line break at the start of a textarea.
            self.sent.appendlist(self._textarea, self.text.removeprefix("\n"))


def posted(slug: str, sent: dict[str, Any], **options: Any) -> AttributeForm:
    data = QueryDict(mutable=True)
    for name, value in sent.items():
        data.setlist(f"a-{name}", value if isinstance(value, list) else [value])
    return attribute_form(couche(slug), data, **options)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), slug=st.sampled_from(SLUGS), completing=st.booleans())
def test_what_is_stored_is_shown_and_what_is_shown_is_stored(data: Any, slug: str, completing: bool) -> None:
    layer = couche(slug)
    attributes = data.draw(attributes_of(layer, completing=completing))
    page = Browser(str(attribute_form(layer, initial=attributes, completing=completing)))
    form = attribute_form(layer, page.sent, completing=completing)
    assert form.is_valid(), form.errors
    assert form.to_attributes() == attributes


@pytest.mark.parametrize("slug", SLUGS)
def test_an_untouched_form_says_nothing(slug: str) -> None:
    form = attribute_form(couche(slug), Browser(str(attribute_form(couche(slug)))).sent)
    assert not form.is_valid()
    assert form.to_attributes() == {}


@pytest.mark.parametrize("slug", SLUGS)
def test_each_control_has_its_label_and_each_id_is_unique(slug: str) -> None:
    page = Browser(str(attribute_form(couche(slug), completing=True)))
    assert len(page.ids) == len(set(page.ids))
    assert set(page.controls) <= page.labels
    assert all(page.controls)


def test_each_metropolitan_operator_is_a_named_toggle() -> None:
    page = str(attribute_form(couche("zones-blanches")))
    for name in ("Orange", "SFR", "Free", "Bouygues Telecom"):
        assert f"<summary>{name}</summary>" in page
        assert f">{name}</legend>" in page
    assert " open>" not in page


def test_the_toggle_of_an_answered_operator_stays_open() -> None:
    page = str(posted("zones-blanches", {"operators-20815-calls": "none"}))
    assert page.count(" open>") == 1
    assert re.search(r'<details class="replie" open>\s*<summary>Free</summary>', page)


def test_an_overseas_operator_is_answered_in_the_folded_lines() -> None:
    form = posted("zones-blanches", {"operators-n1-operator": "64710", "operators-n1-data": "poor"})
    assert form.is_valid(), form.errors
    assert form.to_attributes() == {"operators": [{"operator": "64710", "data": "poor"}]}
    assert '<details class="replie" open>' in str(form)


def test_two_answers_on_one_operator_are_told_at_the_second() -> None:
    form = posted(
        "zones-blanches",
        {"operators-20801-calls": "none", "operators-n2-operator": "20801", "operators-n2-calls": "ok"},
    )
    assert not form.is_valid()
    assert "deux fois" in form.errors["operators-n2-operator"][0]


def test_what_is_missing_is_told_where_it_is_asked() -> None:
    form = posted("zones-blanches", {"display": "4g"})
    assert not form.is_valid()
    assert form.question_errors == {"operators": ["Répondez pour au moins un opérateur."]}
    assert str(form).count("Répondez pour au moins un opérateur.") == 1


def test_errors_and_answers_come_back_on_the_form() -> None:
    sent = {"kind": "cafe", "nom": "<b>Café</b>", "telephone": "12", "frais_a_charge": ["Gratuit"]}
    sent |= {"tournee-n2-jour": "mardi", "tournee-n2-debut": "10:00", "tournee-n2-fin": "09:00"}
    form = posted("services", sent)
    assert not form.is_valid()
    assert set(form.errors) == {"telephone", "tournee-n2-fin"}
    page = str(form)
    assert "&lt;b&gt;Café&lt;/b&gt;" in page
    assert "<b>Café" not in page
    assert Browser(page).sent.getlist("a-frais_a_charge") == ["Gratuit"]


def test_a_number_that_is_none_is_refused_in_french() -> None:
    form = posted("batiments-publics", {"kind": "mairie", "nom": "Mairie", "entree_marches": "deux"})
    assert form.errors["entree_marches"] == ["Écrivez un nombre de marches de 0 à 100."]


@pytest.mark.parametrize(("chosen", "stored"), [("yes", True), ("no", False), ("", None)])
def test_not_knowing_is_not_no(chosen: str, stored: bool | None) -> None:
    form = posted("batiments-publics", {"kind": "mairie", "nom": "Mairie", "entree_plain_pied": chosen})
    assert form.is_valid(), form.errors
    assert form.to_attributes().get("entree_plain_pied") is stored


def test_residents_are_not_asked_what_the_town_hall_completes() -> None:
    assert "a-COLL_SIRET" not in str(attribute_form(couche("batiments-publics")))
    assert "a-COLL_SIRET" in str(attribute_form(couche("batiments-publics"), completing=True))


def test_what_is_not_asked_is_not_read() -> None:
    form = posted("services", {"kind": "cafe", "nom": "Café", "pivot": "35600000000048"})
    assert form.is_valid(), form.errors
    assert form.to_attributes() == {"kind": "cafe", "nom": "Café"}


def test_a_partial_form_obliges_to_nothing() -> None:
    form = attribute_form(couche("services"), QueryDict(), partial=True)
    assert form.is_valid()
    assert form.to_attributes() == {}
    assert "(obligatoire)" not in str(attribute_form(couche("services"), partial=True))
    assert "(obligatoire)" in str(attribute_form(couche("services")))


def test_a_sent_form_cannot_ask_for_endless_lines() -> None:
    layer = couche("services")
    sent = {"kind": "cafe", "nom": "Café", "tournee-n999-jour": "lundi"}
    form = posted("services", sent)
    assert form.is_valid(), form.errors
    rows = form.questions["tournee"].rows
    assert len(rows) == layer.attribute_schema["properties"]["tournee"]["maxItems"]


def test_a_choice_that_does_not_exist_is_refused_like_at_the_other_door() -> None:
    form = posted("services", {"kind": "casino", "nom": "Café"})
    with pytest.raises(ValidationError) as caught:
        clean_attributes(couche("services"), {"kind": "casino", "nom": "Café"})
    assert form.errors["kind"] == caught.value.message_dict["attributes.kind"]


def test_a_help_text_is_data_and_never_markup() -> None:
    layer = couche("services")
    layer.attribute_schema["properties"]["nom"]["description"] = "<script>alert(1)</script>"
    assert "<script>" not in str(attribute_form(layer))
