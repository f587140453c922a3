"""Promises and quotes a second: capable to promise alone, and `desk.quote` through the ledger.

    .venv/bin/python benchmarks/promises.py [--orders 200000] [--quotes 5000] [--json]

The instance of the first rows is drawn from a seed: one plant, 180 days, 200 options of which a car has 15, 1,000
parts of which a car has 40, and demand that fills a good half of the horizon. The last rows quote the shipped
program's cars through a ledger on this machine's disk, in one process.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path

import numba
import numpy as np

from pullcord.app import open_app
from pullcord.base import CommandId, SimulatedClock
from pullcord.program import read_program
from pullcord.promising import CapacityBook, read_capacities
from pullcord.promising.kernels import earliest_week, look_ahead, promise_all
from pullcord.store import Command, Transaction

ROOT = Path(__file__).resolve().parents[1]
DAYS, OPTIONS, PARTS, OPTIONS_PER_CAR, PARTS_PER_CAR = 180, 200, 1_000, 15, 40
REPEATS = 5
PROTOTYPE_PER_S = 557_000  # a capable-to-promise prototype on one core of another machine, same shape of instance


def instance(orders: int, seed: int = 7):  # type: ignore[no-untyped-def]
    """Rows of what is scarce, and orders that use 1 + 15 + 40 of them each."""
    rng = np.random.default_rng(seed)
    weekly = 1 + OPTIONS
    per_day = orders / (0.6 * DAYS)
    spare = np.empty((weekly + PARTS, DAYS), dtype=np.int32)
    spare[0] = int(per_day)
    spare[1:weekly] = (per_day * OPTIONS_PER_CAR / OPTIONS * rng.uniform(1.0, 2.0, (OPTIONS, 1))).astype(np.int32)
    arrivals = per_day * PARTS_PER_CAR / PARTS * rng.uniform(0.9, 2.0, (PARTS, 1)) * rng.uniform(0, 2, (PARTS, DAYS))
    spare[weekly:] = (np.cumsum(arrivals, axis=1) + 10 * per_day * PARTS_PER_CAR / PARTS).astype(np.int32)
    lines = 1 + OPTIONS_PER_CAR + PARTS_PER_CAR
    kinds = 2_000  # cars that differ, as in a plan of 2,000 variants
    cars = np.empty((kinds, lines), dtype=np.int64)
    for kind in range(kinds):
        cars[kind, 0] = 0
        cars[kind, 1 : 1 + OPTIONS_PER_CAR] = 1 + rng.choice(OPTIONS, OPTIONS_PER_CAR, replace=False)
        cars[kind, 1 + OPTIONS_PER_CAR :] = weekly + rng.choice(PARTS, PARTS_PER_CAR, replace=False)
    resources = cars[rng.integers(0, kinds, orders)].ravel()
    starts = np.arange(orders + 1, dtype=np.int64) * lines
    left, slack = np.empty_like(spare), np.empty_like(spare)
    look_ahead(spare, left, slack, weekly)
    return left, slack, weekly, starts, resources, np.ones(len(resources), dtype=np.int64)


def kernel_rows(orders: int) -> list[dict[str, object]]:
    """Promise and book all; then ask again for each without booking."""
    found: list[dict[str, object]] = []
    seconds = float("inf")
    for size in (1_000, *[orders] * REPEATS):  # the first compiles; of the others the best counts
        left, slack, weekly, starts, resources, quantities = instance(size)
        count = len(starts) - 1
        first = np.zeros(count, dtype=np.int64)
        weeks = np.empty(count, dtype=np.int64)
        began = time.perf_counter()
        promise_all(left, slack, weekly, starts, resources, quantities, first, first, weeks)
        if size == orders:
            seconds = min(seconds, time.perf_counter() - began)
    assert (left[:weekly] >= 0).all(), "a place was given away twice"
    assert (left[weekly:] >= 0).all(), "a part was given away twice"
    found.append(row(f"promise and book, 1 + 15 + 40 resources, {DAYS} days, best of {REPEATS}", count, seconds))
    found[-1]["refused"] = int((weeks < 0).sum())
    found[-1]["median_day"] = float(np.median(weeks[weeks >= 0]))
    lines = len(resources) // count
    fresh = instance(orders)
    began = time.perf_counter()
    for n in range(min(count, 50_000)):
        at = slice(n * lines, n * lines + lines)
        earliest_week(fresh[0], weekly, resources[at], quantities[at], 0)
    found.append(row("ask only, one call from Python each", min(count, 50_000), time.perf_counter() - began))
    return found


def ledger_rows(quotes: int) -> list[dict[str, object]]:
    """`desk.quote` of the shipped program, with and without a ledger around it, and `desk.menu` on a snapshot."""
    program = read_program(ROOT / "programs" / "peoples_car")
    start = datetime.combine(program.starts_on, time_of_day(1), UTC)
    variants = [variant.variant_id for variant in program.variants]
    plan = program.plans[0]
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        open_app(program, f"sqlite:///{folder}/ledger.db", SimulatedClock(start)) as app,
    ):
        desk, ledger = app.desk, app.ledger
        sold = [c.city_id for c in program.cities if desk.house.channel.why_not(variants[0], plan, c.city_id) is None]
        cities = sold or [program.cities[0].city_id]

        def asks(name: str, count: int) -> None:
            wishes = [
                desk.reserve(f"{name}-{n}", f"p-{name}-{n}", variants[n % len(variants)], plan, cities[n % len(cities)])
                for n in range(count)
            ]
            for answer in ledger.execute_many(wishes):
                assert answer.refused is None, answer

        asks("warm", 50)
        ledger.execute_many([desk.quote(f"warm-{n}") for n in range(50)])
        asks("q", quotes)
        commands = [desk.quote(f"q-{n}") for n in range(quotes)]
        began = time.perf_counter()
        answers = ledger.execute_many(commands)
        found.append(row("desk.quote through the ledger, committed in groups", quotes, time.perf_counter() - began))
        found[-1]["refused"] = sum(answer.refused is not None for answer in answers)

        def decide(tx: Transaction) -> None:
            book = CapacityBook(desk.house.needs)
            wish = desk._wish(variants[0], cities[0], tx.now)
            book.at(tx, wish.planned_by)
            began = time.perf_counter()
            for _ in range(quotes):
                (capacity,) = book.at(tx, wish.planned_by).values()
                capacity.earliest(wish.variant_id, wish.not_before)
            found.append(row("ask the book for a date, in process", quotes, time.perf_counter() - began))
            began = time.perf_counter()
            for _ in range(20):
                read_capacities(tx, desk.house.needs, wish.planned_by)
            found.append(row("read all capacity anew from the tables", 20, time.perf_counter() - began))

        platform_id = desk.house.platform.party_id
        ledger.execute(Command(CommandId("bench"), platform_id, "bench", {}, decide, type(None)))
        with ledger.reader() as reader:
            desk.menu(reader, variants[0], plan, cities[0], start)
            began = time.perf_counter()
            for n in range(2_000):
                desk.menu(reader, variants[n % len(variants)], plan, cities[n % len(cities)], start)
            found.append(row("desk.menu on a snapshot, all weeks", 2_000, time.perf_counter() - began))
    return found


def row(what: str, count: int, seconds: float) -> dict[str, object]:
    return {"what": what, "count": count, "seconds": round(seconds, 4), "per_s": round(count / seconds)}


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--orders", type=int, default=200_000)
    read.add_argument("--quotes", type=int, default=5_000)
    read.add_argument("--json", action="store_true")
    asked = read.parse_args()
    rows = kernel_rows(asked.orders) + ledger_rows(asked.quotes)
    versions = {"python": platform.python_version(), "numba": numba.__version__, "numpy": np.__version__}
    if asked.json:
        print(json.dumps({"machine": platform.machine(), "versions": versions, "rows": rows}, indent=1))
        return
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    for found in rows:
        more = "".join(f", {name} {found[name]}" for name in ("refused", "median_day") if name in found)
        print(f"{found['per_s']:>12,} a second  {found['what']} ({found['count']:,}{more})")
    print(f"{PROTOTYPE_PER_S:>12,} a second  a prototype on one core of another machine, same shape of instance")


if __name__ == "__main__":
    main()
