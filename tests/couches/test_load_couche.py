"""load_couche: creating or changing a couche is loading a file, after having read the diff."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from couches.loading import CATALOGUE
from couches.meta_schema import check_schema
from couches.models import Couche

pytestmark = pytest.mark.django_db
FILES = sorted(CATALOGUE.glob("*.json"))


def catalogue(slug: str) -> dict[str, Any]:
    return json.loads((CATALOGUE / f"{slug}.json").read_text())


def load(path: Path, *options: str) -> str:
    out = io.StringIO()
    call_command("load_couche", path, *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def fountains(tmp_path: Path) -> Path:
    """A couche nobody has thought of yet."""
    definition = catalogue("services")
    definition |= {"slug": "fontaines", "title": "Fontaines", "national_schema": ""}
    path = tmp_path / "fontaines.json"
    path.write_text(json.dumps(definition))
    return path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_catalogue_is_sound_and_loaded(path: Path) -> None:
    check_schema(json.loads(path.read_text())["attribute_schema"])
    assert "rien à changer" in load(path)


def test_a_dry_run_shows_the_diff_and_writes_nothing(fountains: Path) -> None:
    printed = load(fountains)
    assert "slug : (absent) → fontaines" in printed
    assert "--wet-run" in printed
    assert not Couche.objects.filter(slug="fontaines").exists()


def test_a_wet_run_creates_the_couche(fountains: Path) -> None:
    load(fountains, "--wet-run")
    assert Couche.objects.get(slug="fontaines").schema_version == 1
    assert "rien à changer" in load(fountains, "--wet-run")


def test_a_changed_schema_gets_the_next_version_and_a_changed_title_does_not(fountains: Path) -> None:
    load(fountains, "--wet-run")
    definition = json.loads(fountains.read_text())
    definition["title"] = "Fontaines et points d'eau"
    fountains.write_text(json.dumps(definition))
    assert "title : Fontaines → Fontaines et points d'eau" in load(fountains, "--wet-run")
    assert Couche.objects.get(slug="fontaines").schema_version == 1
    definition["attribute_schema"]["properties"]["nom"]["maxLength"] = 99
    fountains.write_text(json.dumps(definition))
    assert "attribute_schema.properties.nom.maxLength : 140 → 99" in load(fountains, "--wet-run")
    assert Couche.objects.get(slug="fontaines").schema_version == 2


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("slug", "", "slug : Cette clé manque"),
        ("slug", "É t é", "slug : "),
        ("title", "x" * 121, "title : "),
        ("publication_policy", "monthly", "publication_policy : "),
        ("couleur", "bleu", "couleur : Clé inconnue"),
        ("attribute_schema", [], "attribute_schema : "),
    ],
)
def test_a_wrong_key_is_named(fountains: Path, key: str, value: Any, words: str) -> None:
    definition = json.loads(fountains.read_text()) | {key: value}
    fountains.write_text(json.dumps(definition))
    with pytest.raises(CommandError) as caught:
        load(fountains, "--wet-run")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", [b"[]", b"{", b"\xff\xfe", b"[" * 200_000, b" " * 1_000_001])
def test_a_file_that_describes_nothing_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text)
    with pytest.raises(CommandError):
        load(path)
    with pytest.raises(CommandError, match="pas un JSON lisible"):
        load(tmp_path / "absent.json")


def spoiled(change: Any) -> dict[str, Any]:
    schema = catalogue("services")["attribute_schema"]
    change(schema, schema["properties"])
    return schema


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda s, p: s.update(type="array"), "attribute_schema"),
        (lambda s, p: s.update(properties={}), "attribute_schema"),
        (lambda s, p: s.update(type="objet"), "attribute_schema.type"),
        (lambda s, p: s.pop("additionalProperties"), "attribute_schema"),
        (lambda s, p: s.update({"x-title": "titre"}), "attribute_schema.x-title"),
        (lambda s, p: s["required"].append("absent"), "attribute_schema.required"),
        (lambda s, p: s["required"].append("pivot"), "attribute_schema.properties.pivot"),
        (lambda s, p: p.update({"été": p["nom"]}), "attribute_schema.properties.été"),
        (lambda s, p: p["nom"].pop("title"), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].pop("maxLength"), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update({"x-group": "x"}), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update({"x-short": "nom_du_lieu"}), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update({"x-short": "TYPE"}), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update({"x-widget": "carte"}), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update({"x-format": "iban"}), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update({"x-paper": True}), "attribute_schema.properties.nom"),
        (lambda s, p: p["kind"].update({"x-paper": ["moulin"]}), "attribute_schema.properties.kind"),
        (lambda s, p: p["kind"].update({"x-paper": []}), "attribute_schema.properties.kind"),
        (lambda s, p: p["nom"].update({"x-complete": "préfet"}), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update(type="object"), "attribute_schema.properties.nom"),
        (lambda s, p: p["nom"].update(format="email"), "attribute_schema.properties.nom"),
        (lambda s, p: p["kind"]["x-labels"].pop("epn"), "attribute_schema.properties.kind"),
        (lambda s, p: p["services"].pop("maxItems"), "attribute_schema.properties.services"),
        (lambda s, p: p["services"].pop("items"), "attribute_schema.properties.services"),
        (lambda s, p: p["services"]["items"].pop("enum"), "attribute_schema.properties.services.items"),
        (
            lambda s, p: p["tournee"]["items"].pop("additionalProperties"),
            "attribute_schema.properties.tournee.items",
        ),
        (
            lambda s, p: p["tournee"]["items"]["properties"]["lieu"].pop("title"),
            "attribute_schema.properties.tournee.items.properties.lieu",
        ),
        (lambda s, p: p.update({f"n{n}": p["nom"] for n in range(60)}), "attribute_schema.properties"),
    ],
)
def test_a_schema_that_could_not_be_held_is_refused(change: Any, path: str) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError) as caught:
        check_schema(spoiled(change))
    assert path in caught.value.message_dict


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_national_fields_have_their_national_names_and_values(path: Path, settings: Any) -> None:
    """Against the national schemas themselves, where they are at hand."""
    folder = settings.REPERES_DATA / "schemas"
    if not folder.is_dir():
        pytest.skip("REPERES_DATA/schemas is absent")
    national = {
        "mediation": "lieux-mediation-numerique-1.0.1.json",
        "acceslibre": "acceslibre-erp-base-0.0.20.json",
        "scdl": "scdl-equipements-0.1.5.json",
    }
    fields = {
        f"{name}:{field['name']}": field
        for name, file in national.items()
        for field in json.loads((folder / file).read_text())["fields"]
    }
    for name, definition in json.loads(path.read_text())["attribute_schema"]["properties"].items():
        known = definition.get("x-national")
        if known is None:
            continue
        assert known in fields, name
        if known != "scdl:EQUIP_NOM":
            assert known.split(":")[1] == name
        told = json.dumps(fields[known], ensure_ascii=False).replace("\\\\", "")
        for code in definition.get("enum", definition.get("items", {}).get("enum", [])):
            assert code in told, f"{name}: {code}"
