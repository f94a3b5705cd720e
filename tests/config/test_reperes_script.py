"""The one command: what it says, what it refuses, and the private database it makes."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.environment import database_parts

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [ROOT / "reperes", *sorted((ROOT / "config" / "local").glob("*.sh"))]
VERBS = ("setup", "demo", "serve", "worker", "test", "check", "bench", "manage", "stop", "help")
BASE_TOOLS = re.findall(
    r"\w+", "sh basename cat chmod cksum cp cut date dirname env flock grep id mkdir sed sort tail tr wc"
)
LOAD_PARTS = (
    "set -eu; ROOT=$1; verb=serve; for part in say environment packages dependencies cluster processes; "
    'do . "$ROOT/config/local/$part.sh"; done; '
)


def clean_environment(**changes: str) -> dict[str, str]:
    """Our environment less what would lead the script to this run's own database."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "REPERES_", "DATABASE_"))
    }
    return kept | changes


def run(*arguments: str, clone: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """`./reperes ARGUMENTS` of a clone."""
    return subprocess.run(
        [str(clone / "reperes"), *arguments],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def shell(code: str, clone: Path = ROOT, **environment: str) -> str:
    """Run `code` with the script's parts loaded; return what it prints."""
    done = subprocess.run(
        ["sh", "-c", LOAD_PARTS + code, "sh", str(clone)],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def copy_scripts(clone: Path) -> Path:
    """The scripts alone, in another folder: a clone as far as they are concerned."""
    (clone / "config").mkdir(parents=True)
    shutil.copy2(ROOT / "reperes", clone / "reperes")
    shutil.copytree(ROOT / "config" / "local", clone / "config" / "local")
    return clone


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter (pytest's own are closed)."""
    folder = Path(tempfile.mkdtemp(prefix="reperes-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_each_script_is_plain_sh(script: Path) -> None:
    shell_path = shutil.which("dash") or "sh"
    done = subprocess.run([shell_path, "-n", str(script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "[[" not in script.read_text() and "\nlocal " not in script.read_text()


def test_help_lists_every_verb() -> None:
    done = run("help")
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert set(VERBS) <= listed


def test_no_verb_is_help_and_an_unknown_one_is_refused() -> None:
    assert run().stdout == run("help").stdout
    done = run("demarrer")
    assert done.returncode == 1
    assert "Verbe inconnu : « demarrer »" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demo", "--port", "quatre"], "n'est pas un nombre"),
        (["demo", "--port", "-1"], "n'est pas un nombre"),
        (["serve", "--port=70000"], "n'existe pas"),
        (["serve", "--port", "99999999999999999999"], "n'existe pas"),
        (["serve", "--port"], "attend un numéro"),
        (["serve", "--no-serve"], "ne vaut que pour ./reperes demo"),
        (["demo", "--ouvrir"], "Option inconnue : --ouvrir"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_installed(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    done = run(*arguments, REPERES_LOCAL=str(tmp_path / "local"))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert not (tmp_path / "local").exists()


def test_without_root_the_missing_packages_are_named(open_folder: Path) -> None:
    """A machine with nothing of ours, seen through a PATH that holds the base system only."""
    clone = copy_scripts(open_folder / "un dépôt")
    tools = open_folder / "bin"
    tools.mkdir()
    for name in [
        "sh",
        "basename",
        "cat",
        "chmod",
        "cksum",
        "cp",
        "cut",
        "date",
        "dirname",
        "env",
        "flock",
        "grep",
        "id",
        "mkdir",
        "sed",
        "sort",
        "tail",
        "tr",
        "wc",
    ]:
        (tools / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    for name in ("apt-get", "apt-cache"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    local = open_folder / "local"
    local.mkdir()
    local.chmod(0o777)
    done = subprocess.run(
        [str(clone / "reperes"), "demo", "--no-serve"],
        env={"PATH": str(tools), "REPERES_LOCAL": str(local)},
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        **({"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}),
    )
    assert done.returncode == 1
    for package in ("nodejs", "npm", "gettext"):
        assert package in done.stderr
    assert "relancez la même commande" in done.stderr
    assert "not found" not in done.stderr
    if shutil.which("apt-get"):
        assert "sudo apt-get update && sudo apt-get install " in done.stderr


def fake_python(folder: Path, *, with_pango: bool) -> Path:
    """A python3 that answers every question yes, save whether Pango can be opened."""
    folder.mkdir()
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\ncase $2 in *libpango*) exit {0 if with_pango else 1} ;; esac\n")
    python.chmod(0o755)
    return folder


@pytest.mark.parametrize("with_pango", [True, False])
def test_pango_is_asked_for_where_it_cannot_be_opened(tmp_path: Path, with_pango: bool) -> None:
    tools = fake_python(tmp_path / "bin", with_pango=with_pango)
    missing = shell("missing_for_paper", PATH=f"{tools}:{os.environ['PATH']}").split()
    assert ("libpango-1.0-0" in missing, "libpangoft2-1.0-0" in missing) == (not with_pango,) * 2


def test_without_pango_the_setup_says_so_and_goes_on(tmp_path: Path) -> None:
    """Nobody may install here: the packages are named on one line, and the next step runs."""
    code = (
        "make_folders; missing_packages() { :; }; missing_for_paper() { printf 'libpango-1.0-0 '; }; "
        "apt_install() { return 1; }; install_packages base; echo suite"
    )
    printed = shell(code, REPERES_LOCAL=str(tmp_path))
    assert "sans : il manque libpango-1.0-0" in printed and printed.endswith("suite\n")


def test_a_release_without_the_newest_library_is_not_asked_for_it(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "apt-cache").write_text("#!/bin/sh\nexit 100\n")
    (tools / "apt-cache").chmod(0o755)
    code = "resolve_packages libpango-1.0-0 libharfbuzz-subset0"
    assert shell(code, PATH=f"{tools}:{os.environ['PATH']}").split() == ["libpango-1.0-0"]


def test_a_folder_that_cannot_be_written_is_named() -> None:
    done = run("setup", REPERES_LOCAL="/proc/reperes")
    assert done.returncode == 1
    assert "/proc/reperes ne peut pas être créé" in done.stderr


@pytest.mark.parametrize("path", ["/srv/a b/é%&?=+#", "/x'y\"z,w"])
def test_a_socket_path_survives_the_database_address(path: str) -> None:
    encoded = shell('url_encode "$SOCKET_PATH"', SOCKET_PATH=path)
    assert database_parts(f"postgresql://reperes@/reperes?host={encoded}")["HOST"] == path


def test_labels_with_accents_keep_the_column() -> None:
    lines = shell('label "Base privée : arrêt"; echo "|"; label "Style"; echo "|"').splitlines()
    assert len(lines[0]) == len(lines[1])


def test_a_relative_local_folder_starts_from_the_clone() -> None:
    assert shell('echo "$LOCAL"', REPERES_LOCAL="ailleurs").strip() == f"{ROOT}/ailleurs"


def test_a_key_is_drawn_once_and_kept_private(tmp_path: Path) -> None:
    code = 'make_folders; PRIVATE_CLUSTER=yes; unset SECRET_KEY; provide_secret_key; echo "$SECRET_KEY"'
    first, second = (shell(code, REPERES_LOCAL=str(tmp_path)).strip() for _ in range(2))
    assert first == second
    assert len(first) == 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


def test_on_somebody_s_database_no_key_is_made_up(tmp_path: Path) -> None:
    code = 'make_folders; unset SECRET_KEY; provide_secret_key; echo "[${SECRET_KEY:-}]"'
    assert shell(code, REPERES_LOCAL=str(tmp_path)).strip() == "[]"


def test_a_demo_is_recalled_on_its_own_database_only(tmp_path: Path) -> None:
    shell("make_folders; remember_demo_mode", REPERES_LOCAL=str(tmp_path), DATABASE_URL="postgresql:///essai")
    code = 'recall_demo_mode; echo "[${REPERES_DEMO:-}]"'
    same = shell(code, REPERES_LOCAL=str(tmp_path), DATABASE_URL="postgresql:///essai")
    other = shell(code, REPERES_LOCAL=str(tmp_path), DATABASE_URL="postgresql:///vraie")
    assert (same.strip(), other.strip()) == ("[1]", "[]")


def test_stop_ends_our_process_and_leaves_a_stranger_with_the_same_number(tmp_path: Path) -> None:
    ours, stranger = (subprocess.Popen(["sleep", "60"]) for _ in range(2))
    try:
        shell(f"make_folders; register web {ours.pid}", REPERES_LOCAL=str(tmp_path))
        (tmp_path / "run" / f"worker-{stranger.pid}.pid").write_text("an older birth\n")
        done = subprocess.Popen(
            [str(ROOT / "reperes"), "stop"],
            env=clean_environment(REPERES_LOCAL=str(tmp_path)),
            stdout=subprocess.DEVNULL,
        )
        # `stop` waits until the process is gone, and its parent (we) must collect it.
        ours.wait(timeout=30)
        assert done.wait(timeout=60) == 0
        assert stranger.poll() is None
        assert list((tmp_path / "run").glob("*.pid")) == []
    finally:
        for process in (ours, stranger):
            process.kill()
            process.wait()


def _make_database(clone: Path) -> dict[str, str]:
    printed = shell(
        "make_folders; provide_database >&2; "
        'echo "url=$DATABASE_URL"; echo "data=$CLUSTER"; echo "socket=$SOCKET"; '
        'echo "postgis=$(sql reperes "SELECT postgis_lib_version()")"; '
        'echo "tcp=$(sql reperes "SHOW listen_addresses")"; '
        'echo "copies=$(sql postgres "SELECT datistemplate AND NOT datallowconn FROM pg_database'
        " WHERE datname = '$REPERES_TEMPLATE'\")\"",
        clone,
    )
    return dict(line.split("=", 1) for line in printed.splitlines())


def test_two_clones_side_by_side_have_each_their_database(open_folder: Path) -> None:
    """One below a folder closed to others with spaces in its path, one too deep for a socket's path."""
    if not shell("find_postgres '' || true").strip():
        pytest.skip("PostgreSQL and PostGIS are elsewhere (DATABASE_URL): nothing to start here")
    closed = open_folder / "fermé à tous"
    closed.mkdir(mode=0o700)
    clones = [
        copy_scripts(closed / "mon dépôt"),
        copy_scripts(open_folder / "profond" / ("x" * 90) / "clone"),
    ]
    made: list[dict[str, str]] = []
    try:
        made = [_make_database(clone) for clone in clones]
        assert made[0]["data"] != made[1]["data"]
        assert made[0]["socket"] != made[1]["socket"]
        for database in made:
            assert database["postgis"].startswith("3.")
            assert (database["tcp"], database["copies"]) == ("", "t")
            assert database_parts(database["url"])["HOST"] == database["socket"]
            assert len(database["socket"]) < 90
            assert Path(database["socket"]).stat().st_mode & 0o077 == 0
        if os.geteuid() == 0:
            assert not made[0]["data"].startswith(str(closed))
        assert _make_database(clones[0]) == made[0]
        copied = open_folder / "copie"
        shutil.copytree(clones[0], copied, symlinks=True, ignore=shutil.ignore_patterns("socket"))
        assert shell("make_folders; cluster_home", copied).strip() == f"{copied}/.local/pg"
    finally:
        for clone in clones:
            assert run("stop", clone=clone).returncode == 0
        for database in made:
            assert not (Path(database["socket"]) / ".s.PGSQL.5432").exists()
            for folder in (database["socket"], database["data"]):
                shutil.rmtree(folder, ignore_errors=True)
