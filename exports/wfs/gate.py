"""What a WFS request may weigh, before the library reads it: bounds on text, nesting and numbers.

The library reads filters by recursion and gives numbers to PostgreSQL as they come.
"""

import math
import re
from collections.abc import Mapping

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError
from django.utils.translation import gettext as _
from gisserver.exceptions import OWSException

MAX_BODY = 64 * 1024
MAX_TEXT = 16 * 1024
MAX_DEPTH, MAX_ELEMENTS, MAX_QUERIES = 24, 1_000, 5
MAX_COORDINATE = 1e9
_WHOLE = re.compile(r"[0-9]{1,8}")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,2}")
_PARSING, _VALUE = "OperationParsingFailed", "InvalidParameterValue"
_COUNTERS = ("COUNT", "MAXFEATURES", "STARTINDEX")


class Refused(OWSException):
    """A refusal of ours, already in the words of its reader; `locator` names the parameter."""

    def __init__(self, code: str, text: str, *, locator: str | None = None):
        super().__init__(text, code=code)
        self.locator = locator


def check_parameters(parameters: Mapping[str, str], text: str) -> None:
    """Raise Refused on the first parameter that no client would send."""
    if len(text) > MAX_TEXT:
        raise Refused(_PARSING, _("La demande est trop longue : envoyez-la par POST, en XML."))
    asked = {name.upper(): value for name, value in parameters.items()}
    if any("\0" in name + value for name, value in asked.items()):
        raise Refused(_PARSING, _("La demande contient un caractère nul : retirez-le."))
    _check_numbers({name.lower(): asked[name] for name in _COUNTERS if asked.get(name)}, asked.get("VERSION"))
    if asked.get("BBOX"):
        _check_box(asked["BBOX"])
    if asked.get("FILTER"):
        _check_filter(asked["FILTER"])
    for name in ("TYPENAMES", "TYPENAME", "FILTER"):
        if asked.get(name, "").count(")(") >= MAX_QUERIES:
            raise Refused(_VALUE, _("Cinq requêtes au plus en une demande."), locator=name.lower())


def check_body(body: bytes) -> None:
    """Raise Refused on a body too long, too nested, or with a document type."""
    if len(body) > MAX_BODY:
        raise Refused(_PARSING, _("La demande dépasse 64 ko : simplifiez le filtre."))
    check_xml(body)


def check_xml(text: bytes) -> None:
    """Raise Refused unless this is XML of bounded depth, without entities."""
    parser = DefusedXMLParser(target=_Counting(), forbid_dtd=True)
    try:
        parser.feed(text)
        parser.close()
    except DefusedXmlException as error:
        raise Refused(
            _PARSING, _("Un type de document ou une entité n'est pas accepté : retirez <!DOCTYPE>.")
        ) from error
    except (ParseError, ValueError) as error:
        raise Refused(_PARSING, _("Ce XML n'est pas lisible : %(error)s.") % {"error": error}) from error


class _Counting:
    """Counts elements as they open, keeping none."""

    def __init__(self) -> None:
        self.depth = self.elements = self.queries = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        self.queries += tag.endswith(("}Query", "}StoredQuery"))
        if self.depth > MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise Refused(_PARSING, _("Ce filtre est trop imbriqué ou trop long : simplifiez-le."))
        if self.queries > MAX_QUERIES:
            raise Refused(_PARSING, _("Cinq requêtes au plus en une demande."))
        counters = {name: text for name, text in attributes.items() if name in ("count", "startIndex")}
        _check_numbers(counters, attributes.get("version") if self.depth == 1 else None)

    def end(self, tag: str) -> None:
        self.depth -= 1

    def data(self, text: str) -> None:
        """Text is the library's to read."""

    def close(self) -> None:
        """Nothing is kept."""


def _check_numbers(counters: Mapping[str, str], version: str | None) -> None:
    """Raise Refused on a counter that is no small whole number, or on a version of another kind."""
    for name, value in counters.items():
        if not _WHOLE.fullmatch(value):
            raise Refused(_VALUE, _("Donnez un nombre entier, de 0 à 99999999."), locator=name)
    if version and not _VERSION.fullmatch(version):
        raise Refused(_VALUE, _("Écrivez version=2.0.0."), locator="version")


def _check_filter(text: str) -> None:
    if text.lstrip()[:1] not in ("<", "("):
        raise Refused(_VALUE, _("Écrivez le filtre en XML, selon Filter Encoding 2.0."), locator="filter")
    for one in text.strip("()").split(")("):
        check_xml(one.encode("utf-8", "replace"))


def _check_box(text: str) -> None:
    """Raise Refused unless the four first values are finite numbers."""
    for one in text.strip("()").split(")("):
        numbers = one.split(",")[:4]
        try:
            finite = len(numbers) == 4 and all(
                math.isfinite(float(number)) and abs(float(number)) <= MAX_COORDINATE for number in numbers
            )
        except ValueError:
            finite = False
        if not finite:
            raise Refused(
                _VALUE,
                _("Donnez quatre nombres séparés par des virgules, puis la projection."),
                locator="bbox",
            )
