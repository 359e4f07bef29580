"""The exporters by format name, and the names that mean the same."""

from collections.abc import Iterable, Mapping
from importlib import import_module

from rnnsym.document import PLAIN, Document, Exporter, Style
from rnnsym.errors import one_of

__all__ = ["ALIASES", "FORMATS", "canonical", "parse_formats", "render_files"]

ALIASES: Mapping[str, str] = {"tex": "latex", "md": "markdown", "txt": "text", "ipynb": "notebook"}
# Where each exporter is; loaded when it is asked for.
EXPORTERS: Mapping[str, str] = {
    "text": "text.TEXT",
    "latex": "latex.export_latex",
    "markdown": "markdown.export_markdown",
    "html": "html.export_html",
    "notebook": "notebook.export_notebook",
    "json": "document_json.export_json",
}
FORMATS = (*EXPORTERS, "pdf")


def canonical(name: str, known: Iterable[str] = FORMATS) -> str:
    """Return the one name of a format: ``tex`` is latex, ``md`` is markdown.

    >>> canonical("md")
    'markdown'
    """
    plain = name.strip().lower()
    full = ALIASES.get(plain, plain)
    names = tuple(known)
    return full if full in names else one_of("format", plain, map(_typed, names))


def _typed(name: str) -> str:
    """Return the name that help pages and endings of files use."""
    return next((short for short, full in ALIASES.items() if full == name != "text"), name)


def parse_formats(text: str, known: Iterable[str] = FORMATS) -> tuple[str, ...]:
    """Return the formats of a comma-separated list."""
    return tuple(dict.fromkeys(canonical(part, known) for part in text.split(",")))


def _exporter(name: str) -> Exporter:
    module, _, function = EXPORTERS[name].partition(".")
    exporter: Exporter = getattr(import_module(f"rnnsym.export.{module}"), function)
    return exporter


def render_files(document: Document, name: str, style: Style = PLAIN) -> dict[str, bytes]:
    """Return a document's files in one format.

    Raises:
        InputError: an unknown format, a broken template, or PDF where no TeX engine runs.
        TexError: TeX refuses what the templates made.
    """
    chosen = canonical(name)
    if chosen != "pdf":
        return _exporter(chosen)(document, style)
    from rnnsym.export.pdf import OwnTexError, TexError, find_engine, typeset

    engine = find_engine(document.name)
    files = _exporter("latex")(document, style)
    try:
        return {f"{document.name}.pdf": typeset(document.name, files, engine)}
    except TexError as error:
        if style.templates is None:
            raise
        raise OwnTexError(f"{error} (with the templates in {style.templates})") from None
