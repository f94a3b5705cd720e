"""How a couche is drawn, as QGIS reads it: QML and SLD from `couche.style` and its category's values.

Sources: QGIS 3.22's `layer_styles` convention; OGC Styled Layer Descriptor 1.1 and Symbology
Encoding 1.1. Both are written by ElementTree, so that no label can break them.
"""

import colorsys
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from couches.models import Couche
from exports.schemas import columns_of

_SHAPES = {"circle": "circle", "square": "square", "diamond": "diamond", "triangle": "triangle"}
_DEFAULT_COLOUR = "#1F4E5F"
_REST = "#808080"
_SIZE_MM = "3"
_SIZE_PX = "11"
_SLD, _SE, _OGC = "http://www.opengis.net/sld", "http://www.opengis.net/se", "http://www.opengis.net/ogc"


@dataclass(frozen=True)
class Category:
    """A value of the category's column, its label and its colour ("#rrggbb"); no value: all the rest."""

    value: str
    label: str
    colour: str


def category_column(couche: Couche) -> str:
    """Return the column that colours the points, empty where the style names none that is plain."""
    wanted = couche.style.get("category")
    return next(
        (
            column.name
            for column in columns_of(couche)
            if column.path == (wanted,) and column.kind == "string" and column.definition.get("enum")
        ),
        "",
    )


def categories(couche: Couche) -> list[Category]:
    """Return a colour per value, hues apart from the couche's own, then grey for the rest."""
    base = str(couche.style.get("color") or _DEFAULT_COLOUR)
    name = category_column(couche)
    rest = Category("", "Autre ou non renseigné", _REST) if name else Category("", couche.title, base)
    if not name:
        return [rest]
    column = next(column for column in columns_of(couche) if column.name == name)
    values = [str(value) for value in column.definition["enum"]]
    colours = _colours(base, len(values))
    return [
        *(
            Category(value, str(column.labels.get(value, value)), colour)
            for value, colour in zip(values, colours, strict=True)
        ),
        rest,
    ]


def _colours(base: str, count: int) -> list[str]:
    """Turn the hue of the base colour once around in `count` steps; alternate two lightnesses."""
    red, green, blue = (int(base[start : start + 2], 16) / 255 for start in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    found = []
    for rank in range(count):
        light = min(0.6, max(0.3, lightness + (0.12 if rank % 2 else 0)))
        parts = colorsys.hls_to_rgb((hue + rank / max(1, count)) % 1, light, max(0.4, saturation))
        found.append("#" + "".join(f"{round(part * 255):02x}" for part in parts))
    return found


def qml(couche: Couche) -> str:
    """Return the QGIS style document of a couche."""
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology")
    name, found = category_column(couche), categories(couche)
    kind = "categorizedSymbol" if name else "singleSymbol"
    renderer = ET.SubElement(
        root,
        "renderer-v2",
        {"type": kind, "symbollevels": "0", "forceraster": "0", "enableorderby": "0"},
    )
    if name:
        renderer.set("attr", name)
        listed = ET.SubElement(renderer, "categories")
        for rank, category in enumerate(found):
            ET.SubElement(
                listed,
                "category",
                value=category.value,
                label=category.label,
                symbol=str(rank),
                render="true",
                type="string",
            )
    symbols = ET.SubElement(renderer, "symbols")
    for rank, category in enumerate(found):
        _qml_symbol(symbols, str(rank), category, couche)
    body = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{body}\n"


def _qml_symbol(symbols: ET.Element, name: str, category: Category, couche: Couche) -> None:
    symbol = ET.SubElement(
        symbols, "symbol", type="marker", name=name, alpha="1", clip_to_extent="1", force_rhr="0"
    )
    layer = ET.SubElement(symbol, "layer", {"class": "SimpleMarker", "enabled": "1", "pass": "0"})
    options = ET.SubElement(layer, "Option", type="Map")
    for key, value in {
        "color": _rgba(category.colour),
        "name": _shape(couche),
        "outline_color": "255,255,255,255",
        "outline_style": "solid",
        "outline_width": "0.3",
        "outline_width_unit": "MM",
        "size": _SIZE_MM,
        "size_unit": "MM",
    }.items():
        ET.SubElement(options, "Option", type="QString", name=key, value=value)


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5)) + ",255"


def _shape(couche: Couche) -> str:
    return _SHAPES.get(str(couche.style.get("shape")), "circle")


def sld(couche: Couche) -> str:
    """Return the Styled Layer Descriptor 1.1 of a couche."""
    for prefix, address in (("", _SLD), ("se", _SE), ("ogc", _OGC)):
        ET.register_namespace(prefix, address)
    root = ET.Element(f"{{{_SLD}}}StyledLayerDescriptor", version="1.1.0")
    named = ET.SubElement(root, f"{{{_SLD}}}NamedLayer")
    ET.SubElement(named, f"{{{_SE}}}Name").text = couche.slug
    user = ET.SubElement(named, f"{{{_SLD}}}UserStyle")
    ET.SubElement(user, f"{{{_SE}}}Name").text = couche.slug
    style = ET.SubElement(user, f"{{{_SE}}}FeatureTypeStyle")
    column = category_column(couche)
    for category in categories(couche):
        _sld_rule(style, column, category, couche)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _sld_rule(style: ET.Element, column: str, category: Category, couche: Couche) -> None:
    rule = ET.SubElement(style, f"{{{_SE}}}Rule")
    ET.SubElement(rule, f"{{{_SE}}}Name").text = category.label
    described = ET.SubElement(rule, f"{{{_SE}}}Description")
    ET.SubElement(described, f"{{{_SE}}}Title").text = category.label
    if category.value:
        condition = ET.SubElement(rule, f"{{{_OGC}}}Filter")
        equal = ET.SubElement(condition, f"{{{_OGC}}}PropertyIsEqualTo")
        ET.SubElement(equal, f"{{{_OGC}}}PropertyName").text = column
        ET.SubElement(equal, f"{{{_OGC}}}Literal").text = category.value
    elif column:
        ET.SubElement(rule, f"{{{_SE}}}ElseFilter")
    graphic = ET.SubElement(ET.SubElement(rule, f"{{{_SE}}}PointSymbolizer"), f"{{{_SE}}}Graphic")
    mark = ET.SubElement(graphic, f"{{{_SE}}}Mark")
    # The well-known names of SE 1.1 have no diamond: a square turned by an eighth.
    turned = _shape(couche) == "diamond"
    ET.SubElement(mark, f"{{{_SE}}}WellKnownName").text = "square" if turned else _shape(couche)
    fill = ET.SubElement(mark, f"{{{_SE}}}Fill")
    ET.SubElement(fill, f"{{{_SE}}}SvgParameter", name="fill").text = category.colour
    stroke = ET.SubElement(mark, f"{{{_SE}}}Stroke")
    ET.SubElement(stroke, f"{{{_SE}}}SvgParameter", name="stroke").text = "#ffffff"
    ET.SubElement(graphic, f"{{{_SE}}}Size").text = _SIZE_PX
    if turned:
        rotation = ET.SubElement(graphic, f"{{{_SE}}}Rotation")
        ET.SubElement(rotation, f"{{{_OGC}}}Literal").text = "45"
