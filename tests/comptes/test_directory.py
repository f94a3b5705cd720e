"""`load_annuaire`: the State's directory gives town halls their official address."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from comptes import directory
from comptes.models import TownHallAddress
from comptes.town_halls import set_address
from territoires.models import Commune

pytestmark = pytest.mark.django_db


def counter(
    code: str, *emails: object, kind: str = "mairie", name: str = "Mairie", rank: str = "01"
) -> dict[str, Any]:
    return {
        "plage_ouverture": [{"nom_jour_debut": "Lundi"}], "nom": f"{name} - {code}",
        "ancien_code_pivot": f"mairie-{code}-{rank}", "adresse_courriel": list(emails),
        "pivot": [{"type_service_local": kind, "code_insee_commune": [code]}],
    }  # fmt: skip


def load(path: Path, services: object, *, wet_run: bool = True, packed: bool = False) -> str:
    raw = json.dumps({"service": services}, indent=2).encode()
    path.write_bytes(gzip.compress(raw) if packed else raw)
    out = io.StringIO()
    call_command("load_annuaire", str(path), wet_run=wet_run, stdout=out)
    return out.getvalue()


def addresses() -> dict[str, str]:
    return dict(TownHallAddress.objects.values_list("commune", "email"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "annuaire.json"


def test_a_dry_run_says_what_it_would_write(file: Path, aurillac: Commune) -> None:
    told = load(file, [counter("15014", "Mairie@Aurillac.fr")], wet_run=False)
    assert "+ 15014 Aurillac : mairie@aurillac.fr" in told and "--wet-run" in told
    assert addresses() == {}


def test_the_town_hall_wins_over_its_annexes_and_other_counters(
    file: Path, aurillac: Commune, ytrac: Commune
) -> None:
    services = [
        counter("15014", "annexe@aurillac.fr", name="Mairie annexe", rank="02"),
        counter("15014", "pas une adresse", "mairie@aurillac.fr"),
        counter("15014", "deleguee@aurillac.fr", name="Mairie déléguée", rank="03"),
        counter("15267", "gendarmerie@exemple.fr", kind="gendarmerie"),
        counter("99999", "inconnue@exemple.fr"),
        {"nom": "rien", "pivot": None},
        {
            "pivot": [{"type_service_local": "mairie", "code_insee_commune": "15267"}],
            "adresse_courriel": "y@ytrac.fr",
        },
    ]
    told = load(file, services, packed=True)
    assert addresses() == {"15014": "mairie@aurillac.fr", "15267": "y@ytrac.fr"}
    assert "1 codes inconnus" in told


def test_twice_is_once_and_a_change_is_shown(file: Path, aurillac: Commune) -> None:
    load(file, [counter("15014", "a@aurillac.fr")])
    assert "0 adresses nouvelles" in load(file, [counter("15014", "a@aurillac.fr")])
    assert "~ 15014 Aurillac : a@aurillac.fr → b@aurillac.fr" in load(
        file, [counter("15014", "b@aurillac.fr")]
    )


def test_what_the_operator_wrote_is_kept(file: Path, aurillac: Commune) -> None:
    set_address(commune=aurillac, email="bonne@aurillac.fr")
    load(file, [counter("15014", "autre@aurillac.fr")])
    assert addresses() == {"15014": "bonne@aurillac.fr"}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b'{"service": 3}', b'{"service": [3]}', b'{"service": [{"a": 1}', b'{"service": [{"a"',
        b"\x1f\x8bxx", b"\xff\xfe", b'{"service": [' + b'{"a":' * 5000,
    ],
)  # fmt: skip
def test_another_file_is_refused_in_a_sentence(content: bytes, file: Path, aurillac: Commune) -> None:
    file.write_bytes(content)
    with pytest.raises(CommandError, match=r"annuaire|abîmé|guichets"):
        call_command("load_annuaire", str(file), wet_run=True)
    assert addresses() == {}


def test_memory_is_bounded_by_one_counter(
    file: Path, aurillac: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MAX_SERVICE", 10_000)
    monkeypatch.setattr(directory, "PIECE", 1_000)
    many = [counter("15014", "mairie@aurillac.fr") for _number in range(300)]
    load(file, many)
    assert addresses() == {"15014": "mairie@aurillac.fr"}
    many[200]["nom"] = "x" * 100_000
    with pytest.raises(CommandError, match="abîmé"):
        load(file, many)


def test_the_operator_writes_one_by_hand(aurillac: Commune) -> None:
    call_command("set_town_hall_address", "15014", "Mairie@Aurillac.fr", stdout=io.StringIO())
    assert addresses() == {"15014": "mairie@aurillac.fr"}
    for arguments in [("99999", "a@b.fr"), ("15014", "pas une adresse")]:
        with pytest.raises(CommandError):
            call_command("set_town_hall_address", *arguments)
