"""Work done by several processes side by side; what comes of it does not depend on their number."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from itertools import islice
from multiprocessing import active_children
from typing import Any, TypeAlias, TypeVar

from rnnsym.errors import RnnsymError

__all__ = ["drawn_ahead", "processors", "side_by_side"]

T = TypeVar("T")
R = TypeVar("R")
Outcome: TypeAlias = tuple[str, Any, RnnsymError | None]
"""What a process said on stderr, and what its work gave, or the error that it ended with."""
AHEAD = 2
"""Tasks given to each process before the first result is taken: memory stays flat."""
BATCH = 4
"""Pieces of a stream that travel together."""


def processors() -> int:
    """Return how many processors this process may use."""
    may = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(may(0)) if may else os.cpu_count() or 1


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


@contextmanager
def drawn_ahead(
    opened: Callable[[str], Iterator[R]], names: Sequence[str], jobs: int
) -> Generator[Callable[[str], Iterator[R]], None, None]:
    """Give what yields the pieces of a stream by name, which processes draw ahead of their use.

    A stream stays with one process, and so do most neighbours, so that what they need is set up
    once.

    Args:
        opened: opens the stream of a name; it and the pieces travel between processes.
        names: of all streams.
        jobs: how many processes.

    Raises:
        RnnsymError: that which ended a stream, in its place.
    """
    pools = [ProcessPoolExecutor(1, initializer=_begin, initargs=(opened,)) for _ in range(jobs)]
    pool_of = {name: pools[place * jobs // len(names)] for place, name in enumerate(names)}

    def pieces(name: str) -> Iterator[R]:
        error, full = None, True
        while full:
            batch, error = ahead[name].result()
            full = len(batch) == BATCH
            if full:
                ahead[name] = pool_of[name].submit(_batch, name)
            yield from batch
        if error is not None:
            raise error

    try:
        ahead = {name: pool.submit(_batch, name) for name, pool in pool_of.items()}
        yield pieces
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


_streams: dict[str, Iterator[Any]] = {}


def _batch(name: str) -> tuple[list[Any], RnnsymError | None]:
    """Return the next pieces of a stream of this process, and the error that ends it there."""
    if name not in _streams:
        _streams[name] = _work(name)
    found: list[Any] = []
    try:
        for piece in islice(_streams[name], BATCH):
            found.append(piece)
    except RnnsymError as error:
        return found, error
    return found, None


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
