"""How a couche is drawn, in the words of GIS software: QML for QGIS, SLD 1.0 for the others.

Both come from the couche's own style (a colour, a shape, the answer that makes categories), so
that a layer opened in an office looks like the public map.
"""

from xml.sax.saxutils import escape, quoteattr

from couches.models import Couche
from couches.schemas import properties

# Ours → QGIS's marker names, and SLD's well-known names.
SHAPES = {"circle": ("circle", "circle"), "square": ("square", "square"), "diamond": ("diamond", "x-diamond")}
# After the couche's own colour: told apart by people who do not see red from green.
PALETTE = ["#1F4E5F", "#B2432A", "#2F6B45", "#8A5A00", "#5B3E7A", "#55605B", "#A4262C", "#2B6CA3"]
SIZE_MM, SIZE_PX = 3, 12
OTHERS = "autres"


def categories(couche: Couche) -> tuple[str, list[tuple[str, str, str]]]:
    """Return (the answer, [(value, label, colour)]) that make categories; ("", []) when none does."""
    name = str(couche.style.get("category", ""))
    definition = properties(couche).get(name, {})
    values = definition.get("enum", [])
    labels = definition.get("x-labels", {})
    first = str(couche.style.get("color", PALETTE[0]))
    colours = [first, *(colour for colour in PALETTE if colour != first)]
    found = [
        (str(value), str(labels.get(value, value)), colours[rank % len(colours)])
        for rank, value in enumerate(values)
    ]
    return (name, found) if found else ("", [])


def qml(couche: Couche) -> str:
    """Return the style of a couche as a QGIS 3 layer style."""
    name, found = categories(couche)
    shape = SHAPES.get(str(couche.style.get("shape")), SHAPES["circle"])[0]
    colour = str(couche.style.get("color", PALETTE[0]))
    symbols = [_symbol(str(rank), shape, one[2]) for rank, one in enumerate(found)]
    symbols.append(_symbol(str(len(found)), shape, PALETTE[5] if found else colour))
    if not found:
        renderer = f'<renderer-v2 type="singleSymbol"><symbols>{symbols[0]}</symbols></renderer-v2>'
    else:
        rows = [
            f'<category render="true" symbol="{rank}" value={quoteattr(value)} label={quoteattr(label)} type="string"/>'
            for rank, (value, label, _colour) in enumerate(found)
        ]
        rows.append(
            f'<category render="true" symbol="{len(found)}" value="" label="{OTHERS}" type="string"/>'
        )
        renderer = (
            f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(name)} enableorderby="0">'
            f"<categories>{''.join(rows)}</categories><symbols>{''.join(symbols)}</symbols></renderer-v2>"
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.22.0" styleCategories="Symbology">{renderer}</qgis>\n'
    )


def _symbol(name: str, shape: str, colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    options = {
        "name": shape,
        "color": f"{red},{green},{blue},255",
        "outline_color": "255,255,255,255",
        "outline_width": "0.4",
        "size": str(SIZE_MM),
        "size_unit": "MM",
    }
    listed = "".join(
        f'<Option type="QString" name="{key}" value="{value}"/>' for key, value in options.items()
    )
    return (
        f'<symbol type="marker" name="{name}" alpha="1"><layer class="SimpleMarker" enabled="1" pass="0">'
        f'<Option type="Map">{listed}</Option></layer></symbol>'
    )


def sld(couche: Couche) -> str:
    """Return the style of a couche as Styled Layer Descriptor 1.0.0 (OGC 02-070)."""
    name, found = categories(couche)
    shape = SHAPES.get(str(couche.style.get("shape")), SHAPES["circle"])[1]
    rules = [_rule(label, shape, colour, name, value) for value, label, colour in found]
    rules.append(
        _rule(
            OTHERS if found else couche.title,
            shape,
            PALETTE[5] if found else str(couche.style.get("color", PALETTE[0])),
        )
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld" '
        'xmlns:ogc="http://www.opengis.net/ogc">'
        f"<NamedLayer><Name>{escape(couche.slug)}</Name><UserStyle><Title>{escape(couche.title)}</Title>"
        f"<FeatureTypeStyle>{''.join(rules)}</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>\n"
    )


def _rule(title: str, shape: str, colour: str, name: str = "", value: str = "") -> str:
    kept = "<ElseFilter/>" if not name else (
        f"<ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>{escape(name)}</ogc:PropertyName>"
        f"<ogc:Literal>{escape(value)}</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>"
    )  # fmt: skip
    return (
        f"<Rule><Title>{escape(title)}</Title>{kept}<PointSymbolizer><Graphic><Mark>"
        f'<WellKnownName>{shape}</WellKnownName><Fill><CssParameter name="fill">{colour}</CssParameter></Fill>'
        '<Stroke><CssParameter name="stroke">#FFFFFF</CssParameter></Stroke></Mark>'
        f"<Size>{SIZE_PX}</Size></Graphic></PointSymbolizer></Rule>"
    )
