"""Arrangements of a shop side by side, each in processes of its own, one after the other, under the same load."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psycopg
import sqlalchemy as sa
from psycopg import sql

from pullcord.base import InvalidInput, secret_token
from pullcord.program import Program, read_program

from . import ledger_check, peers
from .load import Load, Reply, Told, order_id
from .ours import CAMPAIGN, Ready, Shop

CONNECTIONS = 64
CITIES = 20
BODY = f"/api/v1/campaigns/{CAMPAIGN}/orders"
DECIDED = (200, 201)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One arrangement under load. What could not be measured is None, and `note` says why.

    orders_per_s : wishes decided (a place, a position in the queue, or none left), each answered after its commit, from
        the first request to the last reply; what was refused for another reason does not count
    oversold, lost, duplicated : counted afterwards, in orders, from the ledger or the tables
    fsync_per_s : how often the same disk takes 4 KiB and an fsync, measured just before
    cpu_us : processor time of the server for each request, user and system
    stolen : share of the processors' time that a shared machine took for others during the load; None where it does
        not tell. Above a few hundredths, the figures say more of the machine than of us
    """

    arrangement: str
    orders_per_s: float | None
    p50_ms: float | None
    p99_ms: float | None
    oversold: int | None
    lost: int | None
    duplicated: int | None
    fsync_per_s: float
    requests: int = 0
    orders: int = 0
    cpu_us: float | None = None
    stolen: float | None = None
    note: str = ""

    def as_mapping(self) -> dict[str, Any]:
        """The row as plain data."""
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all arrangements share."""

    folder: Path
    requests: int
    connections: int = CONNECTIONS
    postgresql: str | None = None  # an address, or None: none is at hand

    @property
    def program(self) -> Program:
        return read_program(self.folder)


def fsyncs_per_s(folder: Path, seconds: float = 1.0) -> float:
    """How often a second 4 KiB can be added to a file in the folder and synced."""
    block, count = bytes(4096), 0
    with tempfile.TemporaryFile(dir=folder) as file:
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            count += 1
    return count / spent


def command_of(module: str) -> list[str]:
    """The command that runs a module of this room."""
    return [sys.executable, "-c", f"from pullcord.rush.{module} import main; main()"]


class Server:
    """A server in a process of its own."""

    def __init__(self, module: str, told: Any) -> None:
        self.process = subprocess.Popen(command_of(module), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(told) + b"\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline()
        if not said:
            raise InvalidInput(f"the server `{module}` did not start", "it said why on stderr")
        self.ready = msgspec.json.decode(said, type=Ready)
        self.cpu_before_s = self._cpu_s()

    def _cpu_s(self) -> float:
        """Processor seconds of the process so far; 0 where the system does not tell."""
        with suppress(OSError, ValueError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def cpu_us(self, requests: int) -> float | None:
        """Processor microseconds for each request since it was ready."""
        spent = self._cpu_s() - self.cpu_before_s
        return 1e6 * spent / requests if spent and requests else None

    def kill(self) -> None:
        """End it as a power cut would end it: nothing is written any more."""
        self.process.kill()
        self._gone()

    def close(self) -> None:
        """End it in good order."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._gone()

    def _gone(self) -> None:
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def load_of(setting: Setting, server: Server, path: str, **changed: Any) -> Load:
    """The load on a server."""
    program = setting.program
    cities = [city.city_id for city in program.cities if city.invoice][:CITIES]
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.ready.port,
        "path": path,
        "token": server.ready.token,
        "first": 0,
        "requests": setting.requests,
        "connections": setting.connections,
        "variants": tuple(variant.variant_id for variant in program.variants),
        "cities": tuple(cities),
        "plan": program.plans[0],
        "again_every": 50,
    }
    return Load(**(values | changed))


