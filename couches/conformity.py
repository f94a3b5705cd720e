"""How far an object is from the national schema of its couche, with what is missing named in French.

The tables repeat what the national schemas ask (médiation numérique 1.0.1, SCDL équipements
0.1.5). The constraints of each field are those of our attribute schema, which carries the
national patterns; this module adds what neither pattern says: keys of SIRETs, real hours, a
postcode of that commune, and the schemas' own faults, told as such.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from couches import hours, national
from couches.cleaners import EMPTY
from couches.models import Couche
from couches.schemas import clean_attributes, properties
from territoires.models import Commune

OK, MISSING, INVALID, STUCK = "ok", "missing", "invalid", "stuck"
REQUIRED, RECOMMENDED = "required", "recommended"


@dataclass(frozen=True, slots=True)
class National:
    """One national schema: `provided` are the fields we fill ourselves, as (name, label)."""

    title: str | Promise
    required: tuple[str, ...]
    recommended: tuple[str, ...]
    provided: tuple[tuple[str, str | Promise], ...]


# By the prefix of `x-national`. Names are those of the national schema; ours follow by `x-national`.
NATIONAL: dict[str, National] = {
    "mediation": National(
        gettext_lazy("Lieux de médiation numérique"),
        required=("nom", "pivot", "adresse", "code_postal"),
        recommended=(
            "telephone", "courriels", "site_web", "horaires", "itinerance", "services", "frais_a_charge",
            "modalites_acces", "presentation_resume",
        ),
        provided=(
            ("id", gettext_lazy("Identifiant")),
            ("commune", gettext_lazy("Commune")),
            ("date_maj", gettext_lazy("Date de mise à jour")),
        ),
    ),
    "scdl": National(
        gettext_lazy("Équipements (socle commun des données locales)"),
        required=(
            "EQUIP_NOM", "COLL_NOM", "COLL_SIRET", "EQUIP_UID", "EQUIP_THEME", "EQUIP_CODE", "EQUIP_TYPE",
            "ADR_NUMERO", "ADR_NOMVOIE", "ADR_CODEPOSTAL",
        ),
        recommended=("EQUIP_OUVERTURE", "EQUIP_TEL", "EQUIP_EMAIL", "EQUIP_WEB"),
        provided=(
            ("ADR_COMMUNE", gettext_lazy("Commune")),
            ("EQUIP_LAT", gettext_lazy("Latitude")),
            ("EQUIP_LONG", gettext_lazy("Longitude")),
        ),
    ),
}  # fmt: skip
# The address of a national schema, without its version → its prefix.
ADDRESSES = {"LaMednum/standard-mediation-num": "mediation", "scdl/equipements": "scdl"}


@dataclass(frozen=True, slots=True)
class Check:
    """One field of the national schema: `name` is our attribute, `why` a French sentence or ""."""

    name: str
    label: str
    level: str
    state: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a town hall reads: counts, what is left to do, what only deserves a look."""

    title: str
    checks: list[Check]
    warnings: list[str]

    def _count(self, level: str, *states: str) -> int:
        return sum(1 for one in self.checks if one.level == level and (not states or one.state in states))

    @property
    def required(self) -> int:
        """How many fields the schema obliges."""
        return self._count(REQUIRED)

    @property
    def required_ok(self) -> int:
        """How many of these are filled and valid."""
        return self._count(REQUIRED, OK)

    @property
    def recommended(self) -> int:
        """How many fields are worth filling beyond the obligatory ones."""
        return self._count(RECOMMENDED)

    @property
    def recommended_ok(self) -> int:
        """How many of these are filled and valid."""
        return self._count(RECOMMENDED, OK)

    @property
    def conforms(self) -> bool:
        """Say whether every obligatory field is right and no other one is wrong."""
        return self.required_ok == self.required and not any(one.state == INVALID for one in self.checks)

    @property
    def to_do(self) -> list[Check]:
        """What is obliged and missing, or wrong: the town hall's list."""
        return [
            one
            for one in self.checks
            if one.state == INVALID or (one.level, one.state) == (REQUIRED, MISSING)
        ]

    @property
    def stuck(self) -> list[Check]:
        """What cannot be had, and why: the object cannot conform, and nobody is at fault."""
        return [one for one in self.checks if one.state == STUCK]

    @property
    def useful(self) -> list[Check]:
        """What is recommended and missing."""
        return [one for one in self.checks if (one.level, one.state) == (RECOMMENDED, MISSING)]


def national_of(couche: Couche) -> str:
    """Return the prefix of the national schema a couche follows, or "" for none that we know."""
    return next((prefix for path, prefix in ADDRESSES.items() if f"/{path}/" in couche.national_schema), "")


def attributes_of(couche: Couche) -> dict[str, str]:
    """Return {national name: our attribute} for the schema the couche follows."""
    prefix = f"{national_of(couche)}:"
    return {
        definition["x-national"].removeprefix(prefix): name
        for name, definition in properties(couche).items()
        if definition.get("x-national", "").startswith(prefix)
    }


