"""What the desk notes of a program, and short answers to commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pullcord.base import BuildOrderId, Money, OrderId
from pullcord.store import event


@event("program.opened")
@dataclass(frozen=True, slots=True)
class ProgramOpened:
    """A program began; `digest` names the exact input it runs on."""

    program_id: str
    name: str
    digest: str
    currency: str
    seed: int
    starts_on: date


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan amounted to."""

    run_id: str
    status: str
    vehicles: int
    gap: float | None
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """Vehicles that left the line; build orders that wait for parts or for their customers to be bound; and those
    that nobody wants any more."""

    count: int
    short_of_parts: tuple[BuildOrderId, ...]
    not_locked: tuple[BuildOrderId, ...] = ()
    cancelled: tuple[BuildOrderId, ...] = ()


@dataclass(frozen=True, slots=True)
class Billed:
    """What a month of an order was billed with. `refused` says why it was not."""

    order_id: OrderId
    month: int
    amount: Money | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many things a command moved."""

    count: int
