"""Book what happened, once: each service emits at most one `Transferred`, named by its caller.

A transfer asked for again under the same name answers as it did the first time; the same name for something else is a
`Conflict`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pullcord.base import Conflict, Money, NotFound, OrderId, PartyId
from pullcord.store import Reader, Transaction

from . import transfers
from .accounts import account
from .model import Posting, Transferred
from .store import ACCOUNT_BALANCE, POSTING, TRANSFER, Transfer


@dataclass(frozen=True, slots=True)
class Payment:
    """What one party was paid in a settlement; below zero it paid."""

    party_id: PartyId
    amount: Money


def take_deposit(tx: Transaction, *, transfer_id: str, platform: PartyId, order_id: OrderId, amount: Money) -> Transfer:
    """The transfer that takes a customer's deposit into the platform's keeping."""
    return _book(tx, transfers.deposit(transfer_id, platform, order_id, amount))


def refund_deposit(
    tx: Transaction, *, transfer_id: str, platform: PartyId, order_id: OrderId, amount: Money
) -> Transfer:
    """The transfer that gives a deposit back; never more than is still held for the order."""
    body = transfers.refund(transfer_id, platform, order_id, amount)
    return _kept(tx, body) or _book_new(tx, body, covers=(account(platform, "customer_deposits", order_id), amount))


def forfeit_deposit(
    tx: Transaction, *, transfer_id: str, platform: PartyId, order_id: OrderId, amount: Money
) -> Transfer:
    """The transfer that makes a deposit the platform's own; never more than is still held for the order."""
    body = transfers.forfeit(transfer_id, platform, order_id, amount)
    return _kept(tx, body) or _book_new(tx, body, covers=(account(platform, "customer_deposits", order_id), amount))


def recognise_sale(
    tx: Transaction,
    *,
    transfer_id: str,
    platform: PartyId,
    order_id: OrderId,
    price: Money,
    deposit: Money,
    parts: Sequence[tuple[PartyId, Money]],
) -> Transfer:
    """The transfer of a handover: `deposit` is used up, the rest of `price` comes in, and the parties share the price.

    `platform` is the party that sells; `parts` are what the settlement contract gives each, and add up to the price.
    """
    body = transfers.sale(transfer_id, platform, order_id, price, deposit, parts)
    return _kept(tx, body) or _book_new(tx, body, covers=(account(platform, "customer_deposits", order_id), deposit))


def collect_fee(
    tx: Transaction,
    *,
    transfer_id: str,
    seller: PartyId,
    order_id: OrderId,
    month: int,
    amount: Money,
    parts: Sequence[tuple[PartyId, Money]],
) -> Transfer:
    """The transfer of one month's bill: the seller collects it, and the parties share it."""
    return _book(tx, transfers.fee(transfer_id, seller, order_id, month, amount, parts))


def lend(
    tx: Transaction, *, transfer_id: str, lender: PartyId, borrower: PartyId, order_id: OrderId, amount: Money
) -> Transfer:
    """The transfer by which a funder lends the seller what the customer of an order has yet to pay."""
    return _book(tx, transfers.loan(transfer_id, lender, borrower, order_id, amount))


def repay(
    tx: Transaction,
    *,
    transfer_id: str,
    lender: PartyId,
    borrower: PartyId,
    order_id: OrderId,
    amount: Money,
    interest: Money,
) -> Transfer:
    """The transfer that gives a loan back with its interest; never more than is still owed for the order."""
    body = transfers.repayment(transfer_id, lender, borrower, order_id, amount, interest)
    return _kept(tx, body) or _book_new(tx, body, covers=(account(borrower, "borrowed", order_id), amount))


def supplier_invoice(
    tx: Transaction, *, transfer_id: str, buyer: PartyId, supplier: PartyId, amount: Money, about: str
) -> Transfer:
    """The transfer that books what a supplier has delivered and is now owed; `about` names it, such as a call-off."""
    return _book(tx, transfers.invoice(transfer_id, buyer, supplier, amount, about))


def pay_supplier(
    tx: Transaction, *, transfer_id: str, buyer: PartyId, supplier: PartyId, amount: Money, about: str
) -> Transfer:
    """The transfer that pays a supplier; never more than it is owed."""
    body = transfers.payment(transfer_id, buyer, supplier, amount, about)
    return _kept(tx, body) or _book_new(tx, body, covers=(account(buyer, "payable", supplier), amount))


