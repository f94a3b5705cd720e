"""The filters of the map, of its list and of its tiles: a territory, answers, dates of observation.

The same words everywhere: `territoire=commune:15014`, `du=2026-01-01`, `au=2026-06-30` (or
`datetime=` as OGC API writes it), and each closed question of the couche by its own name:
`kind=cafe`, `stationnement_pmr=oui`.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from psycopg import sql

from couches.models import Couche, CoucheVersion
from couches.schemas import properties
from couches.text import printable
from territoires.models import Commune, Departement, Epci
from territoires.scope import Territory, parse_territory

YES, NO = "oui", "non"
# In force at a version, as `fv_geom_alive` reads it beside a box (`couches.constraints.ALIVE`).
ALIVE_AT = sql.SQL("int4range(fv.from_version, fv.to_version) @> {number}")
OPEN_ENDS = ("", "..")
# A parameter of ours is never the name of a question.
RESERVED = frozenset({"territoire", "du", "au", "datetime"})


@dataclass(frozen=True)
class Question:
    """A closed question of a couche: `choices` holds (code in the address, label)."""

    name: str
    label: str
    choices: list[tuple[str, str]]
    several: bool
    yes_no: bool
    by_town_hall: bool

    def wanted(self, code: str) -> dict[str, Any]:
        """Return the JSON that the attributes must contain for this answer."""
        if self.yes_no:
            return {self.name: code == YES}
        return {self.name: [code]} if self.several else {self.name: code}


@dataclass(frozen=True)
class Filters:
    """What is asked of one couche; empty, everything."""

    territory: Territory | None = None
    territory_key: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    contains: dict[str, Any] = field(default_factory=dict)
    since: dt.date | None = None
    until: dt.date | None = None

    def __bool__(self) -> bool:
        return bool(self.query())

    def query(self) -> dict[str, str]:
        """Return the parameters that say the same, always in the same order."""
        said = {"territoire": self.territory_key, **dict(sorted(self.answers.items()))}
        said |= {"du": self.since.isoformat() if self.since else ""}
        said |= {"au": self.until.isoformat() if self.until else ""}
        return {name: value for name, value in said.items() if value}

    def urlencode(self) -> str:
        """Return the query string of an address that keeps these filters."""
        return urlencode(self.query())

    def where(self) -> list[sql.Composable]:
        """Return the conditions on `fv` (feature version), to be joined by AND."""
        clauses: list[sql.Composable] = []
        if self.territory is not None:
            clauses.append(_within(self.territory))
        if self.contains:
            clauses.append(
                sql.SQL("fv.attributes @> {}::jsonb").format(sql.Literal(json.dumps(self.contains)))
            )
        if self.since:
            clauses.append(sql.SQL("fv.last_observed_on >= {}").format(sql.Literal(self.since)))
        if self.until:
            clauses.append(sql.SQL("fv.last_observed_on <= {}").format(sql.Literal(self.until)))
        return clauses


def in_force(version: CoucheVersion, *, placed: bool = False) -> list[sql.Composable]:
    """Return the conditions that keep the rows of one version.

    `placed`: the statement asks for a box too, and one index then answers both (`fv_geom_alive`).
    """
    number = sql.Literal(version.number)
    couche = sql.SQL("fv.couche_id = {}").format(sql.Literal(version.couche_id))
    if placed:
        return [couche, ALIVE_AT.format(number=number)]
    return [
        couche,
        sql.SQL("fv.from_version <= {}").format(number),
        sql.SQL("(fv.to_version IS NULL OR fv.to_version > {})").format(number),
    ]


def questions(couche: Couche) -> list[Question]:
    """Return the closed questions of a couche, in the order of its form."""
    found = []
    for name, definition in properties(couche).items():
        kind = definition.get("type")
        choosing = definition.get("items", {}) if kind == "array" else definition
        if name in RESERVED or (kind != "boolean" and "enum" not in choosing):
            continue
        labels = choosing.get("x-labels", {})
        choices = [(str(code), labels.get(code, str(code))) for code in choosing.get("enum", [])]
        found.append(
            Question(
                name=name,
                label=definition["title"],
                choices=[(YES, _("Oui")), (NO, _("Non"))] if kind == "boolean" else choices,
                several=kind == "array",
                yes_no=kind == "boolean",
                by_town_hall=bool(definition.get("x-complete")),
            )
        )
    return found


def read_filters(couche: Couche, query: Mapping[str, str], *, also: frozenset[str] = frozenset()) -> Filters:
    """Read the filters of an address. `also` names the other parameters of that address.

    Raises ValidationError by parameter, in French; a name that is no question is refused,
    since a filter that is ignored without a word gives a wrong answer.
    """
    asked = {name: value for name, value in query.items() if value and name not in RESERVED | also}
    # A tile is asked for without filters most of the time: the schema is not even read then.
    known = {question.name: question for question in questions(couche)} if asked else {}
    errors: dict[str, list[str]] = {}
    answers: dict[str, str] = {}
    contains: dict[str, Any] = {}
    for name, value in asked.items():
        if name not in known:
            text = _("« %(name)s » n'est pas un filtre de cette couche : %(known)s.")
            shown = ", ".join([*sorted(RESERVED), *known])
            errors[printable(name)] = [text % {"name": printable(name), "known": shown}]
        elif value not in dict(known[name].choices):
            text = _("« %(value)s » n'est pas une réponse possible : %(known)s.")
            shown = ", ".join(code for code, _label in known[name].choices)
            errors[name] = [text % {"value": printable(value), "known": shown}]
        else:
            answers[name] = value
            contains |= known[name].wanted(value)
    territory, since, until = _place_and_dates(query, errors)
    if errors:
        raise ValidationError(errors)
    return Filters(territory, key_of(territory), answers, contains, since, until)


def key_of(territory: Territory | None) -> str:
    """Return the word that names a territory in an address: `commune:15014`."""
    return "" if territory is None else f"{type(territory).__name__.lower()}:{territory.pk}"


def _place_and_dates(
    query: Mapping[str, str], errors: dict[str, list[str]]
) -> tuple[Territory | None, dt.date | None, dt.date | None]:
    territory = since = until = None
    try:
        territory = parse_territory(query.get("territoire", "").strip())
    except ValidationError as error:
        errors |= error.message_dict
    first, slash, last = query.get("datetime", "").partition("/")
    given = {"du": query.get("du") or first, "au": query.get("au") or (last if slash else first)}
    dates: dict[str, dt.date | None] = {}
    for name, text in given.items():
        try:
            dates[name] = _date(text)
        except ValueError:
            message = _("« %(text)s » n'est pas une date : écrivez-la ainsi, 2026-11-20.")
            errors[name] = [message % {"text": printable(text)}]
    since, until = dates.get("du"), dates.get("au")
    if since and until and since > until:
        errors["au"] = [_("La fin précède le début : échangez les deux dates.")]
    return territory, since, until


def _date(text: str) -> dt.date | None:
    """Read a day, or the day of an instant as OGC API writes them; open ends are None."""
    if text in OPEN_ENDS:
        return None
    return dt.date.fromisoformat(text[:10] if len(text) > 10 and text[10] == "T" else text)


def _within(territory: Territory) -> sql.Composed:
    communes = sql.SQL("fv.commune_id IN (SELECT c.code_insee FROM territoires_commune c {} WHERE {})")
    code = sql.Literal(territory.pk)
    if isinstance(territory, Commune):
        # What was published under the name of a commune merged since is still its own.
        return communes.format(
            sql.SQL(""), sql.SQL("c.code_insee = {0} OR c.successor_id = {0}").format(code)
        )
    if isinstance(territory, Epci):
        return communes.format(sql.SQL(""), sql.SQL("c.epci_id = {}").format(code))
    if isinstance(territory, Departement):
        return communes.format(sql.SQL(""), sql.SQL("c.departement_id = {}").format(code))
    joined = sql.SQL("JOIN territoires_departement d ON d.code = c.departement_id")
    return communes.format(joined, sql.SQL("d.region_id = {}").format(code))
