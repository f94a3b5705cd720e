"""The couche's form drawn in the browser, and photos made small there: on a phone, by keyboard, for all."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import HashedLiveServer

CATALOGUE = Path(__file__).resolve().parents[2] / "couches" / "catalogue"
SLUGS = ["zones-blanches", "services", "batiments-publics"]
NOTHING = {"operator": "20801", "calls": "none", "sms": "none", "data": "none"}

OPEN = """async ([form, schema, couche]) => {
    Object.assign(window, await import(form), await import(schema), { couche, heard: [], enough: 0 });
    window.asked = window.questionsOf(couche);
    const main = document.querySelector("main");
    window.put = (drawn) => {
        window.drawn = drawn;
        const title = document.createElement("h1");
        title.textContent = couche.title;
        main.replaceChildren(title, drawn.element);
    };
    window.draw = (name, value, options = {}) => window.put(window.drawQuestion(
        window.asked.find((one) => one.name === name), value,
        { onChange: (said) => window.heard.push(said), onEnough: () => window.enough++, ...options }));
}"""
SMALL_TARGETS = """() => [...document.querySelectorAll("main :is(label:has(input), button, select, textarea, input)")]
    .filter((one) => one.checkVisibility() && !one.matches("[type=radio], [type=checkbox]"))
    .map((one) => [one.textContent.trim(), one.getBoundingClientRect().height, one.getBoundingClientRect().width])
    .filter(([, height, width]) => height < 44 || width < 44)"""
# The page's header is no concern of ours: the widest thing of the question itself.
SIDEWAYS = """() => Math.max(...[...document.querySelectorAll("main, main *")]
    .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().right)) - innerWidth"""


class Engine:
    """A page where any question can be drawn, and what it would send."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, slug: str) -> list[str]:
        """Load the modules for a couche; return the names of its questions."""
        file = json.loads((CATALOGUE / f"{slug}.json").read_text(encoding="utf-8"))
        couche = {"slug": slug, "title": file["title"], "schema": file["attribute_schema"]}
        modules = [staticfiles_storage.url(f"js/signaler/{name}.js") for name in ("form", "schema")]
        self.page.goto(f"{self.url}/aide/")
        self.page.evaluate(OPEN, [*modules, couche])
        names: list[str] = self.page.evaluate("asked.map(({ name }) => name)")
        return names

    def draw(self, name: str, value: Any = None, **options: Any) -> None:
        """Draw one question."""
        self.page.evaluate(
            "([name, value, options]) => draw(name, value ?? undefined, options)", [name, value, options]
        )

    def draw_all(self, values: dict[str, Any]) -> None:
        """Draw them all, as at the desk."""
        self.page.evaluate("(values) => put(drawAll(asked, values))", values)

    def read(self) -> Any:
        """Return the answer, None without one."""
        return self.page.evaluate("drawn.read()")

    def refuse(self, answers: dict[str, Any]) -> None:
        """Let the schema judge answers, show its errors, go to the first."""
        self.page.evaluate(
            "(answers) => { drawn.showErrors(check(couche, answers)); drawn.focus(); }", answers
        )

    def focused(self) -> str:
        """Return the text around the field that has the focus."""
        text: str = self.page.evaluate(
            "(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()"
        )
        return text


@pytest.fixture
def engine(live_server: HashedLiveServer, transactional_db: None, page: Page) -> Engine:
    """The form engine on a phone."""
    return Engine(page, live_server.url)


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

SHRINK = """async ([module, base64, type]) => {
    const { shrink, PhotoUnreadable } = await import(module);
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    try {
        const { bytes: made, ...told } = await shrink(new Blob([bytes], { type }));
        let text = "";
        for (const one of new Uint8Array(made)) text += String.fromCharCode(one);
        return { ...told, base64: btoa(text) };
    } catch (error) {
        return { refused: error.message, typed: error instanceof PhotoUnreadable };
    }
}"""


def jpeg(width: int, height: int, *, orientation: int = 1, noise: bool = False) -> bytes:
    """Return a photo as a phone takes it: red on top, place, date and model in its EXIF."""
    image = (
        Image.effect_noise((width, height), 90).convert("RGB")
        if noise
        else Image.new("RGB", (width, height), "blue")
    )
    image.paste((255, 0, 0), (0, 0, width, height // 4))
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "Fairphone 5", orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (44.0, 55.0, 30.0), 3: "E", 4: (2.0, 26.0, 0.0)})
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


