"""A small program for the ledger's tests: weeks with build slots, holders who take them, parts called in reaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from pullcord.base import CommandId, FixedClock, Money, PartyId, ProgramId
from pullcord.store import (
    METADATA,
    Command,
    Event,
    Json,
    Ledger,
    Projection,
    Reaction,
    Rows,
    Table,
    Transaction,
    UtcDateTime,
    event,
    program_key,
)

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
MAKER = PartyId("maker")
TRIAL = ProgramId("trial")


@event("trial_slot.opened")
@dataclass(frozen=True, slots=True)
class SlotsOpened:
    week: str
    vehicles: int


@event("trial_slot.taken")
@dataclass(frozen=True, slots=True)
class SlotTaken:
    week: str
    holder: str
    build_on: date
    price: Money
    chance: float
    options: tuple[str, ...] = ()


@event("trial_slot.released")
@dataclass(frozen=True, slots=True)
class SlotReleased:
    week: str
    holder: str


@event("trial_part.called")
@dataclass(frozen=True, slots=True)
class PartCalled:
    holder: str
    part: str


@event("trial_part.confirmed")
@dataclass(frozen=True, slots=True)
class PartConfirmed:
    part: str


@dataclass(frozen=True, slots=True)
class Week:
    week: str
    free: int


@dataclass(frozen=True, slots=True)
class Holding:
    week: str
    holder: str
    build_on: date
    price_minor: int
    chance: float
    options: Any
    taken_at: datetime
    firm: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class PartCount:
    part: str
    called: int
    confirmed: int


WEEK = Table(
    sa.Table(
        "trial_week",
        METADATA,
        program_key(),
        sa.Column("week", sa.String, primary_key=True),
        sa.Column("free", sa.Integer, nullable=False),
        sa.CheckConstraint("free >= 0", name="ck_trial_week_free"),
    ),
    Week,
)
HOLDING = Table(
    sa.Table(
        "trial_holding",
        METADATA,
        program_key(),
        sa.Column("week", sa.String, primary_key=True),
        sa.Column("holder", sa.String, primary_key=True),
        sa.Column("build_on", sa.Date, nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("chance", sa.Double, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("taken_at", UtcDateTime, nullable=False),
        sa.Column("firm", sa.Boolean, nullable=False),
        sa.Column("note", sa.String),
        sa.ForeignKeyConstraint(["program_id", "week"], ["trial_week.program_id", "trial_week.week"]),
    ),
    Holding,
)
PART = Table(
    sa.Table(
        "trial_part",
        METADATA,
        program_key(),
        sa.Column("part", sa.String, primary_key=True),
        sa.Column("called", sa.Integer, nullable=False),
        sa.Column("confirmed", sa.Integer, nullable=False),
    ),
    PartCount,
)


def add_slots(rows: Rows, event: Event[SlotsOpened]) -> None:
    body = event.body
    week = rows.get(WEEK, body.week)
    rows.put(WEEK, Week(body.week, body.vehicles + (week.free if week else 0)))


def take_slot(rows: Rows, event: Event[SlotTaken]) -> None:
    body = event.body
    week = rows.get(WEEK, body.week)
    assert week is not None
    rows.put(WEEK, Week(body.week, week.free - 1))
    rows.put(
        HOLDING,
        Holding(
            body.week,
            body.holder,
            body.build_on,
            body.price.minor,
            body.chance,
            list(body.options),
            event.recorded_at,
            body.chance > 0.5,
            None if body.options else "plain",
        ),
    )


def give_slot_back(rows: Rows, event: Event[SlotReleased]) -> None:
    week = rows.get(WEEK, event.body.week)
    assert week is not None
    rows.put(WEEK, Week(event.body.week, week.free + 1))
    rows.delete(HOLDING, event.body.week, event.body.holder)


def count_call(rows: Rows, event: Event[PartCalled]) -> None:
    part = rows.get(PART, event.body.part) or PartCount(event.body.part, 0, 0)
    rows.put(PART, PartCount(part.part, part.called + 1, part.confirmed))


def count_confirmation(rows: Rows, event: Event[PartConfirmed]) -> None:
    part = rows.get(PART, event.body.part) or PartCount(event.body.part, 0, 0)
    rows.put(PART, PartCount(part.part, part.called, part.confirmed + 1))


SLOTS = Projection(
    "trial_slots", (WEEK, HOLDING), {SlotsOpened: add_slots, SlotTaken: take_slot, SlotReleased: give_slot_back}
)
PARTS = Projection("trial_parts", (PART,), {PartCalled: count_call, PartConfirmed: count_confirmation})
PROJECTIONS = (SLOTS, PARTS)


def call_part(tx: Transaction, event: Event[SlotTaken]) -> None:
    for option in event.body.options:
        tx.emit(f"part/{option}", PartCalled(event.body.holder, option))


def confirm_part(tx: Transaction, event: Event[PartCalled]) -> None:
    tx.emit(f"part/{event.body.part}", PartConfirmed(event.body.part))


REACTIONS: dict[type, tuple[Reaction, ...]] = {SlotTaken: (call_part,), PartCalled: (confirm_part,)}


@dataclass(frozen=True, slots=True)
class Taken:
    week: str
    free: int


@dataclass(frozen=True, slots=True)
class Full:
    why: str


def open_week(week: str, vehicles: int, command_id: str = "") -> Command[None]:
    def decide(tx: Transaction) -> None:
        tx.emit(f"week/{week}", SlotsOpened(week, vehicles))

    name = CommandId(command_id or f"open-{week}")
    return Command(name, MAKER, "trial.open", {"week": week, "vehicles": vehicles}, decide, None)


def take(
    week: str,
    holder: str,
    *,
    command_id: str = "",
    chance: float = 0.25,
    options: tuple[str, ...] = (),
) -> Command[Taken | Full]:
    """Take a slot, or be refused: the answer is a value either way."""

    def decide(tx: Transaction) -> Taken | Full:
        row = tx.get(WEEK, week)
        if row is None or row.free == 0:
            return Full(f"week {week} is full")
        tx.emit(
            f"week/{week}",
            SlotTaken(week, holder, date(2026, 3, 9), Money(4_990_000, "CNY"), chance, options),
        )
        return Taken(week, row.free - 1)

    name = CommandId(command_id or f"take-{week}-{holder}")
    body = {"week": week, "holder": holder, "chance": chance, "options": options}
    return Command(name, PartyId(holder), "trial.take", body, decide, Taken | Full)


def take_blindly(week: str, holder: str) -> Command[None]:
    """Take a slot without looking whether one is free: the table's CHECK is all that stands in the way."""

    def decide(tx: Transaction) -> None:
        tx.emit(f"week/{week}", SlotTaken(week, holder, date(2026, 3, 9), Money(1, "CNY"), 0.5))

    return Command(CommandId(f"blind-{week}-{holder}"), PartyId(holder), "trial.blind", holder, decide, None)


def release(week: str, holder: str) -> Command[bool]:
    def decide(tx: Transaction) -> bool:
        if tx.get(HOLDING, week, holder) is None:
            return False
        tx.emit(f"week/{week}", SlotReleased(week, holder))
        return True

    return Command(
        CommandId(f"release-{week}-{holder}"), PartyId(holder), "trial.release", [week, holder], decide, bool
    )


@contextmanager
def opened(url: str, program_id: ProgramId = TRIAL, **options: Any) -> Iterator[Ledger]:
    """The trial program's ledger, closed when the block ends."""
    with Ledger.open(
        url, program_id, **{"clock": FixedClock(NOON), "projections": PROJECTIONS, "reactions": REACTIONS, **options}
    ) as ledger:
        yield ledger


def command(name: str, decide: Callable[[Transaction], Any], answer: Any = None, body: Any = None) -> Command[Any]:
    """A command by that name which is decided so."""
    return Command(CommandId(name), MAKER, "trial.any", body, decide, answer)
