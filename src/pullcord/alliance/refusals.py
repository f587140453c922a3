"""Whom the house turned away: every command given without the right to it is noted, once for each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pullcord.base import LONGEST_ID, Attempt, InvalidInput, check_id
from pullcord.store import METADATA, Event, Rows, Table, Transaction, UtcDateTime, event, program_key

from .model import Role

UNNAMED = "unnamed"
"""Stands for a name that cannot be one: nothing of it is kept."""


@event("right.refused")
@dataclass(frozen=True, slots=True)
class RightRefused:
    """A command was refused for want of the right to it, before the ledger heard of it. What it said is not kept."""

    asked_by: str  # as it named itself; `unnamed` where no party could be called so
    role: Role | None  # None for a stranger
    command: str
    command_id: str


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One refusal. Rows are only ever added."""

    seq: int  # of its event
    asked_by: str
    role: str | None
    command: str
    command_id: str
    refused_at: datetime


REFUSAL = Table(
    sa.Table(
        "refusal",
        METADATA,
        program_key(),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("asked_by", sa.String, nullable=False),
        sa.Column("role", sa.String),
        sa.Column("command", sa.String, nullable=False),
        sa.Column("command_id", sa.String, nullable=False),
        sa.Column("refused_at", UtcDateTime, nullable=False),
    ),
    RefusalRow,
)


def note_refusal(tx: Transaction, attempt: Attempt, role: Role | None) -> None:
    """Write down that the attempt was refused; `role` is that of a party of the program."""
    tx.emit(
        f"refusals/{named(attempt.party)}",
        RightRefused(named(attempt.party), role, attempt.command, named(attempt.command_id)),
    )


def named(name: str) -> str:
    """A name as it may be kept: what could be no name at all, and might be anything, is left out."""
    try:
        return check_id(name, "party", longest=LONGEST_ID)
    except InvalidInput:
        return UNNAMED


def right_refused(rows: Rows, event: Event[RightRefused]) -> None:
    """The fold: one row for each refusal."""
    body = event.body
    role = None if body.role is None else body.role.value
    rows.put(REFUSAL, RefusalRow(event.seq, body.asked_by, role, body.command, body.command_id, event.recorded_at))