@pytest.fixture
def shrink(engine: Engine) -> Callable[..., dict[str, Any]]:
    """Return the browser's shrink(): what it says, and the bytes it made."""
    engine.page.goto(f"{engine.url}/aide/")

    def run(content: bytes, kind: str = "image/jpeg") -> dict[str, Any]:
        module = staticfiles_storage.url("js/signaler/photo.js")
        result: dict[str, Any] = engine.page.evaluate(
            SHRINK, [module, base64.b64encode(content).decode(), kind]
        )
        if "base64" in result:
            result["bytes"] = base64.b64decode(result.pop("base64"))
        return result

    return run


def test_a_photo_loses_its_metadata_and_its_weight(shrink: Callable[..., dict[str, Any]]) -> None:
    taken = jpeg(4000, 3000, noise=True)
    assert b"Exif" in taken and len(taken) > 1_000_000
    made = shrink(taken)
    assert (made["type"], made["width"], made["height"]) == ("image/jpeg", 1600, 1200)
    assert len(made["bytes"]) <= 400_000
    for trace in (b"Exif", b"Fairphone", b"GPS"):
        assert trace not in made["bytes"]
    assert Image.open(io.BytesIO(made["bytes"])).size == (1600, 1200)


def test_a_photo_taken_upright_stays_upright(shrink: Callable[..., dict[str, Any]]) -> None:
    made = shrink(jpeg(2400, 1200, orientation=6))
    image = Image.open(io.BytesIO(made["bytes"])).convert("RGB")
    assert image.size == (800, 1600) == (made["width"], made["height"])
    # The top of the sensor is the right of the turned photo.
    right, left = image.getpixel((790, 800)), image.getpixel((10, 800))
    assert isinstance(right, tuple) and right[0] > 200 and isinstance(left, tuple) and left[2] > 200


def test_a_small_photo_is_not_enlarged(shrink: Callable[..., dict[str, Any]]) -> None:
    made = shrink(jpeg(300, 200))
    assert (made["width"], made["height"]) == (300, 200)
    assert b"Exif" not in made["bytes"]


def test_transparency_becomes_white(shrink: Callable[..., dict[str, Any]]) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(file, "PNG")
    image = Image.open(io.BytesIO(shrink(file.getvalue(), "image/png")["bytes"])).convert("RGB")
    pixel = image.getpixel((20, 20))
    assert isinstance(pixel, tuple) and min(pixel) > 250


@pytest.mark.parametrize("remove", ["createImageBitmap", None])
def test_an_old_browser_draws_the_image_itself(
    engine: Engine, shrink: Callable[..., dict[str, Any]], remove: str | None
) -> None:
    if remove:
        engine.page.evaluate("(name) => { delete window[name]; }", remove)
    assert shrink(jpeg(2000, 1000))["width"] == 1600


@pytest.mark.parametrize(
    "content",
    [b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 2000, b"", b"pas une photo"],
    ids=["heic", "vide", "texte"],
)
def test_what_is_no_readable_photo_is_refused_in_words(
    shrink: Callable[..., dict[str, Any]], content: bytes
) -> None:
    refused = shrink(content, "image/heic")
    assert refused["typed"] is True
    assert "n'a pas pu être lue" in refused["refused"] and "gardé sans elle" in refused["refused"]


def test_a_photo_cut_short_never_breaks_the_page(shrink: Callable[..., dict[str, Any]]) -> None:
    result = shrink(jpeg(2000, 1500, noise=True)[:20_000])
    assert result.get("typed") is True or result["width"] == 1600


def test_a_photo_too_large_for_a_phone_is_refused_before_it_is_decoded(
    engine: Engine, shrink: Callable[..., dict[str, Any]]
) -> None:
    file = io.BytesIO()
    Image.new("L", (9000, 7000)).save(file, "PNG")
    refused = shrink(file.getvalue(), "image/png")
    assert refused["typed"] is True and "trop lourde" in refused["refused"]
    module = staticfiles_storage.url("js/signaler/photo.js")
    heavy = engine.page.evaluate(
        """async (module) => (await import(module)).shrink(new Blob([new Uint8Array(40e6 + 1)]))
            .catch((error) => error.message)""",
        module,
    )
    assert "trop lourde" in heavy
