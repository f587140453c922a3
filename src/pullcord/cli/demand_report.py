"""`pullcord demand report` and `pullcord demand release`: what the platform tells a partner, and how counts leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import InvalidInput, PartyId

from .console import JsonFlag, show, talk
from .house import AtOption, Folder, LedgerOption, PartyOption, give, open_house, read_house
from .run import write_whole

if TYPE_CHECKING:
    from pullcord.insight import DemandReport
    from pullcord.program import Program

ToOption = Annotated[str | None, typer.Option("--to", help="The party it is for; default the carmaker.")]
REFUSED_STATUS = 1


def report(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(help="Where to write; default out/FOLDER.")] = None,
    to: ToOption = None,
    ledger: Annotated[
        str | None, typer.Option("--ledger", help="SQLite file or URL with releases; without it forecasts only.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell a partner what demand looks like: demand.html, demand.json and CSV tables.

    The market by city and segment, take rates, willingness to pay, rivals, price, substitution, what would change our
    mind; and, where a ledger is given, what was released to the partner of its orders.
    """
    from pullcord.insight import demand_report, told_to
    from pullcord.insight import partner_of as party_of
    from pullcord.outlook import Outlook
    from pullcord.program import read_program
    from pullcord.report import render_demand, write_demand_tables
    from pullcord.settings import read_settings
    from pullcord.survey import NotAtHand, SurveyFit, fit_where_at_hand

    told = None
    if ledger is None:
        program = read_program(folder)
        partner = party_of(program, to)
    else:
        with read_house(folder, ledger) as (program, reader), reader.reader() as view:
            partner = party_of(program, to)
            told = told_to(view, partner.party_id)
    settings = read_settings()
    survey = fit_where_at_hand(program, data_dir=settings.data_dir, cache=settings.cache_dir)
    if isinstance(survey, NotAtHand):
        talk.print(
            f"the survey is not fitted, tastes are those of tastes.csv: {survey.reason}", markup=False, soft_wrap=True
        )
    fitted = survey if isinstance(survey, SurveyFit) else None
    if fitted is not None:
        program = replace(program, tastes=fitted.tastes)
    made = demand_report(Outlook(program), partner=partner.party_id, told=told, survey=fitted)
    target = out or Path("out") / folder.resolve().name
    _check_target(target)
    target.mkdir(parents=True, exist_ok=True)
    files = {"report": target / "demand.html", "records": target / "demand.json"}
    write_whole(files["records"], encode(made))
    write_whole(files["report"], render_demand(made).encode())
    tables = write_demand_tables(made, target / "demand_tables")
    summary = summarise(made) | {
        "files": {name: str(path) for name, path in files.items()} | {"tables": [str(path) for path in tables]}
    }
    show(summary, as_json, lambda console: _draw_report(console, summary))


