"""Time the event ledger: durable commands a second on SQLite and PostgreSQL, one by one and grouped.

    python benchmarks/ledger.py [--json] [--seed 7] [--commands 40000] [--folder DIR] [--postgresql URL]

A command takes a place in one of 50 weeks and keeps an order: three events (its own and two more) and two rows. `in
flight` says how many commands are handed over together; each is answered only when its commit is durable, so the
latency is that of the whole hand-over. `threads` are callers with one command each. The rate at which the same folder
takes 4 KiB and an fsync stands beside the results: one commit cannot be faster than that.
Without --postgresql the address in PULLCORD_TEST_DATABASE_URL is used; a schema is made there and dropped again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table as Picture

from pullcord.base import CommandId, PartyId, ProgramId, SystemClock, stream
from pullcord.store import (
    METADATA,
    Command,
    Event,
    Ledger,
    Projection,
    Rows,
    Table,
    Transaction,
    event,
    program_key,
    verify,
)

IN_FLIGHT = (1, 10, 100, 1000)
THREADS = 16
WEEKS = 50
PROGRAM = ProgramId("benchmark")


@event("bench_place.taken")
@dataclass(frozen=True, slots=True)
class PlaceTaken:
    week: str
    places: int


@event("bench_order.kept")
@dataclass(frozen=True, slots=True)
class OrderKept:
    order_id: str
    week: str
    price_minor: int


@dataclass(frozen=True, slots=True)
class Week:
    week: str
    taken: int


@dataclass(frozen=True, slots=True)
class Order:
    order_id: str
    week: str
    price_minor: int


WEEK = Table(
    sa.Table(
        "bench_week",
        METADATA,
        program_key(),
        sa.Column("week", sa.String, primary_key=True),
        sa.Column("taken", sa.Integer, sa.CheckConstraint("taken >= 0"), nullable=False),
    ),
    Week,
)
ORDER = Table(
    sa.Table(
        "bench_order",
        METADATA,
        program_key(),
        sa.Column("order_id", sa.String, primary_key=True),
        sa.Column("week", sa.String, nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
    ),
    Order,
)


def count_place(rows: Rows, taken: Event[PlaceTaken]) -> None:
    """One place more is taken in that week."""
    body = taken.body
    week = rows.get(WEEK, body.week)
    rows.put(WEEK, Week(body.week, (week.taken if week else 0) + body.places))


def keep_order(rows: Rows, kept: Event[OrderKept]) -> None:
    """The order has its row."""
    body = kept.body
    rows.put(ORDER, Order(body.order_id, body.week, body.price_minor))


BENCH = Projection("benchmark", (WEEK, ORDER), {PlaceTaken: count_place, OrderKept: keep_order})


def reserve(number: int, week: str) -> Command[int]:
    """Take a place and keep the order; the answer is how many places are taken."""

    def decide(tx: Transaction) -> int:
        row = tx.get(WEEK, week)
        tx.emit(f"week/{week}", PlaceTaken(week, 1))
        tx.emit(f"order/{number}", OrderKept(f"o{number}", week, 4_990_000))
        return (row.taken if row else 0) + 1

    body = {"order": number, "week": week}
    return Command(CommandId(f"reserve-{number}"), PartyId("shop"), "bench.reserve", body, decide, int)


def fsyncs_per_s(folder: Path, seconds: float = 1.0) -> float:
    """How often a second 4 KiB can be added to a file in the folder and synced."""
    block, count = os.urandom(4096), 0
    with tempfile.TemporaryFile(dir=folder) as file:
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            count += 1
    return count / spent


def time_ledger(url: str, commands: list[Command[int]], in_flight: int, threads: int = 1) -> dict[str, Any]:
    """Commands a second and their latency in a fresh program of the database; every answer is checked."""
    program = ProgramId(f"{PROGRAM}-{in_flight}-{threads}")
    with Ledger.open(url, program, clock=SystemClock(), projections=[BENCH], group_max=max(in_flight, 512)) as ledger:

        def hand_over(first: int) -> tuple[float, int]:
            begun = time.perf_counter()
            answers = ledger.execute_many(commands[first : first + in_flight])
            return time.perf_counter() - begun, sum(isinstance(answer, int) for answer in answers)

        start, start_cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(threads) as pool:
            done = list((pool.map if threads > 1 else map)(hand_over, range(0, len(commands), in_flight)))
        spent, spent_cpu = time.perf_counter() - start, time.process_time() - start_cpu
        answered = sum(count for _, count in done)
        if answered != len(commands) or ledger.head() != 3 * len(commands):
            sys.exit(f"{len(commands) - answered} of {len(commands)} commands failed: nothing to report")
    latencies_ms = np.array([seconds for seconds, _ in done]) * 1e3
    return {
        "in_flight": in_flight * threads,
        "callers": threads,
        "commands": len(commands),
        "commands_per_s": len(commands) / spent,
        "cpu_us": spent_cpu / len(commands) * 1e6,  # of this process, for each command
        "p50_ms": float(np.percentile(latencies_ms, 50)),
        "p99_ms": float(np.percentile(latencies_ms, 99)),
    }


def time_verify(url: str) -> dict[str, Any]:
    """Events a second when the largest of the programs is replayed."""
    program = ProgramId(f"{PROGRAM}-{IN_FLIGHT[-1]}-1")
    start = time.perf_counter()
    found = verify(url, program, [BENCH])
    spent = time.perf_counter() - start
    if not found.ok:
        sys.exit(f"the ledger does not hold together: {found.faults[0]}")
    return {"events": found.events, "seconds": spent, "events_per_s": found.events / spent}


@contextmanager
def postgresql_schema(address: str) -> Iterator[str]:
    """The address of an empty schema, dropped afterwards."""
    url = sa.make_url(address)
    schema = f"bench_{uuid.uuid4().hex}"
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(False), autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
        try:
            yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


def run(url: str, total: int, seed: int) -> dict[str, Any]:
    """All sizes on one database."""
    weeks = stream(seed, "benchmarks.ledger").integers(0, WEEKS, total)
    commands = [reserve(i, f"w{week:02}") for i, week in enumerate(weeks)]
    shares = {1: total // 20, 10: total // 8, 100: total // 2, 1000: total}
    results = [time_ledger(url, commands[: shares[k]], k) for k in IN_FLIGHT]
    results.append(time_ledger(url, commands[: total // 8], 1, THREADS))
    return {"results": results, "verify": time_verify(url)}


def draw(found: dict[str, Any]) -> None:
    """Everything on the console."""
    console = Console(highlight=False)
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    console.print(f"{found['machine']}; {versions}; seed {found['seed']}")
    console.print(f"the disk takes {found['fsyncs_per_s']:,.0f} appended 4 KiB blocks a second, each synced")
    for name in ("sqlite", "postgresql"):
        if name not in found:
            console.print(f"{name}: skipped, no address was given (--postgresql or PULLCORD_TEST_DATABASE_URL)")
            continue
        picture = Picture(
            "in flight", "callers", "commands", "commands/s", "CPU us each", "p50 ms", "p99 ms", title=name
        )
        for column in picture.columns:
            column.justify = "right"
        for row in found[name]["results"]:
            picture.add_row(
                f"{row['in_flight']:,}",
                f"{row['callers']}",
                f"{row['commands']:,}",
                f"{row['commands_per_s']:,.0f}",
                f"{row['cpu_us']:.0f}",
                f"{row['p50_ms']:.2f}",
                f"{row['p99_ms']:.2f}",
            )
        console.print(picture)
        replay = found[name]["verify"]
        console.print(
            f"verify: {replay['events']:,} events in {replay['seconds']:.1f} s ({replay['events_per_s']:,.0f} a second)"
        )
    console.print(f"peak memory {found['peak_mib']:,.0f} MiB")


def main() -> None:
    """Measure, then print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--commands", type=int, default=40_000, help="in the largest run; others take a share of it")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the SQLite file is made; default: here")
    parser.add_argument("--postgresql", default=os.environ.get("PULLCORD_TEST_DATABASE_URL"), metavar="URL")
    options = parser.parse_args()
    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "versions": {
            "Python": platform.python_version(),
            "SQLite": sqlite3.sqlite_version,
            "SQLAlchemy": version("sqlalchemy"),
            "psycopg": version("psycopg"),
            "msgspec": version("msgspec"),
        },
        "seed": options.seed,
    }
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found["fsyncs_per_s"] = fsyncs_per_s(Path(folder))
        found["sqlite"] = run(f"sqlite:///{Path(folder) / 'ledger.db'}", options.commands, options.seed)
    if options.postgresql:
        with psycopg.connect(
            sa.make_url(options.postgresql).set(drivername="postgresql").render_as_string(False)
        ) as connection:
            found["versions"]["PostgreSQL"] = connection.info.parameter_status("server_version")
        with postgresql_schema(options.postgresql) as url:
            found["postgresql"] = run(url, options.commands, options.seed)
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.json:
        print(json.dumps(found))
    else:
        draw(found)


if __name__ == "__main__":
    main()
