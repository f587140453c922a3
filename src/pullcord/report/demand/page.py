"""The demand report's page: one HTML file that needs nothing else, drawn by the same hands as the run's report."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from pullcord import __version__
from pullcord.desk import STAGES
from pullcord.insight import DemandReport

from ..amounts import SPACE, number, percent, plural
from ..chart import Chart, draw
from ..page import linked
from ..reference import HtmlTable
from ..sections import Section
from ..style import drawing
from . import market_charts, release_charts, rival_charts, tables, unknown_charts, words


def render_demand(report: DemandReport) -> str:
    """The report as one HTML file: no script, no request to anywhere; the same report gives the same bytes."""
    sections = all_sections(report)
    with drawing():
        charts = {section.key: [draw(chart) for chart in section.charts] for section in sections}
    environment = Environment(
        loader=PackageLoader("pullcord.report", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["linked"] = linked
    environment.filters["number"] = number
    css = files("pullcord.report").joinpath("report.css").read_text("utf-8")
    return environment.get_template("demand/page.html.j2").render(
        css=Markup(css),
        facts=report.facts,
        version=__version__,
        cards=words.cards(report),
        orders=words.orders_sentence(report),
        sections=sections,
        charts=charts,
        watch=words.observation_cards(report),
    )


def all_sections(report: DemandReport) -> list[Section]:
    """Every chapter, from the market to how to make the report again."""
    market = report.market
    months = f"{market.months[0]:%Y-%m} to {market.months[-1]:%Y-%m}"
    releases = report.releases
    rates = [tables.rates_table(release) for release in releases]
    return [
        _section(
            "market",
            "The market by city and segment",
            f"The market considered is {number(round(market.units_per_month))} {plural(report.facts.unit_name)} a month"
            f" ({report.facts.category}, {months}). {words.splits_sentence(report)}",
            market_charts.market_charts(report),
            [tables.cities_table(report)],
        ),
        _section(
            "take-rates",
            "Take rates",
            "Which options buyers take. A family with one option on sale leaves no choice and is not shown.",
            market_charts.take_charts(report),
            absent="No family leaves a choice, so there are no take rates.",
        ),
        _section(
            "willingness",
            "What an attribute is worth",
            f"From {report.willingness_source}. It is what the choices of that study say, carried to this place and"
            " time by the factors in the program.",
            unknown_charts.willingness_charts(report),
            [tables.willingness_table(report)],
            absent="The tastes have no price, or nothing beside it, so nothing can be told in money.",
        ),
        _section(
            "rivals",
            "The rivals",
            f"Price against {rival_charts.attribute_words(report.map_attribute or '')}, the attribute whose taste is"
            " known best.",
            rival_charts.rival_charts(report),
            absent="No attribute but the price is weighed, so there is no map to draw.",
        ),
        _section(
            "price",
            "Share against price",
            f"At the effective price 1{SPACE}% more costs {number(-market.price_elasticity, 2)}{SPACE}% of"
            " the buyers, by the tastes used. "
            + (
                "No seller would stop raising the price there: take every effect of price as the least that it can be."
                if -1 < market.price_elasticity <= 0
                else ""
            ),
            rival_charts.price_charts(report),
            [tables.price_table(report)],
        ),
        _section(
            "substitution",
            "Substitution",
            _substitution_lead(report),
            rival_charts.substitution_charts(report),
            absent="There are no rivals to take buyers from.",
        ),
        _section(
            "unknowns",
            "What would change our mind",
            _unknowns_lead(report),
            unknown_charts.tornado_charts(report),
            [tables.unknowns_table(report)],
        ),
        _section(
            "told",
            f"What {report.facts.partner} was told of orders",
            words.orders_sentence(report) + " " + words.privacy_sentence(report),
            release_charts.release_charts(releases, {name: said for name, (said, _) in STAGES.items()}),
            [tables.budget_table(report), *(tables.release_table(release) for release in releases), *rates],
        ),
        Section(
            "limits",
            "What the data cannot tell",
            "The demand model says this about itself.",
            points=report.unidentified,
        ),
        Section(
            "again",
            "How to make this again",
            "The same program and the same releases give the same bytes. Private noise is drawn once, when a release is"
            " made, and kept in the ledger.",
            commands=_commands(report),
        ),
    ]


def _section(
    key: str,
    title: str,
    lead: str,
    charts: list[Chart],
    given: list[HtmlTable | None] | None = None,
    absent: str = "",
) -> Section:
    kept = tuple(table for table in given or () if table is not None)
    return Section(key, title, lead, tuple(charts), kept, absent="" if charts or kept or not absent else absent)


def _substitution_lead(report: DemandReport) -> str:
    """Where most of our buyers would otherwise be."""
    outside = sum(row.fraction for row in report.substitutes if row.product_id is None)
    return (
        f"Of 100 of our buyers {number(100 * (1 - outside), 0)} would otherwise have bought a rival of the table; the"
        f" other {number(100 * outside, 0)} something else ({report.market.outside_good})."
    )


def _unknowns_lead(report: DemandReport) -> str:
    if not report.unknowns:
        return ""
    whole = [row for row in report.unknowns if row.moves == "all units"]
    if report.market.now is not None:
        rest = [row for row in whole if row.key != "level"]
        said = f"{number(report.market.orders_told)} orders are counted."
        if not rest:
            return said
        top = max(rest, key=lambda row: row.swing)
        ends = " to ".join(number(float(f"{v:.3g}"), 0) for v in sorted((top.at_low, top.at_high)))
        units = plural(report.facts.unit_name)
        return f"{said} What they say hangs most on the {top.name} assumed: it moves the whole, {ends} {units} a month."
    top = max(whole, key=lambda row: row.swing) if whole else report.unknowns[0]
    reserved = (
        f" The published {number(report.reservations)} reservations, counted as the outlook counts them, move the"
        " middle of the whole before any order is seen: the bars of conversion start there."
        if report.reservations and any("reservations" in row.moves for row in report.unknowns)
        else ""
    )
    share = top.swing / sum(row.swing for row in whole) if whole else 0.0
    return (
        f"Of the swings that move the whole, {percent(share, 0)} is the {top.name}. Knowing it decides more than all"
        f" the rest.{reserved}"
        if share > 0.5
        else f"The {top.name} moves the whole most.{reserved}"
    )


def _commands(report: DemandReport) -> tuple[str, ...]:
    name, partner = report.facts.program_id, report.facts.partner_id
    base = f"pullcord demand report programs/{name} --to {partner}"
    if not report.ledger_given:
        return (base,)
    return (
        f"pullcord demand release programs/{name} --to {partner} --by city,plan --epsilon 0.5 --ledger LEDGER",
        f"{base} --ledger LEDGER",
    )
