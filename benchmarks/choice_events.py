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

from rich.console import Console
from rich.table import Table

from pullcord.bench import EVENT_TASTES, compress_and_fit


def run(folder: Path, events: int, runs: int, memory: str) -> dict[str, Any]:
    """The run with the median time, beside all; the first compiles or loads kernels and is not counted."""
    before = time.perf_counter()
    generator = [sys.executable, "-m", "pullcord.bench.events", str(folder), str(events)]
    subprocess.run(generator, check=True)
    made_s = time.perf_counter() - before
    load = os.getloadavg()[0]
    first = compress_and_fit(folder, memory)
    found = sorted((compress_and_fit(folder, memory) for _ in range(runs)), key=lambda one: float(one["total_s"]))
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
        table.add_row(name, f"{value:.4f} (true {EVENT_TASTES[name]:g})")
    console.print(table)


def main() -> None:
    """Make the events, measure, then print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the events here and use them again")
    parser.add_argument("--memory", default="4GB", help="what DuckDB may use")
    options = parser.parse_args()
    if options.events < 1 or options.runs < 1:
        parser.error("--events and --runs must be 1 or more")
    with tempfile.TemporaryDirectory(prefix="pullcord-events-") as temporary:
        found = run(options.folder or Path(temporary), options.events, options.runs, options.memory)
    if options.json:
        print(json.dumps(found))
    else:
        draw(found)


if __name__ == "__main__":
    main()
