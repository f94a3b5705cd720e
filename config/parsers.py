"""JSON bodies, bounded before anything looks inside."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 8


class PayloadTooLarge(APIException):
    """413: the body is heavier than its door takes."""

    status_code = 413
    default_detail = gettext_lazy("Le corps de la demande est trop lourd.")
    default_code = "trop-lourd"


class BoundedJSONParser(BaseParser):
    """Strict JSON: at most 64 kB and 8 levels, no NaN, no Infinity, no number beyond floats.

    `json` accepts `NaN`, and turns `1e999` into infinity; both would reach the
    database. Raises ParseError (400) or PayloadTooLarge (413) with the remedy.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the decoded document."""
        raw = stream.read(MAX_BODY_BYTES + 1)
        if len(raw) > MAX_BODY_BYTES:
            raise PayloadTooLarge(_("Le corps dépasse 64 ko : raccourcissez les textes."))
        try:
            return loads_strictly(raw)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("Le corps n'est pas du JSON valide : vérifiez sa syntaxe.")) from error


def loads_strictly(raw: bytes | str) -> Any:
    """Decode JSON, refusing what PostgreSQL or a map cannot hold. Raises ValueError."""
    document = json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
    if _depth(document) > MAX_DEPTH:
        raise ValueError("too deep")
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _depth(document: Any) -> int:
    """Depth of nesting, walked without recursion."""
    deepest, waiting = 0, [(document, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(node, dict):
            waiting.extend((child, depth + 1) for child in node.values())
        elif isinstance(node, list):
            waiting.extend((child, depth + 1) for child in node)
    return deepest
