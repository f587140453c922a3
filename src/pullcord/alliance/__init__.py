"""The alliance: who the parties are, what each may ask for, and how a sale is shared among them."""

from .model import Party, Role, SettlementShare, check_parties
from .rights import RIGHTS, may, require_right
from .settlement import check_shares, split_sale

__all__ = [
    "RIGHTS",
    "Party",
    "Role",
    "SettlementShare",
    "check_parties",
    "check_shares",
    "may",
    "require_right",
    "split_sale",
]
