"""What follows what, from the click to the road. Read this file first.

A capability emits an event; the table below says who reacts, in the same transaction. What a reaction emits has the
event it reacted to as its cause, so the ledger can be walked backwards from any part, payment or vehicle to the click
that asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from math import inf
from typing import Any

from pullcord import alliance, campaigns, finance, logistics, orders, procurement, production, promising
from pullcord.alliance import MonthBilled
from pullcord.base import Money, OrderId, PartId, monday_of
from pullcord.campaigns import CampaignOfferLapsed, CampaignQueueLeft
from pullcord.catalogue import Catalogue
from pullcord.logistics import LegArrived
from pullcord.orders import (
    DepositForfeited,
    DepositRefunded,
    OrderCancelled,
    OrderDeposited,
    OrderHandedOver,
    OrderLocked,
    State,
)
from pullcord.procurement import PartsReceived
from pullcord.production import SchedulePublished, VehicleBuilt
from pullcord.promising import PromiseInDoubt, PromiseMoved
from pullcord.store import Event, Reaction, Transaction


def take_deposit(house: Catalogue, tx: Transaction, event: Event[OrderDeposited]) -> None:
    """The seller holds the customer's money for the order."""
    if not event.body.amount.minor:
        return  # a campaign may ask for nothing but the customer's word
    finance.take_deposit(
        tx,
        transfer_id=f"t-{event.seq}",
        platform=house.seller.party_id,
        order_id=OrderId(event.body.order_id),
        amount=event.body.amount,
    )


def refund_deposit(house: Catalogue, tx: Transaction, event: Event[DepositRefunded]) -> None:
    """The customer's money goes back."""
    finance.refund_deposit(
        tx,
        transfer_id=f"t-{event.seq}",
        platform=house.seller.party_id,
        order_id=OrderId(event.body.order_id),
        amount=event.body.amount,
    )


def keep_forfeit(house: Catalogue, tx: Transaction, event: Event[DepositForfeited]) -> None:
    """The deposit of an order that ended too late is the seller's."""
    finance.forfeit_deposit(
        tx,
        transfer_id=f"t-{event.seq}",
        platform=house.seller.party_id,
        order_id=OrderId(event.body.order_id),
        amount=event.body.amount,
    )


def borrow_for_order(house: Catalogue, tx: Transaction, event: Event[OrderLocked]) -> None:
    """Where the alliance has a funder, it lends the seller what the customer will pay at the handover."""
    if house.contract.lender is None:
        return
    order = orders.find_order(tx, event.body.order_id)
    if order.price_minor is not None and order.currency is not None:
        left = Money(order.price_minor - order.deposit_minor, order.currency)
        alliance.lend_for_order(tx, house.contract, order.order_id, left)


def repay_at_handover(house: Catalogue, tx: Transaction, event: Event[OrderHandedOver]) -> None:
    """The customer has paid: the loan goes back, with its interest."""
    alliance.repay_for_order(tx, house.contract, event.body.order_id, house.program.currency)


def repay_at_end(house: Catalogue, tx: Transaction, event: Event[OrderCancelled]) -> None:
    """There will be no handover: the seller gives back what it borrowed."""
    alliance.repay_for_order(tx, house.contract, event.body.order_id, house.program.currency)


def share_month(house: Catalogue, tx: Transaction, event: Event[MonthBilled]) -> None:
    """The seller collects a month's fee and overage, and each party's share of it is owed."""
    body = event.body
    if body.bill.amount.minor:
        finance.collect_fee(
            tx,
            transfer_id=f"t-{event.seq}",
            seller=house.seller.party_id,
            order_id=body.order_id,
            month=body.month,
            amount=body.bill.amount,
            parts=house.contract.month_parts(body.plan, body.bill),
        )


def open_build_order(house: Catalogue, tx: Transaction, event: Event[OrderDeposited]) -> None:
    """A paid order takes its place in the plan; its week is far enough away for the order to lock before."""
    body = event.body
    production.open_build_order(
        tx, orders.build_order_id(body.order_id), body.variant_id, body.plant_id, body.week_start
    )


