"""Under the mode `funding`: a funder lends the seller what a customer has yet to pay, from the lock to the handover."""

from __future__ import annotations

from datetime import datetime

from pullcord import finance
from pullcord.base import Money, OrderId
from pullcord.store import Reader, Transaction

from .settlement import Loan, SettlementContract


def lend_for_order(tx: Transaction, contract: SettlementContract, order_id: OrderId, amount: Money) -> None:
    """Book the loan for an order that is firm; nothing where nobody lends, or nothing is left to pay."""
    if contract.lender is not None and amount.minor > 0:
        finance.lend(
            tx,
            transfer_id=_lent(order_id),
            lender=contract.lender,
            borrower=contract.seller,
            order_id=order_id,
            amount=amount,
        )


def repay_for_order(tx: Transaction, contract: SettlementContract, order_id: OrderId, currency: str) -> None:
    """Give the loan back with its interest, at the handover or the order's end; nothing where none was made."""
    loan = loan_of(tx, contract, order_id, currency, tx.now)
    if loan is not None and contract.lender is not None:
        finance.repay(
            tx,
            transfer_id=_repaid(order_id),
            lender=contract.lender,
            borrower=contract.seller,
            order_id=order_id,
            amount=loan.amount,
            interest=contract.interest(loan),
        )


def loan_of(
    reader: Reader, contract: SettlementContract, order_id: OrderId, currency: str, now: datetime
) -> Loan | None:
    """What was lent for an order, and for how many full days: until it went back, or until now."""
    lent = reader.get(finance.TRANSFER, _lent(order_id))
    owed = reader.get(finance.ACCOUNT_BALANCE, finance.account(contract.seller, "borrowed", order_id), currency)
    if lent is None or owed is None:
        return None
    repaid = reader.get(finance.TRANSFER, _repaid(order_id))
    until = now if repaid is None else repaid.recorded_at
    return Loan(Money(owed.credit_minor, currency), (until - lent.recorded_at).days)


def _lent(order_id: OrderId) -> str:
    return f"loan-{order_id}"


def _repaid(order_id: OrderId) -> str:
    return f"repay-{order_id}"
