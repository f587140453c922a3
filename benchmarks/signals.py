"""From a signal to the forecast: how fast, in memory and through the ledger.

    python benchmarks/signals.py [--json] [--cells 1000 10000 100000] [--signals 200000] [--asks 300] [--seed 7]

In memory: signals a second on one core, each updating who stands where; then, at each size, the time from one signal
to the whole forecast by variant, city and week being readable. A tick's close, which learns hazards and looks for
changes, is timed apart; so are the first interval after a forecast, which draws the belief, and resuming the state.

Through the ledger: a program with `forecast_on_signal` on a SQLite file, one reservation at a time, each durable before
it is answered; the time from giving the command to reading the moved forecast from the ledger, beside the same command
where forecasts are only published.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pullcord.app import open_app
from pullcord.base import PullcordError, SimulatedClock, stream
from pullcord.demand import (
    FORECAST_LEVEL,
    ORDERS,
    Level,
    Listening,
    Passage,
    Rung,
    SignalStream,
    StreamForecaster,
    StreamState,
)
from pullcord.program import read_program

PROGRAM = Path(__file__).resolve().parents[1] / "programs" / "peoples_car"
VERSIONS = ("pullcord", "numpy", "sqlalchemy")
WEEKS = 8
DAYS = 30
PASSAGES = (
    Passage(Rung.VIEW, Rung.CONFIGURE, 0.1, 3),
    Passage(Rung.CONFIGURE, Rung.RESERVE, 0.2, 4),
    Passage(Rung.RESERVE, Rung.DEPOSIT, 0.35, 2),
    Passage(Rung.DEPOSIT, Rung.LOCK, 0.88, 3),
    Passage(Rung.LOCK, Rung.REGISTRATION, 0.95, 30),
)


def listening(cells: int) -> Listening:
    """About so many cells over `WEEKS` weeks, in the proportion of one variant to two cities."""
    variants = max(1, round((cells / WEEKS / 2) ** 0.5))
    cities = max(1, round(cells / WEEKS / variants))
    share = 1 / (variants * cities)
    return Listening(
        begins_on=date(2026, 1, 5),
        variants=tuple(f"v{i}" for i in range(variants)),
        cities=tuple(f"c{i}" for i in range(cities)),
        arrivals=((Rung.VIEW, Level(2, 0.001)),),
        passages=PASSAGES,
        mix=((share,) * cities,) * variants,
    )


def made_up(heard: SignalStream, count: int, seed: int) -> list[tuple[float, str, int, int]]:
    """Signals over `DAYS` days from a third as many persons, in order of time."""
    rng = stream(seed, "bench.signals")
    begins = heard.listening.begins_at.timestamp()
    at = np.sort(rng.uniform(0, DAYS * 86_400, count)) + begins
    person = rng.integers(0, max(1, count // 3), count)
    rung = np.minimum(rng.geometric(0.6, count) - 1, Rung.LOCK)
    cell = rng.integers(0, heard.cells, count)
    names = [f"p{i}" for i in person.tolist()]
    return list(zip(at.tolist(), names, rung.tolist(), cell.tolist(), strict=True))


def quantiles(seconds: list[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds."""
    p50, p95 = np.quantile(seconds, [0.5, 0.95])
    return {"p50_ms": float(p50) * 1e3, "p95_ms": float(p95) * 1e3, "n": len(seconds)}


