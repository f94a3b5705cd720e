"""`manage.py create_token`."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from comptes.models import ApiToken, User
from tests.database import program_environment

ROOT = Path(__file__).resolve().parents[2]


def test_the_token_alone_is_on_standard_output(bruno: User) -> None:
    out = StringIO()
    call_command("create_token", "Bruno@reperes.demo", "--name", "QGIS", stdout=out)
    token = out.getvalue().strip()
    assert len(token) == 64
    assert out.getvalue() == f"{token}\n"
    row = ApiToken.objects.get(user=bruno)
    assert row.name == "QGIS"
    assert token not in {row.digest, row.token_key}


@pytest.mark.parametrize("name", ["", "x" * 81, "a\x00b", "\udcff"])
def test_a_bad_name_is_refused(name: str, bruno: User) -> None:
    with pytest.raises(CommandError, match="nom"):
        call_command("create_token", bruno.email, "--name", name)
    assert not ApiToken.objects.exists()


def test_a_closed_account_gets_no_token(bruno: User) -> None:
    User.objects.filter(pk=bruno.pk).update(is_active=False)
    with pytest.raises(CommandError, match="Aucun compte actif"):
        call_command("create_token", bruno.email, "--name", "QGIS")


def test_from_a_shell_an_unknown_account_is_exit_1_in_french(transactional_db: None) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "create_token", "personne@exemple.fr", "--name", "x"],
        cwd=ROOT,
        env=program_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Aucun compte actif n'a l'adresse personne@exemple.fr." in done.stderr
    assert "Traceback" not in done.stderr
