"""What the books say: balances, the trial balance, and one party's statement."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from pullcord.base import Money, PartyId
from pullcord.store import Reader

from .accounts import CHART, Kind
from .store import ACCOUNT_BALANCE, POSTING


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of one account, sub-accounts added up, on the side where it grows."""

    account: str  # party/name
    kind: Kind
    amount: Money


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All debits against all credits in one currency, summed from the single postings."""

    debit: Money
    credit: Money

    @property
    def difference(self) -> Money:
        """Zero, or the books are broken."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Statement:
    """One party's position and result in one currency: assets = liabilities + equity + result."""

    party_id: PartyId
    currency: str
    assets: Money
    liabilities: Money
    equity: Money
    income: Money
    expenses: Money
    lines: tuple[Balance, ...]

    @property
    def result(self) -> Money:
        """Income less expenses."""
        return self.income - self.expenses


def balances(reader: Reader, party: PartyId | None = None) -> tuple[Balance, ...]:
    """The balance of every account that was ever posted to, of one party or of all, in order of account."""
    columns = ACCOUNT_BALANCE.sql.c
    key = (columns.party_id, columns.name, columns.currency)
    query = (
        sa.select(*key, sa.func.sum(columns.debit_minor), sa.func.sum(columns.credit_minor))
        .where(columns.program_id == reader.program_id)
        .group_by(*key)
        .order_by(*key)
    )
    if party is not None:
        query = query.where(columns.party_id == party)
    found = []
    for row in reader.query(query):
        party_id, name, currency, debit, credit = tuple(row)
        kind = CHART[name]
        minor = kind.normal_sign * (int(debit) - int(credit))
        found.append(Balance(f"{party_id}/{name}", kind, Money(minor, currency)))
    return tuple(found)


def trial_balance(reader: Reader) -> tuple[TrialBalance, ...]:
    """One trial balance for each currency in the books; its difference is zero."""
    columns = POSTING.sql.c
    debit = sa.func.sum(sa.case((columns.minor > 0, columns.minor), else_=0))
    credit = sa.func.sum(sa.case((columns.minor < 0, -columns.minor), else_=0))
    query = (
        sa.select(columns.currency, debit, credit)
        .where(columns.program_id == reader.program_id)
        .group_by(columns.currency)
        .order_by(columns.currency)
    )
    found = []
    for row in reader.query(query):
        currency, debits, credits = tuple(row)
        found.append(TrialBalance(Money(int(debits), currency), Money(int(credits), currency)))
    return tuple(found)


def statement(reader: Reader, party: PartyId, currency: str) -> Statement:
    """What a party owns, owes, and has earned in one currency; all zero for a party that was never booked."""
    lines = tuple(line for line in balances(reader, party) if line.amount.currency == currency)
    totals = dict.fromkeys(Kind, 0)
    for line in lines:
        totals[line.kind] += line.amount.minor
    return Statement(
        party_id=party,
        currency=currency,
        assets=Money(totals[Kind.ASSET], currency),
        liabilities=Money(totals[Kind.LIABILITY], currency),
        equity=Money(totals[Kind.EQUITY], currency),
        income=Money(totals[Kind.INCOME], currency),
        expenses=Money(totals[Kind.EXPENSE], currency),
        lines=lines,
    )
