"""A limit of time for code that is not ours."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

__all__ = ["SECONDS", "time_limit"]

SECONDS = 10.0
"""For loading a user's kind, and for one draw of it."""


@contextmanager
def time_limit(name: str) -> Generator[None, None, None]:
    """Stop what runs inside after ``SECONDS``; no limit for the empty name.

    Only the main thread of a POSIX system can be stopped in this way: elsewhere nothing is.

    Raises:
        TimeoutError: it ran too long.
    """
    alarm = getattr(signal, "setitimer", None)
    if not name or alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"it took more than {SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    alarm(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        alarm(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
