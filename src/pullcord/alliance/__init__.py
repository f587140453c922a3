"""The alliance: who the parties are, what each may ask for, own and see, and how a sale is shared among them."""

from .bills import MONTH_BILL, MonthBilled, MonthBillRow, bill_month, months_billed
from .facts import FACTS, may_state, owner_of, owners_of, owning_party
from .loans import lend_for_order, loan_of, repay_for_order
from .model import Party, Role, SettlementShare, check_parties
from .modes import Mode, funder_of, seller_of, seller_role
from .refusals import REFUSAL, UNNAMED, RefusalRow, RightRefused, named, note_refusal
from .rights import NOTED, RIGHTS, may, require_right, rights_of
from .settlement import (
    Heading,
    Loan,
    MonthBill,
    Sale,
    SaleStatement,
    SettlementContract,
    StatementLine,
    check_shares,
    split_sale,
)
from .sight import NO_STANDING, Seen, Standing, sight_of, visible
from .store import PROJECTION

__all__ = [
    "FACTS",
    "MONTH_BILL",
    "NOTED",
    "NO_STANDING",
    "PROJECTION",
    "REFUSAL",
    "RIGHTS",
    "UNNAMED",
    "Heading",
    "Loan",
    "Mode",
    "MonthBill",
    "MonthBillRow",
    "MonthBilled",
    "Party",
    "RefusalRow",
    "RightRefused",
    "Role",
    "Sale",
    "SaleStatement",
    "Seen",
    "SettlementContract",
    "SettlementShare",
    "Standing",
    "StatementLine",
    "bill_month",
    "check_parties",
    "check_shares",
    "funder_of",
    "lend_for_order",
    "loan_of",
    "may",
    "may_state",
    "months_billed",
    "named",
    "note_refusal",
    "owner_of",
    "owners_of",
    "owning_party",
    "repay_for_order",
    "require_right",
    "rights_of",
    "seller_of",
    "seller_role",
    "sight_of",
    "split_sale",
    "visible",
]
