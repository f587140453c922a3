"""The report's sections in reading order: each with its sentences, charts and tables, or a word on why it is absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import reference, words
from .amounts import is_number, number, percent, plural
from .chart import Chart
from .charts import latency, launch, links, market, network, plan, twin
from .charts import money as money_charts
from .readings import Results, bounds, delays, part, rows, scale_of, twin_row, twin_unit, unit_of
from .reference import HtmlTable

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """One chapter: `absent` says in one sentence why nothing is shown, and is empty otherwise."""

    key: str
    title: str
    lead: str
    charts: tuple[Chart, ...] = ()
    tables: tuple[HtmlTable, ...] = ()
    points: tuple[str, ...] = ()  # a list, verbatim
    absent: str = ""
    commands: tuple[str, ...] = field(default=())


def all_sections(results: Results) -> list[Section]:
    """Every chapter of the report, from the news to the sources."""
    return [make(results) for make in _CHAPTERS]


def _chapter(
    key: str, title: str, lead: str, absent: str, charts: Sequence[Chart] = (), tables: Sequence[HtmlTable | None] = ()
) -> Section:
    kept = tuple(table for table in tables if table is not None)
    return Section(key, title, lead, tuple(charts), kept, absent="" if charts or kept else absent)


def latency_section(results: Results) -> Section:
    """What old news costs on real sales."""
    models = part(results, "latency").get("models") or ()
    since = part(results, "latency").get("since")
    scope = f"Measured on {number(len(models))} models" if models else "Measured on the real panel"
    return _chapter(
        "latency",
        "What old news costs",
        f"{scope}{f', months from {str(since)[:7]}' if since else ''}: nothing is forecast, the plan only repeats the"
        " last month it has heard of.",
        "This program brings no panel of past sales, so the cost of old news was not measured on real data.",
        latency.charts(results),
    )


def market_section(results: Results) -> Section:
    """Rivals, predicted share and diversion."""
    demand = part(results, "demand")
    size = demand.get("market_units_per_month")
    lead = (
        f"The market considered is {number(round(size))} {plural(unit_of(results))} a month. "
        if is_number(size)
        else ""
    )
    return _chapter(
        "market",
        "What the market would take",
        lead
        + words.survey_sentence(results)
        + "Every rival's constant is set so that the model repeats the sales observed; the newcomer is then put"
        " among them.",
        "No demand model was run, so no share is predicted.",
        market.charts(results),
        (reference.tastes_table(results), reference.survey_table(results)),
    )


def price_section(results: Results) -> Section:
    """Price card, share by price, cost of ownership."""
    return _chapter(
        "price",
        "What it costs to own",
        words.break_even_sentence(results),
        "The program has no price card, so no cost of ownership is shown.",
        [*money_charts.offer_charts(results), *market.price_charts(results)],
        (reference.price_card(results),),
    )


def launch_section(results: Results) -> Section:
    """The launch day by day."""
    return _chapter(
        "launch",
        "The launch, from click to hand-over",
        "Each customer was quoted a date from the plant's free build slots, and only then asked for a deposit.",
        "No launch was run, so there are no orders to show.",
        launch.charts(results),
        (reference.launch_table(results),),
    )


def plan_section(results: Results) -> Section:
    """Master schedule and shadow prices."""
    plans = rows(results, "schedule", "plans")
    gaps = [row["gap"] for row in plans if is_number(row.get("gap"))]
    lead = "The weekly schedule is solved again each time it is due, with the orders known by then."
    if plans:
        largest = f"; the largest optimality gap was {percent(max(gaps))}" if gaps else ""
        lead += f" {number(len(plans))} plans were made{largest}."
    return _chapter(
        "plan",
        "What the plant builds",
        lead,
        "No schedule was made, so there is nothing to build.",
        plan.schedule_charts(results),
        (reference.plans_table(results),),
    )


def supply_section(results: Results) -> Section:
    """Call-offs and one of them pegged to its orders."""
    return _chapter(
        "supply",
        "What suppliers are asked for",
        words.supply_sentence(results) + reference.pegging_sentence(results),
        "No parts were called off.",
        plan.supply_charts(results),
    )


def network_section(results: Results) -> Section:
    """The map and the cities' figures."""
    return _chapter(
        "cities",
        "Where it goes",
        "Transit days follow from the distance to the plant, a detour factor, kilometres a day and days of handling.",
        "No cities are served in this program.",
        network.charts(results),
        (reference.cities_table(results),),
    )


def money_section(results: Results) -> Section:
    """The split of a sale and the parties' sums."""
    return _chapter(
        "money",
        "Where the money goes",
        words.books_sentence(results),
        "No money moved in this run.",
        money_charts.charts(results),
        (reference.split_table(results),),
    )


