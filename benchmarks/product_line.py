"""The best product line before customers with ranked lists: ours beside HiGHS on the whole formulation.

    python benchmarks/product_line.py [--json] [--products 500] [--customers 1000] [--sizes 5 10 20] [--limit 60]

Instances of the kind of Bertsimas and Misic (2019): every customer ranks all products at random, with buying nothing at
a random place; margins are whole numbers from 1 to 100; at most so many products may be offered. Both have the same
seconds for the same seeded instance; a gap is (bound - worth) / worth, and each bound is the method's own proof.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pullcord.base import stream
from pullcord.offers import LineProblem, Rankings, best_ranked_line, solve_whole, worth_of_line

SEED = 20251109


def instance(products: int, customers: int, size: int, seed: int) -> LineProblem:
    """One seeded instance."""
    rng = stream(seed, "benchmarks.product_line", products, customers)
    utility = rng.random((customers, products + 1))
    lists = Rankings.from_utilities(utility[:, 1:], utility[:, 0])
    margin = rng.integers(1, 101, products).astype(np.float64)
    return LineProblem(lists, margin, np.zeros(products), size)


def rows_of(products: int, customers: int, sizes: list[int], limit: float, seed: int) -> list[dict[str, Any]]:
    """Two rows for each size: ours, and HiGHS on the whole."""
    best_ranked_line(instance(12, 20, 3, seed), time_limit_s=30)  # compiles, or loads what was compiled
    found = []
    for size in sizes:
        problem = instance(products, customers, size, seed)
        common = {"products": products, "customers": customers, "size_max": size}
        begun = perf_counter()
        ours = best_ranked_line(problem, time_limit_s=limit, seed=seed)
        found.append(
            common
            | {
                "method": "pullcord",
                "status": ours.status.value,
                "worth": ours.worth,
                "bound": ours.bound,
                "gap": ours.gap,
                "nodes": ours.nodes,
                "seconds": perf_counter() - begun,
            }
        )
        begun = perf_counter()
        whole = solve_whole(problem, time_limit_s=limit, seed=seed)
        worth = bound = gap = None
        if whole.solution is not None:
            line = np.flatnonzero(whole.solution[:products] > 0.5)
            worth = worth_of_line(problem, line)
        if whole.bound is not None and np.isfinite(whole.bound):
            bound = -whole.bound
        if worth is not None and bound is not None:
            gap = max(bound - worth, 0.0) / abs(worth)
        found.append(
            common
            | {
                "method": "HiGHS, whole",
                "status": whole.status.value,
                "worth": worth,
                "bound": bound,
                "gap": gap,
                "nodes": None,
                "seconds": perf_counter() - begun,
            }
        )
    return found


def draw(rows: list[dict[str, Any]]) -> None:
    """The rows as a table."""
    console = Console(highlight=False, width=120)
    console.print(f"highspy {version('highspy')}, Python {platform.python_version()}")
    table = Table(title="worth of the best line found, and what no line can exceed")
    for name in ("products", "customers", "size", "method", "status", "worth", "bound", "gap", "seconds"):
        table.add_column(name, justify="left" if name in ("method", "status") else "right")
    for row in rows:
        table.add_row(
            f"{row['products']}", f"{row['customers']}", f"{row['size_max']}", row["method"], row["status"],
            *("" if row[k] is None else f"{row[k]:.4f}" for k in ("worth", "bound")),
            "" if row["gap"] is None else f"{row['gap']:.2%}", f"{row['seconds']:.1f}",
        )  # fmt: skip
    console.print(table)


def main() -> None:
    """Solve both ways, then print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--products", type=int, default=500)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 10, 20])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each method and instance")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    rows = rows_of(options.products, options.customers, options.sizes, options.limit, options.seed)
    if options.json:
        print(json.dumps({"rows": rows}))
    else:
        draw(rows)


if __name__ == "__main__":
    main()
