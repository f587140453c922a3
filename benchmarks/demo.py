"""Time the main job, as `make demo` runs it: one process from a program folder to a report.

    python benchmarks/demo.py [--json] [--program programs/peoples_car] [--seeds 30] [--runs 1]

Each run is a new process that writes into a temporary folder. Wall and CPU seconds are those of the whole process, its
start included; peak memory is the largest resident set it had. Events are those in its ledger, each durable before
its command was answered. With several runs the one with the median wall time is reported, beside the spread of all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "programs" / "peoples_car"
VERSIONS = ("pullcord", "numpy", "highspy", "sqlalchemy", "msgspec", "matplotlib")


def run_once(program: Path, seeds: int) -> dict[str, Any]:
    """What one run took and what it left behind."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory(prefix="pullcord-demo-") as folder:
        pullcord = str(Path(sys.executable).with_name("pullcord"))
        command = [pullcord, "run", str(program), "--out", folder, "--seeds", str(seeds), "--json"]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wall_s = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(f"the run ended with status {done.returncode}:\n{done.stderr}")
        summary = json.loads(done.stdout)
        sizes = {path.name: path.stat().st_size for path in sorted(Path(folder).iterdir()) if path.is_file()}
        sizes["tables"] = sum(path.stat().st_size for path in Path(folder, "tables").iterdir())
    return {
        "program": summary["program"],
        "wall_s": wall_s,
        "user_s": after.ru_utime - before.ru_utime,
        "system_s": after.ru_stime - before.ru_stime,
        "peak_mib": after.ru_maxrss / 1024,  # of the largest child so far: every run does the same
        "events": summary["events"],
        "events_per_s": summary["events"] / wall_s,
        "reservations": summary["reservations"],
        "handed_over": summary["handed_over"],
        "bytes": sizes,
    }


def measure(program: Path, seeds: int, runs: int) -> dict[str, Any]:
    """The run with the median wall time, the spread of all, and what they ran on."""
    load_before = os.getloadavg()[0]
    found = sorted((run_once(program, seeds) for _ in range(runs)), key=lambda one: float(one["wall_s"]))
    return {
        "replications": seeds,
        "runs": runs,
        "wall_s_of_all": [one["wall_s"] for one in found],
        "load_before": load_before,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "versions": {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
        | {name: version(name) for name in VERSIONS},
    } | found[(runs - 1) // 2]


def draw(found: dict[str, Any]) -> None:
    """Everything on the console."""
    console = Console(highlight=False)
    console.print(f"{found['machine']}, load {found['load_before']:.1f} before the first run")
    console.print(", ".join(f"{name} {number}" for name, number in found["versions"].items()), soft_wrap=True)
    table = Table(title=f"{found['program']}, {found['replications']} replications", show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    spread = found["wall_s_of_all"]
    of_all = f" ({spread[0]:.1f} to {spread[-1]:.1f} in {found['runs']} runs)" if found["runs"] > 1 else ""
    table.add_row("wall, s", f"{found['wall_s']:.1f}{of_all}")
    table.add_row("CPU, s", f"{found['user_s'] + found['system_s']:.1f}, {found['system_s']:.1f} of it in the system")
    table.add_row("peak memory, MiB", f"{found['peak_mib']:,.0f}")
    table.add_row("events in the ledger", f"{found['events']:,}")
    table.add_row("events for each second of the run", f"{found['events_per_s']:,.0f}")
    table.add_row("reservations", f"{found['reservations']:,}")
    table.add_row("handed over", f"{found['handed_over']:,}")
    for name, size in found["bytes"].items():
        table.add_row(f"{name}, MiB", f"{size / 2**20:,.2f}")
    console.print(table)


def main() -> None:
    """Measure, then print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--program", type=Path, default=PROGRAM, help="a program's folder; default: the People's Car")
    parser.add_argument("--seeds", type=int, default=30, help="replications of the two worlds")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    found = measure(options.program, options.seeds, options.runs)
    if options.json:
        print(json.dumps(found))
    else:
        draw(found)


if __name__ == "__main__":
    main()
