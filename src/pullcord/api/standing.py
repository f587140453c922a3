"""What a party is beyond its role: as whom it supplies, and whose order is its own."""

from __future__ import annotations

from functools import cache

from pullcord import orders
from pullcord.alliance import Standing
from pullcord.app import App
from pullcord.base import OrderId, PartyId, VehicleId


def standing_of(app: App, party: PartyId) -> Standing:
    """What sight rests on besides the role. A customer's orders are looked up when a question hangs on them."""

    @cache
    def owns_order(order_id: str) -> bool:
        with app.ledger.reader() as reader:
            row = reader.get(orders.ORDER, OrderId(order_id))
        return row is not None and str(row.person_id) == party

    @cache
    def owns_vehicle(vehicle_id: str) -> bool:
        with app.ledger.reader() as reader:
            link = reader.get(orders.VEHICLE_ORDER, VehicleId(vehicle_id))
        return link is not None and owns_order(link.order_id)

    supplies_as = frozenset(s.supplier_id for s in app.desk.house.suppliers.values() if s.party_id == party)
    return Standing(supplies_as, owns_order=owns_order, owns_vehicle=owns_vehicle)