def begin_load(load: Load) -> subprocess.Popen[bytes]:
    """A load generator that has begun to send."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("load.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(load))
    process.stdin.close()
    process.stdout.readline()
    return process


def end_load(process: subprocess.Popen[bytes]) -> Told:
    """What came of it."""
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    if process.wait():
        raise InvalidInput("the load generator broke", "it said why on stderr")
    return msgspec.json.decode(said, type=Told)


def placed(replies: tuple[Reply, ...]) -> set[str]:
    """The orders that customers were told they have."""
    return {order_id(reply.number) for reply in replies if reply.placed}


def statuses(told: Told) -> str:
    """What was not answered as it should be, in words."""
    odd = Counter(reply.status for reply in told.replies if reply.status not in DECIDED)
    words = [f"{count:,} times HTTP {status}" for status, count in sorted(odd.items())]
    if told.unanswered or told.unsent:
        words.append(f"{len(told.unanswered) + len(told.unsent):,} without a reply")
    return "; ".join(words)


class Stolen:
    """Watches how much of the processors' time goes to others (Linux's `steal`)."""

    def __init__(self) -> None:
        self._before = self._look()

    @staticmethod
    def _look() -> tuple[int, int] | None:
        """Ticks used or stolen so far, and those stolen."""
        with suppress(OSError, ValueError, IndexError):
            ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
            return sum(ticks[:8]) - ticks[3] - ticks[4], ticks[7]  # all but idle and waiting for the disk
        return None

    def share(self) -> float | None:
        """The share since this was made."""
        after = self._look()
        if self._before is None or after is None:
            return None
        used = after[0] - self._before[0]
        return (after[1] - self._before[1]) / used if used else 0.0


def make_row(
    name: str,
    told: Told,
    fsyncs: float,
    cpu_us: float | None,
    stolen: float | None,
    found: ledger_check.Found,
    note: str = "",
) -> Row:
    """The figures of one load."""
    decided = [reply.ms for reply in told.replies if reply.status in DECIDED]
    ms = np.array(decided or [np.nan])
    notes = "; ".join(part for part in (note, statuses(told)) if part)
    return Row(
        name,
        len(decided) / told.seconds,
        float(np.percentile(ms, 50)),
        float(np.percentile(ms, 99)),
        found.oversold,
        found.lost,
        found.duplicated,
        fsyncs,
        len(told.replies),
        found.orders,
        cpu_us,
        stolen,
        notes,
    )


def ours(
    setting: Setting,
    name: str,
    url: str,
    folder: Path,
    *,
    more_ms: float = 0.0,
    places: int | None = None,
    queue_max: int = 0,
    note: str = "",
) -> Row:
    """Our server under load, and what its ledger says afterwards."""
    program = setting.program
    fsyncs = fsyncs_per_s(folder)
    every = setting.requests if places is None else places
    shop = Shop(str(setting.folder), url, every, every, queue_max, more_ms)
    server = Server("ours", shop)
    try:
        stolen = Stolen()
        told = end_load(begin_load(load_of(setting, server, BODY)))
        share, cpu_us = stolen.share(), server.cpu_us(len(told.replies))
    finally:
        server.close()
    found = ledger_check.look(program, url, placed(told.replies))
    return make_row(name, told, fsyncs, cpu_us, share, found, note)


def peer(setting: Setting, name: str, kind: str, address: str, folder: Path, *, more_ms: float = 0.0) -> Row:
    """A peer under the same load, and what its tables say afterwards."""
    fsyncs = fsyncs_per_s(folder)
    variants = tuple(variant.variant_id for variant in setting.program.variants)
    told_peer = peers.Peer(kind, address, variants, setting.requests, setting.requests, more_ms)
    server = Server("peers", told_peer)
    try:
        stolen = Stolen()
        told = end_load(begin_load(load_of(setting, server, "/orders")))
        share, cpu_us = stolen.share(), server.cpu_us(len(told.replies))
    finally:
        server.close()
    left, rows = peers.tables_say(told_peer)
    kept = {order for order, _, _ in rows}
    taken = Counter(variant for _, _, variant in rows)
    taken[peers.ALL] = len(rows)
    oversold = sum(max(0, taken[variant] - setting.requests) for variant in left)
    twice = 2 * len(rows) - len(kept) - len({person for _, person, _ in rows})
    lost = len(placed(told.replies) - kept)
    found = ledger_check.Found(len(rows), oversold, lost, twice)
    return make_row(name, told, fsyncs, cpu_us, share, found)


@contextmanager
def schema(address: str) -> Iterator[tuple[str, str]]:
    """An empty schema in a PostgreSQL database: its address for SQLAlchemy and for psycopg; dropped afterwards."""
    name = f"rush_{secret_token(6).replace('-', '_').lower()}"
    plain = sa.make_url(address).set(drivername="postgresql")
    text = plain.render_as_string(hide_password=False)
    with psycopg.connect(text, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        try:
            inside = plain.update_query_dict({"options": f"-csearch_path={name}"})
            yield (
                inside.set(drivername="postgresql+psycopg").render_as_string(hide_password=False),
                inside.render_as_string(hide_password=False),
            )
        finally:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
