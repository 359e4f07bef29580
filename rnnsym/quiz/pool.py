"""Work done by several processes side by side, its results in order."""

import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import redirect_stderr
from io import StringIO
from multiprocessing import active_children
from typing import Any, TypeAlias, TypeVar

from rnnsym.errors import RnnsymError

__all__ = ["side_by_side"]

T = TypeVar("T")
R = TypeVar("R")
Outcome: TypeAlias = tuple[str, Any, RnnsymError | None]
"""What a process said on stderr, and what its work gave, or the error that it ended with."""
AHEAD = 2
"""Tasks given to each process before the first result is taken: memory stays flat."""


def side_by_side(work: Callable[[T], R], tasks: Iterable[T], jobs: int) -> Iterator[R]:
    """Yield what ``work`` makes of each task, in order, with ``jobs`` processes.

    What is seen is the same for any number of them: results, what is said on stderr, errors.

    Args:
        work: what is done; it, its tasks and its results travel between processes.
        tasks: taken a few at a time.
        jobs: how many processes; with 1, none but this.

    Raises:
        RnnsymError: that of the first task which fails.
    """
    if jobs == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(work,)) as pool:
        waiting: deque[Future[Outcome]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(_done, task))
                if len(waiting) > AHEAD * jobs:
                    yield _taken(waiting.popleft())
            while waiting:
                yield _taken(waiting.popleft())
        except BaseException:
            for worker in active_children():
                worker.kill()
            raise


def _taken(future: "Future[Outcome]") -> Any:
    said, result, error = future.result()
    sys.stderr.write(said)
    if error is not None:
        raise error
    return result


_work: Callable[[Any], Any]


def _begin(work: Callable[[Any], Any]) -> None:
    """Set up a process: its work is sent once, not with each task."""
    global _work  # noqa: PLW0603 - a process of a pool has no other place to keep it
    _work = work
    # An interrupt ends the workers at once; what is said about it is said by their parent alone.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _done(task: object) -> Outcome:
    result, failed = None, None
    with redirect_stderr(StringIO()) as said:
        try:
            result = _work(task)
        except RnnsymError as error:
            failed = error
    return said.getvalue(), result, failed
