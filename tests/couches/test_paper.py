"""The questions of a couche on paper: the public's only, as boxes, lines and tables."""

import pytest

from couches.models import Couche
from couches.paper import PaperQuestion, paper_groups

pytestmark = pytest.mark.django_db


def questions(slug: str) -> dict[str, PaperQuestion]:
    groups = paper_groups(Couche.objects.get(slug=slug))
    return {question.name: question for group in groups for question in group.questions}


def test_a_dead_zone_is_a_table_of_the_four_operators_by_three_services() -> None:
    table = questions("zones-blanches")["operators"]
    assert table.rows == ["Orange", "SFR", "Free", "Bouygues Telecom", ""]
    assert [column.title for column in table.columns] == ["Appels", "SMS", "Internet"]
    assert all(column.boxes == ["Impossible", "Difficile", "Ça marche"] for column in table.columns)


def test_paper_asks_less_than_the_screen() -> None:
    assert list(questions("zones-blanches")) == ["operators", "place", "frequency", "since", "comment"]


def test_a_week_of_stops_is_a_table_to_write_in() -> None:
    table = questions("services")["tournee"]
    assert table.rows == ["", "", ""] and not any(column.boxes for column in table.columns)


@pytest.mark.parametrize("slug", ["services", "batiments-publics", "zones-blanches"])
def test_what_the_town_hall_completes_is_asked_to_nobody(slug: str) -> None:
    schema = Couche.objects.get(slug=slug).attribute_schema
    completed = {name for name, part in schema["properties"].items() if part.get("x-complete")}
    asked = questions(slug)
    assert asked and not completed & set(asked)
    assert set(schema["required"]) <= set(asked)


def test_yes_and_no_are_boxes_and_a_phone_number_is_a_line() -> None:
    assert questions("batiments-publics")["entree_plain_pied"].boxes == ["Oui", "Non"]
    phone = questions("services")["telephone"]
    assert (phone.boxes, phone.lines, phone.short) == ([], 1, True)


def test_a_couche_nobody_has_thought_of_yet_has_its_sheet() -> None:
    """Only JSON Schema, none of the paper's hints: each kind of question finds a shape."""
    couche = Couche(
        slug="fontaines",
        title="Fontaines",
        attribute_schema={
            "type": "object",
            "x-groups": [{"id": "g", "title": "Groupe"}, {"id": "vide", "title": "Vide"}],
            "properties": {
                "taps": {"title": "Robinets", "type": "integer", "minimum": 0, "maximum": 3, "x-group": "g"},
                "flow": {"title": "Débit", "type": "number", "x-group": "g"},
                "name": {"title": "Nom", "type": "string", "maxLength": 80, "x-group": "g"},
                "uses": {
                    "title": "Usages",
                    "type": "array",
                    "maxItems": 2,
                    "items": {"type": "string", "enum": ["b"], "x-labels": {"b": "Boire"}},
                    "x-group": "g",
                },
            },
        },
    )
    (group,) = paper_groups(couche)
    found = {one.name: (one.boxes, one.several, one.lines, one.short) for one in group.questions}
    assert found == {
        "taps": (["0", "1", "2", "3"], False, 0, True),
        "flow": ([], False, 1, True),
        "name": ([], False, 1, False),
        "uses": (["Boire"], True, 0, False),
    }
