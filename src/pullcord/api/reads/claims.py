"""What is public about the product, each claim with its owner and its evidence."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from pullcord import claims
from pullcord.claims import Claim, ClaimRow

from ..operation import ReadOperation, Seen


class PublishedClaim(msgspec.Struct, frozen=True):
    """A claim that is public now, as it was published."""

    claim: Claim
    published_at: datetime
    published_seq: int


class PublishedClaims(msgspec.Struct, frozen=True):
    """The claims that are public on a day, and that the party may read."""

    on: date
    items: tuple[PublishedClaim, ...]


def _view(row: ClaimRow) -> PublishedClaim:
    return PublishedClaim(row.claim, row.published_at, row.published_seq)


def _claims(seen: Seen) -> PublishedClaims:
    today = seen.house.local_time(seen.app.clock.now()).date()
    rows = claims.published(seen.reader, today, reader_party=seen.party)
    return PublishedClaims(today, tuple(_view(row) for row in rows))


CLAIMS: tuple[ReadOperation, ...] = (
    ReadOperation("/claims", "listClaims", "What is public about the product", PublishedClaims, _claims, "claims"),
)
