"""The commands of those who make and move: forecast, plan, build, receive, arrive, settle, peg."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import Clock, PartyId

from .console import JsonFlag, show
from .house import AtOption, Folder, LedgerOption, PartyOption, clock_at, give, open_house, read_house

if TYPE_CHECKING:
    from pullcord.app import App
    from pullcord.program import Program

production = typer.Typer(help="Production: plan the weeks, build the vehicles.", no_args_is_help=True)
procurement = typer.Typer(help="Procurement: take in parts, trace them to orders.", no_args_is_help=True)
logistics = typer.Typer(help="Logistics: arrivals.", no_args_is_help=True)
finance = typer.Typer(help="Finance: settle, and read the books.", no_args_is_help=True)

PlantOption = Annotated[str | None, typer.Option("--plant", help="Default: the program's first plant.")]


def forecast(
    folder: Folder,
    weeks: Annotated[int, typer.Option(min=1, max=104, help="How far ahead.")] = 8,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Publish the forecast by variant, city and week, with every signal up to now in it."""
    with open_house(folder, ledger, at) as house:
        command = house.desk.forecast(f"f-{_moment(house)}", weeks, party=_party(party))
        answer = give(house, command)
        show(
            {"units": answer.count}, as_json, lambda console: console.print(f"{answer.count:,} units in {weeks} weeks")
        )


