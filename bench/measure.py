"""Runs programs one after the other, several times, and keeps the best: noise only ever adds."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Best:
    """The best time in seconds of a contender, and its highest peak of memory in MB."""

    seconds: float = float("inf")
    peak_mb: float = 0.0

    def keep(self, seconds: float, peak_mb: float = 0.0) -> None:
        """Note one more run."""
        self.seconds = min(self.seconds, seconds)
        self.peak_mb = max(self.peak_mb, peak_mb)


def interleaved(rounds: int, contenders: dict[str, Callable[[], tuple[float, float]]]) -> dict[str, Best]:
    """Run every contender once per round; return the best of each."""
    best = {name: Best() for name in contenders}
    for _round in range(rounds):
        for name, run in contenders.items():
            best[name].keep(*run())
    return best


def timed_program(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a program to its end; return seconds and peak MB. Its output is thrown away."""
    started = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        process = subprocess.Popen(command, env=environment, stdout=nowhere, stderr=subprocess.PIPE)
        assert process.stderr is not None  # we asked for a pipe
        said = process.stderr.read()
        _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        sys.exit(f"{command[0]} : {said.decode(errors='replace')[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def product(verb: str, environment: dict[str, str], **arguments: Any) -> dict[str, Any]:
    """Run one verb of `bench.product` in a process of its own; return what it measured."""
    command = [sys.executable, "-m", "bench.product", verb, json.dumps(arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{verb} : {done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
