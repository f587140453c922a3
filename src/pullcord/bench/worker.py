"""One package fits one case in a process of its own, so that its memory and its compilation are its own."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from .cases import CASES, build_case
from .events import compress_and_fit
from .ours import fit_ours, warm_up
from .peers import PEERS, Answer, Problem

US = "pullcord"
MIB = 1024.0  # KiB in one


def main() -> None:
    """`python -m pullcord.bench.worker CASE WHO REPEATS`: one line of JSON on stdout, and nothing else there."""
    case, who, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a package prints of itself goes to stderr
    with contextlib.redirect_stdout(sys.stderr):
        answer = race(case, who, repeats)
    print(json.dumps(answer), file=answer_to, flush=True)


def race(case: str, who: str, repeats: int) -> dict[str, Any]:
    """Seconds (the median of `repeats`), log-likelihood and memory of one package on one case."""
    if CASES[case].events:
        return race_events(CASES[case].events, repeats)
    problem = build_case(case)
    compile_s = 0.0
    if who == US:
        began = time.perf_counter()
        warm_up(problem)
        compile_s = time.perf_counter() - began
    held = forget_peak()
    answers = [fit_ours(problem) if who == US else PEERS[who](problem) for _ in range(repeats)]
    middle = sorted(answers, key=lambda answer: answer.seconds)[len(answers) // 2]
    peak = status_mib("VmHWM")
    return {
        "seconds": middle.seconds,
        "runs": [round(answer.seconds, 4) for answer in answers],
        "log_likelihood": middle.log_likelihood,
        "note": middle.note,
        "peak_mb": peak,
        "fit_mb": max(peak - held, 0.0),
        "compile_s": compile_s,
    }


def race_events(events: int, repeats: int) -> dict[str, Any]:
    """The same figures for events, from files to estimates; the first pass, which compiles, is told apart."""
    with tempfile.TemporaryDirectory(prefix="pullcord-events-") as place:
        folder = Path(place)
        subprocess.run([sys.executable, "-m", "pullcord.bench.events", place, str(events)], check=True)
        first = compress_and_fit(folder)
        held = forget_peak()
        found = sorted((compress_and_fit(folder) for _ in range(repeats)), key=lambda one: float(one["total_s"]))
    middle, peak = found[len(found) // 2], status_mib("VmHWM")
    said = (
        f"group {middle['group_s']:.2f} s, build {middle['build_s']:.2f} s, fit {middle['fit_s']:.2f} s;"
        f" {middle['cells']:,} cells"
    )
    return {
        "seconds": middle["total_s"],
        "runs": [round(one["total_s"], 4) for one in found],
        "log_likelihood": middle["log_likelihood"],
        "note": said,
        "peak_mb": peak,
        "fit_mb": max(peak - held, 0.0),
        "compile_s": first["total_s"],
    }


def forget_peak() -> float:
    """The resident memory now, MiB; the peak is counted from here on where the kernel allows it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return status_mib("VmRSS")


def status_mib(name: str) -> float:
    """A figure of this process's memory, MiB; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) / MIB for line in lines if line.startswith(f"{name}:")), 0.0)


__all__ = ["Answer", "Problem", "main", "race"]

if __name__ == "__main__":
    main()
