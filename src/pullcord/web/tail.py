"""The ledger's tail for all who follow it: one task reads it, however many listen."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

from pullcord.store import Event, Ledger

log = logging.getLogger(__name__)
PAGE = 500  # events read from the ledger at once by a follower who catches up


class Tail:
    """The latest events in memory; older ones are read from the ledger by whoever needs them.

    Followers keep nothing here but their own position, so a slow one costs nothing.
    """

    def __init__(self, ledger: Ledger, kept: int, *, poll_s: float = 0.02) -> None:
        self._ledger = ledger
        self._kept: deque[Event[Any]] = deque(maxlen=kept)
        self._poll_s = poll_s
        self._news = asyncio.Event()
        self._closing = False
        self._waiting = 0  # followers who have read everything there was
        self.head = ledger.head()

    @property
    def closing(self) -> bool:
        return self._closing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Tail]:
        """Follow the ledger for as long as the block lasts."""
        task = asyncio.create_task(self._follow())
        try:
            yield self
        finally:
            self.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def close(self) -> None:
        """Let everybody who follows go."""
        self._closing = True
        self._tell()

    async def _follow(self) -> None:
        while True:
            # The head is the writer's own number: asking costs nothing, and the database is read only when it moved.
            head = self._ledger.head()
            if head == self.head:
                await asyncio.sleep(self._poll_s)
                continue
            if not self._waiting:  # nobody to read it for: whoever comes later reads the ledger itself
                self._kept.clear()
                self.head = head
                await asyncio.sleep(self._poll_s)
                continue
            try:
                found = await asyncio.to_thread(self._read, self.head)
            except Exception:
                log.exception("the ledger's tail cannot be read; trying again")
                await asyncio.sleep(1.0)
                continue
            if found:
                self._kept.extend(found)
                self.head = found[-1].seq
                self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _read(self, after: int, limit: int = 2_000) -> list[Event[Any]]:
        return list(islice(self._ledger.events(after), limit))

    def holds(self, after: int) -> bool:
        """Whether all events after this seq are in memory."""
        return after >= self.head or (bool(self._kept) and self._kept[0].seq <= after + 1)

    async def after(self, seq: int) -> Sequence[Event[Any]]:
        """Some events after this seq, in order; none where it is the last. From memory where they are there."""
        if seq >= self.head:
            return ()
        if self.holds(seq):
            # Seqs have no gap: the place of an event follows from its number.
            start = seq + 1 - self._kept[0].seq
            return list(islice(self._kept, start, start + PAGE))
        return await asyncio.to_thread(self._read, seq, PAGE)

    async def news(self, seq: int, wait_s: float) -> bool:
        """Wait until there is something after this seq; False when the time ran out first."""
        event = self._news
        if self.head > seq or self._closing:
            return True
        self._waiting += 1
        try:
            await asyncio.wait_for(event.wait(), wait_s)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True
