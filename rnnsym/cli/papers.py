"""``rnnsym sheet``."""

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rnnsym.cli.options import build, models_options, say
from rnnsym.cli.output import Output, output_options, save
from rnnsym.errors import InputError

if TYPE_CHECKING:
    from rnnsym.document import Document

__all__ = ["COMMANDS"]

DEFAULT = ParameterSource.DEFAULT


@click.command()
@models_options("[TOPIC]...")
@click.option("--list", "listing", is_flag=True, help="List the topics.")
@output_options()
def sheet(texts: tuple[str, ...], listing: bool, output: Output, **chosen: Any) -> None:
    """Write the study sheet of each TOPIC: a topic of the list, a cell or a model text."""
    if listing:
        _list_topics()
        return
    if not texts:
        raise InputError("no topic is given; rnnsym sheet --list shows them")
    save((_sheet(text, chosen) for text in texts), output)


def _list_topics() -> None:
    from rnnsym.sheet.topic import load_topic, topic_names

    names = topic_names()
    width = max(map(len, names)) + 2
    for name in names:
        say(f"{name:{width}}{load_topic(name).line}")
    say('or any cell (rnnsym cells) or model text, such as gru-reset-after or "bi(mgu)*2"')


def _sheet(text: str, chosen: Any) -> "Document":
    from rnnsym.sheet.topic import find_topic, topic_document

    topic = find_topic(text, chosen["convention"])
    if topic is None:
        return build(text, **chosen).sheet()
    context = click.get_current_context()
    given = [name for name in chosen if context.get_parameter_source(name) is not DEFAULT]
    if given:
        option = given[0].replace("sizes", "set").replace("_", "-")
        raise InputError(f"--{option} goes with a cell or a model text; '{text}' is a topic")
    return topic_document(topic)


COMMANDS = (sheet,)
