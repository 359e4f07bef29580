"""Files that others wrote: of bounded size, in UTF-8, and of letters that can be printed."""

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rnnsym.errors import InputError

__all__ = ["check_letters", "parse_json", "parse_toml", "read_text"]

MAX_BYTES = 256 * 1024
MAX_LINE = 4000
"""Characters; tomllib takes the square of the time for a name of many parts."""
MAX_INTEGER = 2**63
LONG_NUMBER = "a whole number of more than 64 bits"
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, ends of line that are none, and letters that turn round the order of others.

On a page, in a key or in a terminal they would show something other than what is there.
"""


def read_text(what: str, path: Path, most: int = MAX_BYTES) -> str:
    """Return the text of a file.

    Args:
        what: names the file in errors: "claim bank".
        path: where it is.
        most: how many bytes are read.

    Raises:
        InputError: it cannot be opened, is larger, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot read the {what} {path}: {error.strerror}") from None
    except ValueError as error:  # a path with a null byte
        raise InputError(f"cannot read the {what}: {error}") from None
    if len(content) > most:
        raise InputError(f"the {what} {path} is larger than {most} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"the {what} {path} is not UTF-8 (byte {error.start})") from None


def parse_toml(where: str, text: str) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        InputError: says after ``where`` what cannot be read.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise InputError(f"{where}: line {number} has more than {MAX_LINE} characters")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{where}: nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: {error}") from None
    check_letters(where, table)
    return table


def parse_json(where: str, text: str) -> Any:
    """Return plain data.

    Raises:
        InputError: says after ``where`` what cannot be read.
    """
    try:
        data: Any = json.loads(text)
    except RecursionError:
        raise InputError(f"{where}: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: no JSON: {error}") from None
    except ValueError:  # thousands of digits, which Python does not read
        raise InputError(f"{where}: {LONG_NUMBER}") from None
    check_letters(where, data)
    return data


def check_letters(where: str, data: Any) -> None:
    """Refuse what cannot be printed or counted anywhere in plain data.

    Raises:
        InputError: says after ``where`` which character, or that a number is too long.
    """
    match data:
        case str():
            found = UNPRINTABLE.search(data)
            if found:
                code = f"U+{ord(found.group()):04X}"
                raise InputError(f"{where}: a text with {code}, which cannot be printed")
        case int() if not -MAX_INTEGER <= data < MAX_INTEGER:
            raise InputError(f"{where}: {LONG_NUMBER}")
        case {**table}:
            _check_all(where, (*table.keys(), *table.values()))
        case [*items]:
            _check_all(where, items)
        case _:
            pass


def _check_all(where: str, items: Iterable[Any]) -> None:
    for item in items:
        check_letters(where, item)