def asked(couche: Couche) -> list[tuple[str, str]]:
    """Return (our attribute, level) of each field the gauge asks of a person, obligatory first."""
    schema = NATIONAL.get(national_of(couche))
    if schema is None:
        return []
    ours = attributes_of(couche)
    levels = [(name, REQUIRED) for name in schema.required] + [(n, RECOMMENDED) for n in schema.recommended]
    return [(ours[name], level) for name, level in levels if name in ours]


# Where a place without SIRET of its own names whose it is (médiation numérique).
PARENT = "structure_parente"
# What each schema calls the parts of an address: the whole line, or its number and way.
ADDRESS_PARTS = {
    "adresse": "line", "ADR_NUMERO": "number", "ADR_NOMVOIE": "way", "code_postal": "postcode",
    "ADR_CODEPOSTAL": "postcode", "ADR_CLE_INTEROP": "key",
}  # fmt: skip


def address_parts(couche: Couche) -> dict[str, str]:
    """Return {part: our attribute} of an address: line, number, way, postcode, key."""
    ours = attributes_of(couche) if national_of(couche) else {}
    return {part: ours[name] for name, part in ADDRESS_PARTS.items() if name in ours}


def derivable(couche: Couche) -> set[str]:
    """Return the attributes that another answer may say (`x-map`)."""
    return {target for one in properties(couche).values() for target in one.get("x-map", {})}


