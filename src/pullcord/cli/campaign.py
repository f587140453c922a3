"""`pullcord campaign`: open one, reserve in it, see how it stands, close it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import LONGEST_NAMED_ID, PartyId, check_id

from .console import JsonFlag, show, talk
from .house import AtOption, Folder, LedgerOption, PartyOption, clock_at, give, open_house, read_house

if TYPE_CHECKING:
    from pullcord.campaigns import Place, RungShare, Standing

app = typer.Typer(help="Campaigns: open, reserve, accept, leave, sweep, show, close.", no_args_is_help=True)

REFUSED_STATUS = 1


def _order_id(written: str) -> str:
    return check_id(written, "order", longest=LONGEST_NAMED_ID)


CampaignId = Annotated[str, typer.Argument(help="A campaign of campaigns.csv.")]
OrderId = Annotated[str, typer.Argument(help="The order's id, chosen by the caller.", callback=_order_id)]
PersonOption = Annotated[str | None, typer.Option("--person", help="The customer's pseudonym; default p-ORDER.")]
AttemptOption = Annotated[int, typer.Option("--attempt", min=1, help="Try anew: the same attempt has the same answer.")]


@app.command(name="open")
def open_campaign(
    folder: Folder,
    campaign: CampaignId,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a campaign known; from then on its terms are frozen."""
    with open_house(folder, ledger, at) as house:
        give(house, house.desk.open_campaign(campaign, party=_party(party)))
        terms = house.desk.campaign_terms(campaign)
        told = f"{terms.name} takes reservations from {_time(terms.opens_at)} to {_time(terms.closes_at)}"
        show(msgspec.to_builtins(terms), as_json, lambda console: console.print(told, soft_wrap=True))


