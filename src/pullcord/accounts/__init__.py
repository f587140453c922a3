"""Accounts: who a customer is, kept outside the ledger so that it can be erased; sessions; keys of the parties."""

from .accounts import Accounts
from .emails import normal_email
from .model import Erasure, Fault, PartyToken, Profile, Refused, Session, Swept, Token
from .passwords import HASHING
from .store import accounts_url
from .tokens import is_token

__all__ = [
    "HASHING",
    "Accounts",
    "Erasure",
    "Fault",
    "PartyToken",
    "Profile",
    "Refused",
    "Session",
    "Swept",
    "Token",
    "accounts_url",
    "is_token",
    "normal_email",
]
