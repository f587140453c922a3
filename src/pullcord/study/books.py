"""Money and parts after the launch: who got what, and which call-off went into whose vehicle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pullcord import alliance, finance, procurement
from pullcord.alliance import SettlementShare
from pullcord.base import BuildOrderId, PartId
from pullcord.catalogue import Catalogue
from pullcord.finance import Transferred
from pullcord.orders import order_of_build
from pullcord.procurement import Build, CallOffLineRow, Lot
from pullcord.production import BUILD_ORDER, BuildState
from pullcord.store import Event, Reader


def finance_section(house: Catalogue, reader: Reader, transfers: Iterable[Event[Transferred]]) -> dict[str, Any]:
    """Cash in and out of every party, the trial balance (zero, or the books are wrong), and how a price is shared."""
    received: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for event in transfers:
        for line in event.body.lines:
            party, _, account = line.account.partition("/")
            if account == "cash":
                (received if line.minor > 0 else paid)[party] += abs(line.minor)
    program = house.program
    return {
        "trial_balance_minor": sum(balance.difference.minor for balance in finance.trial_balance(reader)),
        "parties": [
            {
                "party_id": party.party_id,
                "name": party.name,
                "role": party.role.value,
                "received_minor": received[party.party_id],
                "paid_minor": paid[party.party_id],
            }
            for party in program.parties
        ],
        "sale_split": [_split(house, plan) for plan in program.plans],
    }


def _split(house: Catalogue, plan: str) -> dict[str, Any]:
    price = next(row.price for row in house.program.prices if row.plan == plan)
    shares: Sequence[SettlementShare] = [share for share in house.program.settlement if share.plan == plan]
    return {
        "plan": plan,
        "price_minor": price.minor,
        "shares": [
            {"party_id": party_id, "name": house.parties[party_id].name, "amount_minor": amount.minor}
            for party_id, amount in alliance.split_sale(price, shares)
        ],
    }


def parts_value(house: Catalogue, reader: Reader) -> dict[str, int]:
    """What the parts of the run were worth, in minor units: on the first day, used, left over, still to come.

    Parts are called off on a forecast before anybody has ordered: what is left over is what that forecast cost.
    """
    unit_cost = {part_id: part.unit_cost.minor for part_id, part in house.parts.items()}
    stock = reader.select(procurement.PART_STOCK)
    opening = sum(
        unit_cost[PartId(part)] * pieces for part, pieces in house.program.opening_stock.items() for _ in house.plants
    )
    left = sum(unit_cost[row.part_id] * row.on_hand for row in stock)
    lines = procurement.CALL_OFF_LINE.sql.c
    received = sum(
        row.quantity * row.unit_cost_minor
        for row in reader.select(procurement.CALL_OFF_LINE, lines.received_on.is_not(None))
    )
    return {
        "opening_stock_minor": opening,
        "received_minor": received,
        "used_minor": opening + received - left,
        "left_over_minor": left,
        "on_order_minor": sum(unit_cost[row.part_id] * row.on_order for row in stock),
    }


@dataclass(frozen=True, slots=True)
class Pegged:
    """Where the parts of the run went: the value that went from call-offs into vehicles, and one call-off in detail."""

    value_minor: int
    example: dict[str, Any] | None


def pegged(house: Catalogue, reader: Reader) -> Pegged:
    """Every call-off matched to the vehicles built, parts used first in, first out.

    The example is the dearest line that served anybody, with the orders whose vehicles its parts went into.
    """
    opening = [
        Lot(date.min, "stock", PartId(part), pieces) for part, pieces in house.program.opening_stock.items() if pieces
    ]
    lines = procurement.CALL_OFF_LINE.sql.c
    received = reader.select(procurement.CALL_OFF_LINE, lines.received_on.is_not(None))
    lots = [Lot(row.received_on, row.calloff_id, row.part_id, row.quantity) for row in received if row.received_on]
    built = reader.select(BUILD_ORDER, BUILD_ORDER.sql.c.state == BuildState.BUILT.value)
    builds = [Build(row.built_on, row.build_order_id, row.variant_id) for row in built if row.built_on]
    if not lots or not builds:
        return Pegged(0, None)
    pegging = procurement.peg([*opening, *lots], builds, house.usage)
    value, example = 0, None
    for row in sorted(received, key=lambda row: (-row.unit_cost_minor * row.quantity, row.calloff_id, row.line)):
        served: dict[BuildOrderId, int] = {}
        for peg in pegging.orders_of(row.calloff_id):
            if peg.part_id == row.part_id:
                served[peg.build_order_id] = served.get(peg.build_order_id, 0) + peg.quantity
        value += row.unit_cost_minor * min(row.quantity, sum(served.values()))
        if served and example is None:
            example = _example(house, row, served)
    return Pegged(value, example)


def _example(house: Catalogue, row: CallOffLineRow, served: Mapping[BuildOrderId, int]) -> dict[str, Any]:
    return {
        "calloff_id": row.calloff_id,
        "supplier": house.suppliers[row.supplier_id].name,
        "part": house.parts[row.part_id].name,
        "quantity": row.quantity,
        "due_on": row.due_on.isoformat(),
        "orders": [
            {"order_id": order_of_build(build_order), "quantity": pieces}
            for build_order, pieces in sorted(served.items())[:12]
        ],
        "orders_in_all": len(served),
    }
