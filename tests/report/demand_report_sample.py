"""Demand reports for tests of the page: of the People's Car, before the launch and with releases made up for it."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from pullcord.base import PartyId, stream
from pullcord.insight import DemandReport, Told, demand_report
from pullcord.outlook import Outlook
from pullcord.privacy import BudgetRow, Dimension, Grid, ReleaseRow, draw_noise, half_width
from pullcord.program import Program, read_program

ROOT = Path(__file__).resolve().parents[2]
SCALE = 8.0


@cache
def car() -> Program:
    return read_program(ROOT / "programs" / "peoples_car")


@cache
def before_launch() -> DemandReport:
    """Forecasts alone."""
    return demand_report(Outlook(car()))


@cache
def with_releases() -> DemandReport:
    """After two releases of made-up orders, their noise drawn from a seed so that every test sees the same."""
    cities = Dimension("city", tuple(city.city_id for city in car().cities))
    plans = Dimension("plan", car().plans)
    colours = Dimension("colour", ("white", "grey", "blue", "green"))
    rows = (_release("first", (cities, plans), 1), _release("second", (colours,), 2))
    budget = BudgetRow(PartyId("gac_aion"), "2025Q4", 700_000, 1_000_000, 2)
    return demand_report(Outlook(car()), told=Told(rows, (budget,)))


def _release(name: str, dimensions: tuple[Dimension, ...], seq: int) -> ReleaseRow:
    grid = Grid(dimensions)
    rng = stream(seq, "test.demand_report")
    counts = [0] * grid.size
    for _ in range(2500):
        # Cubes make the first values the most frequent: large cells and empty ones.
        cell = [d.values[int(len(d.values) * float(rng.random()) ** 3)] for d in dimensions]
        for node in grid.nodes_of(cell):
            counts[node] += 1
    noise = draw_noise(SCALE, (grid.size,), rng)
    return ReleaseRow(
        release_id=name,
        partner=PartyId("gac_aion"),
        period="2025Q4",
        counted="paid",
        dimensions=[[d.name, list(d.values)] for d in dimensions],
        as_of=date(2025, 12, 20),
        mechanism="discrete Laplace on counts, OpenDP",
        scale=SCALE,
        epsilon_micro=350_000,
        least_shown=half_width(SCALE) + 1,
        noisy=[int(c + z) for c, z in zip(counts, noise, strict=True)],
        seq=seq,
    )
