"""Estimate the automobile problem of Berry, Levinsohn and Pakes, with supply side, beside PyBLP in the same run.

    python benchmarks/blp.py [--json] [--problem automobiles|cereals|both] [--runs 3] [--starts 8] [--no-peer]

Both start at the published parameters, weigh by clusters, update the weights there, and take two steps, as PyBLP's
tutorial does. Ours is timed after a first fit that compiles the inner loops (its extra seconds are shown). The search
from several starts shows what a single start misses: the objectives of its first step share one weighting matrix.
PyBLP is given one run, for it takes minutes. The other problem is Nevo's (one step), again as in the tutorial. Beside
the seconds on the wall stand those of all cores: on a busy machine they compare better.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from pullcord.blp import BLP, BLPFit, MarketData, load_automobiles, load_cereals

AUTOMOBILES = BLP(
    "1 + hpwt + air + mpd + space",
    random="1 + hpwt + air + mpd + space",
    interactions={"prices": "1/income"},
    costs="1 + log(hpwt) + air + log(mpg) + log(space) + trend",
    cost_form="log",
    weighting="clustered",
    weigh_at_start=True,
)
PUBLISHED = {
    "sigma 1": 3.612,
    "sigma hpwt": 4.628,
    "sigma air": 1.818,
    "sigma mpd": 1.050,
    "sigma space": 2.056,
    "pi prices x 1/income": -43.501,
}
CEREALS = BLP(
    "prices",
    random="1 + prices + sugar + mushy",
    interactions={
        "1": "income + age",
        "prices": "income + income_squared + child",
        "sugar": "income + age",
        "mushy": "income + age",
    },
    absorb="product",
    steps=1,
)
NEVO_SIGMA = (0.3302, 2.4526, 0.0163, 0.2441)
NEVO_PI = (
    (5.4819, 0.0, 0.2037, 0.0),
    (15.8935, -1.2, 0.0, 2.6342),
    (-0.2506, 0.0, 0.0511, 0.0),
    (1.2650, 0.0, -0.8091, 0.0),
)
PEOPLE = ("income", "income_squared", "age", "child")


def of_fit(fit: BLPFit, seconds: list[float], cpu_seconds: list[float]) -> dict[str, Any]:
    """What there is to say of one of our fits."""
    return {
        "seconds": median(seconds),
        "seconds_of_all": seconds,
        "cpu_seconds": median(cpu_seconds),
        "objective": fit.objective,
        "first_objective": fit.first_objective,
        "evaluations": fit.search.evaluations,
        "contractions": fit.search.contractions,
        "converged": fit.search.converged,
        "estimates": dict(zip(fit.names, fit.estimates.tolist(), strict=True)),
    }


def timed(model: BLP, data: MarketData, runs: int, **how: Any) -> dict[str, Any]:
    """The median of several fits."""
    seconds, cpu_seconds = [], []
    for _ in range(runs):
        began, cpu_began = time.perf_counter(), time.process_time()
        fit = model.fit(data, **how)
        seconds.append(time.perf_counter() - began)
        cpu_seconds.append(time.process_time() - cpu_began)
    return of_fit(fit, seconds, cpu_seconds)


def of_peer(solve: Callable[[], Any]) -> dict[str, Any]:
    """The same of one of PyBLP's."""
    began, cpu_began = time.perf_counter(), time.process_time()
    results = solve()
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "objective": float(results.objective),
        "evaluations": int(np.sum(results.cumulative_objective_evaluations)),
        "contractions": int(np.sum(results.cumulative_contraction_evaluations)),
        "converged": bool(results.cumulative_converged),
        "estimates": [*results.theta.ravel().tolist(), *results.beta.ravel().tolist(), *results.gamma.ravel().tolist()],
    }


def peer_automobiles() -> dict[str, Any]:
    """PyBLP's tutorial, as it stands there."""
    import pandas as pd
    import pyblp

    pyblp.options.verbose = False
    pyblp.options.weights_tol = np.inf
    problem = pyblp.Problem(
        (
            pyblp.Formulation("1 + hpwt + air + mpd + space"),
            pyblp.Formulation("1 + prices + hpwt + air + mpd + space"),
            pyblp.Formulation("1 + log(hpwt) + air + log(mpg) + log(space) + trend"),
        ),
        pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION),
        pyblp.Formulation("0 + I(1 / income)"),
        pd.read_csv(pyblp.data.BLP_AGENTS_LOCATION),
        costs_type="log",
    )
    values = list(PUBLISHED.values())
    return of_peer(
        lambda: problem.solve(
            np.diag([values[0], 0.0, *values[1:5]]),
            np.array([[0.0], [values[5]], [0.0], [0.0], [0.0], [0.0]]),
            costs_bounds=(0.001, None),
            W_type="clustered",
            se_type="clustered",
            initial_update=True,
        )
    )


