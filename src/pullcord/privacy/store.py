"""Two tables: what each partner has spent of its budget, and what was released for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from pullcord.base import PartyId
from pullcord.store import METADATA, Event, Json, Projection, Reader, Rows, Table, Transaction, program_key

from .events import CountsReleased


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """What a partner has spent for one period."""

    partner: PartyId
    period: str
    spent_micro: int
    budget_micro: int
    releases: int


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release, as it left the house."""

    release_id: str
    partner: PartyId
    period: str
    counted: str
    dimensions: list[list[Any]]  # [name, [value, ...]] each
    as_of: date
    mechanism: str
    scale: float
    epsilon_micro: int
    least_shown: int
    noisy: list[int]
    seq: int  # of its event: later ones are later


PRIVACY_BUDGET = Table(
    sa.Table(
        "privacy_budget",
        METADATA,
        program_key(),
        sa.Column("partner", sa.String, primary_key=True),
        sa.Column("period", sa.String, primary_key=True, comment="whose persons: the quarter they first came in"),
        sa.Column("spent_micro", sa.BigInteger, nullable=False, comment="epsilon, in millionths"),
        sa.Column("budget_micro", sa.BigInteger, nullable=False, comment="epsilon, in millionths"),
        sa.Column("releases", sa.Integer, nullable=False),
        sa.CheckConstraint("spent_micro >= 0 AND spent_micro <= budget_micro", name="privacy_budget_is_kept"),
        comment="One row for each partner and period that something was released about.",
    ),
    BudgetRow,
)

PRIVACY_RELEASE = Table(
    sa.Table(
        "privacy_release",
        METADATA,
        program_key(),
        sa.Column("release_id", sa.String, primary_key=True),
        sa.Column("partner", sa.String, nullable=False),
        sa.Column("period", sa.String, nullable=False),
        sa.Column("counted", sa.String, nullable=False, comment="who counts: a stage of the journey"),
        sa.Column("dimensions", Json, nullable=False, comment="[name, [value, ...]] each"),
        sa.Column("as_of", sa.Date, nullable=False, comment="local date of the counts"),
        sa.Column("mechanism", sa.String, nullable=False),
        sa.Column("scale", sa.Float, nullable=False, comment="of the noise on each count"),
        sa.Column("epsilon_micro", sa.BigInteger, nullable=False, comment="epsilon, in millionths"),
        sa.Column("least_shown", sa.Integer, nullable=False, comment="smaller counts are told as fewer than"),
        sa.Column("noisy", Json, nullable=False, comment="a count for every node of the grid, noise in it"),
        sa.Column("seq", sa.BigInteger, nullable=False, comment="of the event"),
        comment="One row for each release. It is drawn once and served as it was drawn.",
    ),
    ReleaseRow,
)


def _released(rows: Rows, event: Event[CountsReleased]) -> None:
    body = event.body
    before = rows.get(PRIVACY_BUDGET, body.partner, body.period)
    spent, count = (before.spent_micro, before.releases) if before else (0, 0)
    rows.put(
        PRIVACY_BUDGET,
        BudgetRow(body.partner, body.period, spent + body.epsilon_micro, body.budget_micro, count + 1),
    )
    rows.put(
        PRIVACY_RELEASE,
        ReleaseRow(
            release_id=body.release_id,
            partner=body.partner,
            period=body.period,
            counted=body.counted,
            dimensions=[[name, list(values)] for name, values in zip(body.dimensions, body.values, strict=True)],
            as_of=body.as_of,
            mechanism=body.mechanism,
            scale=body.scale,
            epsilon_micro=body.epsilon_micro,
            least_shown=body.least_shown,
            noisy=list(body.noisy),
            seq=event.seq,
        ),
    )


PROJECTION = Projection("privacy", (PRIVACY_BUDGET, PRIVACY_RELEASE), {CountsReleased: _released})


def budget_left(reader: Reader | Transaction, partner: str, period: str, budget_micro: int) -> int:
    """What a partner may still spend for a period, in millionths of epsilon."""
    row = reader.get(PRIVACY_BUDGET, partner, period)
    return budget_micro - (row.spent_micro if row else 0)
