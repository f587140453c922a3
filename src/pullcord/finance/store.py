"""The books as tables: transfers and postings that are only added, and a running balance for each account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pullcord.base import PartyId
from pullcord.store import METADATA, Event, Projection, Rows, Table, UtcDateTime, program_key

from .accounts import CHART, Kind, split_account
from .model import Transferred


def _currency() -> sa.CheckConstraint:
    return sa.CheckConstraint("length(currency) = 3")  # ISO 4217


@dataclass(frozen=True, slots=True)
class Transfer:
    """One business event in money. Rows are never edited: a mistake is mended by another transfer."""

    transfer_id: str
    memo: str
    currency: str
    amount_minor: int  # sum of the debits
    line_count: int
    recorded_at: datetime


TRANSFER = Table(
    sa.Table(
        "transfer",
        METADATA,
        program_key(),
        sa.Column("transfer_id", sa.String, primary_key=True),
        sa.Column("memo", sa.String, nullable=False),
        sa.Column("currency", sa.String, _currency(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, sa.CheckConstraint("amount_minor > 0"), nullable=False),
        sa.Column("line_count", sa.Integer, sa.CheckConstraint("line_count >= 2"), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
    ),
    Transfer,
)


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One line of a transfer. Rows are never edited."""

    transfer_id: str
    line: int  # from 0, in the order of the transfer
    account: str
    minor: int  # debit above 0, credit below
    currency: str


POSTING = Table(
    sa.Table(
        "posting",
        METADATA,
        program_key(),
        sa.Column("transfer_id", sa.String, primary_key=True),
        sa.Column("line", sa.Integer, sa.CheckConstraint("line >= 0"), primary_key=True, autoincrement=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("minor", sa.BigInteger, sa.CheckConstraint("minor <> 0"), nullable=False),
        sa.Column("currency", sa.String, _currency(), nullable=False),
    ),
    PostingRow,
)


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What has been posted to one account so far, each side by itself."""

    account: str
    currency: str
    party_id: PartyId
    name: str  # of the chart, such as cash
    kind: str
    debit_minor: int
    credit_minor: int

    @property
    def minor(self) -> int:
        """The balance on the side where this kind of account grows."""
        return Kind(self.kind).normal_sign * (self.debit_minor - self.credit_minor)


ACCOUNT_BALANCE = Table(
    sa.Table(
        "account_balance",
        METADATA,
        program_key(),
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("currency", sa.String, _currency(), primary_key=True),
        sa.Column("party_id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("debit_minor", sa.BigInteger, sa.CheckConstraint("debit_minor >= 0"), nullable=False),
        sa.Column("credit_minor", sa.BigInteger, sa.CheckConstraint("credit_minor >= 0"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('asset', 'liability', 'equity', 'income', 'expense')", name="account_balance_kind"
        ),
        # A customer never gets back, or is credited with, more than the deposit that was taken.
        sa.CheckConstraint(
            "name <> 'customer_deposits' OR credit_minor >= debit_minor", name="account_balance_deposit_covered"
        ),
        sa.Index("account_balance_party", "program_id", "party_id", "name"),
    ),
    AccountBalance,
)


def _transferred(rows: Rows, event: Event[Transferred]) -> None:
    body = event.body
    rows.put(
        TRANSFER,
        Transfer(
            transfer_id=body.transfer_id,
            memo=body.memo,
            currency=body.currency,
            amount_minor=sum(line.minor for line in body.lines if line.minor > 0),
            line_count=len(body.lines),
            recorded_at=event.recorded_at,
        ),
    )
    currency = body.currency
    for number, line in enumerate(body.lines):
        written, minor = line.account, line.minor
        rows.put(POSTING, PostingRow(body.transfer_id, number, written, minor, currency))
        kept = rows.get(ACCOUNT_BALANCE, written, currency)
        if kept is not None:
            party, name, kind, debit, credit = kept.party_id, kept.name, kept.kind, kept.debit_minor, kept.credit_minor
        else:
            party_id, name = split_account(written)
            party, kind, debit, credit = PartyId(party_id), CHART[name].value, 0, 0
        if minor > 0:
            debit += minor
        else:
            credit -= minor
        rows.put(ACCOUNT_BALANCE, AccountBalance(written, currency, party, name, kind, debit, credit))


PROJECTION = Projection("finance", (TRANSFER, POSTING, ACCOUNT_BALANCE), {Transferred: _transferred})
