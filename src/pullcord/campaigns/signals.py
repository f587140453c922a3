"""Signals weighted by what they cost: how many reached each rung on each day, counted and never by person.

What costs nothing (a look, a comparison, a configuration) is counted by the shop and told in sums; what costs something
(a reservation, a deposit, a lock, a hand-over) is counted from the orders themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord.base import InvalidInput, check_id, require_utc
from pullcord.demand import Rung
from pullcord.orders import OrderDeposited, OrderHandedOver, OrderLocked, OrderReserved
from pullcord.store import METADATA, Event, Fold, Projection, Rows, Table, Transaction, event, program_key

from .model import ANY

TOLD = ("view", "compare", "configure")
"""The rungs that the shop tells of; the dearer ones are in the ledger already."""


@dataclass(frozen=True, slots=True)
class SignalCount:
    """So many visits reached this rung with this variant, option and city before their eyes; `*` where it is open."""

    rung: str
    count: int
    variant_id: str = ANY
    option: str = ANY  # family=option, such as colour=white
    city_id: str = ANY

    def __post_init__(self) -> None:
        if self.rung not in TOLD:
            raise InvalidInput(
                f"`{self.rung}` is no signal that a shop counts",
                f"it is one of {', '.join(TOLD)}; orders tell the rest",
            )
        if self.count < 1:
            raise InvalidInput(f"a count of {self.count} of `{self.rung}`", "leave out what was not seen")


@event("signal.counted")
@dataclass(frozen=True, slots=True)
class SignalsCounted:
    """What the shop saw in an interval: sums, with nobody in them."""

    source: str  # which counter: a page or a server
    since: datetime
    until: datetime
    counts: tuple[SignalCount, ...]


class SignalDayRow(msgspec.Struct, frozen=True, gc=False):
    """How many reached a rung on a day."""

    day: date
    rung: str
    variant_id: str
    option: str
    city_id: str
    count: int


SIGNAL_DAY = Table(
    sa.Table(
        "signal_day",
        METADATA,
        program_key(),
        sa.Column("day", sa.Date, primary_key=True, comment="in UTC, of the beginning of what was counted"),
        sa.Column("rung", sa.String, primary_key=True),
        sa.Column("variant_id", sa.String, primary_key=True, comment="`*` where it is open"),
        sa.Column("option", sa.String, primary_key=True, comment="family=option, `*` where it is open"),
        sa.Column("city_id", sa.String, primary_key=True, comment="`*` where it is open"),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.CheckConstraint("count > 0", name="signal_day_count"),
        comment="Signals of each day by what they cost. Orders stand here in one sum: their own table has the rest.",
    ),
    SignalDayRow,
)


def count_signals(tx: Transaction, source: str, since: datetime, until: datetime, counts: Sequence[SignalCount]) -> int:
    """Note what was seen in an interval; how many signals it were."""
    check_id(source, "counter")
    if not require_utc(since) < require_utc(until) or until > tx.now:
        raise InvalidInput(
            f"signals cannot have been counted from {since.isoformat()} to {until.isoformat()}",
            "give an interval that is over, its beginning first",
        )
    if not counts:
        raise InvalidInput("there is nothing to count", "give at least one count")
    tx.emit(f"signals/{source}", SignalsCounted(source, since, until, tuple(counts)))
    return sum(count.count for count in counts)


def _add(rows: Rows, key: tuple[date, str, str, str, str], count: int) -> None:
    row = rows.get(SIGNAL_DAY, *key)
    rows.put(SIGNAL_DAY, SignalDayRow(*key, count if row is None else row.count + count))


def _counted(rows: Rows, event: Event[SignalsCounted]) -> None:
    day = event.body.since.date()
    for count in event.body.counts:
        _add(rows, (day, count.rung, count.variant_id, count.option, count.city_id), count.count)


def _of_orders(rung: Rung) -> Callable[[Rows, Event[Any]], None]:
    name = rung.name.lower()

    def fold(rows: Rows, event: Event[Any]) -> None:
        _add(rows, (event.recorded_at.date(), name, ANY, ANY, ANY), 1)

    return fold


_FOLDS: dict[type, Fold] = {
    SignalsCounted: _counted,
    OrderReserved: _of_orders(Rung.RESERVE),
    OrderDeposited: _of_orders(Rung.DEPOSIT),
    OrderLocked: _of_orders(Rung.LOCK),
    OrderHandedOver: _of_orders(Rung.REGISTRATION),
}

SIGNALS_PROJECTION = Projection("signals", (SIGNAL_DAY,), _FOLDS)
