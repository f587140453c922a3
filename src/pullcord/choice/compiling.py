"""Kernels: functions compiled to machine code on the machine that runs them, once, and then kept on disk.

The first fit of a kind on a machine waits some seconds for the compiler. `announce_compilation` says so while it
happens; `warm_up` (in warming.py) has it happen beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar

import numba
from numba.core.event import Event, Listener, install_listener

Function = TypeVar("Function", bound=Callable[..., Any])

# Sums may be taken in another order, as vector units do; not-a-number and infinity keep their meaning.
REORDER = frozenset({"reassoc", "contract", "nsz", "arcp"})
# Below this many operations a thread costs more than it saves, above all on a busy machine.
_OPERATIONS_PER_THREAD = 2e7
# Work is handed out in so many pieces a thread: one that is held up leaves the rest to the others.
_PIECES_PER_THREAD = 4


def kernel(*, fastmath: frozenset[str] = frozenset()) -> Callable[[Function], Function]:
    """Compile a function for the types it is called with; the code is kept beside the source, or in numba's cache.

    Threads may run it side by side; see `share`.
    """
    options = {"cache": True, "nogil": True, "fastmath": set(fastmath)}
    return numba.njit(**options)  # type: ignore[attr-defined, no-untyped-call, no-any-return]


@contextmanager
def announce_compilation(tell: Callable[[str], None]) -> Iterator[None]:
    """Call `tell` with the name of the first kernel that must be compiled in the block, before it is.

    It is not called while all kernels come from the disk.

    >>> with announce_compilation(lambda kernel: print("compiling, once on this machine ...", file=sys.stderr)):
    ...     fit = model.fit(data)
    """
    with install_listener("numba:compile", _First(tell)):
        yield


class _First(Listener):
    """Tells of the first compilation it hears of; numba has looked on the disk before it speaks of one."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell: Callable[[str], None] | None = tell

    def on_start(self, event: Event) -> None:
        if self._tell is not None:
            tell, self._tell = self._tell, None
            tell(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event: Event) -> None:
        """Nothing is told of it."""


def share(blocks: int, operations: float, work: Callable[[int, int], None]) -> None:
    """Call `work(low, high)` so that each block from 0 to `blocks` is worked on once, by as many threads as pay.

    Blocks must write to places of their own: then what comes out does not depend on who did what.
    """
    workers = min(numba.config.NUMBA_NUM_THREADS, blocks, int(operations / _OPERATIONS_PER_THREAD))  # type: ignore[attr-defined]
    if workers <= 1:
        work(0, blocks)
        return
    pieces = min(blocks, workers * _PIECES_PER_THREAD)
    edges = [piece * blocks // pieces for piece in range(pieces + 1)]
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, low, high) for low, high in pairwise(edges)]:
            done.result()
