"""Every read of the API, each for the roles whose work needs it."""

from .chain import CHAIN
from .claims import CLAIMS
from .orders import ORDERS
from .program import PROGRAM

READS = (*PROGRAM, *CLAIMS, *ORDERS, *CHAIN)

__all__ = ["READS"]
