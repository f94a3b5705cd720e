"""The process starts safely configured, or does not start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "DATABASE_URL": "postgresql://x@/x",
    "SECRET_KEY": "k" * 40,
    "REPERES_DEMO": "0",
    "REPERES_LIMITS": "on",
    "REPERES_PROCESS": "web",
    "ALLOWED_HOSTS": "localhost",
    "DJANGO_DEBUG": "0",
    "REPERES_HTTPS": "0",
}


def start(code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own, without touching any database."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPERES_")}
    return subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings as s; s.DEBUG\n{code}"],
        cwd=ROOT,
        env={**inherited, **SAFE, **environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_safe_environment_starts() -> None:
    done = start("print(s.DEBUG, s.REPERES_DEMO, s.REPERES_LIMITS)")
    assert done.stderr == ""
    assert done.stdout.split() == ["False", "False", "True"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"REPERES_DEMO": "1", "ALLOWED_HOSTS": "carte.example"}, "refusé sur un nom d'hôte public"),
        (
            {"REPERES_DEMO": "1", "ALLOWED_HOSTS": "localhost,carte.example"},
            "refusé sur un nom d'hôte public",
        ),
        ({"REPERES_DEMO": "1", "ALLOWED_HOSTS": "*"}, "refusé sur un nom d'hôte public"),
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "trop-courte"}, "au moins 32 caractères"),
        ({"REPERES_LIMITS": "off"}, "n'est permis qu'avec REPERES_DEMO=1"),
        ({"DATABASE_URL": ""}, "DATABASE_URL manque"),
        ({"DATABASE_URL": "mysql://x@/x"}, "DATABASE_URL"),
        ({"REPERES_PROCESS": "autre"}, "web, worker ou manage"),
        ({"REPERES_DEMO": "peut-être"}, "écrivez 1 ou 0"),
        ({"REPERES_ATTESTATION_DATE": "mars 2032"}, "écrivez une date"),
        ({"REPERES_PROXIES": "un"}, "écrivez un nombre entier"),
        ({"REPERES_LIMIT_ADDRESS": "60"}, "débit par heure:réserve"),
        ({"REPERES_LIMIT_COMMUNE": "0:10"}, "débit par heure:réserve"),
        ({"REPERES_CHALLENGE_COST": "0"}, "au moins 1"),
        ({"REPERES_MFA": "non"}, "required ou optional"),
        ({"PROCONNECT_ISSUER": "https://proconnect.example"}, "PROCONNECT_CLIENT_ID"),
        (
            {
                "PROCONNECT_ISSUER": "http://proconnect.example",
                "PROCONNECT_CLIENT_ID": "x",
                "PROCONNECT_SECRET": "y",
            },
            "une adresse https://",
        ),
    ],
    ids=lambda value: "&".join(value) if isinstance(value, dict) else "",
)
def test_an_unsafe_one_does_not_start_and_says_why(environment: dict[str, str], said: str) -> None:
    done = start(**environment)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert said in done.stderr


def test_a_second_factor_is_asked_except_in_the_demo() -> None:
    assert start("print(s.REPERES_MFA)").stdout.strip() == "required"
    assert start("print(s.REPERES_MFA)", REPERES_DEMO="1").stdout.strip() == "optional"
    assert (
        start("print(s.REPERES_MFA)", REPERES_DEMO="1", REPERES_MFA="required").stdout.strip() == "required"
    )


def test_the_demo_starts_on_this_machine_only() -> None:
    assert start(REPERES_DEMO="1", ALLOWED_HOSTS="localhost,127.0.0.1,[::1]").returncode == 0


def test_behind_tls_cookies_and_headers_are_tied_to_the_host() -> None:
    done = start(
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SECURE_HSTS_SECONDS >= 31536000, s.SECURE_HSTS_INCLUDE_SUBDOMAINS)",
        REPERES_HTTPS="1",
    )
    assert done.stdout.split() == ["__Host-sessionid", "__Host-csrftoken", "True", "True", "True", "True"]


def test_limits_turned_off_are_really_off() -> None:
    """An empty table would bring allauth's defaults back."""
    code = (
        "import django; django.setup()\nfrom allauth.account import app_settings as a; print(a.RATE_LIMITS)"
    )
    off = start(code, REPERES_DEMO="1", REPERES_LIMITS="off")
    assert off.stdout.strip() == "{}"
    assert "login_failed" in start(code).stdout
