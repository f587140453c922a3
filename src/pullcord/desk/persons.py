"""What the ledger tells of one person, by pseudonym: for their own eyes, and to know what is still open."""

from __future__ import annotations

from typing import Any

import msgspec

from pullcord import campaigns, finance, orders, promising
from pullcord.base import OrderId, PersonId
from pullcord.campaigns import PlaceState
from pullcord.orders import OrderRow, State
from pullcord.store import LedgerReader, Reader

_CLOSED = (State.HANDED_OVER, State.CANCELLED)
_WAITING = (PlaceState.QUEUED, PlaceState.OFFERED)


def orders_of(reader: Reader, person_id: PersonId) -> list[OrderRow]:
    """A person's orders, oldest first."""
    table = orders.ORDER.sql
    return reader.select(orders.ORDER, table.c.person_id == person_id, order_by=(table.c.reserved_at, table.c.order_id))


def open_orders(reader: Reader, person_id: PersonId) -> list[OrderId]:
    """The orders of a person that are neither handed over nor cancelled, and those that wait in a campaign's queue.

    While there is one, somebody must be there to be told of it and to be handed the car.
    """
    found = [row.order_id for row in orders_of(reader, person_id) if row.state not in _CLOSED]
    waiting = [OrderId(place["order_id"]) for place in _places(reader, person_id) if place["state"] in _WAITING]
    return found + [order_id for order_id in waiting if order_id not in found]


def person_record(ledger: LedgerReader, person_id: PersonId) -> dict[str, Any]:
    """All that the ledger holds about a person, as plain data: orders, dates promised, money moved, and every event.

    Names and addresses are not in the ledger; `accounts.export` gives them.
    """
    with ledger.reader() as reader:
        rows = orders_of(reader, person_id)
        promises = [promising.find_promise(reader, row.order_id) for row in rows]
        places = _places(reader, person_id)
    told = []
    payments: list[dict[str, Any]] = []
    for order_id in dict.fromkeys([row.order_id for row in rows] + [place["order_id"] for place in places]):
        streams = [f"queue/{order_id}", f"order/{order_id}", f"promise/{order_id}"]
        streams += [f"notice/{order_id}", f"bill/{order_id}"]
        streams.append(f"build/{orders.build_order_id(OrderId(order_id))}")
        events = [event for stream in streams for event in ledger.events(stream=stream)]
        told += [
            {
                "seq": event.seq,
                "at": event.recorded_at.isoformat(),
                "kind": event.kind,
                "by": event.party,
                "body": msgspec.to_builtins(event.body),
            }
            for event in sorted(events, key=lambda event: event.seq)
        ]
        with ledger.reader() as reader:
            payments += [
                payment
                for event in events
                if (payment := _payment(reader, f"t-{event.seq}", order_id, event.recorded_at.isoformat())) is not None
            ]
    return {
        "person_id": person_id,
        "orders": [msgspec.to_builtins(row) for row in rows],
        "promises": [msgspec.to_builtins(promise) for promise in promises if promise is not None],
        "places": places,
        "payments": payments,
        "events": told,
    }


def _payment(reader: Reader, transfer_id: str, order_id: str, at: str) -> dict[str, Any] | None:
    """What an event of an order moved between the person and the seller; above 0 where the person paid."""
    kept = reader.get(finance.TRANSFER, transfer_id)
    if kept is None:
        return None
    lines = [reader.get(finance.POSTING, transfer_id, line) for line in range(kept.line_count)]
    paid_minor = sum(line.minor for line in lines if line is not None and line.account.endswith("/cash"))
    return {
        "transfer_id": transfer_id,
        "order_id": order_id,
        "at": at,
        "memo": kept.memo,
        "paid_minor": paid_minor,
        "currency": kept.currency,
    }


def _places(reader: Reader, person_id: PersonId) -> list[dict[str, Any]]:
    """The places a person has, or waits for, in campaigns."""
    found = [
        reader.get(campaigns.PLACE, campaign.campaign_id, person_id) for campaign in reader.select(campaigns.CAMPAIGN)
    ]
    return [msgspec.to_builtins(place) for place in found if place is not None]