def derived(couche: Couche, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return what other answers already say (`x-map`): the theme of a town hall is administrative."""
    found: dict[str, Any] = {}
    for name, definition in properties(couche).items():
        for target, values in definition.get("x-map", {}).items():
            value = attributes.get(name)
            if attributes.get(target) in EMPTY and isinstance(value, str) and value in values:
                found[target] = values[value]
    return found


def suggestions(couche: Couche, attributes: dict[str, Any], commune: Commune) -> dict[str, Any]:
    """Return what may be proposed where nothing is said: never more than one possible answer."""
    found = derived(couche, attributes)
    postcode = address_parts(couche).get("postcode", "")
    if postcode and attributes.get(postcode) in EMPTY and len(commune.codes_postaux) == 1:
        found[postcode] = str(commune.codes_postaux[0])
    return found


def gauge_of(couche: Couche, attributes: dict[str, Any], *, commune: Commune | None = None) -> Gauge | None:
    """Return the gauge of an object; None when its couche follows no national schema that we know.

    `attributes` as stored or as typed, whatever they hold; `commune` opens the checks that need it
    (postcode, identifier) and counts the commune's own fields. No query.
    """
    prefix = national_of(couche)
    if not prefix:
        return None
    said = {**attributes, **derived(couche, attributes)}
    refusals, cleaned = _refusals(couche, said)
    definitions = properties(couche)
    checks = []
    for name, level in asked(couche):
        definition = definitions[name]
        state, why = _judge(name, definition, said, refusals, cleaned)
        checks.append(Check(name, str(definition["title"]), level, state, why))
    named = {check.name for check in checks}
    # What is neither obliged nor recommended may be left out, but not be wrong.
    for name in refusals.keys() - named:
        if name in definitions:
            title = str(definitions[name]["title"])
            checks.append(
                Check(name, title, "", INVALID, _why(definitions[name], said[name], refusals[name]))
            )
    checks += [
        Check(name, str(label), REQUIRED, OK if commune is not None or name == "id" else MISSING)
        for name, label in NATIONAL[prefix].provided
    ]
    _parent(couche, said, checks)
    return Gauge(str(NATIONAL[prefix].title), checks, list(_warnings(prefix, couche, cleaned, commune)))


def _refusals(couche: Couche, said: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return ({attribute: first refusal}, the attributes that hold, cleaned)."""
    known = {name: value for name, value in said.items() if name in properties(couche)}
    refused: dict[str, str] = {}
    try:
        return refused, clean_attributes(couche, known, completing=True, partial=True)
    except ValidationError as error:
        for path, texts in error.message_dict.items():
            _root, _dot, rest = path.partition(".")
            refused.setdefault(rest.split(".")[0], texts[0])
    held = {name: value for name, value in known.items() if name not in refused}
    try:
        return refused, clean_attributes(couche, held, completing=True, partial=True)
    except ValidationError:
        return refused, {}


def _judge(
    name: str,
    definition: dict[str, Any],
    said: dict[str, Any],
    refusals: dict[str, str],
    cleaned: dict[str, Any],
) -> tuple[str, str]:
    """Return (state, why) of one field."""
    value = said.get(name)
    if value in EMPTY:
        return MISSING, _hint(definition)
    if name in refusals:
        return INVALID, _why(definition, value, refusals[name])
    if definition.get("x-format") == "horaires" and isinstance(value, str):
        why = _wrong_hours(cleaned.get(name, value))
        if why:
            return INVALID, why
    if isinstance(value, str) and name in cleaned and cleaned[name] != value.strip():
        return INVALID, _("Écrivez-le ainsi : %(value)s.") % {"value": cleaned[name]}
    return OK, ""


def _hint(definition: dict[str, Any]) -> str:
    """Return what to write in an empty field."""
    if definition.get("x-national") == "scdl:ADR_NUMERO":
        return _("Le schéma l'exige : pour un lieu-dit sans numéro, écrivez 99999.")
    if definition.get("x-format") == "pivot":
        return _(
            "Un lieu sans SIRET ni RNA (un café tenu par la commune, par exemple) ne peut pas être conforme : "
            "indiquez alors la commune, avec son SIRET, comme structure parente."
        )
    return str(definition.get("description", ""))


def _why(definition: dict[str, Any], value: Any, refusal: str) -> str:
    """Return why a value is refused, more precisely than its pattern can."""
    if definition.get("x-format") in {"siret", "pivot"} and isinstance(value, str):
        digits = national.without_spaces(value)
        if re.fullmatch(r"[0-9]+", digits) and len(digits) not in {9, 10, 14}:
            return _("Un SIRET a 14 chiffres : celui-ci en a %(count)d.") % {"count": len(digits)}
        if re.fullmatch(r"[0-9]{14}", digits):
            return _("La clé de ce SIRET est fausse : un chiffre a été mal recopié.")
    return refusal


def _wrong_hours(value: str) -> str:
    if wrong := hours.impossible_time(value):
        return _("« %(time)s » n'est pas une heure.") % {"time": wrong}
    if wrong := hours.empty_span(value):
        return _("« %(span)s » finit à l'heure où il commence.") % {"span": wrong}
    return ""


def _parent(couche: Couche, said: dict[str, Any], checks: list[Check]) -> None:
    """Judge the parent that stands in for a place without SIRET of its own (médiation numérique).

    The place then cannot conform: the schema has no way to say it. Nothing is left to do either.
    """
    parent = said.get(PARENT)
    if PARENT not in properties(couche) or not isinstance(parent, str):
        return
    found = re.search(r"[0-9](?:[ .]?[0-9]){13}", parent)
    if found is None:
        return
    title = str(properties(couche)[PARENT]["title"])
    if not national.siret_is_true(national.without_spaces(found[0])):
        why = _("La clé de ce SIRET est fausse : un chiffre a été mal recopié.")
        checks.append(Check(PARENT, title, "", INVALID, why))
        return
    for rank, check in enumerate(checks):
        if check.name == "pivot" and check.state == MISSING:
            why = _(
                "Sans SIRET propre, ce lieu ne peut pas être conforme ; sa structure parente est indiquée."
            )
            checks[rank] = Check(check.name, check.label, check.level, STUCK, why)


def _warnings(prefix: str, couche: Couche, said: dict[str, Any], commune: Commune | None) -> Iterator[str]:
    """Yield what deserves a look and forbids nothing."""
    for name, definition in properties(couche).items():
        value = said.get(name)
        if definition.get("x-format") == "horaires" and isinstance(value, str) and not hours.is_read(value):
            yield _("Horaires : nous ne savons pas relire « %(value)s », vérifiez la notation.") % {
                "value": value
            }
    pivot = said.get("pivot")
    if isinstance(pivot, str) and re.fullmatch(r"[0-9]{9}", pivot) and not _in_new_caledonia(commune):
        yield _("Neuf chiffres sont un SIREN : le SIRET du lieu en a quatorze.")
    if commune is not None:
        for warn in (_postcode, _identifier, _apostrophe):
            yield from warn(prefix, couche, said, commune)


def _in_new_caledonia(commune: Commune | None) -> bool:
    return commune is not None and commune.departement_id == "988"


def _postcode(prefix: str, couche: Couche, said: dict[str, Any], commune: Commune) -> Iterator[str]:
    value = said.get(address_parts(couche).get("postcode", ""))
    if value and commune.codes_postaux and value not in commune.codes_postaux:
        yield _("%(value)s n'est pas un code postal de %(commune)s (%(known)s) : vérifiez-le.") % {
            "value": value,
            "commune": commune.nom,
            "known": ", ".join(map(str, commune.codes_postaux)),
        }


def _identifier(prefix: str, couche: Couche, said: dict[str, Any], commune: Commune) -> Iterator[str]:
    uid, code = said.get("EQUIP_UID"), said.get("EQUIP_CODE")
    if not isinstance(uid, str):
        return
    if not uid.startswith(f"{commune.pk}-"):
        yield _("L'identifiant de l'équipement devrait commencer par %(code)s.") % {"code": commune.pk}
    if isinstance(code, str) and not uid.endswith(code):
        yield _("L'identifiant de l'équipement devrait finir par son code, %(code)s.") % {"code": code}


def _apostrophe(prefix: str, couche: Couche, said: dict[str, Any], commune: Commune) -> Iterator[str]:
    """SCDL 0.1.5's pattern of ADR_COMMUNE refuses apostrophes: 952 communes, and no fault of theirs."""
    if prefix == "scdl" and re.search("['’]", commune.nom):
        yield _(
            "Le nom de %(commune)s contient une apostrophe, que le schéma national refuse par erreur : "
            "un validateur le signalera, la fiche reste juste."
        ) % {"commune": commune.nom}
