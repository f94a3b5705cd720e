"""Places that conform to the national schemas, and places that do not, each for one reason."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from couches.models import Couche, CoucheVersion
from exports.national import official
from territoires.models import Commune
from tests.exports.conftest import emma, exports_root, saint_denis, version  # noqa: F401  # fixtures
from tests.exports.factories import change, release

CAFE: dict[str, Any] = {
    "kind": "cafe", "nom": "Café de l'Étoile", "pivot": "35600000000048", "adresse": "1 place de l'Église",
    "code_postal": "15000", "telephone": "+33471454646", "services": ["Accès internet et matériel informatique"],
    "horaires": "Mo-Sa 08:00-19:00", "itinerance": "Fixe", "frais_a_charge": ["Gratuit", "Payant"],
}  # fmt: skip
HALL: dict[str, Any] = {
    "kind": "mairie", "nom": "Mairie d'Aurillac", "COLL_NOM": "Commune d'Aurillac", "COLL_SIRET": "35600000000048",
    "EQUIP_UID": "15014-10000000-001", "EQUIP_CODE": "10000000-001", "EQUIP_TYPE": "Mairie", "ADR_NUMERO": "1",
    "ADR_NOMVOIE": "Place de l'Hôtel de Ville", "ADR_CODEPOSTAL": "15000", "EQUIP_OUVERTURE": "Mo-Fr 09:00-17:00",
    "EQUIP_TEL": "+33471454646", "EQUIP_WEB": "https://aurillac.fr", "entree_plain_pied": True, "entree_marches": 0,
    "accueil_equipements_malentendants": ["bim", "lsf"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def kept_schemas(settings: Any, tmp_path: Path) -> Path:
    """No official document but those a test loads."""
    settings.REPERES_LOCAL = tmp_path
    official._read.cache_clear()
    return tmp_path / "schemas"


@pytest.fixture
def schemas() -> Path:
    """The official documents at hand."""
    folder = Path(django_settings.REPERES_DATA) / "schemas"
    if not folder.is_dir():
        pytest.skip(f"the official schemas are not in {folder}")
    return folder


@pytest.fixture
def services(aurillac: Commune) -> CoucheVersion:
    """Six cafés: two conform."""
    wrong = [
        {"pivot": None}, {"pivot": "21150014500018"}, {"code_postal": None}, {"nom": None, "adresse": None},
    ]  # fmt: skip
    rows = [CAFE, {**CAFE, "nom": "=1+1", "telephone": None}, *({**CAFE, **one} for one in wrong)]
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return release(*[change(attributes=row) for row in kept], couche=Couche.objects.get(slug="services"))


@pytest.fixture
def buildings(aurillac: Commune, ytrac: Commune) -> CoucheVersion:
    """A town hall that conforms, one without SIRET, one in a commune whose name the schema refuses."""
    Commune.objects.filter(pk="15267").update(nom="Val d'Arcomie")
    without = {name: value for name, value in HALL.items() if name != "COLL_SIRET"}
    return release(
        change(attributes=HALL), change(attributes=without), change(attributes=HALL, commune_id="15267"),
        couche=Couche.objects.get(slug="batiments-publics"),
    )  # fmt: skip
