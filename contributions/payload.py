"""The hash that tells a retry from another content under the same id."""

import datetime as dt
import hashlib
import json
import unicodedata
from dataclasses import fields
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from contributions.validation import Submission

# The id is what is looked up, the secret is compared apart, the person is not content.
NOT_CONTENT = {"id", "secret", "entered_by"}
EXACT_IN_FLOATS = 2**53


def payload_sha256(submission: Submission) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of what was sent, before any cleaning.

    Of what was *sent*, so that a retry is recognised even after the couche's schema or an
    outline changed. Canonical: sorted keys, NFC texts, `1.0` as `1`, instants in UTC.
    """
    content = {field.name: getattr(submission, field.name) for field in fields(submission)}
    kept = {name: value for name, value in content.items() if name not in NOT_CONTENT}
    kept["observed_at"] = _instant(kept["observed_at"])
    try:
        # ASCII escapes can spell even the lone surrogates that UTF-8 cannot.
        text = json.dumps(_canonical(kept), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    except (RecursionError, TypeError, ValueError) as error:
        raise ValidationError(
            {"attributes": [_("Ces réponses ne sont pas du JSON : renvoyez un objet simple.")]}
        ) from error
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_IN_FLOATS:
        return int(value)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if value is None or isinstance(value, int | float):
        return value
    return str(value)


def _instant(value: Any) -> Any:
    """Return an instant as UTC text; what is no instant stays as it is, to be refused later."""
    try:
        moment = parse_datetime(value) if isinstance(value, str) else value
        if isinstance(moment, dt.datetime) and moment.tzinfo is not None:
            return moment.astimezone(dt.UTC).isoformat()
    except (ValueError, OverflowError):
        return value
    return value
