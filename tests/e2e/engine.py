"""A page where any question of a couche can be drawn, and what it would send."""

import json
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from playwright.sync_api import Page

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
