"""Timings against the goals, never asserted in tests: ``python -m tests.bench SUBJECT CHOICE…``.

Subjects are the modules beside this one that have a ``main``; without one, all are run. Choices
narrow a subject: ``python -m tests.bench code gru n=8,32 B=1 float32``.
"""

import sys
from importlib import import_module

SUBJECTS = ("engine", "audit", "code", "sheets", "quiz")


def main(arguments: list[str]) -> None:
    """Run one subject, or all of them."""
    subject, *choices = arguments or [""]
    if subject and subject not in SUBJECTS:
        sys.exit(f"no subject '{subject}'; there are: {', '.join(SUBJECTS)}")
    for name in [subject] if subject else SUBJECTS:
        import_module(f"tests.bench.{name}").main(choices)


if __name__ == "__main__":
    main(sys.argv[1:])
