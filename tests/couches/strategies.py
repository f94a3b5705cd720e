"""Attributes drawn from a schema: what a form can show and a program can send."""

from typing import Any

from hypothesis import strategies as st

from couches.models import Couche
from couches.schemas import properties

# Known-good values of the notations that a pattern describes.
_BY_FORMAT = {
    "telephone": st.sampled_from(["+33471454646", "+590590123456", "+262692123456"]),
    "url": st.sampled_from(["https://www.exemple.fr", "http://a.fr/b?c=d|https://e.fr"]),
    "horaires": st.sampled_from(
        ["24/7", "Mo-Fr 09:00-12:00,14:00-18:00; Sa 09:00-12:00", "PH off; Mo 10:00-11:00"]
    ),
    "date_partielle": st.one_of(
        st.integers(1950, 2099).map(str),
        st.dates().filter(lambda day: 1950 <= day.year < 2099).map(str),
        st.tuples(st.integers(1950, 2099), st.integers(1, 12)).map(lambda pair: f"{pair[0]}-{pair[1]:02d}"),
    ),
    "siret": st.sampled_from(["35600000000048", "73282932000074"]),
    "pivot": st.sampled_from(["35600000000048", "W123456789", "123456789A"]),
}
_BY_NAME = {
    "code_postal": st.sampled_from(["15000", "97400"]),
    "ADR_CODEPOSTAL": st.sampled_from(["15000", "20100"]),
    "courriels": st.sampled_from(["accueil@exemple.fr", "a@b.fr|c@d.fr"]),
    "EQUIP_EMAIL": st.just("accueil@exemple.fr"),
    "typologie": st.sampled_from(["ASSO", "TIERS_LIEUX|ASSO"]),
    "EQUIP_UID": st.just("15014-01010401-001"),
    "EQUIP_CODE": st.just("01010401-001"),
    "ADR_CLE_INTEROP": st.just("15014_0040_00036"),
    "ERP_TYPE": st.sampled_from(["W", "W;L", "PA"]),
}
_STOPS = st.tuples(st.integers(0, 11), st.integers(12, 23)).map(
    lambda hours: [f"{hour:02d}:30" for hour in hours]
)


def attributes_of(couche: Couche, *, completing: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Return valid attributes of a couche, with any choice of optional answers."""
    known = {
        name: value_of(name, definition)
        for name, definition in properties(couche).items()
        if completing or not definition.get("x-complete")
    }
    required = couche.attribute_schema.get("required", [])
    return st.fixed_dictionaries(
        {name: known[name] for name in required},
        optional={name: value for name, value in known.items() if name not in required},
    )


def value_of(name: str, definition: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values of one attribute."""
    kind = definition["type"]
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(definition["minimum"], definition["maximum"])
    if kind == "array":
        return _list_of(definition)
    if "enum" in definition:
        return st.sampled_from(definition["enum"])
    if definition.get("x-format") in _BY_FORMAT:
        return _BY_FORMAT[definition["x-format"]]
    if name in _BY_NAME:
        return _BY_NAME[name]
    return st.text("abcé'0 À<&\"\\/", min_size=definition.get("minLength", 1), max_size=12).map(
        lambda text: f"L{text}x"
    )


def _list_of(definition: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    items = definition["items"]
    if "enum" in items:
        # In the order of the choices, as a form sends them.
        return st.lists(st.sampled_from(items["enum"]), min_size=1, unique=True).map(
            lambda chosen: sorted(chosen, key=items["enum"].index)
        )
    if "x-before" in items:
        days = st.sampled_from(items["properties"]["jour"]["enum"])
        stop = st.tuples(days, _STOPS, st.one_of(st.none(), st.just("Place"))).map(
            lambda row: {
                "jour": row[0],
                "debut": row[1][0],
                "fin": row[1][1],
                **({"lieu": row[2]} if row[2] else {}),
            }
        )
        return st.lists(stop, min_size=1, max_size=6)
    return _operators(definition)


def _operators(definition: dict[str, Any]) -> st.SearchStrategy[list[dict[str, str]]]:
    """Operators once each, the metropolitan ones first, as the form shows them."""
    parts = definition["items"]["properties"]
    codes = parts["operator"]["enum"]
    said = st.dictionaries(
        st.sampled_from(["calls", "sms", "data"]), st.sampled_from(parts["calls"]["enum"]), min_size=1
    )
    rows = st.dictionaries(st.sampled_from(codes), said, min_size=1, max_size=7)
    return rows.map(
        lambda by_code: [{"operator": code, **by_code[code]} for code in sorted(by_code, key=codes.index)]
    )