def paid_so_far(reader: Reader, buyer: PartyId, supplier: PartyId, currency: str) -> Money:
    """All that a buyer has paid a supplier on its invoices."""
    row = reader.get(ACCOUNT_BALANCE, account(buyer, "payable", supplier), currency)
    return Money(row.debit_minor if row is not None else 0, currency)


def pay_in_capital(tx: Transaction, *, transfer_id: str, party: PartyId, amount: Money) -> Transfer:
    """The transfer that gives a party money to begin with."""
    return _book(tx, transfers.capital(transfer_id, party, amount))


def settle(
    tx: Transaction,
    *,
    transfer_id: str,
    platform: PartyId,
    period: str,
    currency: str,
    parties: Collection[PartyId] | None = None,
) -> tuple[Payment, ...]:
    """One payment for each party that clears all the platform and it owe each other; no payments where nothing is due.

    `period` names the settlement in the memo, such as `2025-W48`. Everything booked so far is settled: with all, or
    with those in `parties` where the one that sells owes others too, such as its suppliers.
    """
    kept = tx.get(TRANSFER, transfer_id)
    if kept is None:
        owed = _open_items(tx, platform, "payable", currency)
        owing = _open_items(tx, platform, "receivable", currency)
        if parties is not None:
            owed = {party: minor for party, minor in owed.items() if party in parties}
            owing = {party: minor for party, minor in owing.items() if party in parties}
        if not owed and not owing:
            return ()
        body = transfers.netting(transfer_id, platform, period, currency, owed, owing)
        kept = _book_new(tx, body)
    elif (kept.memo, kept.currency) != (f"settlement {period}", currency):
        raise _taken(kept)
    cash = {line.account.partition("/")[0]: line.minor for line in _lines(tx, kept) if line.account.endswith("/cash")}
    return tuple(
        Payment(PartyId(party), Money(minor, currency)) for party, minor in sorted(cash.items()) if party != platform
    )


def _open_items(tx: Transaction, platform: PartyId, name: str, currency: str) -> dict[PartyId, int]:
    """What the platform owes (payable) or is owed (receivable), in minor units, by the other party."""
    columns = ACCOUNT_BALANCE.sql.c
    rows = tx.select(
        ACCOUNT_BALANCE,
        columns.party_id == platform,
        columns.name == name,
        columns.currency == currency,
        columns.debit_minor != columns.credit_minor,
    )
    return {PartyId(row.account.rpartition("/")[2]): row.minor for row in rows}


def _book(tx: Transaction, body: Transferred) -> Transfer:
    return _kept(tx, body) or _book_new(tx, body)


def _kept(tx: Transaction, body: Transferred) -> Transfer | None:
    """The transfer already booked under this name, if it is the same one."""
    kept = tx.get(TRANSFER, body.transfer_id)
    if kept is None:
        return None
    if (kept.memo, kept.currency) != (body.memo, body.currency) or _lines(tx, kept) != body.lines:
        raise _taken(kept)
    return kept


def _lines(tx: Transaction, kept: Transfer) -> tuple[Posting, ...]:
    rows = [tx.get(POSTING, kept.transfer_id, line) for line in range(kept.line_count)]
    return tuple(Posting(row.account, row.minor) for row in rows if row is not None)


def _taken(kept: Transfer) -> Conflict:
    return Conflict(
        f"transfer `{kept.transfer_id}` is already booked as `{kept.memo}`",
        "give another transfer another id; a mistake is mended by a new transfer",
    )


def _book_new(tx: Transaction, body: Transferred, *, covers: tuple[str, Money] | None = None) -> Transfer:
    """Emit the transfer, once the account in `covers` is seen to hold at least that amount."""
    if covers is not None:
        written, amount = covers
        row = tx.get(ACCOUNT_BALANCE, written, amount.currency)
        held = Money(row.minor if row is not None else 0, amount.currency)
        if held < amount:
            raise Conflict(
                f"`{written}` holds {held}, so {amount} cannot be taken from it ({body.memo})",
                "take at most what it holds",
            )
    tx.emit(f"transfer/{body.transfer_id}", body, expected_version=0)
    booked = tx.get(TRANSFER, body.transfer_id)
    if booked is None:
        raise NotFound(f"transfer `{body.transfer_id}` was booked but cannot be read", "plug finance.PROJECTION in")
    return booked
