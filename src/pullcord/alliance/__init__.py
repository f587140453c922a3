"""The alliance: who the parties are, what each may ask for, and how a sale is shared among them."""

from .model import Party, Role, SettlementShare, check_parties
from .modes import Mode, funder_of, seller_of, seller_role
from .refusals import PROJECTION, REFUSAL, UNNAMED, RefusalRow, RightRefused, named, note_refusal
from .rights import NOTED, RIGHTS, may, require_right, rights_of
from .settlement import check_shares, split_sale

__all__ = [
    "NOTED",
    "PROJECTION",
    "REFUSAL",
    "RIGHTS",
    "UNNAMED",
    "Mode",
    "Party",
    "RefusalRow",
    "RightRefused",
    "Role",
    "SettlementShare",
    "check_parties",
    "check_shares",
    "funder_of",
    "may",
    "named",
    "note_refusal",
    "require_right",
    "rights_of",
    "seller_of",
    "seller_role",
    "split_sale",
]
