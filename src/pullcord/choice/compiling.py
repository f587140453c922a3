"""Kernels: functions compiled to machine code on the machine that runs them, once, and then kept on disk.

The first fit of a kind on a machine waits some seconds for the compiler. `announce_compilation` says so while it
happens; `warm_up` (in warming.py) has it happen beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numba
from numba.core.event import Event, Listener, install_listener

Function = TypeVar("Function", bound=Callable[..., Any])

# Sums may be taken in another order, as vector units do; not-a-number and infinity keep their meaning.
REORDER = frozenset({"reassoc", "contract", "nsz", "arcp"})
# Below this many operations a thread costs more than it saves, above all on a busy machine.
_OPERATIONS_PER_THREAD = 2e7

# A range whose rounds threads may share.
prange: type[range] = numba.prange  # type: ignore[attr-defined, assignment]


def kernel(*, parallel: bool = False, fastmath: frozenset[str] = frozenset()) -> Callable[[Function], Function]:
    """Compile a function for the types it is called with; the code is kept beside the source, or in numba's cache."""

    options = {"cache": True, "nogil": True, "parallel": parallel, "fastmath": set(fastmath)}
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


@contextmanager
def threads(operations: float) -> Iterator[None]:
    """As many threads for the kernels in the block as the work is worth; results do not depend on it."""
    allowed = numba.get_num_threads()  # type: ignore[attr-defined, no-untyped-call]
    numba.set_num_threads(int(min(allowed, max(1, operations / _OPERATIONS_PER_THREAD))))  # type: ignore[attr-defined, no-untyped-call]
    try:
        yield
    finally:
        numba.set_num_threads(allowed)  # type: ignore[attr-defined, no-untyped-call]
