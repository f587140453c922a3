"""`pullcord order`: what a customer can do, one command each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import Money, PartyId, check_id

from .console import JsonFlag, show, talk
from .house import AtOption, Folder, LedgerOption, PartyOption, give, open_house, read_house

if TYPE_CHECKING:
    from pullcord.orders import Outcome

app = typer.Typer(help="Orders: reserve, quote, deposit, lock, cancel, show.", no_args_is_help=True)


def _order_id(written: str) -> str:
    return check_id(written, "order")


OrderId = Annotated[str, typer.Argument(help="The order's id, chosen by the caller.", callback=_order_id)]
REFUSED_STATUS = 1


@app.command()
def reserve(
    folder: Folder,
    order_id: OrderId,
    variant: Annotated[str, typer.Option(help="See `pullcord product list`.")],
    plan: Annotated[str, typer.Option(help="A plan of the price card.")],
    city: Annotated[str, typer.Option(help="Where it is to be handed over.")],
    person: Annotated[str | None, typer.Option(help="The customer's pseudonym; default p-ORDER.")] = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Note a wish. It costs nothing and promises nothing."""
    with open_house(folder, ledger, at) as house:
        command = house.desk.reserve(order_id, person or f"p-{order_id}", variant, plan, city, party=_party(party))
        _answer(give(house, command), as_json)


@app.command()
def quote(
    folder: Folder,
    order_id: OrderId,
    attempt: Annotated[int, typer.Option(min=1, help="Ask anew: the same attempt has the same answer.")] = 1,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show the earliest date the chain can keep, and hold its build slot."""
    with open_house(folder, ledger, at) as house:
        _answer(give(house, house.desk.quote(order_id, attempt=attempt, party=_party(party))), as_json)


@app.command()
def deposit(
    folder: Folder,
    order_id: OrderId,
    amount: Annotated[str | None, typer.Option(help="In major units; default what the program asks.")] = None,
    attempt: Annotated[int, typer.Option(min=1, help="Try anew: the same attempt has the same answer.")] = 1,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Pay the deposit against the date shown. Without a date no money is taken."""
    with open_house(folder, ledger, at) as house:
        paid = None if amount is None else Money.of(amount, house.program.currency)
        _answer(give(house, house.desk.deposit(order_id, paid, attempt=attempt, party=_party(party))), as_json)


@app.command()
def lock(
    folder: Folder,
    order_id: OrderId,
    attempt: Annotated[int, typer.Option(min=1, help="Try anew: the same attempt has the same answer.")] = 1,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the order firm."""
    with open_house(folder, ledger, at) as house:
        _answer(give(house, house.desk.lock(order_id, attempt=attempt, party=_party(party))), as_json)


@app.command()
def cancel(
    folder: Folder,
    order_id: OrderId,
    reason: Annotated[str, typer.Option(help="Why.")] = "changed their mind",
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """End the order before its vehicle is built."""
    with open_house(folder, ledger, at) as house:
        _answer(give(house, house.desk.cancel(order_id, reason, party=_party(party))), as_json)


@app.command()
def sweep(
    folder: Folder,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Take back the quotes whose time is over, and lock the orders whose deposits can no longer be withdrawn."""
    with open_house(folder, ledger, at) as house:
        moment = f"{house.clock.now():%Y-%m-%dT%H.%M.%S}"
        lapsed = give(house, house.desk.lapse_due(moment, party=_party(party))).count
        locked = give(house, house.desk.lock_due(moment, party=_party(party))).count
        told = f"{lapsed:,} quotes lapsed, {locked:,} orders locked"
        show({"lapsed": lapsed, "locked": locked}, as_json, lambda console: console.print(told))


@app.command(name="show")
def show_order(folder: Folder, order_id: OrderId, ledger: LedgerOption = None, as_json: JsonFlag = False) -> None:
    """An order as it stands, and everything that happened to it."""
    from pullcord import orders
    from pullcord.base import OrderId as Id

    with read_house(folder, ledger) as (_, kept), kept.reader() as reader:
        row = orders.find_order(reader, Id(order_id))
        build = orders.build_order_id(row.order_id)
        streams = [f"order/{order_id}", f"promise/{order_id}", f"build/{build}"]
        if row.vehicle_id:
            streams.append(f"vehicle/{row.vehicle_id}")
        events = sorted(
            (event for stream in streams for event in kept.events(stream=stream)), key=lambda event: event.seq
        )
        told = [
            {
                "seq": event.seq,
                "at": event.recorded_at.isoformat(),
                "kind": event.kind,
                "party": event.party,
                "cause": event.cause,
            }
            for event in events
        ]
        show(msgspec.to_builtins(row) | {"events": told}, as_json, lambda console: _draw_order(console, row, told))


def _party(name: str | None) -> PartyId | None:
    return None if name is None else PartyId(name)


def _answer(outcome: Outcome, as_json: bool) -> None:
    """Print what became of a command; a refusal says why, and ends with exit status 1."""
    show(msgspec.to_builtins(outcome), as_json, lambda console: _draw(console, outcome))
    if outcome.refused:
        raise typer.Exit(REFUSED_STATUS)


def _draw(console: Console, outcome: Outcome) -> None:
    if outcome.refused:
        talk.print(f"refused: {outcome.refused}", markup=False, soft_wrap=True)
        return
    words = [f"order {outcome.order_id} is {outcome.state.value.replace('_', ' ')}"]
    if outcome.deliver_on:
        words.append(f"delivery on {outcome.deliver_on}")
    if outcome.terms:
        words.append(f"price {outcome.terms}")
    if outcome.refund:
        words.append(f"refund {outcome.refund}")
    if outcome.forfeit:
        words.append(f"the deposit of {outcome.forfeit} is not given back")
    console.print(", ".join(words), soft_wrap=True)
    if outcome.valid_until and outcome.state.value == "quoted":
        console.print(f"the date is held until {outcome.valid_until:%Y-%m-%d %H:%M} UTC", soft_wrap=True)


def _draw_order(console: Console, row: Any, told: list[dict[str, Any]]) -> None:
    state = row.state.value.replace("_", " ")
    console.print(f"order {row.order_id}: {state}, {row.variant_id}, {row.plan}, {row.city_id}")
    if row.deliver_on:
        console.print(f"promised {row.deliver_on}" + (f", delivered {row.delivered_on}" if row.delivered_on else ""))
    table = Table()
    for column in ("event", "at (UTC)", "what", "by", "because of"):
        table.add_column(column)
    for event in told:
        at = event["at"][:16].replace("T", " ")
        table.add_row(str(event["seq"]), at, event["kind"], event["party"], str(event["cause"] or ""))
    console.print(table)