def timed(what: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    begun = perf_counter()
    what()
    return perf_counter() - begun


def in_memory(cells: int, count: int, asks: int, seed: int) -> dict[str, Any]:
    """One size: hearing, closing a tick, asking after each signal, keeping."""
    ears = listening(cells)
    heard = SignalStream(ears)
    signals = made_up(heard, count, seed)
    gc.collect()
    begun = perf_counter()
    for at, person, rung, cell in signals:
        heard.hear_at(at, person, rung, cell)
    hearing_s = perf_counter() - begun
    close_s = [timed(lambda: heard.advance_to(heard.tick + 1)) for _ in range(20)]
    forecaster = StreamForecaster(heard)
    now = ears.begins_at + timedelta(days=heard.tick, hours=1)
    told = forecaster.forecast(now, WEEKS)
    first_interval_s = timed(lambda: told.interval(0.8))
    whole: list[float] = []
    for i in range(asks):
        before = told.total
        begun = perf_counter()
        heard.hear_at(now.timestamp(), f"new{i}", int(Rung.RESERVE), i % heard.cells)
        told = forecaster.forecast(now, WEEKS)
        whole.append(perf_counter() - begun)
        if told.total <= before:
            raise SystemExit("a reservation did not raise the forecast")
    kept = heard.state().to_json()
    return {
        "cells": told.units.size,
        "signals": count,
        "signals_per_s": count / hearing_s,
        "close_tick": quantiles(close_s),
        "signal_to_forecast": quantiles(whole),
        "first_interval_ms": first_interval_s * 1e3,
        "state_mib": len(kept) / 2**20,
        "resume_s": timed(lambda: SignalStream.resume(ears, StreamState.from_json(kept))),
    }


def through_the_ledger(asks: int) -> dict[str, Any]:
    """One reservation at a time, with and without the forecast following."""
    program = read_program(PROGRAM)
    found: dict[str, Any] = {"program": program.name}
    for name, follows in (("published_only", False), ("follows_every_signal", True)):
        changed = replace(program, policies=replace(program.policies, forecast_on_signal=follows))
        start = datetime.combine(program.starts_on, time(), UTC) - timedelta(hours=program.utc_offset_hours)
        clock = SimulatedClock(start)
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pullcord-signals-"))
            app = stack.enter_context(open_app(changed, f"sqlite:///{folder}/ledger.db", clock))

            def give(command: Any, ledger: Any = app.ledger) -> None:
                (answer,) = ledger.execute_many([command])
                if isinstance(answer, PullcordError):
                    raise answer

            publish_s = timed(lambda: give(app.desk.forecast("f-1", WEEKS)))  # noqa: B023
            price, city = program.prices[0], program.cities[0]
            taken: list[float] = []
            for i in range(asks):
                clock.advance(timedelta(minutes=1))
                command = app.desk.reserve(f"o{i}", f"p{i}", program.variants[0].variant_id, price.plan, city.city_id)
                begun = perf_counter()
                give(command)
                with app.ledger.reader() as reader:
                    row = reader.get(FORECAST_LEVEL, ORDERS)
                taken.append(perf_counter() - begun)
                if follows and (row is None or row.reserved != i + 1):
                    raise SystemExit("the forecast did not follow")
            cells = len(app.desk.outlook.take_rates) * len(app.desk.outlook.city_weights) * WEEKS
            found[name] = quantiles(taken) | {"publish_ms": publish_s * 1e3, "cells": cells}
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Everything, and what it ran on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load_before": os.getloadavg()[0],
        "versions": {"Python": platform.python_version()}
        | {n: version(n) for n in ("pullcord", "numpy", "sqlalchemy")},
        "seed": options.seed,
        "in_memory": [in_memory(cells, options.signals, options.asks, options.seed) for cells in options.cells],
        "ledger": through_the_ledger(options.asks),
    }


def draw(found: dict[str, Any]) -> None:
    """Everything on the console."""
    console = Console(highlight=False)
    console.print(f"{found['machine']}, load {found['load_before']:.1f} before the first run")
    table = Table(title="in memory, one core")
    for title in (
        "cells",
        "signals/s",
        "signal to forecast, ms",
        "p95",
        "tick's close, ms",
        "first interval, ms",
        "resume, s",
    ):
        table.add_column(title, justify="right")
    for row in found["in_memory"]:
        table.add_row(
            f"{row['cells']:,}",
            f"{row['signals_per_s']:,.0f}",
            f"{row['signal_to_forecast']['p50_ms']:.2f}",
            f"{row['signal_to_forecast']['p95_ms']:.2f}",
            f"{row['close_tick']['p50_ms']:.2f}",
            f"{row['first_interval_ms']:.0f}",
            f"{row['resume_s']:.2f}",
        )
    console.print(table)
    ledger = found["ledger"]
    for name in ("published_only", "follows_every_signal"):
        row = ledger[name]
        console.print(
            f"{ledger['program']}, {name.replace('_', ' ')}: reservation to reading {row['p50_ms']:.2f} ms,"
            f" p95 {row['p95_ms']:.2f}; publishing {row['cells']:,} cells {row['publish_ms']:.0f} ms"
        )


def main() -> None:
    """Measure, then print tables, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--cells", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--signals", type=int, default=200_000, help="heard before the first question")
    parser.add_argument("--asks", type=int, default=300, help="signals after which the forecast is asked for")
    parser.add_argument("--seed", type=int, default=7)
    found = measure(options := parser.parse_args())
    if options.json:
        print(json.dumps(found))
    else:
        draw(found)


if __name__ == "__main__":
    main()
