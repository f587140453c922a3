"""What every party got of one sale, from what the ledger says of its order."""

from __future__ import annotations

from datetime import datetime

from pullcord import alliance, orders
from pullcord.alliance import Sale, SaleStatement
from pullcord.base import Money, OrderId
from pullcord.catalogue import Catalogue
from pullcord.orders import State
from pullcord.store import Reader


def statement_of(reader: Reader, house: Catalogue, order_id: str, now: datetime) -> SaleStatement:
    """What every party got of one order up to now, to the minor unit. Raises NotFound where there is none.

    A sale counts from the handover; until then, and of an order that ended before, nobody keeps anything but a deposit
    that was forfeited.
    """
    order = orders.find_order(reader, OrderId(order_id))
    currency = order.currency or house.program.currency
    price, discount, forfeit = Money(0, currency), None, None
    if order.state is State.HANDED_OVER and order.price_minor is not None:
        price, paid = house.price(order.variant_id, order.plan).price, Money(order.price_minor, currency)
        if order.campaign_id is not None and paid < price:
            discount = price - paid
        else:
            price = paid
    elif order.state is State.CANCELLED:
        forfeit = Money(order.deposit_minor - order.refunded_minor, currency)
    sale = Sale(
        order.plan,
        price,
        discount,
        alliance.months_billed(reader, order.order_id),
        forfeit,
        alliance.loan_of(reader, house.contract, order.order_id, currency, now),
    )
    return house.contract.statement(sale)
