"""Reads the environment, and fails loudly: a setting is right or the process does not start.

Its refusals are plain French: a translation needs the settings that they stop from loading.
"""

import datetime as dt
import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env_bool(name: str, *, default: bool = False) -> bool:
    """Return the flag `name`: 1/true/oui/on or 0/false/non/off, case ignored."""
    raw = os.environ.get(name, "").strip().lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "oui", "on"}:
        return True
    if raw in {"0", "false", "no", "non", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} : écrivez 1 ou 0.")


def env_int(name: str, *, default: int) -> int:
    """Return the whole number in `name`."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={raw!r} : écrivez un nombre entier.") from error


def env_date(name: str) -> dt.date | None:
    """Return the day in `name`, written AAAA-MM-JJ; None when it is not given."""
    raw = os.environ.get(name, "").strip()
    try:
        return dt.date.fromisoformat(raw) if raw else None
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={raw!r} : écrivez une date, par exemple 2032-03-31.") from error


def env_limit(name: str, *, default: str) -> tuple[int, int]:
    """Return the limit in `name`, written "per hour:reserve", as (per hour, reserve), both at least 1."""
    raw = os.environ.get(name, "").strip() or default
    rate, _colon, reserve = raw.partition(":")
    try:
        limit = int(rate), int(reserve)
    except ValueError:
        limit = 0, 0
    if min(limit) < 1:
        raise ImproperlyConfigured(f"{name}={raw!r} : écrivez débit par heure:réserve, par exemple 60:30.")
    return limit


def env_list(name: str, *, default: str = "") -> list[str]:
    """Return the comma-separated words of `name`."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def env_mfa(*, demo: bool) -> str:
    """Return REPERES_MFA: "required", or "optional", which is the demonstration's default."""
    asked = os.environ.get("REPERES_MFA") or ("optional" if demo else "required")
    if asked not in {"required", "optional"}:
        raise ImproperlyConfigured("REPERES_MFA : écrivez required ou optional.")
    return asked


def env_proconnect() -> tuple[str, str, str]:
    """Return ProConnect's issuer, our name there and our secret; an empty issuer turns it off."""
    issuer = os.environ.get("PROCONNECT_ISSUER", "").rstrip("/")
    client, secret = os.environ.get("PROCONNECT_CLIENT_ID", ""), os.environ.get("PROCONNECT_SECRET", "")
    if issuer and not (client and secret):
        raise ImproperlyConfigured(
            "PROCONNECT_ISSUER demande aussi PROCONNECT_CLIENT_ID et PROCONNECT_SECRET."
        )
    if issuer and not issuer.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise ImproperlyConfigured(
            "PROCONNECT_ISSUER : une adresse https://, sans laquelle rien n'est prouvé."
        )
    return issuer, client, secret


def database_parts(url: str) -> dict[str, Any]:
    """Split `postgresql://user:pw@host:port/name?host=/socket&sslmode=…` into Django's keys.

    Raises ImproperlyConfigured when the scheme is not PostgreSQL's or no database is named.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql", "postgis"}:
        raise ImproperlyConfigured("DATABASE_URL : écrivez postgresql://utilisateur@hôte/base.")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL : le nom de la base manque après la dernière barre.")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": name,
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or (parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "") or ""),
        "OPTIONS": options,
    }
