"""JSON bodies are bounded and strict before anything looks inside."""

import json
from io import BytesIO
from typing import Any

import pytest
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from config.parsers import MAX_BODY_BYTES, MAX_DEPTH, BoundedJSONParser, PayloadTooLarge, loads_strictly


def parse(body: bytes) -> Any:
    """Parse as the JSON door does."""
    return BoundedJSONParser().parse(BytesIO(body))


def nested(depth: int, *, key: str = "") -> bytes:
    """Return arrays within arrays, or objects within objects under `key`."""
    opening, closing = (f'{{"{key}":', "}") if key else ("[", "]")
    return (opening * (depth - 1) + ("{}" if key else "[]") + closing * (depth - 1)).encode()


@pytest.mark.parametrize(
    "document", [{"a": [1, -2.5, 1e308, "é🔑", None, True, {}]}, [], "texte", 0, None, 10**30]
)
def test_a_sound_document_comes_back_whole(document: Any) -> None:
    assert parse(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"[-1e999]",
        b"\xff\xfe\xfd",
        b"[" * 30_000,
        b"[" * 30_000 + b"]" * 30_000,
        b"9" * 5_000,
    ],
    ids=[
        "empty",
        "cut",
        "quotes",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "not UTF-8",
        "open",
        "deep",
        "digits",
    ],
)
def test_what_is_not_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError, match="JSON valide"):
        parse(body)


@pytest.mark.parametrize("key", ["", "a"])
def test_eight_levels_pass_and_nine_do_not(key: str) -> None:
    assert parse(nested(MAX_DEPTH, key=key))
    with pytest.raises(ParseError):
        parse(nested(MAX_DEPTH + 1, key=key))


def test_the_last_byte_allowed_passes_and_the_next_does_not() -> None:
    body = b'"' + b"x" * (MAX_BODY_BYTES - 2) + b'"'
    assert len(parse(body)) == MAX_BODY_BYTES - 2
    with pytest.raises(PayloadTooLarge, match="64 ko"):
        parse(body + b" ")


def test_text_is_decoded_as_strictly_as_bytes() -> None:
    assert loads_strictly('{"a": 1.5}') == {"a": 1.5}
    with pytest.raises(ValueError, match="NaN"):
        loads_strictly("[NaN]")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[1e999]", 400), (b"{", 400), (b'"' + b"x" * MAX_BODY_BYTES + b'"', 413), (b"\xff", 400)],
    ids=["too large a number", "cut", "too heavy", "not UTF-8"],
)
def test_a_real_door_refuses_with_the_remedy(api: APIClient, body: bytes, status: int) -> None:
    response: Any = api.post("/api/v1/contributions/", body, content_type="application/json")
    assert response.status_code == status
    assert " : " in response.json()["detail"]
