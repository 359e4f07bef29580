"""The exporters by format name, and the names that mean the same."""

from collections.abc import Iterable, Mapping

from rnnsym.document import Document, Exporter
from rnnsym.errors import InputError, one_of
from rnnsym.export.pdf import INSTALL, find_engine, typeset

__all__ = ["ALIASES", "FORMATS", "canonical", "parse_formats", "pdf_files", "render_files"]

ALIASES: Mapping[str, str] = {"tex": "latex", "md": "markdown", "txt": "text"}
FORMATS = ("text", "latex", "markdown", "html", "pdf")


def canonical(name: str, known: Iterable[str] = FORMATS) -> str:
    """Return the one name of a format: ``tex`` is latex, ``md`` is markdown.

    >>> canonical("md")
    'markdown'
    """
    plain = name.strip().lower()
    return one_of("format", ALIASES.get(plain, plain), known)


def parse_formats(text: str, known: Iterable[str] = FORMATS) -> tuple[str, ...]:
    """Return the formats of a comma-separated list."""
    return tuple(dict.fromkeys(canonical(part, known) for part in text.split(",")))


def _exporter(name: str) -> Exporter:
    if name == "text":
        from rnnsym.export.text import TEXT

        return TEXT
    if name == "markdown":
        from rnnsym.export.markdown import export_markdown

        return export_markdown
    if name == "html":
        from rnnsym.export.html import export_html

        return export_html
    from rnnsym.export.latex import export_latex

    return export_latex


def render_files(document: Document, name: str) -> dict[str, bytes]:
    """Return a document's files in one format.

    Raises:
        InputError: an unknown format, or PDF where no TeX engine runs.
    """
    chosen = canonical(name)
    if chosen != "pdf":
        return _exporter(chosen)(document)
    files = pdf_files(document)
    if not files:
        raise InputError(INSTALL)
    return files


def pdf_files(document: Document) -> dict[str, bytes]:
    """Return a document's PDF, or nothing where no TeX engine runs."""
    engine = find_engine()
    if engine is None:
        return {}
    tex = _exporter("latex")(document)[f"{document.name}.tex"]
    return {f"{document.name}.pdf": typeset(document.name, tex, engine)}
