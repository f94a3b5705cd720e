"""What a choice says otherwise than the couche: counted by the trial, told once, read so afterwards."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from comptes.models import User
from contributions import forms_imports
from contributions.forms_imports import CODE, NO_ANSWER, MappingForm
from contributions.imports import choices, desk
from contributions.imports.choices import Choice, choices_of, likeliest
from contributions.imports.mapping import fields_of
from contributions.models import Contribution, Import
from couches.columns import Column
from couches.models import Couche, FeatureVersion
from territoires.models import Commune
from tests.exports.factories import change, release
from tests.imports.conftest import ACCESS, GOOD, HEAD, Send, csv_of, geojson_of, run, told, tried, worked
from tests.security.browsing import client_of

pytestmark = pytest.mark.django_db

BARS = [f"Bar {rank};Bar-tabac;;2,44;44,9{rank}" for rank in range(3)]
SHOP = "Épicerie;Magasin;;2,44;44,935"


def column(couche: Couche, name: str) -> Column:
    return next(one for one in fields_of(couche) if one.name == name)


def test_the_trial_counts_what_it_did_not_recognise(send: Send) -> None:
    row = tried(send(csv_of(*GOOD, *BARS, SHOP)))
    assert row.unknown == {"kind": {"Bar-tabac": 3, "Magasin": 1}}
    assert (row.counts["create"], row.counts["refused"]) == (2, 4)


def test_what_a_person_says_is_read_so_by_the_next_trial_and_the_run(send: Send) -> None:
    row = tried(send(csv_of(*GOOD, *BARS, SHOP)))
    desk.describe(row, {**row.mapping, "values": {"kind": {"Bar-tabac": "cafe"}}})
    assert tried(row).unknown == {"kind": {"Magasin": 1}} and row.counts["refused"] == 1
    desk.ask_run(row)
    worked(row)
    kinds = Contribution.objects.filter(attributes__nom__startswith="Bar").values_list("attributes__kind")
    assert [kind for (kind,) in kinds] == ["cafe"] * 3


def test_one_way_of_writing_stands_for_its_capitals(send: Send) -> None:
    row = tried(send(csv_of("Bar A;BAR-TABAC;;2,44;44,93", "Bar B; bar-Tabac ;;2,44;44,94")))
    assert row.unknown == {"kind": {"BAR-TABAC": 2}}
    row = send(csv_of("Bar A;BAR-TABAC;;2,44;44,93", "Bar B; bar-Tabac ;;2,44;44,94"))
    desk.describe(row, {**row.mapping, "values": {"kind": {"Bar-tabac": "cafe"}}})
    assert tried(row).counts["create"] == 2


def test_a_text_may_stand_for_no_answer(send: Send) -> None:
    row = tried(send(csv_of("Bar A;cafe;néant;2,44;44,93", f"Bar B;cafe;{ACCESS}|néant;2,44;44,94")))
    assert row.unknown == {"services": {"néant": 2}}
    desk.describe(row, {**row.mapping, "values": {"services": {"néant": ""}}})
    run(row)
    found = {one.attributes["nom"]: one.attributes.get("services") for one in Contribution.objects.all()}
    assert found == {"Bar A": None, "Bar B": [ACCESS]}


def test_no_answer_leaves_that_of_the_object_it_corrects(
    send: Send, services: Couche, aurillac: Commune
) -> None:
    release(change(attributes={"nom": "Café", "kind": "cafe", "services": [ACCESS]}), couche=services)
    published = FeatureVersion.objects.get(attributes__nom="Café")
    line = f"{published.feature_id};Café;cafe;néant;{published.geom.x};{published.geom.y}"
    row = send(csv_of(line, head="id;nom;kind;services;longitude;latitude"))
    desk.describe(row, {**row.mapping, "values": {"services": {"néant": ""}}})
    assert tried(row).counts["same"] == 1, "nothing is taken away"


def test_what_was_left_aside_enters_later_and_the_rest_is_not_doubled(send: Send) -> None:
    row = run(send(csv_of(*GOOD, *BARS)))
    assert row.state == "done" and row.unknown == {"kind": {"Bar-tabac": 3}}
    desk.describe(row, {**row.mapping, "values": {"kind": {"Bar-tabac": "cafe"}}})
    again = run(row)
    assert (again.counts["create"], again.counts["known"], again.counts["refused"]) == (3, 2, 0)
    assert Contribution.objects.count() == 5


def test_numbers_of_a_geopackage_may_be_codes_of_a_choice(send: Send) -> None:
    """The types of a national file: 1, 2, 3, as integers."""
    row = tried(send(geojson_of({"lon": 2.44, "lat": 44.93, "nom": "Bar A", "kind": 7}), "l.geojson"))
    assert row.unknown == {"kind": {"7": 1}}
    desk.describe(row, {**row.mapping, "values": {"kind": {"7": "cafe"}}})
    assert tried(row).counts["create"] == 1


def test_yes_and_no_are_said_in_other_words(send: Send) -> None:
    zones = Couche.objects.get(slug="zones-blanches")
    truth = column(zones, "volte")
    read = Choice(truth, {"présent": "true", "x": "false"})
    texts = ["Oui", "NON", "Présent", "X", "peut-être"]
    assert [read.read(text) for text in texts] == ["true", "false", "true", "false", "peut-être"]
    assert read.unknown() == {"peut-être": 1}
    line = "none;none;none;présent;2,44;44,93"
    row = send(
        csv_of(line, head="orange_calls;orange_sms;orange_data;volte;longitude;latitude"), couche=zones
    )
    assert tried(row).unknown == {"volte": {"présent": 1}}
    desk.describe(row, {**row.mapping, "values": {"volte": {"présent": "true"}}})
    assert run(row).counts["create"] == 1, told(row)
    assert Contribution.objects.get().attributes["volte"] is True
    assert Choice(truth, {"présent": ""}).read("présent") is None, "neither yes nor no"


def test_a_text_is_asked_once_for_all_fields_of_the_same_choices(send: Send, mayor: User) -> None:
    zones = Couche.objects.get(slug="zones-blanches")
    head = "orange_calls;orange_sms;orange_data;place;longitude;latitude"
    row = tried(send(csv_of("Nul;Nul;none;Nul;2,44;44,93", head=head), couche=zones))
    assert row.unknown == {"orange_calls": {"Nul": 1}, "orange_sms": {"Nul": 1}, "place": {"Nul": 1}}
    asked = {text.fields: text for text in MappingForm(row=row).texts}
    assert {fields: text.times for fields, text in asked.items()} == {
        ("orange_calls", "orange_sms"): 2,
        ("place",): 1,
    }
    sent = posted(row) | {
        asked["orange_calls", "orange_sms"].name: f"{CODE}none",
        asked[("place",)].name: NO_ANSWER,
    }
    assert client_of(mayor).post(f"/importer/{row.pk}/", sent).status_code == 302
    worked(row)
    assert row.unknown == {} and row.counts["create"] == 1
    assert [one["title"] for one in MappingForm(row=row).groups] == [
        "Orange : Appels · Orange : SMS",
        "Où étiez-vous ?",
    ]
    nul = {"Nul": "none"}
    assert row.mapping["values"] == {"orange_calls": nul, "orange_sms": nul, "place": {"Nul": ""}}


def test_only_closed_choices_are_asked_about(send: Send) -> None:
    row = tried(send(csv_of("Un nom libre;cafe;;2,44;44,93")))
    assert row.unknown == {} and MappingForm(row=row).groups == []


def test_a_column_beside_the_wrong_field_does_not_fill_the_page(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices, "MAX_TEXTS", 5)
    lines = [f"Bar {rank};sorte {rank};;2,44;44,93" for rank in range(20)]
    row = tried(send(csv_of(*lines, "Long;" + "x" * 90 + ";;2,44;44,93", "Vide;a\tb;;2,44;44,93")))
    assert list(row.unknown["kind"].values()) == [1] * 5 and row.counts["refused"] == 22


@pytest.mark.parametrize(
    ("text", "code"),
    [("CAFE", "cafe"), ("Cafés", "cafe"), ("un dragon des montagnes", ""), ("", ""), ("!!!", "")],
)
def test_the_likeliest_choice_is_proposed(services: Couche, text: str, code: str) -> None:
    assert likeliest(text, choices_of(column(services, "kind"))) == code


def test_no_choice_is_proposed_between_two_as_likely() -> None:
    assert likeliest("4 G", {"4g": "4G", "4g+": "4G+"}) == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("cafe", "values"),
        ([], "values"),
        ({"kind": "cafe"}, "values.kind"),
        ({"kind": {"Bar": "dragon"}}, "values.kind"),
        ({"kind": {"Bar": None}}, "values.kind"),
        ({"kind": {"Bar": ["cafe"]}}, "values.kind"),
        ({"kind": {"": "cafe"}}, "values.kind"),
        ({"kind": {"a\0b": "cafe"}}, "values.kind"),
        ({"kind": {"x" * 81: "cafe"}}, "values.kind"),
        ({"kind": {f"t{rank}": "cafe" for rank in range(1001)}}, "values.kind"),
        ({"nom": {"Bar": "cafe"}}, "values.nom"),
        ({"absent": {"Bar": "cafe"}}, "values.absent"),
    ],
)
def test_what_is_no_choice_is_refused_by_name(send: Send, given: Any, field: str) -> None:
    row = send(csv_of(*GOOD))
    with pytest.raises(ValidationError) as refused:
        desk.describe(row, {**row.mapping, "values": given})
    assert list(refused.value.message_dict) == [field]


def test_what_is_said_of_a_field_without_column_is_forgotten(send: Send) -> None:
    row = send(csv_of(*GOOD))
    fields = {name: source for name, source in row.mapping["fields"].items() if name != "services"}
    desk.describe(row, {**row.mapping, "fields": fields, "values": {"services": {"néant": ""}}})
    assert row.mapping["values"] == {}


def posted(row: Import, **answers: str) -> dict[str, str]:
    """Return the form of an import as a browser sends it, some questions answered by their text."""
    form = MappingForm(row=row)
    sent = {name: str(form.get_initial_for_field(field, name) or "") for name, field in form.fields.items()}
    names = {text.text: text.name for text in form.texts}
    return sent | {names[text]: value for text, value in answers.items()}


def test_the_page_asks_the_most_frequent_first_and_keeps_the_answers(send: Send, mayor: User) -> None:
    row = tried(send(csv_of(SHOP, *BARS, "Bar C;Cafés;;2,44;44,93", "Bar D;rien;;2,44;44,93")))
    form = MappingForm(row=row)
    assert form.texts[0].text == "Bar-tabac"
    assert posted(row)[next(text.name for text in form.texts if text.text == "Cafés")] == f"{CODE}cafe"
    answers = {"Bar-tabac": f"{CODE}cafe", "Magasin": "", "rien": NO_ANSWER}
    response = client_of(mayor).post(f"/importer/{row.pk}/", posted(row, **answers))
    assert response.status_code == 302
    worked(row)
    assert row.mapping["values"] == {"kind": {"Bar-tabac": "cafe", "Cafés": "cafe", "rien": ""}}
    assert row.unknown == {"kind": {"Magasin": 1}}
    asked = {text.text: (text.times, posted(row)[text.name]) for text in MappingForm(row=row).texts}
    assert asked == {
        "Magasin": (1, ""),
        "Bar-tabac": (0, f"{CODE}cafe"),
        "Cafés": (0, f"{CODE}cafe"),
        "rien": (0, NO_ANSWER),
    }


def test_a_page_asks_what_a_browser_may_send_and_forgets_no_answer(
    send: Send, mayor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms_imports, "MAX_ASKED", 2)
    lines = [f"Bar {rank};sorte {rank // 2};;2,44;44,9{rank}" for rank in range(8)]
    row = send(csv_of(*lines))
    desk.describe(row, {**row.mapping, "values": {"kind": {"sorte 3": "cafe"}}})
    tried(row)
    client, page = client_of(mayor), f"/importer/{row.pk}/"
    assert "1 autre valeur, moins fréquente" in client.get(page).content.decode()
    assert [text.text for text in MappingForm(row=row).texts] == ["sorte 0", "sorte 1"]
    answers = {"sorte 0": f"{CODE}cafe", "sorte 1": f"{CODE}cafe"}
    assert client.post(page, posted(row, **answers)).status_code == 302
    worked(row)
    assert row.mapping["values"]["kind"] == {f"sorte {rank}": "cafe" for rank in (3, 0, 1)}
    assert row.unknown == {"kind": {"sorte 2": 2}} and row.counts["create"] == 6


def test_the_questions_of_a_page_are_fewer_than_a_form_may_have(settings: Any) -> None:
    most = forms_imports.MAX_ASKED + desk.MAX_COLUMNS + 10
    assert most < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_a_forged_choice_is_told_on_its_question(send: Send, mayor: User) -> None:
    row = tried(send(csv_of(*BARS)))
    response = client_of(mayor).post(f"/importer/{row.pk}/", posted(row, **{"Bar-tabac": f"{CODE}dragon"}))
    assert response.status_code == 422 and "Bar-tabac" in response.content.decode()
    row.refresh_from_db()
    assert row.state == "checked" and not row.mapping["values"]


def test_programs_read_and_answer_the_same(send: Send, mayor: User) -> None:
    row = tried(send(csv_of(*BARS, head=HEAD)))
    client = client_of(mayor)
    path = f"/api/v1/imports/{row.pk}/"
    assert client.get(path).json()["unknown"] == {"kind": {"Bar-tabac": 3}}
    values = {"values": {"kind": {"Bar-tabac": "cafe"}}}
    kept = client.patch(path, values, content_type="application/json").json()
    assert kept["mapping"]["values"] == values["values"] and kept["unknown"] == {}
    refused = client.patch(path, {"values": {"kind": {"Bar": "z"}}}, content_type="application/json")
    assert refused.status_code == 422 and "values.kind" in refused.json()["errors"]
    assert told(tried(row)) == []
