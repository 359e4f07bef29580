"""What other programs' files say, as plain text that can be compared with a paper in JSON."""

import json
from html.parser import HTMLParser
from typing import Any

from rnnsym.export.quiz.json import export
from rnnsym.quiz.paper import Paper


class _Words(HTMLParser):
    """Collects the text of HTML, and sees that its tags are few and closed."""

    TAGS = frozenset(
        ("p", "em", "strong", "h4", "ul", "ol", "li", "table", "caption", "thead", "tbody", "tr",
         "th", "td", "code", "span", "br", "img")
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in self.TAGS, tag
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        assert tag in self.TAGS, tag

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag != "span":
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def flat_html(text: str) -> str:
    """Return the words and formulas of a piece of HTML."""
    parser = _Words()
    parser.feed(text)
    parser.close()
    assert not parser.open, text
    return flat_text("".join(parser.words))


def flat_text(text: str) -> str:
    """Return words on one line, fractions of one size."""
    plain = text.replace(r"\dfrac", r"\frac").replace(r"\displaystyle ", "").replace("\u223c", "~")
    return " ".join(plain.split())


def flat_prose(content: Any) -> str:
    """Return prose of a paper in JSON in the same way."""
    pieces: list[str] = []
    for part in content:
        if isinstance(part, str):
            pieces.append(part)
        elif "latex" in part:
            pieces.append(rf"\({' '.join(part['latex'].split())}\)")
        else:
            pieces.append(part.get("emphasis") or f"({part['equation']})")
    return flat_text("".join(pieces))


def paragraphs(blocks: Any) -> list[str]:
    """Return the paragraphs among blocks of a paper in JSON."""
    return [flat_prose(block["content"]) for block in blocks if block["type"] == "paragraph"]


def questions(paper: Paper) -> list[dict[str, Any]]:
    """Return the questions of a paper as its JSON has them."""
    [text] = export(paper).files.values()
    sections = json.loads(text)["sections"]
    return [question for section in sections for question in section["questions"]]


def flat_response(response: dict[str, Any]) -> dict[str, Any]:
    """Return what another format can say of a response in JSON, misconceptions' names left out."""
    kind = response["type"]
    match kind:
        case "choice":
            options = [
                (flat_prose(o["content"]), o["correct"], flat_prose(o["why"]))
                for o in response["options"]
            ]
            return {"type": kind, "several": response["several"], "options": options}
        case "numeric":
            blanks = [
                {
                    "label": flat_prose(b["label"]),
                    "value": float(b["value"]),
                    "tolerance": float(b["tolerance"]),
                    "wrong": [(float(w["value"]), flat_prose(w["why"])) for w in b["wrong"]],
                }
                for b in response["blanks"]
            ]
            return {"type": kind, "blanks": blanks}
        case "matching":
            pairs = [(flat_prose(p["prompt"]), p["answer"]) for p in response["pairs"]]
            return {"type": kind, "pairs": pairs, "answers": sorted(response["shown"])}
        case "ordering":
            return {"type": kind, "steps": [flat_prose(step) for step in response["steps"]]}
        case "words":
            return {"type": kind, "accepted": [flat_text(word) for word in response["accepted"]]}
        case _:
            return {"type": "written"}
