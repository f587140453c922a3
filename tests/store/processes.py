"""Processes that may be killed at any instant."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

# A server without threads forks the processes: they start in milliseconds, with everything imported.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pullcord.store"])


@contextmanager
def child(target: Callable[..., None], *arguments: Any) -> Iterator[tuple[Any, Connection]]:
    """A process running `target(*arguments, its end of the pipe)`, and our end."""
    ours, theirs = FORKS.Pipe()
    process = FORKS.Process(target=target, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        ours.close()
