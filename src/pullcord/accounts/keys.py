"""What is made of the server's one secret: a key for each use, so that none can stand in for another."""

from __future__ import annotations

import hashlib
import hmac


class Keys:
    """The server's secret, and what is signed with it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def __repr__(self) -> str:
        return "Keys(…)"

    def key(self, purpose: str) -> bytes:
        """The key for one use."""
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    def fingerprint(self, purpose: str, text: str) -> str:
        """The same for the same text, and of no use to whoever lacks the secret; 64 hex digits."""
        return hmac.digest(self.key(purpose), text.encode("utf-8", "surrogatepass"), "sha256").hex()


def hash_of(token: str) -> str:
    """What is kept of a token of 32 random bytes: nobody finds it by trying, so it needs neither salt nor slowness."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