@production.command()
def plan(
    folder: Folder,
    plant: PlantOption = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the weekly plan anew; parts are called off from it at once."""
    with open_house(folder, ledger, at) as house:
        answer = give(house, house.desk.plan(_plant(house, plant), f"r-{_moment(house)}", party=_party(party)))

        def draw(console: Console) -> None:
            console.print(f"{answer.status}: {answer.vehicles:,} vehicles in the horizon, gap {answer.gap or 0:.2%}")
            for conflict in answer.conflicts:
                console.print(f"in conflict: {conflict}", markup=False, soft_wrap=True)

        show(msgspec.to_builtins(answer), as_json, draw)


@production.command()
def build(
    folder: Folder,
    plant: PlantOption = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Build what this week's plan still holds, as far as the parts are there."""
    with open_house(folder, ledger, at) as house:
        today = _today(house)
        command = house.desk.build(_plant(house, plant), today, run_id=_moment(house), party=_party(party))
        answer = give(house, command)

        def draw(console: Console) -> None:
            console.print(f"{answer.count:,} vehicles built on {today}")
            if answer.short_of_parts:
                console.print(f"{len(answer.short_of_parts):,} wait for parts, {answer.short_of_parts[0]} first")
            if answer.not_locked:
                console.print(f"{len(answer.not_locked):,} may still be withdrawn, {answer.not_locked[0]} first")
            if answer.cancelled:
                console.print(f"{len(answer.cancelled):,} were cancelled, {answer.cancelled[0]} first")

        show(msgspec.to_builtins(answer), as_json, draw)


@procurement.command()
def receive(
    folder: Folder,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Take in the parts that were due by today; their suppliers are owed from here on."""
    with open_house(folder, ledger, at) as house:
        answer = give(house, house.desk.receive(_today(house), party=_party(party)))
        show(
            {"call_offs": answer.count}, as_json, lambda console: console.print(f"{answer.count:,} deliveries received")
        )


@procurement.command()
def peg(
    folder: Folder,
    order: Annotated[str | None, typer.Option(help="Show what serves this order.")] = None,
    calloff: Annotated[str | None, typer.Option(help="Show whom this call-off serves.")] = None,
    plant: PlantOption = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Which call-off serves which waiting order, in both directions."""
    from pullcord import orders
    from pullcord import procurement as room
    from pullcord import production as makers
    from pullcord.base import OrderId
    from pullcord.catalogue import Catalogue

    with read_house(folder, ledger) as (program, kept), kept.reader() as reader:
        catalogue = Catalogue(program)
        where = catalogue.plant(plant or program.plants[0].plant_id).plant_id
        today = _local(clock_at(at), program).date()
        builds = [
            room.Build(waiting.planned_week or waiting.due_week, waiting.build_order_id, waiting.variant_id)
            for waiting in makers.waiting_orders(reader, where)
        ]
        pegging = room.peg_orders(reader, where, builds, catalogue.usage, today)
        if order is not None:
            pegs = pegging.sources_of(orders.build_order_id(OrderId(order)))
        else:
            pegs = pegging.orders_of(calloff) if calloff is not None else pegging.all()
        rows = [
            {
                "order_id": orders.order_of_build(found.build_order_id),
                "source": found.source,
                "part_id": found.part_id,
                "quantity": found.quantity,
                "late": found.late,
            }
            for found in pegs
        ]
        show({"pegs": rows}, as_json, lambda console: _draw_rows(console, rows))


@logistics.command()
def arrive(
    folder: Folder,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Take the vehicles that were due by today off the road; each is handed over to its customer."""
    with open_house(folder, ledger, at) as house:
        answer = give(house, house.desk.arrive(_today(house), party=_party(party)))
        show({"arrived": answer.count}, as_json, lambda console: console.print(f"{answer.count:,} vehicles arrived"))


@finance.command()
def settle(
    folder: Folder,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Pay every party its share of the sales so far."""
    with open_house(folder, ledger, at) as house:
        answer = give(house, house.desk.settle(f"{_moment(house)}", party=_party(party)))
        show({"payments": answer.count}, as_json, lambda console: console.print(f"{answer.count:,} parties paid"))


@finance.command()
def bill(
    folder: Folder,
    order: Annotated[str, typer.Argument(help="The order, such as o-1.")],
    month: Annotated[int, typer.Option(min=1, help="1 for the first month after the handover.")],
    km: Annotated[int, typer.Option(min=0, help="What was driven in the month.")],
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Bill a customer's month: the fee of the plan, and each km beyond its cap. Exit status 1 where it cannot be."""
    with open_house(folder, ledger, at) as house:
        answer = give(house, house.desk.bill_month(order, month, km, party=_party(party)))
        said = {
            "order_id": answer.order_id,
            "month": answer.month,
            "amount": None if answer.amount is None else str(answer.amount.major),
            "refused": answer.refused,
        }
        told = f"month {month} of {order}: {answer.refused or answer.amount}"
        show(said, as_json, lambda console: console.print(told))
    if answer.refused:
        raise SystemExit(1)


@finance.command(name="statement")
def sale_statement(
    folder: Folder,
    order: Annotated[str, typer.Argument(help="The order, such as o-1.")],
    ledger: LedgerOption = None,
    at: AtOption = None,
    as_json: JsonFlag = False,
) -> None:
    """One sale, party by party: who gets what of all that its customer paid up to now."""
    from pullcord.catalogue import Catalogue
    from pullcord.desk import statement_of

    with read_house(folder, ledger) as (program, kept), kept.reader() as reader:
        found = statement_of(reader, Catalogue(program), order, clock_at(at).now())
    lines = [
        {"party": line.party_id, "heading": line.heading.value, "amount": str(line.amount.major)}
        for line in found.lines
    ]
    parts = {party: str(part.major) for party, part in found.parts}

    def draw(console: Console) -> None:
        _draw_rows(console, [*lines, *({"party": p, "heading": "in all", "amount": part} for p, part in parts.items())])
        console.print(f"paid by the customer: {found.paid}")

    show(
        {"paid": str(found.paid.major), "currency": found.paid.currency, "lines": lines, "parts": parts}, as_json, draw
    )


@finance.command(name="pay")
def pay_suppliers(
    folder: Folder,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Pay suppliers what they delivered long enough ago for it to be due."""
    with open_house(folder, ledger, at) as house:
        answer = give(house, house.desk.pay_suppliers(_today(house), party=_party(party)))
        show({"payments": answer.count}, as_json, lambda console: console.print(f"{answer.count:,} suppliers paid"))


@finance.command()
def balances(folder: Folder, ledger: LedgerOption = None, as_json: JsonFlag = False) -> None:
    """Every party's accounts, and the trial balance: zero, or the books are wrong."""
    from pullcord import finance as room

    with read_house(folder, ledger) as (_, kept), kept.reader() as reader:
        rows = [
            {"account": b.account, "kind": b.kind.value, "amount": str(b.amount.major), "currency": b.amount.currency}
            for b in room.balances(reader)
        ]
        difference = sum(trial.difference.minor for trial in room.trial_balance(reader))

        def draw(console: Console) -> None:
            _draw_rows(console, rows)
            console.print(f"trial balance: {difference}")

        show({"accounts": rows, "trial_balance_minor": difference}, as_json, draw)


def _draw_rows(console: Console, rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("nothing")
        return
    table = Table()
    for name in rows[0]:
        table.add_column(name.replace("_", " "), justify="right" if name in ("quantity", "amount") else "left")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


def _plant(house: App, plant: str | None) -> str:
    return plant or house.program.plants[0].plant_id


def _party(name: str | None) -> PartyId | None:
    return None if name is None else PartyId(name)


def _today(house: App) -> date:
    return _local(house.clock, house.program).date()


def _moment(house: App) -> str:
    """The present minute as a name: the same command given twice in a minute is one command."""
    return f"{_local(house.clock, house.program):%Y-%m-%dT%H.%M}"


def _local(clock: Clock, program: Program) -> datetime:
    """The wall clock where the program is sold."""
    return clock.now() + timedelta(hours=program.utc_offset_hours)
