"""Links of letters: a random word that opens one thing once; only its digest is kept."""

import hashlib
import re
import secrets

from django.conf import settings

_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")


def new_link() -> tuple[str, str]:
    """Return a token of 256 random bits, as 43 url-safe characters, and its digest."""
    token = secrets.token_urlsafe(32)
    return token, hash_link(token)


def hash_link(token: str) -> str:
    """Return the digest under which a token is kept, 64 hexadecimal digits; "" for what cannot be one."""
    return hashlib.sha256(token.encode()).hexdigest() if _TOKEN.fullmatch(token) else ""


def absolute(path: str) -> str:
    """Return the address of a page as letters give it: the instance's own, never the Host header's."""
    return settings.PUBLIC_URL + path
