"""Packages side by side in one run: each case, each package, a process each, one after the other."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pullcord.base import InvalidInput, NotFound, PartnerFailure, PullcordError

from .cases import CASES

US = "pullcord"
LOOK_EVERY_S = 0.2
OURS_S = 3600.0  # ours is not stopped for being slow
# What may be told of a case's data: a worker's last word names the class.
TOLD = {f"{kind.__module__}.{kind.__qualname__}": kind for kind in (InvalidInput, NotFound, PartnerFailure)}


@dataclass(frozen=True, slots=True)
class Row:
    """One package beside us on one case. Seconds are medians of whole calls, memory is the peak of the process, MiB.

    `ratio` is peer_s / ours_s. Where the peer was stopped, its figures are None, `ratio` says at least how many times
    longer it ran, and `note` says why.
    """

    case: str
    peer: str
    ours_s: float
    peer_s: float | None
    ratio: float | None
    ours_ll: float
    peer_ll: float | None
    ours_mb: float
    peer_mb: float | None
    ours_fit_mb: float
    peer_fit_mb: float | None
    ours_compile_s: float
    note: str

    def as_mapping(self) -> dict[str, Any]:
        """The row as plain data, with as many digits as were measured."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def race(
    names: Sequence[str],
    *,
    peers: Collection[str],
    limit_s: float = 600.0,
    memory_mb: float | None = None,
    say: Callable[[str], None] = lambda what: None,
) -> list[Row]:
    """The rows of some cases, ours beside those of `peers` that a case names.

    A peer whose process, data and all, needs more than `limit_s` seconds or `memory_mb` of memory (four fifths of the
    machine's by default) is stopped, and its row says so. One that is not installed has a row that says how to get it.
    Data that are not at hand and cannot be fetched are a PartnerFailure.
    """
    bound = memory_mb if memory_mb is not None else 0.8 * machine_mb()
    rows: list[Row] = []
    for name in names:
        case = CASES[name]
        say(f"{name}: {US}")
        ours = _run(name, US, 3 if case.repeat else 1, OURS_S, bound)
        if "seconds" not in ours:
            raise _failure(name, ours)
        if not case.peers:
            rows.append(_row(name, "none", ours, {"note": case.alone}))
        for peer in (peer for peer in case.peers if peer in peers):
            say(f"{name}: {peer}")
            rows.append(_row(name, peer, ours, _peer(name, peer, limit_s, bound)))
    return rows


def machine_mb() -> float:
    """The machine's memory, MiB; 16 GiB where the system does not tell."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return 16 * 1024.0
    return float(text.split("MemTotal:")[1].split()[0]) / 1024


def _peer(case: str, peer: str, limit_s: float, memory_mb: float) -> dict[str, Any]:
    if importlib.util.find_spec(peer) is None:
        return {"note": f"{peer} is not installed: pip install 'pullcord[bench]'"}
    return _run(case, peer, 1, limit_s, memory_mb)


def _row(case: str, peer: str, ours: dict[str, Any], theirs: dict[str, Any]) -> Row:
    seconds = theirs.get("seconds")
    longer = seconds if seconds is not None else theirs.get("stopped_after_s")
    return Row(
        case=case,
        peer=peer,
        ours_s=ours["seconds"],
        peer_s=seconds,
        ratio=None if longer is None else longer / ours["seconds"],
        ours_ll=ours["log_likelihood"],
        peer_ll=theirs.get("log_likelihood"),
        ours_mb=ours["peak_mb"],
        peer_mb=theirs.get("peak_mb"),
        ours_fit_mb=ours["fit_mb"],
        peer_fit_mb=theirs.get("fit_mb"),
        ours_compile_s=ours["compile_s"],
        note="; ".join(note for note in (ours["note"], theirs["note"]) if note),
    )


def _failure(case: str, ours: dict[str, Any]) -> Exception:
    """Why our own fit gave no answer: what the worker said of its data, else a failure of ours."""
    kind, _, said = ours.get("last_word", "").partition(": ")
    if kind in TOLD:
        told: PullcordError = TOLD[kind](
            f"case `{case}`: {said}", "let PULLCORD_DATA_DIR name the folder of public data at hand, or go on line"
        )
        return told
    return RuntimeError(f"our own fit of {case} failed: {ours['note']}")


def _run(case: str, who: str, repeats: int, limit_s: float, memory_mb: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "pullcord.bench.worker", case, who, str(repeats)]
    with tempfile.TemporaryDirectory() as folder, Path(folder, "said").open("w+", encoding="utf-8") as said:
        began = time.monotonic()
        # Packages leave reports where they run: that place goes with the run.
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, cwd=folder, text=True)
        try:
            stopped = _watch(worker, began + limit_s, memory_mb)
            out = worker.stdout.read() if worker.stdout else ""
        finally:
            worker.kill()
            worker.wait()
        if stopped:
            return {"note": f"{who} {stopped}", "stopped_after_s": time.monotonic() - began}
        if worker.returncode != 0:
            said.seek(0)
            last = said.read().strip().splitlines()[-1:] or ["no word"]
            return {"note": f"{who} failed: {last[0][:200]}", "last_word": last[0]}
        return dict(json.loads(out))


def _watch(worker: subprocess.Popen[str], until: float, memory_mb: float) -> str:
    """Wait for the worker; why it had to be stopped, or nothing."""
    while worker.poll() is None:
        if time.monotonic() > until:
            worker.kill()
            return "was stopped: its time was up"
        if (held := _resident_mb(worker.pid)) > memory_mb:
            worker.kill()
            return f"was stopped: it held {held:,.0f} MiB of memory"
        time.sleep(LOOK_EVERY_S)
    return ""


def _resident_mb(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)
