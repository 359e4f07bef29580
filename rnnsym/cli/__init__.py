"""The command line: it parses, calls the API and prints."""

from rnnsym.cli.main import main

__all__ = ["main"]