def peer_cereals() -> dict[str, Any]:
    """PyBLP's other tutorial."""
    import pandas as pd
    import pyblp

    pyblp.options.verbose = False
    problem = pyblp.Problem(
        (
            pyblp.Formulation("0 + prices", absorb="C(product_ids)"),
            pyblp.Formulation("1 + prices + sugar + mushy"),
        ),
        pd.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION),
        pyblp.Formulation("0 + income + income_squared + age + child"),
        pd.read_csv(pyblp.data.NEVO_AGENTS_LOCATION),
    )
    return of_peer(
        lambda: problem.solve(
            np.diag(NEVO_SIGMA),
            np.array(NEVO_PI),
            optimization=pyblp.Optimization("bfgs", {"gtol": 1e-5}),
            method="1s",
        )
    )


def cereals_start() -> dict[str, float]:
    """Nevo's starting values under our names."""
    names = ("1", "prices", "sugar", "mushy")
    start = {f"sigma {name}": value for name, value in zip(names, NEVO_SIGMA, strict=True)}
    for name, row in zip(names, NEVO_PI, strict=True):
        start |= {f"pi {name} x {who}": value for who, value in zip(PEOPLE, row, strict=True) if value}
    return start


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Everything, and what it ran on."""
    found: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "versions": {"Python": platform.python_version()}
        | {name: version(name) for name in ("pullcord", "numpy", "numba", "pyblp")},
        "load_before": os.getloadavg()[0],
        "seed": options.seed,
        "problems": {},
    }
    if options.problem != "cereals":
        found["problems"]["automobiles"] = measure_automobiles(options)
    if options.problem != "automobiles":
        found["problems"]["cereals"] = measure_cereals(options)
    return found


def measure_automobiles(options: argparse.Namespace) -> dict[str, Any]:
    """Ours in all threads, in one, and from several starts; then PyBLP."""
    data = load_automobiles()
    rows = {"ours, first fit of the process": timed(AUTOMOBILES, data, 1, start=PUBLISHED)}
    rows["ours"] = timed(AUTOMOBILES, data, options.runs, start=PUBLISHED)
    rows["ours, one thread"] = timed(replace(AUTOMOBILES, threads=1), data, options.runs, start=PUBLISHED)
    if options.starts > 1:
        rows[f"ours, {options.starts} starts"] = timed(
            AUTOMOBILES, data, 1, start=PUBLISHED, starts=options.starts, seed=options.seed
        )
    if options.peer:
        rows["PyBLP"] = peer_automobiles()
    return rows


def measure_cereals(options: argparse.Namespace) -> dict[str, Any]:
    """Ours, then PyBLP."""
    data = load_cereals()
    how: dict[str, Any] = {"start": cereals_start(), "bounds": {"sigma sugar": (-np.inf, np.inf)}}
    rows = {"ours, first fit of the process": timed(CEREALS, data, 1, **how)}
    rows["ours"] = timed(CEREALS, data, options.runs, **how)
    if options.peer:
        rows["PyBLP"] = peer_cereals()
    return rows


def draw(found: dict[str, Any]) -> None:
    """Everything on the console."""
    console = Console(highlight=False, width=130)
    console.print(f"{found['machine']}, load {found['load_before']:.1f} before the first run, seed {found['seed']}")
    console.print(", ".join(f"{name} {number}" for name, number in found["versions"].items()), soft_wrap=True)
    for problem, rows in found["problems"].items():
        table = Table(title=problem)
        for column in (
            "",
            "s",
            "CPU s",
            "objective",
            "first step",
            "evaluations",
            "contractions",
            "ended",
            "times ours",
        ):
            table.add_column(column, justify="right" if column else "left")
        for name, row in rows.items():
            first = row.get("first_objective")
            table.add_row(
                name,
                f"{row['seconds']:.2f}",
                f"{row['cpu_seconds']:.2f}",
                f"{row['objective']:.4f}",
                "" if first is None else f"{first:.4f}",
                str(row["evaluations"]),
                f"{row['contractions']:,}",
                "yes" if row["converged"] else "no",
                f"{row['seconds'] / rows['ours']['seconds']:.1f}",
            )
        console.print(table)


def main() -> None:
    """Measure, then print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--runs", type=int, default=3, help="fits of ours; the median is reported")
    parser.add_argument("--starts", type=int, default=8, help="starts of the wider search; 1 leaves it out")
    parser.add_argument("--seed", type=int, default=1, help="of the places where the others of those begin")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="leave PyBLP out")
    parser.add_argument("--problem", choices=("automobiles", "cereals", "both"), default="automobiles")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    found = measure(options)
    if options.json:
        print(json.dumps(found))
    else:
        draw(found)


if __name__ == "__main__":
    main()
