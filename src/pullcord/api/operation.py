"""One thing that can be asked over HTTP: the table of these is what is served, and what is described."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pullcord.alliance import Role
from pullcord.app import App
from pullcord.base import PartyId, PersonId
from pullcord.catalogue import Catalogue
from pullcord.desk import Desk
from pullcord.store import Command, Reader

from .given import Query

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command is made from."""

    desk: Desk
    party: PartyId
    person: PersonId | None  # on whose behalf the platform asks
    path: Mapping[str, str]
    body: Any
    key: str  # stands for party, person and Idempotency-Key; 32 hexadecimal digits

    def named(self, given: str | None, letter: str) -> str:
        """The name that the caller chose for something new, or one that follows from the key."""
        return given if given is not None else f"{letter}-{self.key}"


@dataclass(frozen=True, slots=True)
class CommandOperation:
    """A command: POST, with a key."""

    path: str  # below PREFIX, as {name}
    operation_id: str
    command: str  # the right it needs, and the scope
    summary: str
    body: type[Any] | None
    answer: Any
    make: Callable[[Asked], Command[Any]]
    tag: str
    body_optional: bool = False  # every field has a default
    status: int = 200
    location: Callable[[Asked, Any], str | None] | None = None  # of what was made, below PREFIX
    for_person: bool = False  # takes the header Pullcord-Person
    example: Mapping[str, Any] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a read is answered from."""

    app: App
    party: PartyId
    role: Role
    person: PersonId | None
    path: Mapping[str, str]
    query: Any
    _reader: Reader | None = None

    @property
    def house(self) -> Catalogue:
        return self.app.desk.house

    @property
    def reader(self) -> Reader:
        assert self._reader is not None, "the operation says `ledger=False`"
        return self._reader


class NoQuery(Query, frozen=True, kw_only=True):
    """A read without parameters."""


@dataclass(frozen=True, slots=True)
class ReadOperation:
    """A read: GET, with an ETag."""

    path: str
    operation_id: str
    summary: str
    answer: Any
    read: Callable[[Seen], Any]
    tag: str
    query: type[Any] = NoQuery
    roles: frozenset[Role] | None = None  # None: every party
    ledger: bool = True  # False: from the program alone
    for_person: bool = False
    seller_only: bool = False  # of the platform and the carmaker, only the one that sells under the mode
    description: str = ""
    missing: bool = False  # may name what there is not: 404
    parameters: Mapping[str, Any] = field(default_factory=dict)  # JSON schemas of path parameters, where not an id


@dataclass(frozen=True, slots=True)
class KeptAsked:
    """What a change outside the ledger is made from."""

    party: PartyId
    role: Role
    path: Mapping[str, str]
    body: Any
    key: str


@dataclass(frozen=True, slots=True)
class KeptOperation:
    """A change of what a party keeps beside the ledger: where its webhooks go."""

    method: str
    path: str
    operation_id: str
    scope: str
    summary: str
    body: type[Any] | None
    answer: Any  # None: no content
    run: Callable[[KeptAsked], Awaitable[Any]]
    tag: str
    status: int = 200
    location: Callable[[Any], str] | None = None
    description: str = ""
    missing: bool = True
    example: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StreamOperation:
    """A stream of events, open until either side ends it."""

    path: str
    operation_id: str
    summary: str
    query: type[Any]
    serve: Callable[[Any, Any, Any, Any, PartyId, Role], Awaitable[None]]  # scope, receive, send, query
    tag: str
    description: str = ""


Operation = CommandOperation | ReadOperation | KeptOperation | StreamOperation
