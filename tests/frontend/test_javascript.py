"""Pure logic of the scripts, judged by Node's own test runner."""

import subprocess
from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


def test_the_scripts_keep_their_promises() -> None:
    files = sorted(str(path) for path in (FRONTEND / "tests").glob("*.test.js"))
    assert files
    done = subprocess.run(
        ["node", "--test", *files], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "# fail 0" in done.stdout
