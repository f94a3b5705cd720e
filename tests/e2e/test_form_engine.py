"""The couche's form drawn in the browser: on a phone, by keyboard, for all."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.engine import NOTHING, SIDEWAYS, SLUGS, SMALL_TARGETS, Engine


@pytest.mark.parametrize("slug", SLUGS)
def test_each_question_is_large_readable_and_accessible(
    engine: Engine, slug: str, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    page = engine.page
    for name in engine.open(slug):
        page.set_viewport_size({"width": 360, "height": 800})
        engine.draw(name, remembered=["20801"])
        assert page.evaluate(SMALL_TARGETS) == [], name
        capture(page, f"question-{slug}-{name}")
        accessible(page)
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(SIDEWAYS) <= 0, name
        page.evaluate("document.documentElement.style.fontSize = ''")


@pytest.mark.parametrize("slug", SLUGS)
def test_the_desk_has_all_questions_on_one_page(
    engine: Engine,
    width: int,
    slug: str,
    accessible: Callable[[Page], None],
    capture: Callable[[Page, str], None],
) -> None:
    names = engine.open(slug)
    engine.draw_all({})
    capture(engine.page, f"bureau-{slug}")
    accessible(engine.page)
    assert engine.read() == {}
    assert engine.page.locator("main > div > .groupe").count() >= 2
    assert engine.page.locator("main > div > .groupe > .champ").count() == len(names)


def test_what_is_drawn_is_read_back_unchanged(engine: Engine) -> None:
    values = {
        "operators": [NOTHING, {"operator": "34020", "data": "poor"}],
        "display": "2g",
        "bars": 0,
        "since": "2026-03",
        "volte": False,
        "comment": "Derrière l'église\nle soir",
    }
    engine.open("zones-blanches")
    engine.draw_all(values)
    assert engine.read() == values
    for name, value in values.items():
        engine.draw(name, value)
        assert engine.read() == value


def test_a_remembered_operator_with_no_network_is_one_tap(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("operators", remembered=["20801"])
    assert engine.read() is None
    nothing = engine.page.get_by_role("button", name="Rien ne passe")
    nothing.click()
    assert engine.read() == [NOTHING]
    assert engine.page.evaluate("[enough, heard.length]") == [1, 1]
    expect(nothing).to_have_attribute("aria-pressed", "true")
    nothing.click()
    assert engine.read() is None


def test_an_operator_named_for_the_first_time_is_two_taps(
    engine: Engine, capture: Callable[[Page, str], None], accessible: Callable[[Page], None]
) -> None:
    engine.open("zones-blanches")
    engine.draw("operators")
    engine.page.get_by_role("checkbox", name="Orange").click()
    engine.page.get_by_role("button", name="Rien ne passe").click()
    assert engine.read() == [NOTHING]
    capture(engine.page, "operateur-rien-ne-passe")
    accessible(engine.page)
    engine.page.get_by_role("checkbox", name="Orange").click()
    assert engine.read() is None


def test_a_second_tap_on_nothing_gives_the_former_answers_back(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("operators", [{"operator": "20801", "calls": "poor"}])
    nothing = engine.page.get_by_role("button", name="Rien ne passe")
    nothing.click()
    nothing.click()
    assert engine.read() == [{"operator": "20801", "calls": "poor"}]


def test_two_operators_are_told_apart(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("operators", remembered=["20801", "20815", "99999"])
    free = engine.page.get_by_role("group", name="Free")
    free.get_by_role("radiogroup", name="SMS").get_by_label("Difficile").click()
    assert engine.read() == [{"operator": "20815", "sms": "poor"}]
    assert engine.page.evaluate("enough") == 0


def test_an_overseas_operator_remembered_has_its_own_toggle(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("operators", remembered=["34020"])
    expect(engine.page.get_by_role("checkbox", name="Digicel")).to_be_checked()
    engine.page.get_by_role("button", name="Rien ne passe").click()
    assert engine.read() == [{**NOTHING, "operator": "34020"}]


def test_another_operator_is_chosen_in_a_list_without_the_four(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("operators")
    engine.page.get_by_role("button", name="Autre opérateur").click()
    menu = engine.page.get_by_label("Opérateur", exact=True)
    expect(menu).to_be_focused()
    assert "Orange" not in menu.locator("option").all_inner_texts()
    menu.select_option("Dauphin Telecom")
    engine.refuse({"operators": engine.read()})
    expect(engine.page.get_by_role("group", name="Autre opérateur 1")).to_contain_text(
        "Dites au moins une chose"
    )
    engine.page.get_by_role("button", name="Rien ne passe").click()
    assert engine.read() == [{**NOTHING, "operator": "34008"}]


def test_the_keyboard_alone_reports_a_dead_zone(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("operators")
    keyboard = engine.page.keyboard
    engine.page.locator("main").focus()
    keyboard.press("Tab")
    assert engine.focused() == "Orange"
    keyboard.press("Space")
    for _ in range(4):
        keyboard.press("Tab")
    assert engine.focused() == "Rien ne passe"
    keyboard.press("Enter")
    assert engine.read() == [NOTHING]
    keyboard.press("Tab")
    keyboard.press("ArrowRight")
    assert engine.read() == [{**NOTHING, "calls": "poor"}]


def test_an_optional_answer_is_released_by_a_second_tap_or_by_space(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("place")
    outside = engine.page.get_by_label("Dehors")
    outside.click()
    assert engine.read() == "outdoors"
    outside.click()
    assert engine.read() is None
    outside.focus()
    engine.page.keyboard.press("Space")
    assert engine.read() == "outdoors"
    engine.page.keyboard.press("Space")
    assert engine.read() is None
    engine.page.keyboard.press("Space")
    engine.page.keyboard.press("ArrowDown")
    assert engine.read() == "indoors"
    assert engine.page.evaluate("heard") == ["outdoors", None, "outdoors", None, "outdoors", "indoors"]


def test_an_obligatory_answer_is_not_released(engine: Engine) -> None:
    engine.open("services")
    engine.draw("kind")
    cafe = engine.page.get_by_label("Café de village")
    cafe.click()
    cafe.click()
    engine.page.keyboard.press("Space")
    assert engine.read() == "cafe"


def test_a_long_list_is_filtered_without_accents_and_keeps_the_answer(
    engine: Engine, capture: Callable[[Page, str], None]
) -> None:
    engine.open("services")
    engine.draw("kind", "cafe")
    engine.page.get_by_label("Chercher dans la liste").fill("mediatheque")
    capture(engine.page, "liste-filtree")
    assert (
        engine.page.get_by_role("radio").evaluate_all(
            "all => all.filter((one) => one.checkVisibility()).length"
        )
        == 2
    )
    expect(engine.page.get_by_role("status")).to_have_text("2 choix dans la liste.")
    assert engine.read() == "cafe"
    engine.page.keyboard.press("Tab")
    engine.page.get_by_label("Bibliothèque, médiathèque").click()
    assert engine.read() == "mediatheque"


def test_yes_no_and_i_do_not_know(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("volte")
    for label, value in [("Non", False), ("Oui", True), ("Je ne sais pas", None)]:
        engine.page.get_by_label(label, exact=True).click()
        assert engine.read() is value
    assert engine.page.evaluate("enough") == 3


def test_bars_are_buttons_and_a_width_is_typed(engine: Engine) -> None:
    engine.open("zones-blanches")
    engine.draw("bars")
    engine.page.get_by_label("0", exact=True).click()
    assert engine.read() == 0
    engine.draw("bars", 3)
    assert engine.read() == 3
    engine.open("batiments-publics")
    engine.draw("entree_largeur_mini")
    field = engine.page.get_by_role("textbox")
    expect(field).to_have_attribute("inputmode", "numeric")
    field.fill(" 85 ")
    assert engine.read() == 85
    field.fill("large")
    assert engine.read() == "large"


def test_an_error_is_tied_to_its_field_and_goes_with_the_answer(
    engine: Engine, accessible: Callable[[Page], None], capture: Callable[[Page, str], None]
) -> None:
    engine.open("batiments-publics")
    engine.draw("entree_marches", "cent")
    engine.refuse({"entree_marches": "cent"})
    field = engine.page.get_by_role("textbox")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(
        "0 s'il n'y en a pas ; laissez vide si vous ne savez pas. Écrivez un nombre de marches de 0 à 100."
    )
    capture(engine.page, "question-erreur")
    accessible(engine.page)
    field.fill("3")
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(engine.page.locator(".erreur:visible")).to_have_count(0)


def test_the_error_of_a_line_is_said_in_that_line(engine: Engine, accessible: Callable[[Page], None]) -> None:
    engine.open("services")
    stops = [
        {"jour": "lundi", "debut": "09:00", "fin": "10:00"},
        {"jour": "mardi", "debut": "11:00", "fin": "10:00"},
    ]
    engine.draw("tournee", stops)
    engine.refuse({"kind": "cafe", "nom": "Bus", "tournee": engine.read()})
    second = engine.page.get_by_role("group", name="Arrêt 2")
    expect(second).to_contain_text("La fin doit venir après le début.")
    expect(second.get_by_label("à", exact=True)).to_be_focused()
    expect(engine.page.locator(".erreur:visible")).to_have_count(1)
    accessible(engine.page)


def test_stops_are_added_and_removed(engine: Engine, capture: Callable[[Page, str], None]) -> None:
    engine.open("services")
    engine.draw("tournee")
    assert engine.read() is None
    page = engine.page
    page.get_by_label("Jour").select_option("Lundi")
    page.get_by_label("De", exact=True).fill("09:30")
    page.get_by_label("à", exact=True).fill("11:00")
    page.get_by_role("button", name="Ajouter : arrêt").click()
    second = page.get_by_role("group", name="Arrêt 2")
    expect(second.get_by_label("Jour")).to_be_focused()
    second.get_by_label("Jour").select_option("Jeudi")
    capture(page, "arrets")
    page.get_by_role("button", name="Retirer : arrêt 1").click()
    expect(page.get_by_role("button", name="Ajouter : arrêt")).to_be_focused()
    assert page.get_by_role("group", name="Arrêt 1").count() == 1
    assert engine.read() == [{"jour": "jeudi"}]


def test_pressed_and_ticked_are_seen_in_forced_colours(
    engine: Engine, capture: Callable[[Page, str], None]
) -> None:
    engine.open("zones-blanches")
    engine.page.emulate_media(forced_colors="active")
    engine.draw("operators", [NOTHING])
    capture(engine.page, "couleurs-forcees")
    button = engine.page.get_by_role("button", name="Rien ne passe")
    assert button.evaluate("(one) => getComputedStyle(one).borderTopWidth") == "4px"


# Photos
