"""Static files as production serves them: hashed everywhere, light, without inline code."""

import gzip
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contributions import worker
from tests.static import static_files

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
SCRIPTS = FRONTEND / "static" / "js"
TEMPLATES = sorted((FRONTEND / "templates").rglob("*.html"))
# Templates of letters are read by mail programs, which know no stylesheet.
PAGES = [path for path in TEMPLATES if path.relative_to(FRONTEND / "templates").parts[0] != "courriers"]


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with static_files(tmp_path_factory.mktemp("collected")) as folder:
        yield folder


def test_every_import_of_a_module_is_hashed(collected: Path) -> None:
    hashed = [
        path for path in (collected / "js").rglob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)
    ]
    assert hashed
    for path in hashed:
        imports = re.findall(r"""(?:from|import)\s*["'](\.[^"']+)["']""", path.read_text(encoding="utf-8"))
        assert all(re.search(r"\.[0-9a-f]{12}\.js$", one) for one in imports), (path.name, imports)


def test_leaflet_comes_from_its_package_with_its_images_hashed(collected: Path) -> None:
    assert list((collected / "leaflet").glob("leaflet.[0-9a-f]*.js"))
    sheet = next((collected / "leaflet").glob("leaflet.[0-9a-f]*.css")).read_text(encoding="utf-8")
    assert re.search(r"layers\.[0-9a-f]{12}\.png", sheet)


def test_the_stylesheet_and_the_scripts_stay_light() -> None:
    sheet = (FRONTEND / "static" / "css" / "reperes.css").read_bytes()
    assert len(gzip.compress(sheet, 9)) <= 12_000
    scripts = b"".join(path.read_bytes() for path in sorted(SCRIPTS.glob("*.js")))
    assert len(gzip.compress(scripts, 9)) <= 28_000


def test_no_template_of_a_script_holds_another() -> None:
    """Taking the comments out would eat the spaces of the inner one."""
    nested = re.compile(r"\$\{[^}`]*`")
    # Comments quote code between the same marks.
    lines = [
        (path.name, line) for path in SCRIPTS.rglob("*.js") for line in path.read_text("utf-8").splitlines()
    ]
    assert [one for one in lines if nested.search(one[1]) and not one[1].lstrip().startswith("*")] == []


def test_the_report_page_is_light_as_it_travels(collected: Path) -> None:
    """What each phone fetches, file by file, as the server compressed it; Leaflet comes on demand."""
    modules = [path for path in worker.precached_urls() if path.endswith(".js") and "/leaflet/" not in path]
    assert len(modules) > 20
    assert sum(_travels(collected, url) for url in modules) <= 48_000
    assert sum(_travels(collected, url) for url in worker.shell_context()["preloaded"]) <= 15_000


def _travels(folder: Path, url: str) -> int:
    """Return the size of a static file in brotli."""
    return (folder / f"{url.removeprefix('/static/')}.br").stat().st_size


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(FRONTEND / "templates")))
def test_a_template_holds_nothing_the_csp_would_refuse(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"""\sstyle\s*=|<style|\son[a-z]+\s*=\s*["']|javascript:""", source)
    for tag in re.findall(r"<script[^>]*>", source):
        assert "src=" in tag


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(FRONTEND / "templates")))
def test_a_template_calls_nobody_outside(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"""<(?:script|img|iframe|link|source)[^>]+(?:src|href)=["']https?:""", source)


def test_taking_the_comments_out_leaves_the_same_programs(collected: Path) -> None:
    """Read again by TypeScript's own parser: a space lost in a text would be a word stuck to another."""
    pairs = [
        {
            "name": str(path.relative_to(SCRIPTS)),
            "before": path.read_text("utf-8"),
            "after": (collected / "js" / path.relative_to(SCRIPTS)).read_text("utf-8"),
        }
        for path in sorted(SCRIPTS.rglob("*.js"))
    ]
    assert sum(len(pair["after"]) for pair in pairs) < 0.8 * sum(len(pair["before"]) for pair in pairs)
    assert _different(pairs) == []
    # The check itself: the space that was once lost is seen.
    assert _different([{"name": "x", "before": "const a = `b c`;", "after": "const a=`bc`;"}]) == ["x"]


def _different(pairs: list[dict[str, str]]) -> list[str]:
    done = subprocess.run(
        ["node", str(Path(__file__).parent / "same_program.mjs")],
        input=json.dumps(pairs), capture_output=True, text=True, cwd=FRONTEND.parent, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stdout)
    return names
