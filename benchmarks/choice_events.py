"""Time the way from a hundred million choice events to a fitted logit: group by cell, build the data, fit.

    python benchmarks/choice_events.py [--json] [--events 100000000] [--runs 3] [--folder DIR] [--memory 4GB]

An event says in which week and region a buyer of which segment chose which of 46 variants: 52 x 31 x 6 choice sets, of
which offers (price, range, and others by week, region and variant) make 444,912 cells. Events are drawn by a logit
with known tastes from a named stream of the seed and written as Parquet in random order, once for each folder; without
--folder into a temporary one that is removed. They are read from the system's file cache, as a second look would be.
Peak memory is that of the process that groups, builds and fits, from its start; events are made in another.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from pullcord.base import stream
from pullcord.choice import Logit
from pullcord.choice.counts import choices_from_cells, count_cells

SEED = 20251109
WEEKS, REGIONS, SEGMENTS, VARIANTS = 52, 31, 6, 46
BLOCK = 5_000_000  # events in a file
TASTES = {"price/10000": -0.3, "range_km/100": 0.6, "power_kw/100": 0.4, "wait_weeks": -0.05, "colour=red": 0.3}
FORMULA = " + ".join(TASTES) + " + price/10000:segment=0"
YOUNG = -0.1  # how much more the first segment minds the price
KEYS = ("week", "region", "segment")


def offers() -> pl.DataFrame:
    """One row for each week, region and variant."""
    rng = stream(SEED, "benchmarks.choice_events.offers")
    base = {
        "price": rng.uniform(40_000, 160_000, VARIANTS).round(-2),
        "range_km": rng.choice([300.0, 400.0, 500.0, 600.0], VARIANTS),
        "power_kw": rng.uniform(50, 200, VARIANTS).round(),
    }
    places = WEEKS * REGIONS
    return pl.DataFrame(
        {
            "week": np.repeat(np.arange(WEEKS, dtype=np.int16), REGIONS * VARIANTS),
            "region": np.tile(np.repeat(np.arange(REGIONS, dtype=np.int16), VARIANTS), WEEKS),
            "variant": np.tile(np.arange(VARIANTS, dtype=np.int16), places),
            "price": np.tile(base["price"], places) * rng.uniform(0.9, 1.0, places * VARIANTS).round(3),
            "range_km": np.tile(base["range_km"], places),
            "power_kw": np.tile(base["power_kw"], places),
            "wait_weeks": rng.integers(0, 12, places * VARIANTS).astype(float),
            "colour": np.tile(np.array(["red", "white", "black"])[np.arange(VARIANTS) % 3], places),
        }
    )


def probabilities(offered: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """float64[week, region, segment, variant], each cell's share of all events."""
    price = offered["price"].to_numpy() / 10_000
    utility = (
        TASTES["price/10000"] * price
        + TASTES["range_km/100"] * offered["range_km"].to_numpy() / 100
        + TASTES["power_kw/100"] * offered["power_kw"].to_numpy() / 100
        + TASTES["wait_weeks"] * offered["wait_weeks"].to_numpy()
        + TASTES["colour=red"] * (offered["colour"] == "red").to_numpy()
    )
    by_segment = np.stack([utility + (YOUNG * price if s == 0 else 0) for s in range(SEGMENTS)])
    cells = by_segment.reshape(SEGMENTS, WEEKS, REGIONS, VARIANTS).transpose(1, 2, 0, 3)
    shares = np.exp(cells - cells.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True) / (WEEKS * REGIONS * SEGMENTS)