@app.command()
def reserve(
    folder: Folder,
    campaign: CampaignId,
    order_id: OrderId,
    variant: Annotated[str, typer.Option(help="See `pullcord product list`.")],
    plan: Annotated[str, typer.Option(help="A plan of the price card.")],
    city: Annotated[str, typer.Option(help="Where it is to be handed over.")],
    person: PersonOption = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Take a place, or a position in the queue when the places are gone."""
    with open_house(folder, ledger, at) as house:
        command = house.desk.reserve_in_campaign(
            order_id, person or f"p-{order_id}", variant, plan, city, campaign, party=_party(party)
        )
        _answer(give(house, command), as_json)


@app.command()
def accept(
    folder: Folder,
    campaign: CampaignId,
    order_id: OrderId,
    person: PersonOption = None,
    attempt: AttemptOption = 1,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Take the place that came back and is held for the order."""
    with open_house(folder, ledger, at) as house:
        command = house.desk.accept_offer(
            order_id, person or f"p-{order_id}", campaign, attempt=attempt, party=_party(party)
        )
        _answer(give(house, command), as_json)


@app.command()
def leave(
    folder: Folder,
    campaign: CampaignId,
    order_id: OrderId,
    person: PersonOption = None,
    attempt: AttemptOption = 1,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Wait no longer; a place that is held goes to the next."""
    with open_house(folder, ledger, at) as house:
        command = house.desk.leave_queue(
            order_id, person or f"p-{order_id}", campaign, attempt=attempt, party=_party(party)
        )
        _answer(give(house, command), as_json)


@app.command()
def sweep(
    folder: Folder,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Take back the places that were held too long, and offer them to the next in the queue."""
    from pullcord.campaigns import SWEPT_AT_ONCE

    with open_house(folder, ledger, at) as house:
        moment = f"{house.clock.now():%Y-%m-%dT%H.%M.%S}"
        lapsed = part = 0
        while True:
            found = give(house, house.desk.lapse_offers(f"{moment}-{part}", party=_party(party))).count
            lapsed, part = lapsed + found, part + 1
            if found < SWEPT_AT_ONCE:
                break
        show({"lapsed": lapsed}, as_json, lambda console: console.print(f"{lapsed:,} places taken back"))


@app.command()
def close(
    folder: Folder,
    campaign: CampaignId,
    reason: Annotated[str, typer.Option(help="Why.")] = "the time is over",
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Let nobody new in, and pass no place on. Who has a place keeps it."""
    with open_house(folder, ledger, at) as house:
        waiting = give(house, house.desk.close_campaign(campaign, reason, party=_party(party))).count
        told = f"{campaign} is closed; {waiting:,} waited in vain"
        show({"campaign_id": campaign, "waiting": waiting}, as_json, lambda console: console.print(told))


@app.command(name="show")
def show_campaign(
    folder: Folder, campaign: CampaignId, ledger: LedgerOption = None, at: AtOption = None, as_json: JsonFlag = False
) -> None:
    """Places left, the queue, the price ladder, and what each signal has been worth so far."""
    from pullcord import campaigns

    with read_house(folder, ledger) as (_, kept), kept.reader() as reader:
        standing = campaigns.standing(reader, campaign)
        curve = campaigns.conversion_curve(reader)
    now = clock_at(at).now()
    told = msgspec.to_builtins(standing) | {
        "open": standing.open_at(now),
        "conversion": msgspec.to_builtins(curve),
    }
    show(told, as_json, lambda console: _draw_standing(console, standing, curve, now))


def _party(name: str | None) -> PartyId | None:
    return None if name is None else PartyId(name)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _answer(place: Place, as_json: bool) -> None:
    """Print what became of asking for a place; a refusal says why, and ends with exit status 1."""
    show(msgspec.to_builtins(place), as_json, lambda console: _draw(console, place))
    if place.refused:
        raise typer.Exit(REFUSED_STATUS)


def _draw(console: Console, place: Place) -> None:
    if place.refused:
        talk.print(f"refused: {place.refused}", markup=False, soft_wrap=True)
        return
    words = [f"order {place.order_id} {_standing_in_words(place)}"]
    if place.price_off:
        words.append(f"{place.price_off} off the price")
    if place.deposit:
        words.append(f"the deposit is {place.deposit}")
    if place.held_until:
        words.append(f"held until {_time(place.held_until)}")
    console.print(", ".join(words), soft_wrap=True)


def _standing_in_words(place: Place) -> str:
    if place.state == "queued":
        return f"waits at position {place.position:,}, with {place.ahead or 0:,} before it"
    if place.state == "left":
        return "waits no longer"
    return f"has place {place.place_no:,}"


def _draw_standing(console: Console, standing: Standing, curve: tuple[RungShare, ...], now: datetime) -> None:
    state = "open" if standing.open_at(now) else "not open yet" if now < standing.opens_at else "over"
    console.print(f"{standing.name}, {standing.name_local}: {state}", soft_wrap=True)
    console.print(f"from {_time(standing.opens_at)} to {_time(standing.closes_at)}, deposit {standing.deposit}")
    console.print(
        f"{standing.given:,} places given out, {standing.held:,} held now,"
        f" {standing.waiting:,} waiting of at most {standing.queue_max:,}",
        soft_wrap=True,
    )
    places = _table("variant", "city", "places", "left", right=2)
    for quota in standing.quotas:
        places.add_row(quota.variant_id, quota.city_id, f"{quota.places:,}", f"{quota.remaining:,}")
    console.print(places)
    if standing.price_ladder:
        reached = sum(step.from_place <= standing.next_place for step in standing.price_ladder)
        ladder = _table("from place", "off the price", "", right=2)
        for number, step in enumerate(standing.price_ladder, start=1):
            ladder.add_row(f"{step.from_place:,}", str(step.price_off), "now" if number == reached else "")
        console.print(ladder)
    shares = _table("signal", "counted", "to the next", "95 % interval", right=3)
    for rung in curve:
        interval = "" if rung.low is None or rung.high is None else f"{rung.low:.1%} to {rung.high:.1%}"
        shares.add_row(rung.rung, f"{rung.count:,}", "" if rung.to_next is None else f"{rung.to_next:.1%}", interval)
    console.print(shares)


def _table(*titles: str, right: int) -> Table:
    table = Table()
    for i, title in enumerate(titles):
        table.add_column(title, justify="right" if 0 < len(titles) - i <= right and title else "left")
    return table