def cancel_build_order(house: Catalogue, tx: Transaction, event: Event[OrderCancelled]) -> None:
    """Nobody wants the vehicle any more."""
    if event.body.was in (State.DEPOSITED, State.LOCKED):
        production.cancel_build_order(tx, orders.build_order_id(event.body.order_id))


def pass_place_on(house: Catalogue, tx: Transaction, event: Event[OrderCancelled]) -> None:
    """A place that comes back to a campaign is offered to the first in its queue whom it fits."""
    campaign_id = orders.find_order(tx, event.body.order_id).campaign_id
    if campaign_id is not None:
        campaigns.pass_places_on(tx, campaign_id)


def pass_offer_on(house: Catalogue, tx: Transaction, event: Event[CampaignOfferLapsed]) -> None:
    """So is a place that nobody took in time."""
    campaigns.pass_places_on(tx, event.body.campaign_id)


def pass_left_place_on(house: Catalogue, tx: Transaction, event: Event[CampaignQueueLeft]) -> None:
    """And the place of somebody who no longer wants it."""
    campaigns.pass_places_on(tx, event.body.campaign_id)


def call_off_parts(house: Catalogue, tx: Transaction, event: Event[SchedulePublished]) -> None:
    """A plan becomes part requirements, and what is neither in stock nor on order is called off from suppliers."""
    body = event.body
    if not body.cells:
        return
    procurement.plan_parts(
        tx,
        body.run_id,
        body.plant_id,
        body.as_of,
        {(cell.variant_id, cell.week_start): cell.vehicles for cell in body.cells},
        house.usage,
        house.parts,
        release_days=house.program.policies.plan_every_days,
    )


def count_spare_parts(house: Catalogue, tx: Transaction, event: Event[SchedulePublished]) -> None:
    """From now on no week is promised beyond what its parts can carry."""
    body = event.body
    weeks = [week for week in house.capacity[body.plant_id] if week >= monday_of(body.as_of)]
    if not weeks:
        return
    slots = [tx.get(production.BUILD_SLOT, body.plant_id, week) for week in weeks]
    built, overdue = production.due_counts(tx, body.plant_id, weeks[0])
    waiting = [
        slot.capacity_vehicles - slot.free_vehicles - built.get(slot.week_start, 0) if slot else 0 for slot in slots
    ]
    waiting[0] += overdue
    supply = procurement.parts_supply(tx, body.plant_id, body.as_of, len(weeks), house.parts.values())
    spare = promising.spare_units(
        waiting,
        promising.units_that_parts_allow(house.common_parts, supply, len(weeks)),
        most=sum(house.capacity[body.plant_id].values()),
    )
    # What is there or on order; from the day that an order placed now is there, what a supplier can deliver besides.
    # Parts that every unit needs are ordered ahead, on the forecast: they may be counted on as the plan does.
    parts = house.parts.values()
    ahead = {part.part_id for part in parts if part.part_id in house.common_parts and part.supply_per_week is not None}

    def supplied(**terms: int | None) -> Mapping[PartId, tuple[float, ...]]:
        return procurement.parts_supply(
            tx,
            body.plant_id,
            body.as_of,
            len(weeks),
            [replace(part, **terms) for part in parts],  # type: ignore[arg-type]
        )

    sure, at_will = supplied(lead_time_days=7 * (len(weeks) + 1)), supplied(supply_per_week=None)
    allowances = promising.part_allowances(
        tx,
        body.plant_id,
        weeks[0],
        house.usage,
        {part_id: supply[part_id] if part_id in ahead else sure[part_id] for part_id in house.parts},
        {
            part_id: weeks[at_will[part_id].index(inf)]
            for part_id in house.parts
            if inf in at_will[part_id] and part_id not in ahead
        },
        {part.part_id: part.supply_per_week for part in parts if part.part_id not in ahead},
    )
    promising.count_spare_parts(tx, body.plant_id, body.run_id, list(zip(weeks, spare, strict=True)), allowances)


def recheck_promises(house: Catalogue, tx: Transaction, event: Event[SchedulePublished]) -> None:
    """Whoever can no longer be served in the agreed week gets another, before it is late."""
    broken = promising.broken_promises(
        tx, house.needs, house.first_promised_week(tx.now), partial(orders.still_to_build, tx)
    )
    promising.move_promises(tx, house.needs, broken)


