"""The example of several machines says what the site reads: nothing misspelt, nothing missing."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", ["docker-compose.yml", "docker-compose.scale.yml"])
def test_every_variable_of_ours_is_known_to_the_manual(name: str) -> None:
    manual = (ROOT / "docs" / "exploitation.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", manual))
    for service, described in read(name)["services"].items():
        ours = {one for one in described.get("environment", {}) if one.startswith(("REPERES_", "DATABASE_"))}
        assert ours <= known, (service, ours - known)


def test_what_it_mounts_is_there_and_what_it_changes_exists() -> None:
    base, scale = read("docker-compose.yml"), read("docker-compose.scale.yml")
    for described in scale["services"].values():
        for mounted in described.get("volumes", []):
            source = mounted.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith("./") else source in scale["volumes"]
    assert {"db", "web", "worker", "migrations"} <= set(base["services"]) & set(scale["services"])
    direct = scale["services"]["worker"]["environment"]
    assert direct["REPERES_POOLER"] == "transaction" and "@db/" in direct["REPERES_DIRECT_URL"]
