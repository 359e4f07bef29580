"""Prose and blocks as XML elements, maths as MathML in its namespace."""

import re
import xml.etree.ElementTree as ET
from html import unescape

from rnnsym.blocks import Prose
from rnnsym.export.html_math import mathml
from rnnsym.export.quiz._package import printable
from rnnsym.export.quiz._rich import Blocks, rich

__all__ = ["flow"]

MATHML = "http://www.w3.org/1998/Math/MathML"
MATHS = re.compile(r"\\\((.*?)\\\)")
STYLES = ("displaystyle", "scriptlevel")


def flow(content: Prose | Blocks) -> ET.Element:
    """Return a ``<div>`` with prose, or with blocks one after the other."""
    root = ET.fromstring(f"<div>{printable(str(rich(content)))}</div>")
    _with_maths(root)
    return root


def _with_maths(element: ET.Element) -> None:
    r"""Put MathML where ``\( \)`` stands."""
    texts = [element.text, *(child.tail for child in element)]
    children = [None, *element]
    element[:] = []
    element.text = None
    for child, text in zip(children, texts, strict=True):
        if child is not None:
            _with_maths(child)
            child.tail = None
            element.append(child)
        for place, piece in enumerate(MATHS.split(text or "")):
            if place % 2:
                element.append(_math(piece))
            else:
                _add(element, piece)


def _add(element: ET.Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _math(latex: str) -> ET.Element:
    # Outside HTML a sign such as &ApplyFunction; has no name.
    made = re.sub(r"&(?!(?:amp|lt|gt|quot);)\w+;", lambda m: unescape(m[0]), str(mathml(latex)))
    root = _second_edition(ET.fromstring(made))
    root.set("xmlns", MATHML)
    return root


def _second_edition(element: ET.Element) -> ET.Element:
    """Return MathML 2, in which the size of a fraction is set by an element around it."""
    element[:] = [_second_edition(child) for child in element]
    styles = {name: element.attrib.pop(name) for name in STYLES if name in element.attrib}
    if not styles:
        return element
    around = ET.Element("mstyle", styles)
    around.append(element)
    return around
