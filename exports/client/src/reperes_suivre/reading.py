"""Reads a FeatureCollection feature by feature, each as the very text the site wrote.

The text goes to PostgreSQL unparsed: a number that went through a float would no longer
be the one that was hashed.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reperes_suivre.errors import Unreachable

_BLOCK = 1024 * 1024
# Beyond this, it is not a published object: the largest holds a few tens of kilobytes.
MAX_FEATURE = 8 * _BLOCK
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


class Collection:
    """One pass over a file: iterate for (text, feature), then read `members`."""

    def __init__(self, path: Path) -> None:
        """Prepare to read the UTF-8 file at `path`."""
        self.path = path
        self.members: dict[str, Any] = {}

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each feature. Raises Unreachable when the file is cut or is not a collection."""
        with self.path.open(encoding="utf-8", newline="") as source:
            reader = _Reader(source)
            try:
                self.members = reader.head()
                yield from reader.features()
                self.members |= reader.tail()
            except (json.JSONDecodeError, UnicodeDecodeError) as cut:
                raise Unreachable(
                    "Le fichier reçu est coupé ou n'est pas du GeoJSON : rien n'est gardé."
                ) from cut


class _Reader:
    """A buffer that slides along the file."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.text = ""
        self.at = 0

    def _more(self) -> bool:
        block = self.source.read(_BLOCK)
        self.text = self.text[self.at :] + block
        self.at = 0
        return bool(block)

    def head(self) -> dict[str, Any]:
        """Return the members before the features."""
        while (found := _FEATURES.search(self.text)) is None:
            if len(self.text) > MAX_FEATURE or not self._more():
                raise json.JSONDecodeError("no features", "", 0)
        self.at = found.end()
        members: dict[str, Any] = json.loads(self.text[: found.start()] + '"features":[]}')
        del members["features"]
        return members

    def features(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield features until the closing bracket."""
        while True:
            between = _BETWEEN.match(self.text, self.at)
            self.at = between.end() if between else self.at
            if self.text.startswith("]", self.at):
                self.at += 1
                return
            try:
                feature, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError:
                if len(self.text) - self.at > MAX_FEATURE or not self._more():
                    raise
                continue
            if not isinstance(feature, dict):
                raise json.JSONDecodeError("not a feature", "", 0)
            yield self.text[self.at : end], feature
            self.at = end

    def tail(self) -> dict[str, Any]:
        """Return the members after the features."""
        while len(self.text) - self.at <= MAX_FEATURE and self._more():
            pass
        rest = self.text[self.at :].strip()
        members: dict[str, Any] = json.loads("{" + rest.lstrip(",").strip())
        return members
