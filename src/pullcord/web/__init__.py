"""What the API and the shop share: the way to the ledger, errors as problem+json, headers, limits, metrics."""

from .context import Context, Options, Rate
from .gateway import Gateway

__all__ = ["Context", "Gateway", "Options", "Rate"]
