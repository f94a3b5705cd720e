"""Our own Table Schema for mobile white zones: no national one exists.

Names shared by the French schemas (id, code_insee, commune, latitude, longitude, source) and words
of the regulator (operators by MCC-MNC, usage). One row per place, operator and usage: a grey zone
was refused in the past because reports were not per operator.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings

from exports.national.specs import Field, Spec

if TYPE_CHECKING:
    from couches.models import Couche
    from exports.national.mappers import Published

VERSION = "1.0.0"
CREATED, MODIFIED = "2026-11-26", "2026-11-26"
OPERATORS = (
    "20801", "20810", "20815", "20820", "34001", "34002", "34003", "34004", "34008", "34020",
    "64700", "64701", "64702", "64703", "64704", "64710",
)  # fmt: skip
USAGES = {"calls": "voix", "sms": "sms", "data": "data"}
LEVELS = {"none": "absent", "poor": "faible", "ok": "bon"}
SITUATIONS = {"outdoors": "extérieur", "indoors": "intérieur", "vehicle": "véhicule", "path": "chemin"}
DISPLAYS = {
    "no_service": "aucun service", "emergency_only": "appels d'urgence seulement",
    "2g": "2G", "3g": "3G", "4g": "4G", "5g": "5G",
}  # fmt: skip
FREQUENCIES = {"once": "une fois", "often": "souvent", "always": "toujours"}
CAUSES = {
    "always_so": "depuis toujours", "outage": "panne", "2g_3g_stop": "arrêt de la 2G ou de la 3G",
    "works": "travaux", "unknown": "inconnue",
}  # fmt: skip
_CODE_INSEE = r"^([013-9]\d|2[AB1-9])\d{3}$"
# (field, title, description, example)
_FIELDS: tuple[tuple[Field, str, str, str], ...] = (
    (Field("id", required=True), "Identifiant de la ligne", "Objet, opérateur et usage.", "…-20801-voix"),
    (
        Field("id_objet", required=True),
        "Identifiant de l'objet",
        "Stable d'une version à l'autre (UUID).",
        "",
    ),
    (Field("code_insee", required=True, pattern=_CODE_INSEE), "Code INSEE de la commune", "", "15014"),
    (Field("commune", required=True), "Commune", "", "Aurillac"),
    (Field("latitude", "number", required=True, minimum=-90, maximum=90), "Latitude", "WGS 84.", "44.9285"),
    (
        Field("longitude", "number", required=True, minimum=-180, maximum=180),
        "Longitude",
        "WGS 84.",
        "2.4423",
    ),
    (Field("precision_m", "number", minimum=0), "Précision de la position, en mètres", "", "12.5"),
    (Field("operateur", required=True, enum=OPERATORS), "Opérateur", "Code MCC-MNC du réseau hôte.", "20801"),
    (Field("usage", required=True, enum=tuple(USAGES.values())), "Usage", "", "voix"),
    (
        Field("niveau_constate", required=True, enum=tuple(LEVELS.values())),
        "Niveau constaté",
        "Ce que des personnes ont constaté : absent (impossible), faible (difficile), bon. Ce n'est pas une mesure.",
        "absent",
    ),
    (
        Field("situation", enum=tuple(SITUATIONS.values())),
        "Situation",
        "Où se tenait la personne.",
        "extérieur",
    ),
    (Field("affichage", enum=tuple(DISPLAYS.values())), "Ce qu'affichait le téléphone", "", "aucun service"),
    (Field("frequence", enum=tuple(FREQUENCIES.values())), "Fréquence", "", "toujours"),
    (Field("depuis", pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"), "Depuis", "Année, mois ou jour.", "2026-03"),
    (Field("cause", enum=tuple(CAUSES.values())), "Cause supposée", "", "depuis toujours"),
    (Field("observations", "integer", required=True, minimum=1), "Nombre de signalements", "", "4"),
    (Field("observateurs", "integer", required=True, minimum=1), "Nombre de personnes distinctes", "", "3"),
    (Field("date_observation", "date", required=True), "Dernière observation", "", "2026-11-20"),
    (
        Field("date_validation", "date", required=True),
        "Publication après décision de la commune",
        "",
        "2026-11-21",
    ),
    (Field("source", required=True), "Source", "", "Repères"),
    (Field("licence", required=True), "Licence", "Identifiant SPDX.", "etalab-2.0"),
)
WHITE_ZONES = Spec(
    "zones-blanches",
    "Zones blanches du réseau mobile, constatées",
    VERSION,
    f"/schemas/zones-blanches/{VERSION}/schema.json",
    "",
    tuple(field for field, *_words in _FIELDS),
)


def white_zone_rows(_couche: "Couche", row: "Published") -> Iterator[dict[str, str]]:
    """Yield a row per operator and usage that somebody tried."""
    said = row.attributes
    shared = {
        "id_objet": row.id,
        "code_insee": row.code_insee,
        "commune": row.commune,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "precision_m": row.accuracy_m,
        "situation": SITUATIONS.get(str(said.get("place")), ""),
        "affichage": DISPLAYS.get(str(said.get("display")), ""),
        "frequence": FREQUENCIES.get(str(said.get("frequency")), ""),
        "depuis": str(said.get("since") or ""),
        "cause": CAUSES.get(str(said.get("cause")), ""),
        "observations": str(row.observations),
        "observateurs": str(row.distinct_observers),
        "date_observation": row.last_observed_on,
        "date_validation": row.published_on,
        "source": "Repères",
        "licence": row.licence,
    }
    for told in said.get("operators") or []:
        operator = str(told.get("operator", ""))
        for ours, usage in USAGES.items():
            level = LEVELS.get(str(told.get(ours)))
            if level:
                identity = {"id": f"{row.id}-{operator}-{usage}", "operateur": operator, "usage": usage}
                yield {**shared, **identity, "niveau_constate": level}


def table_schema() -> dict[str, Any]:
    """Return the Table Schema, with what schema.data.gouv.fr asks of a published one."""
    site = settings.PUBLIC_URL
    return {
        "$schema": "https://frictionlessdata.io/schemas/table-schema.json",
        "name": "zones-blanches",
        "title": WHITE_ZONES.title,
        "description": (
            "Endroits où des habitants ont constaté qu'un réseau mobile manque, par opérateur et par usage, "
            "validés par les communes."
        ),
        "countryCode": "FR",
        "keywords": ["téléphonie mobile", "couverture", "zone blanche", "commune"],
        "homepage": f"{site}/schemas/zones-blanches/",
        "path": f"{site}{WHITE_ZONES.address}",
        "licenses": [
            {
                "name": "etalab-2.0",
                "title": "Licence Ouverte 2.0",
                "path": "https://spdx.org/licenses/etalab-2.0.html",
            }
        ],
        "contributors": [{"title": settings.PUBLISHER or "Repères", "role": "author"}],
        "created": CREATED,
        "lastModified": MODIFIED,
        "version": VERSION,
        "primaryKey": ["id"],
        "missingValues": [""],
        "fields": [_described(*one) for one in _FIELDS],
    }


def _described(field: Field, title: str, description: str, example: str) -> dict[str, Any]:
    rules: dict[str, Any] = {
        "required": field.required or None,
        "unique": True if field.name == "id" else None,
        "pattern": field.pattern or None,
        "enum": list(field.enum) or None,
        "minimum": field.minimum,
        "maximum": field.maximum,
    }
    made = {
        "name": field.name,
        "title": title,
        "description": description or None,
        "type": field.kind,
        "example": example or None,
        "constraints": {name: value for name, value in rules.items() if value is not None} or None,
    }
    return {name: value for name, value in made.items() if value is not None}
