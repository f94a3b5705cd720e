"""Log filter: a refused row must not print its content."""

import logging
import re

_DETAIL = re.compile(r"^\s*DETAIL:.*$", re.MULTILINE)


class NoRowDetail(logging.Filter):
    """Cuts PostgreSQL's `DETAIL:` lines, which quote the whole refused row, e-mail included."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; always keep it."""
        record.msg, record.args = _DETAIL.sub("DETAIL: (masqué)", record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            formatted = logging.Formatter().formatException(record.exc_info)
            record.exc_text = _DETAIL.sub("DETAIL: (masqué)", formatted)
        return True
