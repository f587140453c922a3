"""The claims page: what is said of the product, who answers for it, on what it rests, and whether it is public."""

from .page import render_claims

__all__ = ["render_claims"]
