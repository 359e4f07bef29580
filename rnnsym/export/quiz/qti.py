"""QTI 2.1: a package with one assessment item for each question, its parts together in it.

Answers are marked part by part, with a remark on each wrong one that has a reason. What is written
by hand is marked by a person, who sees key and scheme beside it.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count

from rnnsym.blocks import Paragraph, prose
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._flow import flow
from rnnsym.export.quiz._numbered import (
    by_share,
    instruction,
    key_blocks,
    numbered,
    one_line,
    plain,
    question_name,
    solution_blocks,
    typed_as_in_key,
    unmarked,
)
from rnnsym.export.quiz._package import XMLNS_XSI, element, identifier, packed, xml_bytes
from rnnsym.export.quiz._qti_response import Asked, Judged, asked_in_qti, value, variable
from rnnsym.export.quiz._rich import Blocks
from rnnsym.item import FormulaAnswer, Item, Open, Ordering, Part
from rnnsym.quiz.paper import Paper, paper_document
from rnnsym.quiz.responses import part_name
from rnnsym.version import VERSION

__all__ = ["export"]

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
XSD = "http://www.imsglobal.org/xsd"
PACKAGE_XSD = f"{PACKAGE} {XSD}/qti/qtiv2p1/qtiv2p1_imscpv1p2_v1p0.xsd"
QTI_FILE = {
    "xmlns": QTI,
    "xmlns:xsi": XMLNS_XSI,
    "xsi:schemaLocation": f"{QTI} {XSD}/qti/qtiv2p1/imsqti_v2p1p1.xsd",
}
TOOL = {"toolName": "rnnsym", "toolVersion": VERSION}
SOLUTION = "SOLUTION"
SHOWN = "SHOWN"


def export(paper: Paper) -> Exported:
    """Return a paper as one ``-qti.zip`` package."""
    items = [pair for _, section in numbered(paper) for pair in section]
    files = {
        "imsmanifest.xml": xml_bytes(_manifest(paper)),
        "test.xml": xml_bytes(_test(paper)),
        **{_path(item): xml_bytes(_item(number, item)) for number, item in items},
    }
    losses = [f"question {number}: {loss}" for number, item in items for loss in _losses(item)]
    return Exported({f"{paper.name}-qti.zip": packed(files)}, tuple(losses))


def _losses(item: Item) -> Iterator[str]:
    yield from unmarked(item)
    yield from by_share(item)
    yield from typed_as_in_key(item)
    for place, part in enumerate(item.parts):
        if _by_hand(part):
            yield f"{part_name(place)} is marked by a person, who sees key and scheme"
        if part.hints:
            yield f"the hints of {part_name(place)} are shown to tutors only"
    tags = ", ".join(one_line(tag) for tag in (f"level {item.level}", *item.tags))
    yield f"topic, minutes, convention and tags ({tags})"


def _by_hand(part: Part) -> bool:
    return isinstance(part.response, FormulaAnswer | Open)


def _path(item: Item) -> str:
    return f"items/{identifier(item.id)}.xml"


# Package and test


def _manifest(paper: Paper) -> ET.Element:
    test = element(
        "resource", element("file", href="test.xml"),
        *(element("dependency", identifierref=identifier(item.id)) for item in paper.items),
        identifier=f"test-{identifier(paper.name)}", type="imsqti_test_xmlv2p1", href="test.xml",
    )  # fmt: skip
    items = (
        element("resource", element("file", href=_path(item)),
                identifier=identifier(item.id), type="imsqti_item_xmlv2p1", href=_path(item))
        for item in paper.items
    )  # fmt: skip
    metadata = element(
        "metadata", element("schema", "QTIv2.1 Package"), element("schemaversion", "1.0.0")
    )
    root = element(
        "manifest", metadata, element("organizations"), element("resources", test, *items),
        xmlns=PACKAGE, identifier=f"manifest-{identifier(paper.name)}",
        **{"xmlns:xsi": XMLNS_XSI, "xsi:schemaLocation": PACKAGE_XSD},
    )  # fmt: skip
    ET.indent(root, " ")
    return root


def _test(paper: Paper) -> ET.Element:
    sections = [
        _section(place, title, [item for _, item in items])
        for place, (title, items) in enumerate(numbered(paper), 1)
    ]
    lines = tuple(
        Paragraph(line) for line in paper_document(paper, solved=False, schemes=True).lines
    )
    sections[0].insert(0, _rubric("candidate", lines))
    part = element(
        "testPart", *sections,
        identifier="part-1", navigationMode="nonlinear", submissionMode="individual",
    )  # fmt: skip
    total = element(
        "setOutcomeValue", element("sum", element("testVariables", variableIdentifier="SCORE")),
        identifier="SCORE",
    )  # fmt: skip
    return element(
        "assessmentTest", _score(sum(item.marks for item in paper.items)), part,
        element("outcomeProcessing", total),
        **QTI_FILE, **TOOL,
        identifier=f"test-{identifier(paper.name)}", title=one_line(paper.title),
    )  # fmt: skip


def _section(place: int, title: str, items: Iterable[Item]) -> ET.Element:
    references = (
        element("assessmentItemRef", identifier=identifier(item.id), href=_path(item))
        for item in items
    )
    shown = one_line(title) or f"Section {place}"
    return element(
        "assessmentSection", *references,
        identifier=f"section-{place}", title=shown, visible="true" if title else "false",
    )  # fmt: skip


def _score(marks: int) -> ET.Element:
    zero = element("defaultValue", element("value", "0"))
    return element(
        "outcomeDeclaration", zero, identifier="SCORE", cardinality="single", baseType="float",
        normalMinimum="0", normalMaximum=str(marks),
    )  # fmt: skip


# Items


def _item(number: int, item: Item) -> ET.Element:
    asked = [
        asked_in_qti(part.response, f"RESPONSE-{_letter(place)}", part.marks)
        for place, part in enumerate(item.parts)
    ]
    judged = [one for response in asked for one in response.judged]
    remarks = [why for one in judged for _, why in one.remarks if why]
    marked = sum(part.marks for part in item.parts if not _by_hand(part))
    said: dict[str, Blocks] = {f"REMARK-{i}": (Paragraph(why),) for i, why in enumerate(remarks, 1)}
    said[SOLUTION] = solution_blocks(item)
    return element(
        "assessmentItem",
        *(declared for one in asked for declared in one.declared),
        _score(marked), *map(_remark, said),
        element("itemBody", *_blocks(item.stem), *_parts(item, asked)),
        element("responseProcessing", *_rules(judged)),
        *(_modal(name, blocks) for name, blocks in said.items()),
        **QTI_FILE, **TOOL, identifier=identifier(item.id),
        title=one_line(question_name(number, item)), adaptive="false", timeDependent="false",
    )  # fmt: skip


def _letter(place: int) -> str:
    return part_name(place).strip("()")


def _parts(item: Item, asked: list[Asked]) -> Iterator[ET.Element]:
    for place, (part, one) in enumerate(zip(item.parts, asked, strict=True)):
        marks = "1 mark" if part.marks == 1 else f"{part.marks} marks"
        name = f"{part_name(place)} " if len(item.parts) > 1 else ""
        told = () if isinstance(part.response, Ordering) else instruction(part.response)
        yield from _blocks((Paragraph(prose(f"{name}[{marks}]")), *part.stem, *told))
        yield from one.shown
        if part.hints:
            yield _rubric("tutor", tuple(Paragraph(prose("Hint: ", *hint)) for hint in part.hints))
        if _by_hand(part):
            yield _rubric("scorer", (*key_blocks(part), *part.solution))


def _blocks(blocks: Blocks) -> list[ET.Element]:
    return list(flow(blocks))


def _rubric(view: str, blocks: Blocks) -> ET.Element:
    return element("rubricBlock", *_blocks(blocks), view=view)


def _rules(judged: list[Judged]) -> Iterator[ET.Element]:
    """Nothing is asked of a variable without an answer: players differ in what null is near to."""
    remarks = count(1)
    for one in judged:
        missing = element("isNull", variable(one.name))
        yield _when(element("not", missing), *_judgement(one, remarks))
    yield _say(SOLUTION)


def _judgement(one: Judged, remarks: Iterator[int]) -> Iterator[ET.Element]:
    for test, marks in one.scored:
        yield _when(test, _add(value("float", plain(Decimal(marks)))))
    if one.mapped:
        yield _add(element("mapResponse", identifier=one.name))
    for test, why in one.remarks:
        if why:
            yield _when(test, _say(f"REMARK-{next(remarks)}"))


def _when(test: ET.Element, *rules: ET.Element) -> ET.Element:
    return element("responseCondition", element("responseIf", test, *rules))


def _add(worth: ET.Element) -> ET.Element:
    return element("setOutcomeValue", element("sum", variable("SCORE"), worth), identifier="SCORE")


def _remark(name: str) -> ET.Element:
    """Each remark has a variable of its own: players differ in how they collect several in one."""
    return element(
        "outcomeDeclaration", identifier=name, cardinality="single", baseType="identifier"
    )


def _say(name: str) -> ET.Element:
    return element("setOutcomeValue", value("identifier", SHOWN), identifier=name)


def _modal(name: str, blocks: Blocks) -> ET.Element:
    return element(
        "modalFeedback", *_blocks(blocks),
        outcomeIdentifier=name, identifier=SHOWN, showHide="show",
    )  # fmt: skip
