"""The browser's modules have their own tests, run by Node; each file counts here as one."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "frontend" / "tests").glob("*.test.js"))


def test_there_are_modules_to_test() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_the_module_keeps_its_promises(file: Path) -> None:
    done = subprocess.run(
        ["node", "--test", str(file)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
