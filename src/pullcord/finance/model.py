"""A transfer: postings that add up to nothing, in the whole and for each party."""

from __future__ import annotations

from dataclasses import dataclass

from pullcord.base import InvalidInput, Money, check_id
from pullcord.store import event

from .accounts import split_account


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of a transfer."""

    account: str
    minor: int  # minor units; above 0 is a debit, below 0 a credit


@event("finance.transferred")
@dataclass(frozen=True, slots=True)
class Transferred:
    """Money changed its place in the books. If it exists, it balances.

    The lines of each party add up to zero by themselves, so every party's books are complete double-entry books, and
    so are the books of the whole alliance.
    """

    transfer_id: str
    memo: str
    lines: tuple[Posting, ...]
    currency: str

    def __post_init__(self) -> None:
        check_id(self.transfer_id, "transfer")
        Money(0, self.currency)
        if len(self.lines) < 2:
            raise InvalidInput(
                f"transfer `{self.transfer_id}` has {len(self.lines)} line(s)", "debit one account and credit another"
            )
        totals: dict[str, int] = {}
        accounts: set[str] = set()
        for line in self.lines:
            if type(line.minor) is not int or line.minor == 0:
                raise InvalidInput(
                    f"transfer `{self.transfer_id}` posts {line.minor!r} to `{line.account}`",
                    "post whole minor units other than 0, or leave the line out",
                )
            if line.account in accounts:
                raise InvalidInput(
                    f"transfer `{self.transfer_id}` names `{line.account}` twice", "add the two lines into one"
                )
            accounts.add(line.account)
            party, _ = split_account(line.account)
            totals[party] = totals.get(party, 0) + line.minor
        for party, total in totals.items():
            if total:
                raise InvalidInput(
                    f"transfer `{self.transfer_id}` leaves the books of `{party}` {total} {self.currency} minor units "
                    "out of balance",
                    "each party's debits equal its credits",
                )
