"""What runs in the processes that the fault tests kill, starve and get in the way of."""

from __future__ import annotations

import os
import resource
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from slot_shop import PROJECTIONS, REACTIONS, TRIAL, Taken, open_week, take
from slot_shop_later import LATER

from pullcord.base import PullcordError, SystemClock
from pullcord.store import Command, Ledger, rebuild

WEEKS = 6


def open_trial(url: str, **options: Any) -> Ledger:
    return Ledger.open(url, TRIAL, clock=SystemClock(), projections=PROJECTIONS, reactions=REACTIONS, **options)


def numbered(number: int) -> Command[Any]:
    """The command of this number: always the same one, with 0, 1 or 2 options."""
    options = ("roof", "horn")[: number % 3]
    return take(f"w{number % WEEKS}", f"h{number}", command_id=f"n-{number}", options=options, chance=number / 7)


def prepare(url: str, places: int) -> None:
    with open_trial(url) as ledger:
        ledger.execute_many([open_week(f"w{week}", places) for week in range(WEEKS)])


def sell(url: str, first: int, answers: Connection) -> None:
    """Take slots from four threads without end, and say each answer as soon as it is given."""
    ledger = open_trial(url, group_max=16)
    saying = threading.Lock()
    answers.send((-1, os.getpid()))

    def shop(offset: int) -> None:
        number = first + offset
        while True:
            if offset == 0:  # one of the threads asks for many at once
                batch = [number + 4 * i for i in range(20)]
                found = ledger.execute_many([numbered(n) for n in batch])
            else:
                batch = [number]
                found = [ledger.execute(numbered(number))]
            with saying:
                for n, answer in zip(batch, found, strict=True):
                    answers.send((n, answer.free if isinstance(answer, Taken) else None))
            number += 4 * len(batch)

    for offset in range(1, 4):
        threading.Thread(target=shop, args=(offset,), daemon=True).start()
    shop(0)


def hold(url: str, ready: Connection) -> None:
    """Be the writer until told to stop."""
    with open_trial(url):
        ready.send(os.getpid())
        ready.recv()


def fill_disk(url: str, room_bytes: int | None, parent: Connection) -> None:
    """Sell until nothing more can be written; when told that there is room again, sell on.

    With `room_bytes`, no file may grow by more than that (RLIMIT_FSIZE); else the file system itself has to be small.
    """
    with open_trial(url, group_max=64) as ledger:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        if room_bytes is not None:
            path = url.removeprefix("sqlite:///")
            largest = max(Path(name).stat().st_size for name in (path, f"{path}-wal"))
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room_bytes, hard))
        parent.send(_sell_until_refused(ledger))
        parent.recv()
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        found = ledger.execute_many([numbered(n) for n in range(1_000)])
        parent.send(sum(isinstance(answer, Taken) for answer in found))


def _sell_until_refused(ledger: Ledger) -> tuple[list[int], list[str]]:
    """The numbers that were sold, and what the callers of the others were told."""
    sold: list[int] = []
    for start in range(0, 100_000, 50):
        with ThreadPoolExecutor(2) as pool:  # one at a time, and many at once
            many = pool.submit(ledger.execute_many, [numbered(n) for n in range(start, start + 49)])
            one = pool.submit(ledger.execute_many, [numbered(start + 49)])
            found = [*many.result(), *one.result()]
        sold += [start + i for i, answer in enumerate(found) if isinstance(answer, Taken)]
        if told := [f"{type(a).__name__}: {a}" for a in found if isinstance(a, PullcordError)]:
            return sold, told
    return sold, []


def rebuild_trial(url: str, later: bool, folder: str, parent: Connection) -> None:
    """Rebuild the program with its copy in that folder, and say how far it is; at last, that it is done."""
    tempfile.tempdir = folder
    rebuild(url, TRIAL, LATER if later else PROJECTIONS, lambda done, total: parent.send((done, total)))
    parent.send(None)