def move_build_order(house: Catalogue, tx: Transaction, event: Event[PromiseMoved]) -> None:
    """The plant hears of the new week."""
    production.move_build_order(tx, orders.build_order_id(event.body.order_id), event.body.week_start)


def tell_new_date(house: Catalogue, tx: Transaction, event: Event[PromiseMoved]) -> None:
    """The customer hears of the new date, and that they may go."""
    promising.tell_moved(tx, event.body, event.seq)


def tell_doubt(house: Catalogue, tx: Transaction, event: Event[PromiseInDoubt]) -> None:
    """The customer hears that there is no date, and that they may go."""
    promising.tell_in_doubt(tx, event.body, event.seq)


def book_supplier_invoice(house: Catalogue, tx: Transaction, event: Event[PartsReceived]) -> None:
    """What a supplier delivered is now owed; consigned parts cost nothing until the sale is settled."""
    body = event.body
    if not body.amount.minor:
        return
    finance.supplier_invoice(
        tx,
        transfer_id=f"t-{event.seq}",
        buyer=house.carmaker.party_id,
        supplier=house.suppliers[body.supplier_id].party_id,
        amount=body.amount,
        about=body.calloff_id,
    )


def ship_from_plant(house: Catalogue, tx: Transaction, event: Event[VehicleBuilt]) -> None:
    """A vehicle that a customer waits for leaves for the customer's city."""
    body = event.body
    link = tx.get(orders.VEHICLE_ORDER, body.vehicle_id)
    if link is None:
        return
    order = orders.find_order(tx, link.order_id)
    plant_city = house.city(house.plants[body.plant_id].city_id)
    city = house.city(order.city_id)
    days = logistics.transit_days(house.program.transit_rule, plant_city, city)
    logistics.ship(
        tx, body.vehicle_id, plant_city, city, body.built_on + timedelta(days=days), rule=house.program.transit_rule
    )


def hand_over(house: Catalogue, tx: Transaction, event: Event[LegArrived]) -> None:
    """The vehicle has come to its city: its customer gets it."""
    orders.hand_over(tx, event.body.vehicle_id, event.body.arrived_on)


def recognise_sale(house: Catalogue, tx: Transaction, event: Event[OrderHandedOver]) -> None:
    """The sale counts when the vehicle is handed over, and each party's share of it is owed."""
    body = event.body
    order = orders.find_order(tx, body.order_id)
    card = house.price(order.variant_id, body.plan).price
    # Below the card's price only a campaign sells; who bears that, the contract says.
    discounted = order.campaign_id is not None and body.price < card
    finance.recognise_sale(
        tx,
        transfer_id=f"t-{event.seq}",
        platform=house.seller.party_id,
        order_id=body.order_id,
        price=body.price,
        deposit=body.deposit,
        parts=house.contract.price_parts(body.plan, card, card - body.price)
        if discounted
        else house.contract.price_parts(body.plan, body.price),
    )


REACTIONS: Mapping[type, tuple[Callable[[Catalogue, Transaction, Event[Any]], None], ...]] = {
    OrderDeposited: (take_deposit, open_build_order),
    OrderLocked: (borrow_for_order,),
    DepositRefunded: (refund_deposit,),
    DepositForfeited: (keep_forfeit,),
    OrderCancelled: (cancel_build_order, repay_at_end, pass_place_on),
    CampaignOfferLapsed: (pass_offer_on,),
    CampaignQueueLeft: (pass_left_place_on,),
    SchedulePublished: (call_off_parts, count_spare_parts, recheck_promises),
    PromiseMoved: (move_build_order, tell_new_date),
    PromiseInDoubt: (tell_doubt,),
    PartsReceived: (book_supplier_invoice,),
    VehicleBuilt: (ship_from_plant,),
    LegArrived: (hand_over,),
    MonthBilled: (share_month,),
    OrderHandedOver: (recognise_sale, repay_at_handover),
}


def reactions(house: Catalogue) -> dict[type, tuple[Reaction, ...]]:
    """The table of reactions, with the program's reference data at hand."""
    return {kind: tuple(partial(reaction, house) for reaction in table) for kind, table in REACTIONS.items()}
