"""The conforming files pass the official schemas; what does not conform is never in them, and is told why."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from frictionless import Resource, Schema
from procrastinate.contrib.django.models import ProcrastinateJob

from couches.models import CoucheVersion
from exports.jobs import count_national
from exports.national import counts
from exports.national.judging import CHECKS, Judge, custom_gaps, siren_is_true
from exports.national.official import NotTheSchema, check, from_document, in_force
from exports.national.specs import SPECS
from exports.national.white_zones import WHITE_ZONES, table_schema
from tests.exports.reading import body

pytestmark = pytest.mark.django_db
FILES = {
    "lieux-de-mediation-numerique": "lieux-mediation-numerique-1.0.1.json",
    "equipements": "scdl-equipements-0.1.5.json",
    "acceslibre": "acceslibre-erp-base-0.0.20.json",
}


def fetch(client: Client, version: CoucheVersion, schema: str, rest: str = "", **query: str) -> bytes:
    response = client.get(f"/exports/{version.couche.slug}/{version.number}/national/{schema}/{rest}", query)
    assert response.status_code == 200, response.content
    return body(response)


def table(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


def judge(raw: bytes, schema: Path | dict[str, Any], tmp_path: Path) -> tuple[bool, int, list[Any]]:
    """frictionless's own verdict: valid, number of rows, errors."""
    descriptor = json.loads(schema.read_text()) if isinstance(schema, Path) else schema
    (tmp_path / "fichier.csv").write_bytes(raw)
    resource = Resource(path="fichier.csv", basepath=str(tmp_path), schema=Schema.from_descriptor(descriptor))
    report = resource.validate()
    return report.valid, report.tasks[0].stats["rows"], report.flatten(["fieldName", "rowNumber", "message"])


@pytest.mark.parametrize(
    ("made", "schema", "rows"),
    [
        ("services", "lieux-de-mediation-numerique", 2),
        ("buildings", "equipements", 1),
        ("buildings", "acceslibre", 3),
    ],
)
def test_a_conforming_file_passes_the_official_schema(
    made: str, schema: str, rows: int, request: Any, emma: Client, schemas: Path, tmp_path: Path
) -> None:
    version = request.getfixturevalue(made)
    raw = fetch(emma, version, schema)
    assert judge(raw, schemas / FILES[schema], tmp_path) == (True, rows, [])


def test_what_does_not_conform_is_told_field_by_field(services: CoucheVersion, emma: Client) -> None:
    found = table(fetch(emma, services, "lieux-de-mediation-numerique", "ecarts/"))
    said = [(row["champ"], row["etat"]) for row in found]
    assert sorted(said) == [
        ("adresse", "manquant"), ("code_postal", "manquant"), ("nom", "manquant"), ("pivot", "faux"),
        ("pivot", "manquant"),
    ]  # fmt: skip
    wrong = next(row for row in found if row["etat"] == "faux")
    assert "clé" in wrong["pourquoi"] and wrong["fiche"].endswith(
        f"/couches/services/objets/{wrong['number']}/"
    )
    as_json = json.loads(fetch(emma, services, "lieux-de-mediation-numerique", "ecarts/", format="json"))
    assert as_json["ecarts"] == found


def test_no_row_is_in_both_lists_nor_in_none(services: CoucheVersion, emma: Client) -> None:
    kept = {row["id"] for row in table(fetch(emma, services, "lieux-de-mediation-numerique"))}
    refused = {row["id"] for row in table(fetch(emma, services, "lieux-de-mediation-numerique", "ecarts/"))}
    assert not kept & refused and len(kept | refused) == services.feature_count


def test_the_apostrophe_of_a_commune_is_the_schemas_fault(buildings: CoucheVersion, emma: Client) -> None:
    found = table(fetch(emma, buildings, "equipements", "ecarts/"))
    assert {(row["champ"], row["etat"], row["commune"]) for row in found} == {
        ("COLL_SIRET", "manquant", "Aurillac"), ("ADR_COMMUNE", "bloque", "Val d'Arcomie"),
    }  # fmt: skip
    (first, _second) = emma.get("/exports/batiments-publics/1/national/").json()["schemas"]
    assert (first["conforming"], first["stuck"], first["total"]) == (1, 1, 3)
    amiss = Judge(SPECS["equipements"]).gaps({"ADR_COMMUNE": "L'Île 3"})
    assert {gap.state for gap in amiss if gap.field == "ADR_COMMUNE"} == {"faux"}
    assert "Val d'Arcomie" in {row["commune"] for row in table(fetch(emma, buildings, "acceslibre"))}