def twin_section(results: Results) -> Section:
    """Push against pull."""
    scale = part(results, "twin").get("scale")
    lead = (
        "Push plans in buckets from a forecast, freezes the plan and sells from stock. Pull builds what was ordered,"
        " from the first week that the program's freeze and its right to withdraw leave open."
        " Both meet the same simulated shoppers, seed by seed."
    )
    section = _chapter(
        "twin",
        "Two worlds, the same shoppers",
        lead + (f" Scale: {str(scale).rstrip('.')}." if scale else ""),
        "The two worlds were not run, so push and pull are not compared.",
        [*twin.charts(results), *links.charts(results, twin.twin_source(results))],
        (_twin_table(results),),
    )
    notes = tuple(str(note) for note in part(results, "twin").get("notes") or ())
    return Section(section.key, section.title, section.lead, section.charts, section.tables, notes, section.absent)


def _twin_table(results: Results) -> HtmlTable | None:
    """Every measure of both worlds at every delay; the page's dial marks the rows of the delay chosen."""
    measures = dict.fromkeys(str(row.get("measure")) for row in rows(results, "twin", "rows"))
    made = []
    for measure in measures:
        scale = scale_of(measure, twin_unit(results, measure), results)
        for delay in delays(results):
            cells = []
            for world in ("push", "pull"):
                row = twin_row(results, world, delay, measure)
                cells += [scale.show(row["mean"]), scale.interval(*bounds(row))] if row else ["–", "–"]
            if cells != ["–"] * 4:
                made.append((measure.replace("_", " "), number(delay), *cells))
    if not made:
        return None
    columns = ("measure", "news, days old", "push", "push, 95 %", "pull", "pull, 95 %")
    return HtmlTable("Every measure at every delay", columns, tuple(made), numeric=(1, 2, 3, 4, 5), folded=True)


def measures_section(results: Results) -> Section:
    """Measures and latencies of the live run."""
    return _chapter(
        "measures",
        "What the run measured of itself",
        "Read from the ledger of the launch above. In that launch plant, suppliers and road do as planned: the error of"
        " the dates is that of the promising rule, and the latencies are those of the program's own schedule.",
        "No measures were taken.",
        (),
        (reference.mismatch_table(results), reference.cost_table(results), reference.latencies_table(results)),
    )


def limits_section(results: Results) -> Section:
    """What the data cannot identify, word for word."""
    points = tuple(str(point) for point in part(results, "demand").get("unidentified") or ())
    warnings = reference.warnings_table(results)
    return Section(
        "limits",
        "What the data cannot tell",
        "The demand model says this about itself." if points or warnings else "",
        tables=(warnings,) if warnings else (),
        points=points,
        absent="" if points or warnings else "The demand model reported nothing that it could not identify.",
    )


def assumptions_section(results: Results) -> Section:
    """Every assumption with its range and reason."""
    return _chapter(
        "assumptions",
        "Assumptions",
        "What no public source gives is set here, with a range and a reason. Replace them in assumptions.csv.",
        "This program makes no assumptions of its own.",
        (),
        (reference.assumptions_table(results),),
    )


def sources_section(results: Results) -> Section:
    """Where the figures come from."""
    return _chapter(
        "sources",
        "Sources",
        "Marks: S public source; S1 one source only; Mnn from memory, nn % sure; C computed; A assumption.",
        "The program lists no sources.",
        (),
        (reference.sources_table(results),),
    )


def ledger_section(results: Results) -> Section:
    """Size of the ledger and how to make the report again."""
    ledger, program = part(results, "ledger"), part(results, "program")
    events = ledger.get("events")
    counted = f"{number(events)} events in one append-only ledger" if is_number(events) else "One append-only ledger"
    lead = f"{counted}; every table of the run can be rebuilt from it."
    name = str(program.get("id") or "<id>")
    tables = (reference.ledger_table(results), reference.events_table(results))
    section = _chapter("ledger", "The ledger, and how to make this again", lead, "", (), tables)
    commands = (f"pullcord run programs/{name}", f"pullcord ledger verify out/{name}/ledger.db")
    return Section(section.key, section.title, lead, (), section.tables, commands=commands)


_CHAPTERS: tuple[Callable[[Results], Section], ...] = (
    latency_section,
    market_section,
    price_section,
    launch_section,
    plan_section,
    supply_section,
    network_section,
    money_section,
    twin_section,
    measures_section,
    limits_section,
    assumptions_section,
    sources_section,
    ledger_section,
)
