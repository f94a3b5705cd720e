"""« Conforme au schéma national »: what is missing or wrong, named, and the schemas' own faults told as such."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from couches import hours
from couches.conformity import Gauge, address_parts, asked, gauge_of, national_of, suggestions
from couches.models import Couche
from territoires.models import Commune
from tests import factories

pytestmark = pytest.mark.django_db
LA_POSTE = "35600000000048"
CAFE: dict[str, Any] = {
    "kind": "cafe",
    "nom": "Café de la Place",
    "pivot": "",
    "adresse": "3 place du Square",
    "code_postal": "15000",
}
HALL: dict[str, Any] = {
    "kind": "mairie",
    "nom": "Mairie",
    "COLL_NOM": "Commune d'Aurillac",
    "COLL_SIRET": "",
    "EQUIP_UID": "15014-01010401-001",
    "EQUIP_CODE": "01010401-001",
    "EQUIP_TYPE": "Mairie",
    "ADR_NUMERO": "1",
    "ADR_NOMVOIE": "Place de l'Hôtel-de-Ville",
    "ADR_CODEPOSTAL": "15000",
}


def siret(body: str) -> str:
    """Return 13 digits with their true key."""
    from couches.national import siret_is_true

    return next(f"{body}{key}" for key in range(10) if siret_is_true(f"{body}{key}"))


FALSE = f"{siret('2115001450001')[:-1]}{(int(siret('2115001450001')[-1]) + 1) % 10}"
CAFE["pivot"] = HALL["COLL_SIRET"] = siret("2115001450001")


@pytest.fixture
def town() -> Commune:
    """Aurillac with its postcode."""
    return factories.CommuneFactory(codes_postaux=["15000"])


def gauge(slug: str, attributes: dict[str, Any], commune: Commune | None) -> Gauge:
    """Return the gauge of a couche that has one."""
    found = gauge_of(Couche.objects.get(slug=slug), attributes, commune=commune)
    assert found is not None
    return found


def why(found: Gauge, name: str) -> tuple[str, str]:
    """Return (state, why) of one field."""
    return next((one.state, one.why) for one in found.checks if one.name == name)


def test_each_couche_is_measured_by_its_own_schema_or_by_none(town: Commune) -> None:
    couches = {one.slug: one for one in Couche.objects.all()}
    assert (
        national_of(couches["services"]) == "mediation"
        and national_of(couches["batiments-publics"]) == "scdl"
    )
    assert gauge_of(couches["zones-blanches"], {}, commune=town) is None
    # Every name of our tables is an attribute of the couche: a renamed one would never be missed.
    assert len(asked(couches["services"])) == 13 and len(asked(couches["batiments-publics"])) == 14
    assert set(address_parts(couches["services"])) == {"line", "postcode"}
    assert set(address_parts(couches["batiments-publics"])) == {"number", "way", "postcode", "key"}


def test_what_is_whole_conforms(town: Commune) -> None:
    cafe, hall = gauge("services", CAFE, town), gauge("batiments-publics", HALL, town)
    assert cafe.conforms and (cafe.required_ok, cafe.required) == (7, 7) and not cafe.warnings
    assert hall.conforms and (hall.required_ok, hall.required) == (13, 13) and not hall.warnings
    assert cafe.recommended_ok == 0 and {one.name for one in cafe.useful} >= {"horaires", "telephone"}


def test_what_is_missing_is_named_in_french(town: Commune) -> None:
    found = gauge("services", {"kind": "cafe", "nom": "Café"}, town)
    assert not found.conforms and found.required_ok == 4
    assert [one.label for one in found.to_do] == ["SIRET, RNA ou RIDET", "Adresse", "Code postal"]
    assert "structure parente" in why(found, "pivot")[1]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2115001450001", "Un SIRET a 14 chiffres : celui-ci en a 13."),
        (FALSE, "La clé de ce SIRET est fausse"),
        ("ce café", "SIRET"),
    ],
)
def test_a_false_siret_says_why(town: Commune, value: str, told: str) -> None:
    state, reason = why(gauge("services", CAFE | {"pivot": value}, town), "pivot")
    assert state == "invalid" and told in reason


def test_la_poste_has_a_rule_of_its_own(town: Commune) -> None:
    assert gauge("services", CAFE | {"pivot": LA_POSTE}, town).conforms


def test_a_place_without_siret_of_its_own_cannot_conform_and_nobody_is_at_fault(town: Commune) -> None:
    attributes = {name: value for name, value in CAFE.items() if name != "pivot"}
    named = attributes | {"structure_parente": f"Commune d'Aurillac, SIRET {siret('2115001450001')}"}
    found = gauge("services", named, town)
    assert not found.conforms and not found.to_do and [one.name for one in found.stuck] == ["pivot"]
    false = gauge(
        "services",
        attributes | {"structure_parente": f"Commune, {FALSE[:3]} {FALSE[3:6]} {FALSE[6:9]} {FALSE[9:]}"},
        town,
    )
    assert {"pivot", "structure_parente"} == {one.name for one in false.to_do}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"telephone": "12"}, "numéro de téléphone"),
        ({"code_postal": "1500"}, "cinq chiffres"),
        ({"horaires": "Mo-Fr 09:00-25:70"}, "« 25:70 » n'est pas une heure."),
        ({"horaires": "Mo 09:00-09:00"}, "finit à l'heure où il commence"),
        ({"telephone": "04 71 45 46 46"}, "Écrivez-le ainsi : +33471454646."),
        ({"presentation_resume": "x" * 281}, "280"),
        ({"courriels": "a@"}, ""),
    ],
)
def test_what_is_wrong_is_named_even_when_it_is_optional(
    town: Commune, change: dict[str, Any], told: str
) -> None:
    found = gauge("services", CAFE | change, town)
    assert not found.conforms
    assert [one.name for one in found.to_do] == list(change)
    assert told in found.to_do[0].why


@pytest.mark.parametrize(
    ("slug", "change", "told"),
    [
        ("services", {"code_postal": "15130"}, "n'est pas un code postal d"),
        ("services", {"pivot": "211500145"}, "SIREN"),
        ("services", {"horaires": "week 1-10 Mo 09:00-12:00"}, "vérifiez la notation"),
        ("batiments-publics", {"EQUIP_UID": "15267-01010401-001"}, "commencer par 15014"),
        ("batiments-publics", {"EQUIP_CODE": "01010402-001"}, "finir par son code"),
    ],
)
def test_what_deserves_a_look_forbids_nothing(
    town: Commune, slug: str, change: dict[str, Any], told: str
) -> None:
    found = gauge(slug, (CAFE if slug == "services" else HALL) | change, town)
    assert found.conforms and len(found.warnings) == 1 and told in found.warnings[0]


def test_the_apostrophe_of_a_name_is_the_schema_s_fault(db: None) -> None:
    """952 communes: a warning, never an error, never a rewriting."""
    there = factories.CommuneFactory(
        code_insee="15180", nom="Saint-Cirgues-de-l'Église", codes_postaux=["15000"]
    )
    found = gauge("batiments-publics", HALL | {"EQUIP_UID": "15180-01010401-001"}, there)
    assert found.conforms and len(found.warnings) == 1 and "apostrophe" in found.warnings[0]


def test_a_hamlet_without_number_is_told_what_to_write(town: Commune) -> None:
    attributes = {name: value for name, value in HALL.items() if name != "ADR_NUMERO"}
    assert "99999" in why(gauge("batiments-publics", attributes, town), "ADR_NUMERO")[1]


def test_the_theme_follows_the_kind_and_is_proposed(town: Commune) -> None:
    couche = Couche.objects.get(slug="batiments-publics")
    assert suggestions(couche, {"kind": "ecole", "nom": "École"}, town) == {
        "EQUIP_THEME": "Equipement d'enseignement",
        "ADR_CODEPOSTAL": "15000",
    }
    assert suggestions(couche, HALL | {"EQUIP_THEME": "Autre équipement"}, town) == {}
    town.codes_postaux = ["15000", "15130"]
    assert "ADR_CODEPOSTAL" not in suggestions(couche, {"kind": "ecole"}, town)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Mo-Fr 09:00-12:00,14:00-18:00; Sa 09:00-12:00", True),
        ("24/7", True),
        ("Mo,We 10:00-12:00; PH off", True),
        ("Apr-Sep: Mo-Su 08:00-20:00", True),
        ("Fr[1] 14:00-18:00", True),
        ('Mo 09:00-12:00 "sur rendez-vous"', True),
        ("lundi matin", False),
        ("sunrise-sunset", False),
        ("", False),
    ],
)
def test_hours_as_osm_writes_them(text: str, known: bool) -> None:
    assert hours.is_read(text) is known


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = [
    "kind",
    "nom",
    "pivot",
    "structure_parente",
    "horaires",
    "code_postal",
    "tournee",
    "services",
    "inconnu",
]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(attributes=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), JSON, max_size=8))
def test_whatever_is_stored_has_a_gauge(attributes: dict[str, Any]) -> None:
    couche = _services()
    found = gauge_of(couche, attributes)
    assert found is not None and 0 <= found.required_ok <= found.required


def _services() -> Couche:
    import json
    from pathlib import Path

    document = json.loads((Path("couches/catalogue/services.json")).read_text(encoding="utf-8"))
    return Couche(
        pk=-1, **{name: document[name] for name in ("slug", "title", "national_schema", "attribute_schema")}
    )
