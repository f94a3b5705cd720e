"""GET /sw.js and the page it keeps: the same bytes for everybody, a new version for each change."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from comptes.models import User
from contributions.worker import JOINED, SCRIPTS, joined_modules, precached_urls
from couches.models import Couche

pytestmark = pytest.mark.django_db


def shell_of(client: Client) -> dict[str, object]:
    """Return what the script says it keeps."""
    first_line = client.get("/sw.js").content.decode().splitlines()[0]
    found = re.fullmatch(r"self\.SHELL = (\{.*\});", first_line)
    assert found, first_line
    shell: dict[str, object] = json.loads(found[1])
    return shell


def test_it_is_a_script_that_no_cache_keeps_unasked(client: Client) -> None:
    answer = client.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert not answer.cookies


def test_the_joined_script_is_one_that_browsers_read(client: Client, tmp_path: Path) -> None:
    """A name used by two modules, or an import left, would stop the worker from installing."""
    script = tmp_path / "sw.cjs"
    script.write_bytes(client.get("/sw.js").content)
    done = subprocess.run(["node", "--check", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^(import|export) ", joined_modules(), re.MULTILINE)


@pytest.mark.parametrize("name", JOINED)
def test_what_is_joined_keeps_the_plain_form_that_joining_needs(name: str) -> None:
    text = (SCRIPTS / "signaler" / f"{name}.js").read_text(encoding="utf-8")
    for line in text.splitlines():
        assert not line.startswith("import ") or line.endswith(";"), line
        assert not line.startswith("export ") or re.match(
            r"export (async function|function|const|class) ", line
        )
    needed = set(re.findall(r'from "\./(\w+)\.js";', text))
    assert needed <= set(JOINED[: JOINED.index(name)])


def test_every_module_of_the_page_is_kept(client: Client) -> None:
    """A screen fetched for the first time where there is no network would never open."""
    kept = set(precached_urls())
    pages = {path.name for path in (SCRIPTS / "signaler").glob("*.js")} - {"worker.js", "device_list.js"}
    assert {f"/static/js/signaler/{name}" for name in pages} <= kept
    for path in (SCRIPTS / "signaler").glob("*.js"):
        for other in re.findall(r"""["']\.\./(\w+)\.js["']""", path.read_text(encoding="utf-8")):
            # `cartes` serves the page that could not become the shell: it never runs there.
            assert f"/static/js/{other}.js" in kept or other == "cartes", (path.name, other)


def test_every_address_kept_answers(client: Client) -> None:
    for url in precached_urls():
        if url.startswith("/static/"):
            assert finders.find(url.removeprefix("/static/")), url
        else:
            assert client.get(url).status_code == 200, url


def test_the_page_and_the_worker_are_the_same_for_a_stranger_and_for_an_official(
    client: Client, page_as: Callable[[User], Client], bruno: User
) -> None:
    official = page_as(bruno)
    for url in ["/sw.js", "/signaler/", "/signaler/formulaires.json"]:
        ours, theirs = client.get(url), official.get(url)
        assert ours.content == theirs.content, url
        assert not ours.cookies
        text = theirs.content.decode()
        assert "csrf" not in text.lower().replace("x-csrftoken", "").replace("csrf === ", "").replace(
            "json.csrf", ""
        )
        assert bruno.display_name not in text and bruno.email not in text


def test_any_change_of_what_is_kept_makes_a_new_version(client: Client) -> None:
    before = shell_of(client)["version"]
    assert shell_of(client)["version"] == before
    Couche.objects.filter(slug="services").update(title="Services d'ici")
    assert shell_of(client)["version"] != before


def test_only_the_page_and_its_worker_may_ask_the_map_and_the_geocoder(client: Client) -> None:
    for url, expected in [("/signaler/", True), ("/sw.js", True), ("/", False), ("/suivi/", False)]:
        policy = client.get(url)["Content-Security-Policy"]
        connect = next(part for part in policy.split("; ") if part.startswith("connect-src"))
        assert (settings.TILE_HOST in connect) is expected, url


def test_the_page_says_nothing_that_was_typed_in_its_address(client: Client) -> None:
    """It is compressed: echoing what a stranger typed beside a secret would be a leak; there is neither."""
    page = client.get("/signaler/", {"couche": "zones-blanches", "commune": "mot-tape-ici", "feature": "mot"})
    assert "mot-tape-ici" not in page.content.decode()
