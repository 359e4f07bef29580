"""Options that several commands share, and the types that name the nearest right value."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, TypeVar, Unpack

import click
from click.shell_completion import CompletionItem

from rnnsym.convention import convention_names
from rnnsym.errors import InputError, nearest

if TYPE_CHECKING:
    from rnnsym.api import Model
    from rnnsym.document import Document

__all__ = [
    "ALL",
    "FORMAT_ALIASES",
    "ChoiceOf",
    "Group",
    "ascii_option",
    "build",
    "format_option",
    "json_text",
    "model_options",
    "model_options_in_all",
    "models_options",
    "print_document",
    "say",
    "say_unused",
]

ALL = "all"
F = TypeVar("F", bound=Callable[..., Any])


class Group(click.Group):
    """A group that names the nearest command, and knows commands by other names."""

    aliases: ClassVar[Mapping[str, str]] = {}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name or another name for it."""
        return super().get_command(ctx, self.aliases.get(cmd_name, cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for, or say which ones there are."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            hint = nearest(args[0], known)
            raise InputError(f"unknown command '{args[0]}'{hint} (commands: {', '.join(known)})")
        return super().resolve_command(ctx, args)


class ChoiceOf(click.ParamType[str]):
    """One of a few names; an unknown one is answered with the nearest."""

    name = "name"

    def __init__(self, what: str, names: Iterable[str], aliases: Mapping[str, str]) -> None:
        self.what, self.names, self.aliases = what, tuple(names), aliases

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the one name of the choice."""
        plain = self.aliases.get(str(value), str(value))
        if plain not in self.names:
            hint = nearest(plain, [*self.names, *self.aliases])
            known = ", ".join(self.names)
            raise InputError(f"unknown {self.what} '{value}'{hint} (known: {known})")
        return plain

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the names for the help page."""
        return "|".join(self.names)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the names that fit."""
        fitting = (n for n in self.names if n.startswith(incomplete))
        return [CompletionItem(n) for n in fitting]


FORMAT_ALIASES = {"tex": "latex", "md": "markdown", "txt": "text"}


def format_option(*names: str) -> Callable[[F], F]:
    """Add ``--format`` with the formats of one command."""
    kind = ChoiceOf("format", names, {k: v for k, v in FORMAT_ALIASES.items() if v in names})
    return click.option(
        "--format",
        "format_name",
        type=kind,
        default=names[0],
        show_default=True,
        help="Output format.",
    )


def ascii_option(function: F) -> F:
    """Add ``--ascii``."""
    return click.option("--ascii", "ascii_only", is_flag=True, help="Plain ASCII only.")(function)


def model_options(function: F) -> F:
    """Add MODEL and the options that belong to it."""
    return _model_options(function, convention_names())


def model_options_in_all(function: F) -> F:
    """Add the same, where the convention can also be ``all``."""
    return _model_options(function, (*convention_names(), ALL))


def models_options(metavar: str) -> Callable[[F], F]:
    """Add several texts, or none, and the options that belong to each of them."""
    texts = click.argument("texts", metavar=metavar, nargs=-1)
    return lambda function: texts(_options(function, convention_names()))


def _model_options(function: F, conventions: Iterable[str]) -> F:
    return click.argument("text", metavar="MODEL")(_options(function, conventions))


def _options(function: F, conventions: Iterable[str]) -> F:
    decorators = [
        click.option("--layers", default=None, metavar="N", help="Depth of a single cell, or L."),
        click.option("--bidirectional", is_flag=True, help="Both directions of a single cell."),
        click.option(
            "--merge", default=None, metavar="concat|sum|mean|mul", help="How directions merge."
        ),
        click.option(
            "--convention",
            type=ChoiceOf("convention", conventions, {}),
            default="textbook",
            show_default=True,
            help="Whose equations, names and packing.",
        ),
        click.option(
            "--loss",
            type=ChoiceOf("loss", ("free", "squared", "cross-entropy"), {}),
            default="free",
            show_default=True,
            help="The loss; free: ∂L/∂output is given.",
        ),
        click.option(
            "--loss-at",
            type=ChoiceOf("place of the loss", ("every", "last"), {}),
            default="every",
            show_default=True,
            help="Steps that carry loss.",
        ),
        click.option("--no-bias", is_flag=True, help="Leave out all bias vectors."),
        click.option(
            "--set", "sizes", multiple=True, metavar="NAME=NUMBER", help="A size, e.g. n=128."
        ),
    ]
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


class ModelOptions(TypedDict):
    """What ``model_options`` adds besides MODEL."""

    layers: str | None
    bidirectional: bool
    merge: str | None
    convention: str
    loss: str
    loss_at: str
    no_bias: bool
    sizes: tuple[str, ...]


def build(text: str, **chosen: Unpack[ModelOptions]) -> "Model":
    """Return the model that MODEL and the shared options ask for."""
    from rnnsym.api import model

    full = _with_flags(text, chosen["layers"], chosen["bidirectional"], chosen["merge"])
    numbers: dict[str, Any] = {}
    for item in chosen["sizes"]:
        name, sign, value = (part.strip() for part in item.partition("="))
        if not sign or not name:
            raise InputError(f"--set takes NAME=NUMBER such as n=128, not '{item}'")
        if "," in value:
            raise InputError(f"--set takes one size, not '{item}': give it once for each size")
        if name in numbers:
            raise InputError(f"--set gives the size '{name}' twice")
        numbers[name] = value
    return model(
        full,
        chosen["convention"],
        loss=chosen["loss"],
        loss_at=chosen["loss_at"],
        bias=not chosen["no_bias"],
        **numbers,
    )


def say_unused(sizes: Iterable[str], reason: str) -> None:
    """Say on stderr that sizes change nothing here."""
    for item in sizes:
        click.echo(f"rnnsym: --set {item} has no effect here: {reason}", err=True)


def _with_flags(text: str, layers: str | None, bidirectional: bool, merge: str | None) -> str:
    """Return the model text that the flags spell; they belong to a single cell only."""
    if layers is None and not bidirectional and merge is None:
        return text
    if any(sign in text for sign in ",*(") or text.startswith(("dense:", "embedding:")):
        raise InputError(
            "--layers, --bidirectional and --merge go with a single cell; "
            f"'{text}' says these itself"
        )
    if merge is not None and not bidirectional:
        raise InputError("--merge goes with --bidirectional")
    inner = f"{text},{merge}" if merge else text
    placed = f"bi({inner})" if bidirectional else text
    return placed if layers in (None, "1") else f"{placed}*{layers}"


def plain_terminal() -> bool:
    """Tell whether the output cannot show Unicode."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return encoding not in ("utf8", "utf16", "utf32", "utf8sig")


def print_document(document: "Document", format_name: str, ascii_only: bool) -> None:
    """Print a document as text, LaTeX or Markdown."""
    if format_name == "text":
        from rnnsym.export.text import ASCII, TEXT

        say((ASCII if ascii_only or plain_terminal() else TEXT).document(document))
        return
    from rnnsym.export.formats import render_files

    for content in render_files(document, format_name).values():
        _bytes(content)


def _bytes(content: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """Print a text, without a second newline at its end."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def json_text(data: Any) -> str:
    """Return data as JSON; numbers that JSON lacks are an error, not a NaN."""
    import json

    return json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)