def generate(folder: Path, events: int) -> None:
    """Write offers and events, file by file; what is complete already is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"complete-{events}-{SEED}"
    if done.exists():
        return
    offered = offers()
    offered.write_parquet(folder / "offers.parquet")
    share = probabilities(offered).ravel()
    for block, first in enumerate(range(0, events, BLOCK)):
        rng = stream(SEED, "benchmarks.choice_events.events", block)
        count = rng.multinomial(min(BLOCK, events - first), share / share.sum())
        cell = np.repeat(np.arange(len(share), dtype=np.int32), count)
        rng.shuffle(cell)
        place, variant = np.divmod(cell, VARIANTS)
        place, segment = np.divmod(place, SEGMENTS)
        week, region = np.divmod(place, REGIONS)
        columns = {"week": week, "region": region, "segment": segment, "variant": variant}
        table = pl.DataFrame({name: values.astype(np.int16) for name, values in columns.items()})
        table.write_parquet(folder / f"events-{block:03}.parquet")
    done.touch()


def measure(folder: Path, memory: str) -> dict[str, Any]:
    """One pass from events to estimates."""
    start, cpu_start = time.perf_counter(), time.process_time()
    cells = count_cells(str(folder / "events-*.parquet"), [*KEYS, "variant"], memory_limit=memory, spill_dir=folder)
    grouped = time.perf_counter()
    data = choices_from_cells(cells, folder / "offers.parquet", situation=KEYS, chosen="variant", alternative="variant")
    built = time.perf_counter()
    fit = Logit(FORMULA).fit(data)
    fitted = time.perf_counter()
    return {
        "group_s": grouped - start,
        "build_s": built - grouped,
        "fit_s": fitted - built,
        "total_s": fitted - start,
        "cpu_s": time.process_time() - cpu_start,
        "cells": cells.height,
        "situations": data.situations,
        "rows": data.rows,
        "events": int(data.chosen.sum()),
        "log_likelihood": fit.log_likelihood,
        "estimates": dict(fit.as_mapping()),
    }


def run(folder: Path, events: int, runs: int, memory: str) -> dict[str, Any]:
    """The run with the median time, beside all; the first compiles or loads kernels and is not counted."""
    before = time.perf_counter()
    generator = [sys.executable, __file__, "--generate", "--folder", str(folder), "--events", str(events)]
    subprocess.run(generator, check=True)
    made_s = time.perf_counter() - before
    load = os.getloadavg()[0]
    first = measure(folder, memory)
    found = sorted((measure(folder, memory) for _ in range(runs)), key=lambda one: float(one["total_s"]))
    return found[(runs - 1) // 2] | {
        "first_total_s": first["total_s"],
        "total_s_of_all": [one["total_s"] for one in found],
        "generate_s": made_s,
        "bytes": sum(path.stat().st_size for path in folder.glob("events-*.parquet")),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "load_before": load,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "versions": {"Python": platform.python_version()}
        | {name: version(name) for name in ("pullcord", "duckdb", "polars", "numpy", "numba")},
    }


def draw(found: dict[str, Any]) -> None:
    """Everything on the console."""
    console = Console(highlight=False)
    console.print(f"{found['machine']}, load {found['load_before']:.1f} before the first run")
    console.print(", ".join(f"{name} {number}" for name, number in found["versions"].items()), soft_wrap=True)
    table = Table(title=f"{found['events']:,} events, {found['bytes'] / 2**20:,.0f} MiB of Parquet", show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    spread = found["total_s_of_all"]
    table.add_row("group by cell, s", f"{found['group_s']:.2f}")
    table.add_row("build the data, s", f"{found['build_s']:.2f}")
    table.add_row("fit the logit, s", f"{found['fit_s']:.2f}")
    table.add_row("together, s", f"{found['total_s']:.2f} ({spread[0]:.2f} to {spread[-1]:.2f} in {len(spread)} runs)")
    table.add_row("CPU of all threads, s", f"{found['cpu_s']:.2f}")
    table.add_row("the first run, with loading, s", f"{found['first_total_s']:.2f}")
    table.add_row("distinct cells", f"{found['cells']:,}")
    table.add_row("rows of the data", f"{found['rows']:,} in {found['situations']:,} situations")
    table.add_row("log-likelihood", f"{found['log_likelihood']:,.3f}")
    table.add_row("peak memory, MiB", f"{found['peak_mib']:,.0f}")
    for name, value in found["estimates"].items():
        table.add_row(name, f"{value:.4f} (true {TASTES.get(name, YOUNG):g})")
    console.print(table)


def main() -> None:
    """Make the events, measure, then print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the events here and use them again")
    parser.add_argument("--memory", default="4GB", help="what DuckDB may use")
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.events < 1 or options.runs < 1:
        parser.error("--events and --runs must be 1 or more")
    if options.generate:
        generate(options.folder, options.events)
        return
    with tempfile.TemporaryDirectory(prefix="pullcord-events-") as temporary:
        found = run(options.folder or Path(temporary), options.events, options.runs, options.memory)
    if options.json:
        print(json.dumps(found))
    else:
        draw(found)


if __name__ == "__main__":
    main()
