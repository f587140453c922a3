"""Finance: every party's books, kept by balanced transfers that are only ever added."""

from .accounts import CHART, Kind, account, kind_of
from .model import Posting, Transferred
from .service import (
    Payment,
    collect_fee,
    forfeit_deposit,
    lend,
    paid_so_far,
    pay_in_capital,
    pay_supplier,
    recognise_sale,
    refund_deposit,
    repay,
    settle,
    supplier_invoice,
    take_deposit,
)
from .statement import (
    Balance,
    Statement,
    TrialBalance,
    balances,
    statement,
    trial_balance,
)
from .store import ACCOUNT_BALANCE, POSTING, PROJECTION, TRANSFER, AccountBalance, PostingRow, Transfer

__all__ = [
    "ACCOUNT_BALANCE",
    "CHART",
    "POSTING",
    "PROJECTION",
    "TRANSFER",
    "AccountBalance",
    "Balance",
    "Kind",
    "Payment",
    "Posting",
    "PostingRow",
    "Statement",
    "Transfer",
    "Transferred",
    "TrialBalance",
    "account",
    "balances",
    "collect_fee",
    "forfeit_deposit",
    "kind_of",
    "lend",
    "paid_so_far",
    "pay_in_capital",
    "pay_supplier",
    "recognise_sale",
    "refund_deposit",
    "repay",
    "settle",
    "statement",
    "supplier_invoice",
    "take_deposit",
    "trial_balance",
]