def test_values_are_written_as_the_schemas_want(
    services: CoucheVersion, buildings: CoucheVersion, emma: Client
) -> None:
    cafe, other = table(fetch(emma, services, "lieux-de-mediation-numerique"))
    assert (cafe["telephone"], cafe["frais_a_charge"], cafe["code_insee"]) == (
        "+33471454646",
        "Gratuit|Payant",
        "15014",
    )
    assert (cafe["latitude"], cafe["longitude"]) == ("44.9312345", "2.4412345") and cafe[
        "source"
    ] == "Repères"
    # A national file is exact: no quote before what a spreadsheet would run (docs say how to open it).
    assert other["nom"] == "=1+1"
    hall = table(fetch(emma, buildings, "acceslibre"))[0]
    assert (hall["activite"], hall["entree_plain_pied"], hall["entree_marches"]) == ("Mairie", "true", "0")
    assert (
        json.loads(hall["accueil_equipements_malentendants"]) == ["bim", "lsf"]
        and hall["stationnement_pmr"] == ""
    )
    assert table(fetch(emma, buildings, "equipements"))[0]["EQUIP_THEME"] == "Equipement administratif"


def test_the_file_is_named_by_the_rule_of_the_standard(
    services: CoucheVersion, emma: Client, settings: Any
) -> None:
    settings.PUBLISHER = "Syndicat d'Énergie (15)"
    response = emma.get(
        "/exports/services/1/national/lieux-de-mediation-numerique/", {"territoire": "commune:15014"}
    )
    body(response)
    day = services.published_at.date().isoformat()
    name = f"{day}_syndicat-d-energie-15_lieux-de-mediation-numerique_commune-15014.csv"
    assert name in response["Content-Disposition"]
    again = emma.get(
        "/exports/services/1/national/lieux-de-mediation-numerique/",
        {"territoire": "commune:15014"},
        headers={"if-none-match": response["ETag"]},
    )
    assert again.status_code == 304
    assert fetch(emma, services, "lieux-de-mediation-numerique", bom="1").startswith("\ufeff".encode())


