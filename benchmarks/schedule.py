"""Time the weekly master schedule: seeded problems of 8, 100 and 500 variants over 26 weeks and 1 to 3 plants.

    python benchmarks/schedule.py [--json] [--seed 7] [--time-limit 120] [--variants 8,100,500] [--plants 1,3]

Each problem has 24 options of which 12 are scarce, 10 scarce parts, one week frozen, and about as much demand as the
plants can build: the busy case. `gap` is that of the whole-vehicle answer against the linear bound.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pullcord.base import stream
from pullcord.production.linear import lay_out
from pullcord.production.problem import Limits, Problem
from pullcord.production.schedule import plan_weeks

WEEKS = 26
OPTIONS = 12
PARTS = 10
LOAD = 0.98  # demand over capacity


def busy_problem(variants: int, plants: int, seed: int) -> Problem:
    """A problem with demand near capacity, popular options scarce, and parts that arrive unevenly."""
    rng = stream(seed, "benchmarks.schedule", variants, plants)
    capacity = np.full((plants, WEEKS), 1900.0)
    popularity = rng.dirichlet(np.full(variants, 0.6))
    profile = 1 + 0.3 * np.sin(np.arange(WEEKS) / 4)
    mean = popularity[:, None] * (profile / profile.mean())[None, :] * capacity.sum(axis=0) * LOAD
    demand = rng.poisson(mean).astype(np.int64)
    can_build = rng.random((variants, plants)) < 0.8
    can_build[np.arange(variants), rng.integers(0, plants, variants)] = True

    fitted = (rng.random((OPTIONS, variants)) < rng.uniform(0.1, 0.5, (OPTIONS, 1))).astype(float)
    used = (rng.random((PARTS, variants)) < 0.5) * rng.integers(1, 5, (PARTS, variants)).astype(float)
    at_plant = np.repeat(np.arange(plants), OPTIONS)
    parts_at = np.repeat(np.arange(plants), PARTS)
    wanted = fitted @ demand.sum(axis=1) / plants / WEEKS
    needed = used @ demand.sum(axis=1) / plants / WEEKS
    arrivals = np.tile(needed, plants)[:, None] * rng.choice([0.0, 1.1, 2.2], (PARTS * plants, WEEKS))
    arrivals[:, 0] += 2 * np.tile(needed, plants)
    return Problem(
        plants=tuple(f"P{p + 1}" for p in range(plants)),
        weeks=tuple(date(2025, 12, 1) + timedelta(weeks=w) for w in range(WEEKS)),
        items=tuple(f"V{v:03}" for v in range(variants)),
        demand=demand,
        late_cost=np.full(variants, 20_000.0),
        early_cost=np.full(variants, 3_000.0),
        unbuilt_cost=np.full(variants, 100_000.0),
        can_build=can_build,
        capacity=capacity,
        options=Limits(
            tuple(f"o{o}" for o in range(OPTIONS)) * plants,
            at_plant,
            np.tile(fitted, (plants, 1)),
            np.repeat(np.ceil(np.tile(wanted, plants) * 1.05)[:, None], WEEKS, axis=1),
        ),
        parts=Limits(
            tuple(f"part-{m}" for m in range(PARTS)) * plants, parts_at, np.tile(used, (plants, 1)), np.ceil(arrivals)
        ),
        early_weeks_max=3,
        frozen=np.zeros((variants, plants, 1), dtype=np.int64),
    )


def measure(variants: int, plants: int, seed: int, time_limit_s: float) -> dict[str, Any]:
    problem = busy_problem(variants, plants, seed)
    began = time.perf_counter()
    layout = lay_out(problem)
    build_s = time.perf_counter() - began
    began = time.perf_counter()
    schedule = plan_weeks(problem, time_limit_s=time_limit_s, seed=seed)
    return {
        "variants": variants,
        "plants": plants,
        "weeks": WEEKS,
        "rows": schedule.rows,
        "columns": schedule.columns,
        "entries": len(layout.rows.indices),
        "build_s": round(build_s, 4),
        "solve_s": round(schedule.seconds, 3),
        "total_s": round(time.perf_counter() - began, 3),
        "status": str(schedule.status),
        "gap": schedule.gap,
        "prices": len(schedule.prices),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--variants", default="8,100,500")
    parser.add_argument("--plants", default="1,3")
    asked = parser.parse_args()
    results = [
        measure(variants, plants, asked.seed, asked.time_limit)
        for variants in map(int, asked.variants.split(","))
        for plants in map(int, asked.plants.split(","))
    ]
    setting = {
        "seed": asked.seed,
        "highspy": version("highspy"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    if asked.json:
        json.dump({"setting": setting, "results": results}, sys.stdout, indent=2)
        print()
        return
    table = Table(title=f"master schedule, {WEEKS} weeks, HiGHS {setting['highspy']}, one thread, seed {asked.seed}")
    for name in results[0]:
        table.add_column(name, justify="right")
    for row in results:
        table.add_row(*(f"{v:.4%}" if k == "gap" and v is not None else str(v) for k, v in row.items()))
    Console().print(table)


if __name__ == "__main__":
    main()
