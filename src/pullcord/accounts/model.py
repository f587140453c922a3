"""What the room answers with. Personal data and secrets stay out of every `repr`, so that no log line can hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from pullcord.base import PartyId, PersonId


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a form: which field, a stable code for translations, and a sentence without what was typed."""

    field: str  # "email", "password", "name" or "phone"
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a person was not let in, or a change not made.

    code : "form" (see `faults`), "taken" (the address has an account), "wrong" (address and password do not go
    together), "wait" (too many attempts; again after `retry_after_s`), "busy" (too many at once) or "open_orders".
    """

    code: str
    why: str
    retry_after_s: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a person who has an account."""

    person_id: PersonId
    email: str = field(repr=False)  # normalised
    name: str = field(repr=False)
    phone: str | None = field(repr=False)  # digits, with a leading + where the country is given
    signed_up_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's visit. Without a person it is a visit before sign-in, which no table knows of."""

    token: str = field(repr=False)  # the secret itself: only its hash is kept
    person_id: PersonId | None
    begun_at: datetime
    expires_at: datetime
    trusted_until: datetime | None = None  # until then, what is hard to undo needs no password again

    def is_trusted(self, now: datetime) -> bool:
        """Whether what is hard to undo may be asked for without the password: it was typed, or used, not long ago."""
        return self.trusted_until is not None and now < self.trusted_until


@dataclass(frozen=True, slots=True)
class PartyToken:
    """A key of one party's machines. `token_id` names it in lists; it is no secret."""

    token_id: str
    party_id: PartyId
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_on: date | None = None  # UTC; written down now and then, not at every use


@dataclass(frozen=True, slots=True)
class Token:
    """A new key: `plain` is shown to its party now, and can never be read again."""

    plain: str = field(repr=False)
    kept: PartyToken


@dataclass(frozen=True, slots=True)
class Erasure:
    """A person's data are gone. `files_wiped` is False while a reader still held the old pages; the sweep goes on."""

    person_id: PersonId
    erased_at: datetime
    sessions_ended: int
    files_wiped: bool


@dataclass(frozen=True, slots=True)
class Swept:
    """What the sweep took away because its time was over."""

    sessions: int
    throttles: int
    tokens: int
