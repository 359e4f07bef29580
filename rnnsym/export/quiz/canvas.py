"""Canvas: a zip in QTI 1.2 as its classic quizzes read it.

Each part, and each number of a part, is a question of its own: Canvas has none that takes numbers
with a tolerance beside other answers. What was asked before stands in each stem.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from rnnsym.blocks import Paragraph
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._canvas_question import NEAREST, bounds, item_xml
from rnnsym.export.quiz._numbered import (
    numbered,
    one_line,
    part_alone,
    question_name,
    typed_as_in_key,
    unmarked,
)
from rnnsym.export.quiz._package import element, identifier, packed, xml_bytes
from rnnsym.export.quiz._qti_response import shares
from rnnsym.export.quiz._rich import rich
from rnnsym.item import Choice, Item, Numeric
from rnnsym.quiz.paper import Paper, paper_document
from rnnsym.quiz.responses import part_name

__all__ = ["export"]

PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
META = "http://canvas.instructure.com/xsd/cccv1p0"
RESOURCE = "associatedcontent/imscc_xmlv1p1/learning-application-resource"


def export(paper: Paper) -> Exported:
    """Return a paper as one ``-canvas.zip``."""
    name = identifier(paper.name)
    path, meta = f"{name}/{name}.xml", f"{name}/assessment_meta.xml"
    losses = [
        f"question {number}: {loss}"
        for _, items in numbered(paper)
        for number, item in items
        for loss in _losses(item)
    ]
    if any(title for title, _ in paper.sections):
        losses.append("the sections' titles: the questions are one list")
    files = {
        "imsmanifest.xml": xml_bytes(_manifest(name, path, meta)),
        "non_cc_assessments/": b"",
        path: xml_bytes(_quiz(paper, name)),
        meta: xml_bytes(_meta(paper, name)),
    }
    return Exported({f"{paper.name}-canvas.zip": packed(files)}, tuple(losses))


def _losses(item: Item) -> Iterator[str]:
    yield from unmarked(item)
    yield from typed_as_in_key(item)
    yield f"its tags, level {item.level} and {item.minutes} minutes"
    questions = sum(1 for _ in _singles(item))
    if questions > 1:
        yield f"it becomes {questions} questions, each with the whole stem"
    for place, part in enumerate(item.parts):
        name = part_name(place)
        if part.hints:
            yield f"the hints of {name}"
        if isinstance(part.response, Numeric):
            yield from _numbers_lost(name, part.response)
        if isinstance(part.response, Choice) and part.response.several:
            yield f"{name} gives marks for right options and takes them for wrong ones by its rules"


def _numbers_lost(name: str, response: Numeric) -> Iterator[str]:
    if any(blank.wrong for blank in response.blanks):
        yield f"remarks on wrong numbers of {name} stand together, with the solution"
    for blank in response.blanks:
        if bounds(blank)[0] != blank.value - blank.tolerance:
            yield f"{name} accepts numbers from {NEAREST} below zero: Canvas reads none nearer"


def _singles(item: Item) -> Iterator[tuple[Item, Decimal]]:
    """Yield the questions of one part, and of one number at most, with their points."""
    for place in range(len(item.parts)):
        single = part_alone(item, place)
        [part] = single.parts
        if not isinstance(part.response, Numeric) or len(part.response.blanks) == 1:
            yield single, Decimal(part.marks)
            continue
        blanks = part.response.blanks
        points = shares(part.marks, len(blanks))
        for i, (blank, share) in enumerate(zip(blanks, points, strict=True), 1):
            one = replace(part, response=Numeric((blank,)))
            yield replace(single, id=f"{single.id}-{i}", parts=(one,)), share


# Files


def _manifest(name: str, path: str, meta: str) -> ET.Element:
    metadata = element(
        "metadata", element("schema", "IMS Content"), element("schemaversion", "1.1.3")
    )
    quiz = element(
        "resource", element("file", href=path), element("dependency", identifierref=f"{name}-meta"),
        identifier=name, type="imsqti_xmlv1p2",
    )  # fmt: skip
    about = element(
        "resource", element("file", href=meta),
        identifier=f"{name}-meta", type=RESOURCE, href=meta,
    )  # fmt: skip
    root = element(
        "manifest", metadata, element("organizations"), element("resources", quiz, about),
        xmlns=PACKAGE, identifier=f"manifest-{name}",
    )  # fmt: skip
    ET.indent(root, " ")
    return root


def _meta(paper: Paper, name: str) -> ET.Element:
    lines = tuple(
        Paragraph(line) for line in paper_document(paper, solved=False, schemes=True).lines
    )
    facts = {
        "title": one_line(paper.title), "description": str(rich(lines)),
        "shuffle_answers": "false", "scoring_policy": "keep_highest", "quiz_type": "assignment",
        "points_possible": f"{sum(item.marks for item in paper.items)}.0",
        "show_correct_answers": "true", "allowed_attempts": "1", "one_question_at_a_time": "false",
    }  # fmt: skip
    leaves = (element(key, text) for key, text in facts.items())
    root = element("quiz", *leaves, xmlns=META, identifier=name)
    ET.indent(root, " ")
    return root


def _quiz(paper: Paper, name: str) -> ET.Element:
    questions = [
        item_xml(question_name(number, single), single, points, identifier(single.id))
        for _, items in numbered(paper)
        for number, item in items
        for single, points in _singles(item)
    ]
    attempts = element(
        "qtimetadata",
        element("qtimetadatafield", element("fieldlabel", "cc_maxattempts"),
                element("fieldentry", "1")),
    )  # fmt: skip
    assessment = element(
        "assessment", attempts, element("section", *questions, ident="root_section"),
        ident=name, title=one_line(paper.title),
    )  # fmt: skip
    return element("questestinterop", assessment, xmlns=QTI)
