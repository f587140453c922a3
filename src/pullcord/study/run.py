"""The main job: a program folder in, a ledger, results, tables and a report out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord import twin
from pullcord.app import App, open_app, table_sizes
from pullcord.base import Money, SimulatedClock
from pullcord.finance import Transferred
from pullcord.mismatch import Latency, Measures, MoneyRates, read_measures
from pullcord.outlook import Outlook
from pullcord.program import Program
from pullcord.store import Ledger, Reader, programs
from pullcord.survey import NotAtHand, SurveyFit

from .books import finance_section, parts_value, pegged
from .customers import draw_customers
from .launch_story import LaunchStory
from .prepare import prepare_run
from .replay import LaunchReplay
from .two_worlds import twin_section

REPLICATIONS = 30
SHARE_OF_TIME = {"market": 0.08, "launch": 0.62, "story": 0.08, "worlds": 0.22}  # for the progress bar only

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Study:
    """What a run found, and the ledger it stands in."""

    results: Mapping[str, Any]
    ledger: Path


def run_study(
    program: Program,
    folder: Path,
    *,
    seed: int | None = None,
    replications: int = REPLICATIONS,
    survey: SurveyFit | NotAtHand | None = None,
    progress: Progress = lambda what, done: None,
) -> Study:
    """Run a checked program from the market to the last hand-over, and both worlds beside it.

    Writes `ledger.db` into `folder`; the caller writes the rest from `results`, which depend on the program, the seed
    and the survey's fit alone. A ledger from an earlier run in that folder is replaced; one that another process
    writes is not touched, and refused. A program that allows no run leaves everything as it was.
    """
    program = program if seed is None else replace(program, seed=seed)  # all chance of the run comes from it
    ledger = folder / "ledger.db"
    clock = SimulatedClock(datetime.combine(program.starts_on, time(), UTC) - timedelta(hours=program.utc_offset_hours))
    done = _Stages(progress)
    done.stage("market", "calibrating demand")
    prepared = prepare_run(program, survey)
    program = prepared.outlook.program  # with the tastes of the survey's fit, where there is one
    customers = draw_customers(program, prepared.outlook.take_rates, _plan_shares(program), program.seed)
    results: dict[str, Any] = {"program": _program_section(program), **prepared.sections}
    folder.mkdir(parents=True, exist_ok=True)
    with _fresh_app(program, ledger, clock, prepared.outlook) as app:
        done.stage("launch", "replaying the launch")
        LaunchReplay(app, clock, customers, done.within).run()
        done.stage("story", "reading the ledger")
        with app.ledger.reader() as reader:
            results |= _ledger_sections(app, reader)
    done.stage("worlds", f"push and pull, {replications} seeds")
    result = twin.worlds(prepared.worlds, seed=program.seed, replications=tuple(range(replications)))
    results["twin"] = twin_section(result, prepared.worlds, program)
    results["assumptions"] = [
        {"key": a.key, "value": a.value, "unit": a.unit, "low": a.low, "high": a.high, "reason": a.reason}
        for a in program.assumptions.values()
    ]
    results["sources"] = _sources(program)
    progress("done", 1.0)
    return Study(results, ledger)


def encode(results: Mapping[str, Any]) -> bytes:
    """The results as JSON: the same results, the same bytes."""
    return msgspec.json.format(msgspec.json.encode(results, order="deterministic"), indent=1) + b"\n"


def _fresh_app(program: Program, ledger: Path, clock: SimulatedClock, outlook: Outlook) -> AbstractContextManager[App]:
    """A new ledger in place of an earlier run's. Opening it first proves that nobody else is writing."""
    url = sa.URL.create("sqlite", database=str(ledger)).render_as_string()
    if ledger.exists():
        for kept in programs(url):
            # Without projections: an earlier run's tables may be of an older form, and are of no more interest.
            Ledger.open(url, kept, clock=clock, projections=()).close()
        for ending in ("", "-wal", "-shm"):
            ledger.with_name(ledger.name + ending).unlink(missing_ok=True)
        for drawn in ("results.json", "report.html"):  # a failed run must not leave an older run's results beside it
            ledger.with_name(drawn).unlink(missing_ok=True)
    return open_app(program, url, clock, outlook)


