"""Log filter: a refused row must not print its content, nor a refused link its secret."""

import logging
import re
from collections.abc import Iterator

# What PostgreSQL says after its first line quotes the row, which may hold line ends of its own.
_DETAIL = re.compile(r"DETAIL:.*", re.DOTALL)
_MASKED = "DETAIL: (masqué)"
# Addresses that are themselves secrets: Django names the address of each answer it refuses.
_SECRET_ADDRESS = re.compile(r"(/moderation/(?:lien|courriels/arret)/)[^/\s]+")


class NoRowDetail(logging.Filter):
    """Cuts PostgreSQL's `DETAIL:`, which quotes the whole refused row, e-mail included; masks mailed links."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; always keep it."""
        said = _SECRET_ADDRESS.sub(r"\1(masqué)", record.getMessage())
        record.msg, record.args = _DETAIL.sub(_MASKED, said), ()
        if record.exc_info and record.exc_info[1]:
            written = logging.Formatter().formatException(record.exc_info)
            record.exc_text = _without_rows(written, record.exc_info[1])
        return True


def _without_rows(written: str, error: BaseException) -> str:
    """Return the written traceback, each message of its chain cut at `DETAIL:`.

    A traceback repeats each message word for word, so the message itself is looked for:
    guessing where it ends would trust the text of the row.
    """
    for cause in _chain(error):
        message = str(cause)
        if "DETAIL:" in message:
            written = written.replace(message, _DETAIL.sub(_MASKED, message))
    return written


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and all that led to it, once each."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
