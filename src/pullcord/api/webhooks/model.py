"""Where webhooks go, and what became of those that went."""

from __future__ import annotations

import base64
from datetime import datetime

import msgspec

from pullcord.base import secret_token


class Endpoint(msgspec.Struct, frozen=True):
    """An address that a party wants events sent to."""

    endpoint_id: str
    url: str
    kinds: tuple[str, ...]  # empty: every kind that the party may see
    enabled: bool
    note: str | None  # why it was disabled
    cursor: int  # seq of the last event that was delivered, or did not concern it
    failures: int  # attempts in a row that came to nothing
    created_at: datetime


class EndpointWithSecret(msgspec.Struct, frozen=True):
    """A new address, with the secret that its signatures are checked with: it is told once."""

    endpoint_id: str
    url: str
    kinds: tuple[str, ...]
    enabled: bool
    cursor: int
    secret: str


class Kept(msgspec.Struct, frozen=True):
    """An endpoint with all that is kept of it."""

    endpoint: Endpoint
    party_id: str
    secret: str
    request: str  # fingerprint of the request that made it


class Delivery(msgspec.Struct, frozen=True):
    """One attempt to deliver."""

    message_id: str
    seq: int | None  # of the event; None for a test
    kind: str
    at: datetime
    attempt: int
    status: int | None  # of the answer; None where there was none
    problem: str | None
    delivered: bool


def new_secret() -> str:
    """A secret to sign with, as Standard Webhooks writes it; 32 bytes."""
    return "whsec_" + base64.b64encode(secret_token(24).encode()).decode()
