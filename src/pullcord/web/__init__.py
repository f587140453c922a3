"""What the API and the shop share: the way to the ledger, errors as problem+json, headers, limits, metrics."""

from .gateway import Gateway

__all__ = ["Gateway"]
