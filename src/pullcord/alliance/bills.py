"""Months of a plan with a monthly fee: what each was billed with, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pullcord.base import Money, OrderId
from pullcord.store import METADATA, Event, Reader, Rows, Table, Transaction, UtcDateTime, event, program_key

from .settlement import MonthBill


@event("month.billed")
@dataclass(frozen=True, slots=True)
class MonthBilled:
    """A customer paid a month of the plan, and the km beyond its cap."""

    order_id: OrderId
    plan: str
    month: int  # 1 is the first after the handover
    km: int  # driven in the month
    fee: Money
    km_over_cap: int
    per_km: Money

    @property
    def bill(self) -> MonthBill:
        return MonthBill(self.fee, self.km_over_cap, self.per_km)


@dataclass(frozen=True, slots=True)
class MonthBillRow:
    """One month of one order. Rows are only ever added."""

    order_id: OrderId
    month: int
    km: int
    fee_minor: int
    km_over_cap: int
    per_km_minor: int
    currency: str
    billed_at: datetime

    @property
    def bill(self) -> MonthBill:
        return MonthBill(
            Money(self.fee_minor, self.currency), self.km_over_cap, Money(self.per_km_minor, self.currency)
        )


MONTH_BILL = Table(
    sa.Table(
        "month_bill",
        METADATA,
        program_key(),
        sa.Column("order_id", sa.String, primary_key=True),
        sa.Column("month", sa.Integer, sa.CheckConstraint("month >= 1"), primary_key=True, autoincrement=False),
        sa.Column("km", sa.Integer, sa.CheckConstraint("km >= 0"), nullable=False),
        sa.Column("fee_minor", sa.BigInteger, sa.CheckConstraint("fee_minor >= 0"), nullable=False),
        sa.Column("km_over_cap", sa.Integer, sa.CheckConstraint("km_over_cap >= 0"), nullable=False),
        sa.Column("per_km_minor", sa.BigInteger, sa.CheckConstraint("per_km_minor >= 0"), nullable=False),
        sa.Column("currency", sa.String, sa.CheckConstraint("length(currency) = 3"), nullable=False),
        sa.Column("billed_at", UtcDateTime, nullable=False),
    ),
    MonthBillRow,
)


def bill_month(tx: Transaction, order_id: OrderId, plan: str, month: int, km: int, bill: MonthBill) -> str | None:
    """Bill the next month of an order; otherwise why it cannot be billed.

    A month that was billed with the same km is not billed again, and that is no refusal.
    """
    kept = tx.get(MONTH_BILL, order_id, month)
    if kept is not None:
        return None if kept.km == km else f"month {month} was billed with {kept.km} km"
    billed = tx.version(_stream(order_id))
    if month != billed + 1:
        return f"month {billed + 1} comes before month {month}"
    tx.emit(
        _stream(order_id),
        MonthBilled(order_id, plan, month, km, bill.fee, bill.km_over_cap, bill.per_km),
        expected_version=billed,
    )
    return None


def months_billed(reader: Reader, order_id: OrderId) -> tuple[MonthBill, ...]:
    """Every month that an order was billed with, from the first."""
    return tuple(row.bill for row in reader.select(MONTH_BILL, MONTH_BILL.sql.c.order_id == order_id))


def _stream(order_id: OrderId) -> str:
    return f"bill/{order_id}"


def month_billed(rows: Rows, event: Event[MonthBilled]) -> None:
    """The fold: one row for each bill."""
    body = event.body
    rows.put(
        MONTH_BILL,
        MonthBillRow(
            body.order_id,
            body.month,
            body.km,
            body.fee.minor,
            body.km_over_cap,
            body.per_km.minor,
            body.fee.currency,
            event.recorded_at,
        ),
    )
