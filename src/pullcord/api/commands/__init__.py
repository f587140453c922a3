"""Every command of the desk as it is given over HTTP."""

from .alliance import ALLIANCE
from .claims import CLAIMS
from .orders import ORDERS

COMMANDS = (*ORDERS, *CLAIMS, *ALLIANCE)

__all__ = ["COMMANDS"]
