"""`pullcord run`: the main job, from a program folder to a report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pullcord.base import InvalidInput

from .console import JsonFlag, show, talk

NEWS_DAYS = 1  # the age of the news at which push and pull are compared
COUNTS = {
    "reservations": "reservations",
    "turned_away": "turned away, no invoice there",
    "asked": "asked for a date",
    "locked": "locked",
    "handed_over": "handed over",
    "events": "events",
}


def run(
    folder: Annotated[Path, typer.Argument(help="The program's folder.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; default out/FOLDER.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="All chance comes from it; default: the program's.")] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Replications of the two worlds.")] = 30,
    as_json: JsonFlag = False,
) -> None:
    """Check a program, fit its demand, replay its launch, run both worlds; write report, tables and ledger."""
    from pullcord.program import read_program
    from pullcord.report import render, write_tables
    from pullcord.settings import read_settings
    from pullcord.study import encode, run_study
    from pullcord.survey import NotAtHand, fit_where_at_hand

    began = time.perf_counter()
    program = read_program(folder)
    target = out or Path("out") / folder.resolve().name  # a copied folder does not write over its original
    check_target(target)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), console=talk
    ) as bar:
        task = bar.add_task("fitting the survey" if program.survey else "checking", total=1.0)
        settings = read_settings()
        survey = fit_where_at_hand(program, data_dir=settings.data_dir, cache=settings.cache_dir)
        if isinstance(survey, NotAtHand):
            bar.console.print(
                f"the survey is not fitted, tastes are those of tastes.csv: {survey.reason}",
                markup=False,
                soft_wrap=True,
            )
        study = run_study(
            program,
            target,
            seed=seed,
            replications=seeds,
            survey=survey,
            progress=lambda what, done: bar.update(task, description=what, completed=0.95 * done),
        )
        bar.update(task, description="drawing the report", completed=0.95)
        files = {"report": target / "report.html", "results": target / "results.json", "ledger": study.ledger}
        write_whole(files["results"], encode(study.results))
        write_whole(files["report"], render(study.results).encode())
        tables = write_tables(study.results, target / "tables")
        bar.update(task, description="done", completed=1.0)
    summary = summarise(study.results, program.launch[-1].reservations_cumulative if program.launch else 0) | {
        "seconds": round(time.perf_counter() - began, 1),
        "files": {name: str(path) for name, path in files.items()} | {"tables": [str(path) for path in tables]},
    }
    show(summary, as_json, lambda console: _draw(console, summary))


def check_target(target: Path) -> None:
    """Refuse a place where results could not be written, before anything is computed or replaced."""
    for folder in (target / "tables", target, *target.parents):
        if folder.exists() and not folder.is_dir():
            raise InvalidInput(
                f"`{folder}` is a file, and the results need a folder of that name", "give another --out"
            )
    for name in ("report.html", "results.json", "ledger.db"):
        if (target / name).is_dir():
            raise InvalidInput(f"`{target / name}` is a folder, and the run writes a file of that name", "move it away")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, never half of it."""
    draft = path.with_name(path.name + ".part")
    draft.write_bytes(content)
    draft.replace(path)


def summarise(results: Any, customers: int) -> dict[str, Any]:
    """The few numbers of a run that a person wants first. `customers`: all who came to the launch."""
    launch, measures, twin = results["launch"], results["measures"], results["twin"]
    missed = {row["world"]: row for row in twin["rows"] if (row["measure"], row["delay_days"]) == ("M1", NEWS_DAYS)}
    apart = next((row for row in twin["paired"] if (row["measure"], row["delay_days"]) == ("M1", NEWS_DAYS)), None)
    shares = {world: missed[world] for world in ("push", "pull") if world in missed}
    if apart is not None:
        shares["push_minus_pull"] = apart
    return {
        "program": results["program"]["id"],
        "seed": results["program"]["seed"],
        "reservations": launch["reservations"],
        "turned_away": customers - launch["reservations"],
        "asked": launch["asked"],
        "locked": launch["locked"],
        "handed_over": launch["handed_over"],
        "promise_error_days": measures["M3"] and measures["M3"]["mae_days"],
        "late_over_3_days_share": measures["M3"] and measures["M3"]["late_over_3_days_share"],
        "trial_balance_minor": results["finance"]["trial_balance_minor"],
        "events": results["ledger"]["events"],
        "demand_missed_share_at_1_day": {
            name: [row[key] for key in ("mean", "lo", "hi")] for name, row in shares.items()
        },
    }


def _draw(console: Console, summary: dict[str, Any]) -> None:
    table = Table(title=f"{summary['program']}, seed {summary['seed']}", show_header=False)
    for name, words in COUNTS.items():
        table.add_row(words, f"{summary[name]:,}")
    if summary["promise_error_days"] is not None:
        table.add_row("promise error, mean days", f"{summary['promise_error_days']:.2f}")
        table.add_row("more than 3 days late", f"{summary['late_over_3_days_share']:.1%}")
    for name, (mean, low, high) in summary["demand_missed_share_at_1_day"].items():
        row = f"demand missed, {name.replace('_', ' ')}"
        if name == "push_minus_pull":
            table.add_row(row, f"{100 * mean:.1f} points  (95 %: {100 * low:.1f} to {100 * high:.1f})")
        else:
            table.add_row(row, f"{mean:.1%}  (95 %: {low:.1%} to {high:.1%})")
    if summary["demand_missed_share_at_1_day"]:
        table.caption = "demand missed: of the two simulated worlds, news one day old"
    table.add_row("seconds", f"{summary['seconds']}")
    console.print(table)
    console.print(f"report: {summary['files']['report']}", soft_wrap=True)
    console.print(f"ledger: {summary['files']['ledger']}", soft_wrap=True)
