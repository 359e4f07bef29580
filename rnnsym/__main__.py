"""``python -m rnnsym``."""

from rnnsym.cli import main

main()
