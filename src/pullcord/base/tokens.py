"""Secrets: tokens that nobody can guess. Chance for decisions comes from `stream`; this is for keys alone."""

from __future__ import annotations

import secrets
from hmac import compare_digest

__all__ = ["same_secret", "secret_token"]


def secret_token(size: int = 32) -> str:
    """A new token of `size` random bytes, in letters that fit an address, a header or a cookie."""
    return secrets.token_urlsafe(size)


def same_secret(one: str | bytes, other: str | bytes) -> bool:
    """Whether two secrets agree, in a time that does not tell where they differ."""
    return compare_digest(
        one.encode() if isinstance(one, str) else one, other.encode() if isinstance(other, str) else other
    )
