"""The claims' tables and how events write them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from pullcord.base import ClaimId, PartyId
from pullcord.store import METADATA, Event, Json, Projection, Reader, Rows, Table, UtcDateTime, program_key

from .model import (
    PUBLIC,
    Claim,
    ClaimPublished,
    ClaimUnpublished,
    Condition,
    FactChanged,
    Notice,
    NoticeDrafted,
)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim that was published, as it stands."""

    claim_id: ClaimId
    owner: PartyId
    public: bool
    body: Any  # the Claim, as plain values
    valid_from: date | None
    valid_to: date | None
    published_at: datetime
    published_seq: int
    unpublished_at: datetime | None = None
    why: str | None = None
    fact_key: str | None = None

    @property
    def claim(self) -> Claim:
        """The claim as it was published."""
        return msgspec.convert(self.body, Claim)


CLAIM = Table(
    sa.Table(
        "claim",
        METADATA,
        program_key(),
        sa.Column("claim_id", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False, comment="the party that answers for it"),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("body", Json, nullable=False, comment="the whole claim, as it was published last"),
        sa.Column("valid_from", sa.Date, comment="local calendar"),
        sa.Column("valid_to", sa.Date, comment="last day, local calendar; none is until further notice"),
        sa.Column("published_at", UtcDateTime, nullable=False),
        sa.Column("published_seq", sa.BigInteger, nullable=False, comment="the event that published it"),
        sa.Column("unpublished_at", UtcDateTime),
        sa.Column("why", sa.String, comment="why it is public no longer"),
        sa.Column("fact_key", sa.String, comment="the fact that changed, where one did"),
        comment="One row for each claim that ever was public.",
    ),
    ClaimRow,
)


@dataclass(frozen=True, slots=True)
class ClaimFactRow:
    """A fact that a public claim rests on."""

    fact_key: str
    claim_id: ClaimId
    value: str
    unit: str


CLAIM_FACT = Table(
    sa.Table(
        "claim_fact",
        METADATA,
        program_key(),
        sa.Column("fact_key", sa.String, primary_key=True),
        sa.Column("claim_id", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False, comment="as it was when the claim was published"),
        sa.Column("unit", sa.String, nullable=False),
        comment="Which public claims rest on which facts; rows of a claim go when it is public no longer.",
    ),
    ClaimFactRow,
)


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact that is another than the program's files say."""

    fact_key: str
    value: str
    changed_at: datetime
    changed_seq: int


FACT = Table(
    sa.Table(
        "changed_fact",
        METADATA,
        program_key(),
        sa.Column("fact_key", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("changed_seq", sa.BigInteger, nullable=False, comment="the event that changed it last"),
        comment="Facts that have changed since the program's files were written.",
    ),
    FactRow,
)


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A drafted letter."""

    claim_id: ClaimId
    seq: int
    drafted_at: datetime
    fact_key: str
    was: str
    became: str
    since: datetime
    until: datetime
    variants: Any
    plans: Any
    cities: Any
    orders: int
    text_en: str
    text_zh: str

    @property
    def condition(self) -> Condition:
        """Which orders it goes to."""
        return Condition(self.since, self.until, *(_tuple(x) for x in (self.variants, self.plans, self.cities)))


NOTICE = Table(
    sa.Table(
        "claim_notice",
        METADATA,
        program_key(),
        sa.Column("claim_id", sa.String, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, comment="the event that drafted it"),
        sa.Column("drafted_at", UtcDateTime, nullable=False),
        sa.Column("fact_key", sa.String, nullable=False),
        sa.Column("was", sa.String, nullable=False),
        sa.Column("became", sa.String, nullable=False),
        sa.Column("since", UtcDateTime, nullable=False, comment="orders reserved from here on were exposed"),
        sa.Column("until", UtcDateTime, nullable=False, comment="and up to here"),
        sa.Column("variants", Json, comment="of these variants; none is all"),
        sa.Column("plans", Json, comment="under these plans; none is all"),
        sa.Column("cities", Json, comment="in these cities; none is all"),
        sa.Column("orders", sa.BigInteger, nullable=False, comment="how many there were"),
        sa.Column("text_en", sa.String, nullable=False),
        sa.Column("text_zh", sa.String, nullable=False),
        comment="Letters to those who were exposed to a claim that no longer holds.",
    ),
    NoticeRow,
)


def _tuple(values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _published(rows: Rows, event: Event[ClaimPublished]) -> None:
    claim = event.body.claim
    assert claim.owner is not None, f"{claim.claim_id} was published without an owner"
    rows.put(
        CLAIM,
        ClaimRow(
            claim.claim_id,
            claim.owner,
            True,
            msgspec.to_builtins(claim),
            claim.valid_from,
            claim.valid_to,
            event.recorded_at,
            event.seq,
        ),
    )
    for rest in event.body.rests:
        rows.put(CLAIM_FACT, ClaimFactRow(rest.key, claim.claim_id, rest.value, rest.unit))


def _unpublished(rows: Rows, event: Event[ClaimUnpublished]) -> None:
    body = event.body
    row = rows.get(CLAIM, body.claim_id)
    assert row is not None, f"{body.claim_id} is taken back, and was never public"
    rows.put(CLAIM, replace(row, public=False, unpublished_at=event.recorded_at, why=body.why, fact_key=body.fact_key))
    for key in body.rested_on:
        rows.delete(CLAIM_FACT, key, body.claim_id)


def _changed(rows: Rows, event: Event[FactChanged]) -> None:
    rows.put(FACT, FactRow(event.body.key, event.body.value, event.recorded_at, event.seq))


def _drafted(rows: Rows, event: Event[NoticeDrafted]) -> None:
    notice: Notice = event.body.notice
    condition = notice.condition
    rows.put(
        NOTICE,
        NoticeRow(
            notice.claim_id,
            event.seq,
            event.recorded_at,
            notice.fact_key,
            notice.was,
            notice.became,
            condition.since,
            condition.until,
            _listed(condition.variants),
            _listed(condition.plans),
            _listed(condition.cities),
            notice.orders,
            notice.text_en,
            notice.text_zh,
        ),
    )


PROJECTION = Projection(
    "claims",
    (CLAIM, CLAIM_FACT, FACT, NOTICE),
    {ClaimPublished: _published, ClaimUnpublished: _unpublished, FactChanged: _changed, NoticeDrafted: _drafted},
)


def published(reader: Reader, at: date, *, reader_party: str | None = None) -> list[ClaimRow]:
    """The claims that are public on a day, in the order of their ids.

    Those that only named parties may read are left out, unless `reader_party` is one of them.
    """
    table = CLAIM.sql.c
    rows = reader.select(
        CLAIM,
        table.public.is_(True),
        sa.or_(table.valid_from.is_(None), table.valid_from <= at),
        sa.or_(table.valid_to.is_(None), table.valid_to >= at),
    )
    return [row for row in rows if PUBLIC in (audience := row.claim.audience) or reader_party in audience]


def all_claims(reader: Reader) -> list[ClaimRow]:
    """Every claim that ever was public, in the order of their ids."""
    return reader.select(CLAIM)


def notices(reader: Reader, claim_id: str | None = None) -> list[NoticeRow]:
    """The letters drafted so far, of one claim or of all."""
    return reader.select(NOTICE, *([] if claim_id is None else [NOTICE.sql.c.claim_id == claim_id]))
