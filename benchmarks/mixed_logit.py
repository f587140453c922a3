"""Time a mixed logit from data to standard errors, and where the time goes.

    python benchmarks/mixed_logit.py [--json] [--cases electricity-mixed,panel-mixed] [--runs 5] [--xlogit]

Cases are those of `pullcord bench demand`, which runs other packages beside us. Here the parts are taken apart: the
whole fit (best and median of the runs), one evaluation with all draws in float32 and in float64, one with the exact
Hessian, and nanoseconds for each alternative that was not chosen, draw and core. Memory is what the fit needed beyond
its data. Compilation happens before the clock starts and is told by itself. PULLCORD_DATA_DIR names the folder of
public data. With --xlogit the same fit by xlogit runs in the same process afterwards, where it is one of the peers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from numba import get_num_threads
from rich.console import Console
from rich.table import Table

from pullcord.bench import CASES, PEERS, build_case, fit_ours
from pullcord.choice import Draws, MixedLogit

MIXED = [name for name in CASES if name.endswith("-mixed")]


def best(work: Callable[[], Any], runs: int) -> float:
    """Seconds of the fastest of some runs."""
    return min(timed(work)[0] for _ in range(runs))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came back."""
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str, runs: int, with_xlogit: bool) -> dict[str, Any]:
    """One case: the fit, its parts, and its memory."""
    problem = build_case(name)
    model = MixedLogit(problem.utility, dict.fromkeys(problem.random, "normal"), draws=Draws("halton", problem.draws))
    few = problem.data.take_persons(range(min(problem.data.persons, 60)))
    compile_s, _ = timed(lambda: model.fit(few, check=False))
    held = peak_mib()
    answers = [fit_ours(problem) for _ in range(runs)]
    fit_mib = peak_mib() - held
    fit = model.fit(problem.data)
    objective = model.objective(problem.data)
    work = (problem.data.rows - problem.data.situations) * problem.draws
    threads = get_num_threads()
    parts = {
        "float32_s": best(lambda: objective.evaluate(fit.estimates, single=True), runs),
        "float64_s": best(lambda: objective.evaluate(fit.estimates), runs),
        "hessian_s": best(lambda: objective.evaluate(fit.estimates, hessian=True), min(runs, 3)),
    }
    found = {
        "case": name,
        "situations": problem.data.situations,
        "persons": problem.data.persons,
        "parameters": len(fit.names),
        "draws": problem.draws,
        "fit_best_s": min(answer.seconds for answer in answers),
        "fit_median_s": statistics.median(answer.seconds for answer in answers),
        "log_likelihood": fit.log_likelihood,
        "evaluations": fit.convergence.evaluations,
        **parts,
        "float32_ns": parts["float32_s"] / work * 1e9 * threads,
        "float64_ns": parts["float64_s"] / work * 1e9 * threads,
        "fit_mib": fit_mib,
        "compile_s": compile_s,
    }
    if with_xlogit and "xlogit" in CASES[name].peers:
        answer = PEERS["xlogit"](problem)
        found |= {"xlogit_s": answer.seconds, "xlogit_log_likelihood": answer.log_likelihood}
    return found


def draw(found: list[dict[str, Any]]) -> None:
    """A table of all cases."""
    console = Console(highlight=False)
    load = os.getloadavg()[0]
    console.print(f"{platform.machine()}, {get_num_threads()} threads, load {load:.1f}, numba {version('numba')}")
    table = Table()
    for column in (
        "case", "log-likelihood", "fit: best, median, s", "evaluations", "float32, ms", "float64, ms", "Hessian, ms",
        "ns: float32, float64", "MiB", "compiling, s", "xlogit, s",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column == "case" else "right")
    for one in found:
        peer = f"{one['xlogit_s']:.1f} ({one['xlogit_s'] / one['fit_best_s']:.0f} x)" if "xlogit_s" in one else ""
        table.add_row(
            one["case"],
            f"{one['log_likelihood']:.6f}",
            f"{one['fit_best_s']:.3f}, {one['fit_median_s']:.3f}",
            str(one["evaluations"]),
            *(f"{one[part] * 1e3:.1f}" for part in ("float32_s", "float64_s", "hessian_s")),
            f"{one['float32_ns']:.2f}, {one['float64_ns']:.2f}",
            f"{one['fit_mib']:.0f}",
            f"{one['compile_s']:.1f}",
            peer,
        )
    console.print(table)


def main() -> None:
    """Measure, then print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--cases", default=",".join(n for n in MIXED if n != "million-mixed"), help="names, by commas")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--xlogit", action="store_true", help="run xlogit, too")
    options = parser.parse_args()
    if unknown := [name for name in options.cases.split(",") if name not in MIXED]:
        parser.error(f"no case {', '.join(unknown)}: there are {', '.join(MIXED)}")
    found = [measure(name, options.runs, options.xlogit) for name in options.cases.split(",")]
    if options.json:
        json.dump(found, sys.stdout)
    else:
        draw(found)


if __name__ == "__main__":
    main()
