"""`pullcord offer`: what to build and at what price."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pullcord.base import InvalidInput

from .console import JsonFlag, show, talk

if TYPE_CHECKING:
    from pullcord.demand import Interval
    from pullcord.redesign import Reading, Redesign

app = typer.Typer(help="What to build, and at what price.", no_args_is_help=True)


@app.callback()
def offer() -> None:
    """What to build, and at what price."""


@app.command()
def design(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a program.")],
    objective: Annotated[str, typer.Option(help="profit, surplus (of buyers) or volume.")] = "profit",
    profit_floor: Annotated[
        float | None,
        typer.Option(
            help="Least profit a month, major units; default for surplus and volume: what today's line earns."
        ),
    ] = None,
    variants_max: Annotated[int | None, typer.Option(min=1, help="Most variants on offer; default all.")] = None,
    fixed_cost: Annotated[float, typer.Option(min=0, help="Cost a month of each variant on offer, major units.")] = 0.0,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="The front of profit against buyers' surplus as well.")
    ] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="The line best on average over draws of what is not known.")
    ] = False,
    quantile: Annotated[
        float | None, typer.Option(help="With --robust: the line best at this quantile, below 0.5, not on average.")
    ] = None,
    rivals_react: Annotated[
        bool, typer.Option("--rivals-react", help="Each rival answers with its own best price.")
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="All chance comes from it; default: the program's.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """The line of variants and prices that is best before the program's real rivals, with the proof that it is.

    Prices stand on a ladder of 0.70 to 1.30 times today's. What the answer rests on is said in words beside it.
    """
    from pullcord.offers import Objective
    from pullcord.program import read_program
    from pullcord.redesign import design as redesign

    if objective not in [o.value for o in Objective]:
        raise InvalidInput(f"there is no objective `{objective}`", "choose profit, surplus or volume")
    if quantile is not None and not (robust and 0 < quantile < 0.5):
        raise InvalidInput(f"a quantile of {quantile}", "give one between 0 and 0.5, with --robust")
    program = read_program(folder)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=talk, transient=True
    ) as bar:
        task = bar.add_task("reading the market", total=1.0)
        found = redesign(
            program,
            objective=Objective(objective),
            profit_floor=profit_floor,
            variants_max=variants_max,
            fixed_cost=fixed_cost,
            pareto=pareto,
            robust=(quantile or 0.5) if robust else None,
            rivals_react=rivals_react,
            seed=seed,
            progress=lambda what, done: bar.update(task, description=what, completed=done),
        )
    show(_json(found), as_json, lambda console: _draw(console, found))


def _json(found: Redesign) -> dict[str, Any]:
    told: dict[str, Any] = {
        "program": found.program_id,
        "objective": found.objective.value,
        "currency": found.currency,
        "seed": found.seed,
        "profit_floor": found.profit_floor,
        "line": [
            {
                "variant": offer.variant_id,
                "price_minor": offer.price.minor,
                "price": float(offer.price.major),
                "times_today": offer.multiple,
                "card_minor": {plan: price.minor for plan, price in offer.card},
                "margin_minor": offer.margin.minor,
                "break_even_price_minor": offer.break_even.minor,
                "share": offer.share,
                "share_95": _interval(offer.share_95),
            }
            for offer in found.line
        ],
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap,
        "proved": found.proved,
        "method": found.method,
        "found": _reading(found.found),
        "today": _reading(found.today),
        "nearest": {"change": found.nearest, "value": found.nearest_value},
        "break_even_volume": found.break_even_volume,
        "elasticity": found.elasticity,
        "sensitivity": [
            {
                "why": s.why,
                "factor": s.factor,
                "elasticity": s.elasticity,
                "value": s.value,
                "times_today": dict(s.prices),
            }
            for s in found.sensitivity
        ],
        "warnings": list(found.warnings),
    }
    if found.front:
        told["front"] = [
            {"profit": p.profit, "surplus": p.surplus, "surplus_bound": p.bound, "times_today": dict(p.prices)}
            for p in found.front
        ]
    if found.regret is not None:
        r = found.regret
        told["robust"] = {
            "criterion": r.criterion,
            "value": r.value,
            "draws_solved": r.draws,
            "mean": r.mean,
            "mean_bound": r.mean_bound,
            "stays_best": r.stays_best,
            "regret_mean": r.regret_mean,
            "regret_95": r.regret_95,
        }
    if found.rivals:
        told["rivals"] = [
            {"product": name, "price_minor": before.minor, "answer_minor": after.minor}
            for name, before, after in found.rivals
        ]
    return told


def _interval(interval: Interval) -> list[float]:
    return [interval.low, interval.high]


def _reading(reading: Reading) -> dict[str, Any]:
    middle = reading.at_the_middle
    return {
        "profit": middle.profit,
        "profit_95": _interval(reading.profit_95),
        "surplus": middle.surplus,
        "surplus_95": _interval(reading.surplus_95),
        "volume": middle.volume,
        "volume_95": _interval(reading.volume_95),
    }


def _draw(console: Console, found: Redesign) -> None:
    table = Table(
        "variant", "price, as buyers weigh it", "today's ×", "margin", "break-even price", "share",
        title=f"{found.program_id}: the line of most {found.objective.value}",
    )  # fmt: skip
    for offer in found.line:
        numbers = (f"{offer.multiple:.2f}", str(offer.margin), str(offer.break_even), f"{offer.share:.2%}")
        table.add_row(escape(offer.name), str(offer.price), *numbers)
    console.print(table)
    proved = "proved best" if found.proved else "not proved best"
    console.print(
        f"{found.objective.value} {found.value:,.0f} a month, at most {found.bound:,.0f}"
        f" (gap {found.gap:.2g}, {proved})",
        soft_wrap=True,
    )
    for name, reading in (("this line", found.found), ("today's line", found.today)):
        at = reading.at_the_middle
        console.print(
            f"{name}: profit {at.profit:,.0f} {found.currency} ({_span(reading.profit_95)}), buyers' surplus"
            f" {at.surplus:,.0f} ({_span(reading.surplus_95)}), volume {at.volume:,.0f} ({_span(reading.volume_95)})",
            soft_wrap=True,
        )
    if found.nearest is not None:
        console.print(f"nearest: {found.nearest}: {found.nearest_value:,.0f}", markup=False, soft_wrap=True)
    if found.break_even_volume is not None:
        console.print(f"earns what today's line does at {found.break_even_volume:,.0f} units a month", soft_wrap=True)
    if found.regret is not None:
        r = found.regret
        console.print(
            f"chosen for {r.criterion}: {r.value:,.0f}; best in {r.stays_best:.0%} of {r.draws} draws, gives away"
            f" {r.regret_mean:,.0f} on average, {r.regret_95:,.0f} in the worst twentieth",
            soft_wrap=True,
        )
    sensitivity = Table(
        "if", "elasticity", found.objective.value, "times today's", title="How hard buyers mind the price"
    )
    for row in found.sensitivity:
        sensitivity.add_row(row.why, f"{row.elasticity:.2f}", f"{row.value:,.0f}", _prices(row.prices))
    console.print(sensitivity)
    if found.front:
        front = Table("profit", "buyers' surplus", "at most", "prices, times today's", title="Profit against surplus")
        for point in found.front:
            front.add_row(f"{point.profit:,.0f}", f"{point.surplus:,.0f}", f"{point.bound:,.0f}", _prices(point.prices))
        console.print(front)
    if found.rivals:
        rivals = Table("rival", "today", "its answer", title="Rivals' prices")
        for name, before, after in found.rivals:
            rivals.add_row(escape(name), str(before), str(after))
        console.print(rivals)
    for warning in found.warnings:
        console.print(f"note: {warning}", markup=False, soft_wrap=True)


def _span(interval: Interval) -> str:
    return f"95 %: {interval.low:,.0f} to {interval.high:,.0f}"


def _prices(prices: tuple[tuple[str, float | None], ...]) -> str:
    """Multiples with how many variants stand at each."""
    counts: dict[float, int] = {}
    for _, at in prices:
        if at is not None:
            counts[at] = counts.get(at, 0) + 1
    return ", ".join(f"{n} at {at:.2f}" for at, n in sorted(counts.items())) or "none"
