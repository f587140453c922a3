"""`pullcord bench demand`: choice-model packages beside us, in one run."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import InvalidInput

from .console import JsonFlag, show, talk


def demand(
    as_json: JsonFlag = False,
    case: Annotated[list[str] | None, typer.Option(help="A case by name; may be repeated. Default: all.")] = None,
    peer: Annotated[list[str] | None, typer.Option(help="A peer by name; may be repeated. Default: all.")] = None,
    limit: Annotated[float, typer.Option(min=1, help="Seconds after which a peer is stopped.")] = 600.0,
) -> None:
    """Fit the same models to the same data beside xlogit, Biogeme and pylogit: seconds, log-likelihood, memory.

    Public data come from the folder that PULLCORD_DATA_DIR names, or are fetched. Peers are those of the `bench` extra.
    """
    from pullcord.bench import CASES, PEERS, race

    if unknown := [name for name in case or () if name not in CASES]:
        raise InvalidInput(f"there is no case `{unknown[0]}`", f"cases: {', '.join(CASES)}")
    if unknown := [name for name in peer or () if name not in PEERS]:
        raise InvalidInput(f"there is no peer `{unknown[0]}`", f"peers: {', '.join(PEERS)}")
    with talk.status("starting ...") as status:
        rows = race(case or list(CASES), peers=peer or list(PEERS), limit_s=limit, say=lambda at: status.update(at))
    shown = [row.as_mapping() for row in rows]
    show({"rows": shown}, as_json, lambda console: _draw(console, shown))


def _draw(console: Console, rows: list[dict[str, Any]]) -> None:
    table = Table(title="whole calls, medians; memory is the peak of each process")
    for heading in ("case", "peer"):
        table.add_column(heading, no_wrap=True)
    for heading in ("seconds", "peer's", "ratio", "log-lik.", "peer's less ours", "MiB", "peer's"):
        table.add_column(heading, justify="right")
    for row in rows:
        at_least = ">" if row["peer_s"] is None and row["ratio"] is not None else ""
        behind = None if row["peer_ll"] is None else row["peer_ll"] - row["ours_ll"]
        table.add_row(
            row["case"],
            row["peer"],
            _figure(row["ours_s"], 3),
            _figure(row["peer_s"], 2),
            at_least + _figure(row["ratio"], 0),
            _figure(row["ours_ll"], 1),
            _figure(behind, 3),
            _figure(row["ours_mb"], 0),
            _figure(row["peer_mb"], 0),
        )
    console.print(table)
    for name, seconds in {row["case"]: row["ours_compile_s"] for row in rows}.items():
        console.print(f"{name}: {seconds:.1f} s before that to compile our kernels, or to load them", markup=False)
    for row in rows:
        if row["note"]:
            console.print(f"{row['case']}, {row['peer']}: {row['note']}", markup=False, soft_wrap=True)


def _figure(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"
