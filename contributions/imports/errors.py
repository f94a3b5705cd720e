"""The rows that were left aside, as a CSV to correct from: line, field, what is wrong."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from django.utils.translation import gettext as _

MAX_LINES = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ErrorFile:
    """Written beside its final name, and put there whole on leaving; bounded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_suffix(".part")
        self.lines = 0

    def __enter__(self) -> Self:
        """Open it with its head."""
        self._part.parent.mkdir(parents=True, exist_ok=True)
        # Excel reads UTF-8 only when the file says so.
        self._stream = self._part.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._stream, delimiter=";")
        self._writer.writerow([_("ligne"), _("champ"), _("message")])
        return self

    def add(self, number: int, told: Iterable[tuple[str, str]]) -> None:
        """Write what is wrong with a row: (field, message) pairs."""
        for field, message in told:
            self.lines += 1
            if self.lines <= MAX_LINES:
                self._writer.writerow([number, _safe(field), _safe(message)])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put it in its place, or remove it when something failed."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


def _safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
