"""The image, the compose file and the proxy: no engine runs here, so their promises are read."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrations", "web", "worker")


def dockerfile() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, argument), continuation lines joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines]


def images() -> list[str]:
    """Every image we pull: the Dockerfile's bases and the compose file's services."""
    froms = [argument.split() for instruction, argument in dockerfile() if instruction == "FROM"]
    ours = {words[2] for words in froms if len(words) == 3}
    bases = [words[0] for words in froms if words[0] not in ours]
    return bases + [service["image"] for service in SERVICES.values() if "build" not in service]


def nginx_directives(text: str) -> list[list[str]]:
    """Split an nginx file into directives, checking that its braces balance."""
    tokens = re.findall(r"\"[^\"]*\"|'[^']*'|[{};]|[^\s{};]+", re.sub(r"#.*", "", text))
    depth, current, directives = 0, [], []
    for token in tokens:
        if token == "}":
            depth -= 1
            assert depth >= 0 and not current
        elif token in "{;":
            assert current
            directives.append(current)
            current = []
            depth += token == "{"
        else:
            current.append(token)
    assert depth == 0 and not current
    return directives


NGINX = nginx_directives((ROOT / "deploy/nginx.conf").read_text())


def nginx_values(name: str) -> list[str]:
    """The arguments of each directive called `name`."""
    return [" ".join(words[1:]) for words in NGINX if words[0] == name]


def test_the_compose_file_names_the_five_roles() -> None:
    assert set(SERVICES) == {"db", "migrations", "web", "worker", "nginx"}


@pytest.mark.parametrize("name", ["db", "web", "worker", "nginx"])
def test_each_lasting_service_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_no_image_floats() -> None:
    assert len(images()) >= 4
    for image in images():
        tag = image.partition(":")[2]
        assert re.match(r"\d+(\.\d+|-\d)", tag), f"{image} : écrivez une version précise"


def test_the_image_is_built_in_stages_and_the_last_one_is_not_root() -> None:
    instructions = dockerfile()
    starts = [index for index, (instruction, _) in enumerate(instructions) if instruction == "FROM"]
    assert len(starts) == 4
    last = instructions[starts[-1] :]
    users = [argument for instruction, argument in last if instruction == "USER"]
    assert users == ["10001:10001"]
    assert not any("apt-get" in argument or "pip" in argument.split() for _, argument in last)
    assert any(instruction == "HEALTHCHECK" and "/healthz" in argument for instruction, argument in last)


def test_the_last_stage_has_what_printing_needs() -> None:
    """The last stage starts from the one where Pango and its font are installed."""
    instructions = dockerfile()
    froms = [argument for instruction, argument in instructions if instruction == "FROM"]
    assert froms[-1] == "system"
    start = instructions.index(("FROM", next(one for one in froms if one.endswith(" AS system"))))
    installed = instructions[start + 1][1].split()
    assert {"libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"} <= set(
        installed
    )


def test_libraries_are_installed_as_locked() -> None:
    commands = " ".join(argument for instruction, argument in dockerfile() if instruction == "RUN")
    assert "npm ci --omit=dev" in commands
    assert commands.count("--require-hashes") == 2


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", OURS)
def test_each_process_says_which_one_it_is(name: str) -> None:
    expected = {"migrations": "manage"}.get(name, name)
    assert SERVICES[name]["environment"]["REPERES_PROCESS"] == expected


def test_no_secret_is_written_and_each_one_is_required() -> None:
    environment = SERVICES["web"]["environment"]
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
    assert "REPERES_DEMO" not in environment
    example = (ROOT / "deploy/exemple.env").read_text()
    assert re.search(r"^SECRET_KEY=$", example, re.MULTILINE)
    assert re.search(r"^POSTGRES_PASSWORD=$", example, re.MULTILINE)


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    given = set(re.findall(r"^([A-Z_]+)=", (ROOT / "deploy/exemple.env").read_text(), re.MULTILINE))
    assert wanted == given


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["interne"]["internal"] is True
    assert SERVICES["db"]["networks"] == ["interne"]


def test_the_proxy_replaces_what_a_client_says_of_itself() -> None:
    assert set(nginx_values("proxy_set_header")) >= {
        "Host $host",
        "X-Forwarded-For $remote_addr",
        "X-Forwarded-Proto https",
    }


def test_the_proxy_logs_neither_addresses_nor_paths() -> None:
    (log_format,) = nginx_values("log_format")
    assert not re.search(r"\$(remote|request_uri|uri|args|http_|request\b(?!_))", log_format)


def test_the_proxy_bounds_what_it_takes() -> None:
    assert nginx_values("client_max_body_size") == ["13m"]
    assert len(nginx_values("limit_req_zone")) == 2
    assert len(nginx_values("proxy_pass")) == len(nginx_values("limit_req"))
    assert nginx_values("ssl_protocols") == ["TLSv1.2 TLSv1.3"]


def test_what_the_image_copies_is_listed() -> None:
    """A secret, a local database or a test never enters the image."""
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    for kept in lines[1:]:
        if kept.startswith("!"):
            assert (ROOT / kept[1:]).exists(), kept
    assert not {"!.local", "!tests", "!.env", "!."} & set(lines)


def test_every_variable_the_code_reads_is_told_to_the_operator() -> None:
    read = re.compile(r"(?:environ(?:\.get)?[\[(]|env_(?:bool|int|list)\()\"([A-Z_]+)\"")
    apps = ("config", "territoires", "comptes", "couches", "contributions", "moderation", "exports")
    # The client runs at its users', on its own: its README tells its variables.
    client = ROOT / "exports" / "client"
    files = [file for app in apps for file in (ROOT / app).rglob("*.py") if client not in file.parents]
    wanted = {name for file in files for name in read.findall(file.read_text())}
    told = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/exploitation.md").read_text()))
    assert {"DATABASE_URL", "REPERES_PROXIES"} <= wanted
    assert wanted - told - {"DJANGO_SETTINGS_MODULE"} == set()