def test_the_page_counts_and_names_what_is_missing(
    services: CoucheVersion, emma: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = emma.get("/exports/services/derniere/national/", headers={"accept": "text/html"}).content.decode()
    assert "<strong>2</strong>" in page and "<code>pivot</code>" in page and page.count("<h1") == 1
    (one,) = emma.get("/exports/services/1/national/").json()["schemas"]
    assert (one["conforming"], one["total"], one["official"]) == (2, 6, False)
    assert dict(one["most_missing"])["pivot"] == 2


def test_many_rows_are_counted_by_a_job(
    services: CoucheVersion, emma: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "AT_ONCE", 0)
    (one,) = emma.get("/exports/services/1/national/").json()["schemas"]
    assert one["total"] is None
    page = emma.get("/exports/services/1/national/", headers={"accept": "text/html"}).content.decode()
    assert "comptage est en cours" in page
    waiting = ProcrastinateJob.objects.get(task_name=counts.TASK)
    count_national(**waiting.args)
    (one,) = emma.get("/exports/services/1/national/").json()["schemas"]
    assert (one["conforming"], one["total"]) == (2, 6)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("services/1/national/rien/", 404), ("services/1/national/equipements/", 404), ("rien/1/national/", 404),
        ("services/9/national/", 404), ("services/1/national/lieux-de-mediation-numerique/?territoire=x", 422),
        ("services/1/national/lieux-de-mediation-numerique/?bom=2", 422),
        ("services/1/national/lieux-de-mediation-numerique/ecarts/?format=xml", 422),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(
    path: str, status: int, services: CoucheVersion, emma: Client
) -> None:
    response = emma.get(f"/exports/{path}")
    assert response.status_code == status and response.json()["detail"]


def test_white_zones_are_a_row_per_operator_and_usage(
    version: CoucheVersion, emma: Client, tmp_path: Path
) -> None:
    raw = fetch(emma, version, "zones-blanches")
    assert judge(raw, table_schema(), tmp_path)[0] is True
    rows = table(raw)
    first = [row for row in rows if row["id_objet"] == rows[0]["id_objet"]]
    assert {(row["operateur"], row["usage"], row["niveau_constate"]) for row in first} == {
        ("20801", "voix", "absent"), ("20801", "data", "faible"), ("20815", "sms", "bon"), ("64710", "voix", "bon"),
    }  # fmt: skip
    assert len({row["id"] for row in rows}) == len(rows) == 4 * 8
    assert fetch(emma, version, "zones-blanches", "ecarts/").decode().count("\r\n") == 1


def test_our_schema_is_published_with_its_page(emma: Client, tmp_path: Path) -> None:
    document = emma.get("/schemas/zones-blanches/1.0.0/schema.json")
    descriptor = json.loads(body(document))
    assert Schema.from_descriptor(descriptor).to_descriptor()["name"] == "zones-blanches"
    assert not Schema.validate_descriptor(descriptor).errors
    assert {"title", "description", "homepage", "version", "created", "lastModified", "contributors"} <= set(
        descriptor
    )
    page = emma.get("/schemas/zones-blanches/").content.decode()
    assert all(f"<code>{field.name}</code>" in page for field in WHITE_ZONES.fields)
    assert emma.get("/schemas/zones-blanches/9.9.9/schema.json").status_code == 404


@pytest.mark.parametrize("key", list(FILES))
def test_the_pinned_rules_are_those_of_the_official_document(key: str, schemas: Path) -> None:
    spec = SPECS[key]
    raw = (schemas / FILES[key]).read_bytes()
    check(spec, raw)
    official = from_document(spec, json.loads(raw))
    assert official.fields == spec.fields
    assert sorted(map(str, official.checks)) == sorted(map(str, spec.checks))


def test_schemas_are_loaded_pinned_and_used(
    schemas: Path, kept_schemas: Path, services: CoucheVersion, emma: Client, capsys: Any
) -> None:
    call_command("sync_schemas", "--from", str(schemas))
    assert not kept_schemas.exists() and "Rien n'est écrit" in capsys.readouterr().out
    call_command("sync_schemas", "--from", str(schemas), "--wet-run")
    assert sorted(path.name for path in kept_schemas.iterdir()) == sorted(f"{key}.json" for key in FILES)
    assert in_force(SPECS["equipements"])[1] is True
    (one,) = emma.get("/exports/services/1/national/").json()["schemas"]
    assert (one["official"], one["conforming"]) == (True, 2)
    call_command("sync_schemas", "--from", str(schemas), "--wet-run")
    assert "déjà là" in capsys.readouterr().out


def test_another_document_is_refused(tmp_path: Path, kept_schemas: Path) -> None:
    folder = tmp_path / "donnes"
    folder.mkdir()
    (folder / "x.json").write_text("{}")
    with pytest.raises(CommandError):
        call_command("sync_schemas", "--from", str(folder), "--wet-run")
    assert not kept_schemas.exists()
    with pytest.raises(NotTheSchema, match="empreinte"):
        check(SPECS["equipements"], b"{}")
    with pytest.raises(NotTheSchema, match="Contrôle inconnu"):
        from_document(SPECS["equipements"], {"fields": [], "custom_checks": [{"name": "nouveau"}]})


def test_the_checks_frictionless_ignores() -> None:
    def why(name: str, row: dict[str, str], **parameters: Any) -> bool:
        return bool(list(custom_gaps(((name, parameters),), row)))

    assert why("french-siret-value", {"a": "21150014500018"}, column="a")
    assert not why("french-siret-value", {"a": "35600000000048"}, column="a")
    assert why("french-siren-value", {"a": "211500146"}, column="a") and siren_is_true("356000000")
    assert why(
        "compare-columns-value", {"a": "2026-01-02", "b": "2026-01-03"}, column="a", column2="b", op=">="
    )
    assert not why("compare-columns-value", {"a": "10", "b": "9"}, column="a", column2="b", op=">")
    assert why("sum-columns-value", {"a": "10", "b": "4", "c": "5"}, column="a", columns=["b", "c"])
    assert not why("sum-columns-value", {"a": "9", "b": "4", "c": "5"}, column="a", columns=["b", "c"])
    assert why("osm-hours", {"a": "Mo 25:70-26:00"}, column="a") and not why(
        "osm-hours", {"a": ""}, column="a"
    )
    assert set(CHECKS) >= {"french-siret-value", "compare-columns-value", "sum-columns-value"}
    with pytest.raises(KeyError):
        list(custom_gaps((("inconnu", {"column": "a"}),), {"a": "1"}))


@pytest.mark.parametrize(
    "value", ["a..b@x.fr", "a@x.f", "a@-x.fr", ".a@x.fr", "a,b@x.fr", "a@x", "@x.fr", "a@x.fr "]
)
def test_an_address_frictionless_refuses_is_refused_here_too(value: str) -> None:
    """What we let through must pass: a conforming file that fails is worse than a gap."""
    assert "EQUIP_EMAIL" in {gap.field for gap in Judge(SPECS["equipements"]).gaps({"EQUIP_EMAIL": value})}
    good = Judge(SPECS["equipements"]).gaps({"EQUIP_EMAIL": "mairie.d'ytrac+sig@ytrac-15.gouv.fr"})
    assert "EQUIP_EMAIL" not in {gap.field for gap in good}


def test_every_rule_of_a_field_is_kept() -> None:
    """Our own compiled rules, without the official documents."""
    judge = Judge(SPECS["equipements"])
    good = {
        "COLL_NOM": "x", "COLL_SIRET": "35600000000048", "EQUIP_UID": "15014-10000000-001",
        "EQUIP_THEME": "Equipement culturel", "EQUIP_CODE": "1", "EQUIP_TYPE": "x", "EQUIP_NOM": "x", "ADR_NUMERO": "1",
        "ADR_NOMVOIE": "Rue", "ADR_CODEPOSTAL": "15000", "ADR_COMMUNE": "Aurillac", "EQUIP_LAT": "44.9",
        "EQUIP_LONG": "2.4",
    }  # fmt: skip
    assert judge.gaps(good) == []
    for name, bad in {
        "EQUIP_THEME": "Autre", "EQUIP_LAT": "x", "ERP_CATEGORIE": "6", "EQUIP_EMAIL": "x", "EQUIP_WEB": "x",
        "EQUIP_TEL": "1" * 14, "ADR_NOMVOIE": "R", "EQUIP_CODE": "1" * 13, "COLL_SIRET": "1", "ADR_CLE_INTEROP": "é",
        "EQUIP_UID": "15014-1-1",
    }.items():  # fmt: skip
        assert [gap.field for gap in judge.gaps({**good, name: bad})] == [name], name
