"""What the formats made of XML files in a zip share: elements, names, and the zip itself."""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping

from rnnsym.quiz.draw import digest

__all__ = ["XMLNS_XSI", "element", "identifier", "packed", "printable", "xml_bytes"]

XMLNS_XSI = "http://www.w3.org/2001/XMLSchema-instance"
EPOCH = (1980, 1, 1, 0, 0, 0)
UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """Return text with a sign in place of each letter that XML has not."""
    return UNPRINTABLE.sub("\ufffd", text)


def element(name: str, *content: ET.Element | str, **attributes: str) -> ET.Element:
    """Return an element of these attributes, with text and other elements in it."""
    made = ET.Element(name, {key: printable(value) for key, value in attributes.items()})
    for piece in content:
        if not isinstance(piece, str):
            made.append(piece)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + printable(piece)
        else:
            made.text = (made.text or "") + printable(piece)
    return made


def identifier(text: str) -> str:
    """Return a name that XML takes as an identifier; two texts never share one.

    >>> identifier("count-0a1b")
    'q-count-0a1b'
    """
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", text)
    return f"q-{plain}" if plain == text else f"q-{plain}-{digest(text, size=4).hex()}"


def xml_bytes(root: ET.Element) -> bytes:
    """Return an XML file."""
    # ElementTree's own bytes would pass through a codec, text by text.
    text: str = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files in this order, all dated alike whenever it is made."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED, 9)
    return target.getvalue()
