"""SVG elements for use inside of HTML. Colours are classes of the style sheet, so that they follow the page's scheme;
nothing is styled inline, which the page's content policy forbids.
"""

import re
from xml.etree import ElementTree as ET

from markupsafe import Markup

from domain.invisible import without_invisible

# XML has no way to write the rest of them.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def picture(width: float, height: float, look: str, title: str, described: str = "") -> ET.Element:
    """An empty picture with the name and the words that stand for it. Sizes are in its own units."""
    root = ET.Element("svg", {"viewBox": f"0 0 {width:g} {height:g}", "class": look, "role": "img"})
    ET.SubElement(root, "title").text = _plain(title)
    if described:
        ET.SubElement(root, "desc").text = _plain(described)
    return root


def ornament(width: float, height: float, look: str) -> ET.Element:
    """An empty picture that says what stands beside it in words already. It is stretched to its place."""
    facts = {"viewBox": f"0 0 {width:g} {height:g}", "class": look, "aria-hidden": "true"}
    return ET.Element("svg", {**facts, "preserveAspectRatio": "none"})


def add(parent: ET.Element, tag: str, look: str = "", **attributes: str | float) -> ET.Element:
    """A new element; an underscore in a name stands for SVG's hyphen. Numbers are rounded to a tenth."""
    written = {name.replace("_", "-"): _written(value) for name, value in attributes.items()}
    return ET.SubElement(parent, tag, {"class": look, **written} if look else written)


def write(parent: ET.Element, said: str, x: float, y: float, look: str = "", anchor: str = "start") -> None:
    """Text from anywhere, as one line."""
    add(parent, "text", look, x=x, y=y, text_anchor=anchor).text = _plain(said)


def name(parent: ET.Element, said: str) -> None:
    """What a pointer that rests on it is told."""
    ET.SubElement(parent, "title").text = _plain(said)


def markup(root: ET.Element) -> Markup:
    """For a template. Every text in it is escaped."""
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree escapes text and attributes


def _written(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"


def _plain(said: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", without_invisible(" ".join(said.split())))
