"""A fact changes at a million orders: claims taken back, exposed orders counted and listed, letters drafted.

    python benchmarks/claims.py [--orders 1000000] [--rounds 5] [--url sqlite:///... or postgresql+psycopg://...]

The orders are put through the ledger's own table by bulk insert, drawn with a seed over variants, plans, cities and
reservation times; the claims are published by commands as always. Each round changes one fact on a fresh copy.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pullcord import claims, orders
from pullcord.app import App, open_app
from pullcord.base import PullcordError, SimulatedClock, stream
from pullcord.orders import State
from pullcord.program import Program, read_program
from pullcord.store import Command

FOLDER = Path(__file__).parents[1] / "programs" / "peoples_car"
OPENS = datetime(2025, 11, 8, 16, tzinfo=UTC)
SPREAD_S = 20 * 86_400
BATCH = 20_000


def fill(program: Program, url: str, count: int, seed: int) -> None:
    """Put `count` reserved orders into the table of orders."""
    rng = stream(seed, "benchmarks.claims")
    variants = [variant.variant_id for variant in program.variants]
    cities = [city.city_id for city in program.cities]
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            seconds = rng.integers(1, SPREAD_S, size)
            drawn = zip(
                rng.integers(0, len(variants), size),
                rng.integers(0, len(program.plans), size),
                rng.integers(0, len(cities), size),
                seconds,
                strict=True,
            )
            connection.execute(
                sa.insert(orders.ORDER.sql),
                [
                    {
                        "program_id": program.program_id,
                        "order_id": f"o-{start + place:07}",
                        "person_id": f"p-{start + place:07}",
                        "variant_id": variants[variant],
                        "plan": program.plans[plan],
                        "city_id": cities[city],
                        "state": State.RESERVED,
                        "reserved_at": OPENS + timedelta(seconds=int(second)),
                        "deposit_minor": 0,
                        "refunded_minor": 0,
                    }
                    for place, (variant, plan, city, second) in enumerate(drawn)
                ],
            )
    engine.dispose()


def give(app: App, command: Command[Any]) -> Any:
    (answer,) = app.ledger.execute_many([command])
    if isinstance(answer, PullcordError):
        raise answer
    return answer


FACTS = (("cap/rental", "250"), ("invoice/shanghai", "no"), ("option/wrap.custom", "no"), ("lock/after_hours", "96"))


def measure(app: App, key: str, value: str) -> dict[str, float]:
    """Milliseconds of one change with its commit, and of listing the orders that its widest letter goes to."""
    begun, cpu = time.perf_counter(), time.process_time()
    answer = give(app, app.desk.change_fact(key, value, "measured"))
    changed, cpu_changed = time.perf_counter(), time.process_time()
    widest = max(answer.notices, key=lambda notice: notice.orders)
    with app.ledger.reader() as reader:
        first = next(claims.exposed_orders(reader, widest.condition))
        at_first = time.perf_counter()
        listed = sum(1 for _ in claims.exposed_orders(reader, widest.condition))
    done = time.perf_counter()
    assert first is not None
    assert listed == widest.orders, "the list and the count differ"
    return {
        "claims_taken_back": len(answer.unpublished),
        "letters": len(answer.notices),
        "orders_exposed": answer.orders,
        "change_ms": (changed - begun) * 1e3,
        "change_cpu_ms": (cpu_changed - cpu) * 1e3,
        "first_of_list_ms": (at_first - changed) * 1e3,
        "whole_list_ms": (done - at_first) * 1e3,
    }


def one_round(program: Program, url: str, key: str, value: str) -> dict[str, float]:
    """One change on a ledger that has its orders and its claims."""
    with open_app(program, url, SimulatedClock(OPENS + timedelta(seconds=SPREAD_S))) as app:
        return measure(app, key, value)


def prepare(program: Program, url: str, count: int, seed: int) -> None:
    """A ledger in which the program has opened, its claims are public, and `count` orders are reserved."""
    with open_app(program, url, SimulatedClock(OPENS)):
        pass
    fill(program, url, count, seed)


def row(key: str, rounds: list[dict[str, float]]) -> dict[str, Any]:
    """The medians of several rounds, and the slowest change."""
    medians = {name: round(statistics.median(r[name] for r in rounds), 1) for name in rounds[0]}
    return {"fact": key, **medians, "change_ms_worst": round(max(r["change_ms"] for r in rounds), 1)}


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5, help="on SQLite; another database is measured once")
    parser.add_argument("--seed", type=int, default=20251109)
    parser.add_argument("--url", default="", help="an empty database; default SQLite in a folder of its own")
    asked = parser.parse_args()
    program = read_program(FOLDER)
    rows = []
    with tempfile.TemporaryDirectory(prefix="pullcord-claims-") as folder:
        url = asked.url or f"sqlite:///{folder}/prepared.db"
        prepare(program, url, asked.orders, asked.seed)
        for key, value in FACTS:
            rounds = []
            for turn in range(1 if asked.url else asked.rounds):
                here = url
                if not asked.url:  # each round on a copy: every one meets the same claims and orders
                    copy = Path(folder) / "round.db"
                    for old in Path(folder).glob("round.db*"):
                        old.unlink()
                    shutil.copyfile(Path(folder) / "prepared.db", copy)
                    here = f"sqlite:///{copy}"
                rounds.append(one_round(program, here, key, value))
                print(f"{key} {turn + 1}: {rounds[-1]['change_ms']:.0f} ms", file=sys.stderr)
            rows.append(row(key, rounds))
    kind = asked.url.partition(":")[0] or "sqlite"
    print(json.dumps({"orders": asked.orders, "database": kind, "facts": rows}, indent=1))


if __name__ == "__main__":
    main()
