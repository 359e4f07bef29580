"""The entry point, and the one place that turns errors into lines and exit codes.

Exit codes: 0 done, 1 a negative answer, 2 bad input, 3 undecided, 70 internal error,
130 interrupted.
"""

import atexit
import gc
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Any

import click

from rnnsym.cli.options import Group
from rnnsym.errors import RnnsymError
from rnnsym.version import VERSION

__all__ = ["main"]

# SymPy's import makes many objects that stay: each pass of the collector walks them for nothing.
GARBAGE = 1_000_000
INTERNAL = 70
INTERRUPTED = 130


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="rnnsym")
@click.option("--debug", is_flag=True, help="Show a traceback when rnnsym itself fails.")
def rnnsym(debug: bool) -> None:
    """Derive, check and print backpropagation through time for recurrent networks.

    MODEL is a text such as lstm, gru*3, "bi(lstm)*2", "embedding:10000:128, gru:64, dense:10", or
    the path of a cell file of your own.
    """
    del debug  # read in main, where the traceback is made


def _register() -> None:
    from rnnsym.cli import (
        audits,
        codes,
        comparisons,
        derivations,
        drawings,
        numbers,
        papers,
        quizzes,
        theorems,
    )

    modules = (derivations, numbers, comparisons, audits, codes, theorems, papers, quizzes)
    for module in (*modules, drawings):
        for command in module.COMMANDS:
            rnnsym.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)  # its last pass too: memory goes back with the process
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    _register()
    sys.exit(_run(given))


def _open_streams() -> None:
    """Let printing never fail on a letter that the terminal lacks, nor on a closed stream."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - kept open
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _terminated(number: int, _frame: FrameType | None) -> None:
    """Leave through the clean-up of whatever is being written."""
    raise SystemExit(128 + number)


def _run(arguments: list[str]) -> int:
    try:
        outcome: Any = rnnsym.main(arguments, prog_name="rnnsym", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except BaseException as error:
        return _said(error, "--debug" in arguments)
    return outcome if isinstance(outcome, int) else 0


def _said(error: BaseException, debug: bool) -> int:
    """Say in one line what went wrong, and return its exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            print(error.format_message(), file=sys.stderr)
            return error.exit_code
        case click.MissingParameter(ctx=click.Context(command_path=path)):
            return _complain(f"{error.format_message()} See {path} --help", error.exit_code)
        case click.ClickException():
            return _complain(error.format_message(), error.exit_code)
        case RnnsymError():
            return _complain(str(error), error.exit_code)
        case KeyboardInterrupt() | click.Abort():
            return _complain("interrupted", INTERRUPTED)
        case OSError():
            _give_up_output()
            silent = isinstance(error, BrokenPipeError)
            return 0 if silent else _complain(f"cannot write the output: {error.strerror}", 2)
        case Exception():
            return _apologise(error, debug)
        case _:
            raise error


def _give_up_output() -> None:
    """Keep the interpreter from flushing once more into what cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str, code: int) -> int:
    print(f"rnnsym: {message}", file=sys.stderr)
    return code


def _apologise(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}"
    return _complain(
        f"internal error ({what}); this is a defect of rnnsym {VERSION}: please report it with the "
        "command you typed (rnnsym --debug … shows where)",
        INTERNAL,
    )