def release(
    folder: Folder,
    epsilon: Annotated[str, typer.Option(help="What it may cost of the partner's privacy budget, such as 0.5.")],
    to: ToOption = None,
    by: Annotated[
        str | None,
        typer.Option(help="What to count by, comma between: city, plan, variant, families. Default city,plan,FAMILY."),
    ] = None,
    counted: Annotated[str, typer.Option(help="Who counts: reserved, paid or handed_over.")] = "paid",
    period: Annotated[
        str | None, typer.Option(help="The quarter in which those counted first reserved; default that of today.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The release's name: asked again, the same answer at no cost. Default by day.")
    ] = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Release private counts of customers to a partner, paid for from its budget; `demand report` shows them."""
    from pullcord.desk import quarter_of
    from pullcord.insight import partner_of as party_of
    from pullcord.privacy import Refusal, epsilon_micro, epsilon_text

    micro = epsilon_micro(epsilon)
    with open_house(folder, ledger, at) as house:
        partner = party_of(house.program, to).party_id
        today = house.desk.house.local_time(house.clock.now()).date()
        quarter = period or quarter_of(today)
        dimensions = _dimensions(by, house.program)
        named = name or _named(today, [partner, quarter, counted, epsilon_text(micro), *dimensions])
        command = house.desk.release(
            named, partner, dimensions, micro, period=quarter, counted=counted, party=PartyId(party) if party else None
        )
        answer = give(house, command)
    refused = isinstance(answer, Refusal)
    told = msgspec.to_builtins(answer) | {"to": partner, "period": quarter, "refused": refused}

    def draw(console: Console) -> None:
        if refused:
            talk.print(f"refused: {answer.why}", markup=False, soft_wrap=True)
            return
        console.print(f"{named}: counts by {', '.join(dimensions)} released to {partner}", markup=False, soft_wrap=True)
        console.print(
            f"epsilon {epsilon_text(micro)} spent, {epsilon_text(answer.left_micro)} left for {quarter}; counts are off"
            f" by at most {answer.half_width} with 95 % confidence, fewer than {answer.least_shown} are not shown",
            markup=False,
            soft_wrap=True,
        )

    show(told, as_json, draw)
    if refused:
        raise typer.Exit(REFUSED_STATUS)


def encode(made: DemandReport) -> bytes:
    """The records as JSON; the same report gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(made, order="deterministic"), indent=1) + b"\n"


def summarise(made: DemandReport) -> dict[str, Any]:
    """The few numbers of a report that a person wants first."""
    market = made.market
    return {
        "program": made.facts.program_id,
        "for": made.facts.partner_id,
        "units_per_month": {
            "middle": market.units_middle,
            "mean": market.units.mean,
            "lo_95": market.units.low,
            "hi_95": market.units.high,
        },
        "share": market.share,
        "willingness_from": made.willingness_source,
        "moves_most": made.unknowns[0].name if made.unknowns else None,
        "orders_seen": bool(made.releases),
        "releases": [row.release_id for row in made.releases],
    }


def _dimensions(by: str | None, program: Program) -> list[str]:
    """The dimensions asked for; the city, the plan and the first family that leaves a choice unless named."""
    if by is not None:
        return [part.strip() for part in by.split(",") if part.strip()]
    families = (
        str(family.family_id)
        for family in program.product.families
        if len({dict(v.choices)[family.family_id] for v in program.variants}) > 1
    )
    return [*(["city", "plan"] if len(program.plans) > 1 else ["city"]), *list(families)[:1]]


def _named(today: date, content: list[str]) -> str:
    """A name that is the same for the same question on the same day."""
    digest = blake2b("\n".join(content).encode(), digest_size=4).hexdigest()
    return f"{today.isoformat()}-{digest}"


def _check_target(target: Path) -> None:
    """Refuse a place where the report could not be written."""
    for folder in (target / "demand_tables", target, *target.parents):
        if folder.exists() and not folder.is_dir():
            raise InvalidInput(
                f"`{folder}` is a file, and the report needs a folder of that name", "give another --out"
            )
    for name in ("demand.html", "demand.json"):
        if (target / name).is_dir():
            raise InvalidInput(f"`{target / name}` is a folder, and a file of that name is written", "move it away")


def _draw_report(console: Console, summary: dict[str, Any]) -> None:
    units = summary["units_per_month"]
    table = Table(title=f"{summary['program']}, for {summary['for']}", show_header=False)
    table.add_row("units a month, middle", f"{units['middle']:,.0f}")
    table.add_row("95 %", f"{units['lo_95']:,.0f} to {units['hi_95']:,.0f}")
    table.add_row("share of the market", f"{summary['share']:.1%}")
    if summary["moves_most"]:
        table.add_row("moves it most", summary["moves_most"])
    table.add_row("orders seen", ", ".join(summary["releases"]) if summary["orders_seen"] else "none")
    console.print(table)
    console.print(f"willingness to pay: {summary['willingness_from']}", markup=False, soft_wrap=True)
    console.print(f"report: {summary['files']['report']}", soft_wrap=True)