class _Stages:
    """Turns the progress of each stage into that of the whole."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._name = ""
        self._done = 0.0

    def stage(self, name: str, what: str) -> None:
        self._done += SHARE_OF_TIME.get(self._name, 0.0)
        self._name = name
        self._progress(what, self._done)

    def within(self, what: str, share: float) -> None:
        if share >= 0:
            self._progress(what, self._done + share * SHARE_OF_TIME[self._name])


def _plan_shares(program: Program) -> dict[str, float]:
    return {plan: program.assumed(f"plan_share_{plan}") for plan in program.plans}


def _program_section(program: Program) -> dict[str, Any]:
    return {
        "id": program.program_id,
        "name": program.name,
        "category": program.category,
        "unit_name": program.unit_name,
        "currency": program.currency,
        "seed": program.seed,
        "digest": program.digest,
        "starts_on": program.starts_on.isoformat(),
        "horizon_weeks": program.horizon_weeks,
        "pullcord": version("pullcord"),
    }


def _ledger_sections(app: App, reader: Reader) -> dict[str, Any]:
    house = app.desk.house
    story = LaunchStory(house).read(app.ledger.events())
    program = app.program
    rates = MoneyRates(
        program.assumed("holding_cost_share_per_year"),
        program.assumed("financing_rate_per_year"),
        program.assumed("variable_margin_share"),
    )
    traced = pegged(house, reader)
    measures = read_measures(app.ledger.events(), rates=rates)
    return {
        "launch": story.launch_section(app.desk.open_orders(reader)),
        "schedule": story.schedule_section(),
        "procurement": story.procurement_section(traced.example)
        | {"pegged_minor": traced.value_minor}
        | parts_value(house, reader),
        "cities": story.cities_section(),
        "finance": finance_section(house, reader, app.ledger.events(kinds=[Transferred])),
        "measures": _measures_section(measures, program.currency),
        "ledger": {
            "events": story.events,
            "tables": table_sizes(reader),
            "by_kind": dict(sorted(story.by_kind.items())),
        },
    }


def _measures_section(measured: Measures, currency: str) -> dict[str, Any]:
    scale = Money.of(1, currency).minor
    m1, m3, m7 = measured.m1, measured.m3, measured.m7
    return {
        "M1": m1
        and {
            "value": round(m1.share, 6),
            "built_unsold_over_30_days": m1.unsold,
            "lost": m1.lost,
            "demand": m1.demand,
            "units_younger_than_30_days": m1.too_young,
        },
        "M3": m3
        and {
            "mae_days": round(m3.error_days, 4),
            "late_over_3_days_share": round(m3.late_share, 6),
            "n": m3.handed_over,
        },
        "M7": m7
        and {
            "total_minor_per_unit": round(m7.total * scale),
            "parts": {
                name: None if (value := getattr(m7, name)) is None else round(value * scale)
                for name in ("holding", "markdown", "lost_margin", "expedite", "financing")
            },
        },
        "L1": _hours(measured.l1),
        "L2": _hours(measured.l2),
        "L3": _hours(measured.l3),
    }


def _hours(latency: Latency) -> dict[str, Any] | None:
    if latency.p50_s is None or latency.p95_s is None:
        return None
    return {
        "p50_hours": round(latency.p50_s / 3600, 4),
        "p95_hours": round(latency.p95_s / 3600, 4),
        "n": latency.arrived,
        "waiting": latency.waiting,
    }


def _sources(program: Program) -> list[dict[str, str]]:
    """Every source that a table of the program names; a row that begins with the word `assumption` names none."""
    return [
        {"what": note.table.replace("_", " "), "source": note.source, "mark": note.mark}
        for note in program.sources
        if not note.source.startswith("assumption")
    ]
