"""The chart of accounts: the same short one for every party.

An account is written `party/name`, such as `platform/cash`. Where it matters to whom money is owed, a third part says
so: `platform/payable/gac` is what the platform owes `gac`, and `platform/customer_deposits/o-17` what it holds for
order `o-17`. The third part makes a sub-account; statements add sub-accounts up.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from pullcord.base import InvalidInput, check_id


class Kind(StrEnum):
    """What an account measures; the kind fixes the side on which it grows."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"

    @property
    def normal_sign(self) -> int:
        """+1 where debits make the balance grow, -1 where credits do."""
        return 1 if self in (Kind.ASSET, Kind.EXPENSE) else -1


CHART: Mapping[str, Kind] = {
    "cash": Kind.ASSET,
    "receivable": Kind.ASSET,  # by party that owes
    "customer_deposits": Kind.LIABILITY,  # by order: it stays the customer's money until the handover
    "payable": Kind.LIABILITY,  # by party that is owed
    "capital": Kind.EQUITY,
    "sales": Kind.INCOME,
    "forfeits": Kind.INCOME,  # deposits that were not given back
    "lent": Kind.ASSET,  # by order that it is lent for
    "borrowed": Kind.LIABILITY,  # by order
    "interest_earned": Kind.INCOME,
    "interest_paid": Kind.EXPENSE,
    "purchases": Kind.EXPENSE,  # parts and services; stock on hand is not valued yet
}


@lru_cache(maxsize=65_536)
def account(party: str, name: str, about: str | None = None) -> str:
    """The account of a party, or its sub-account for one counterparty or order."""
    if name not in CHART:
        raise InvalidInput(f"no account `{name}` in the chart", f"the chart has {', '.join(CHART)}")
    check_id(party, "party")
    if about is None:
        return f"{party}/{name}"
    return f"{party}/{name}/{check_id(about, 'sub-account')}"


@lru_cache(maxsize=65_536)
def split_account(written: str) -> tuple[str, str]:
    """Party and account name of a written account; refuses what is not in the chart."""
    parts = written.split("/")
    if len(parts) not in (2, 3):
        raise InvalidInput(f"`{written}` is no account", "write party/name or party/name/about, such as platform/cash")
    account(*parts)
    return parts[0], parts[1]


def kind_of(written: str) -> Kind:
    """The kind of a written account."""
    return CHART[split_account(written)[1]]
