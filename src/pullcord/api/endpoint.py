"""From a request to its reply: who asks, what for, and whether they may. One path through it for all operations."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from pullcord.alliance import Role
from pullcord.base import Attempt, CommandId, Conflict, Forbidden, PersonId, PullcordError, check_id
from pullcord.store import Command
from pullcord.web import (
    Context,
    HttpProblem,
    Limiter,
    Receive,
    Reply,
    Scope,
    Send,
    not_allowed,
    request_headers,
    send_reply,
    too_many,
    unexpected,
)

from .given import body_of, query_of
from .operation import (
    PREFIX,
    Asked,
    CommandOperation,
    KeptAsked,
    KeptOperation,
    Operation,
    ReadOperation,
    Seen,
    StreamOperation,
)
from .paging import Paged
from .tokens import READ, Asker, Tokens, out_of_reach

log = logging.getLogger(__name__)
_ENCODE = msgspec.json.Encoder().encode
JSON_HEADERS: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
REPLAYED_HEADERS = [*JSON_HEADERS, (b"idempotent-replayed", b"true")]
_READ: list[tuple[bytes, bytes]] = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"authorization, pullcord-person"),
]
KEY = re.compile(rb"[\x21-\x7e]{1,255}")
Serve = Callable[[Scope, Receive, Send, Asker], Awaitable[Reply | None]]


class FrontDesk:
    """What all operations share: tokens, limits, and the commands that are being carried out."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.tokens = Tokens(context)
        rate = context.options.rate_per_party
        self.limiter = Limiter(rate, context.monotonic) if rate is not None else None
        self.running: set[str] = set()
        context.metrics.waiting.set_function(lambda: len(self.running))

    async def note(self, attempt: Attempt) -> None:
        """Write down that somebody was turned away. They are turned away even where that fails."""
        try:
            await self.context.gateway.give(self.context.app.desk.note_refusal(attempt))
        except PullcordError:
            log.exception("a refusal of `%s` could not be noted", attempt.command)


class Endpoint:
    """The operations at one path, by method."""

    def __init__(self, desk: FrontDesk, operations: Sequence[Operation]) -> None:
        self._desk = desk
        self._serve: dict[str, Serve] = {}
        for operation in operations:
            if isinstance(operation, CommandOperation):
                self._serve["POST"] = _Commanding(desk, operation)
            elif isinstance(operation, KeptOperation):
                self._serve[operation.method] = _Keeping(desk, operation)
            elif isinstance(operation, StreamOperation):
                self._serve["GET"] = _Streaming(desk, operation)
            else:
                self._serve["GET"] = self._serve["HEAD"] = _Reading(desk, operation)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        serve = self._serve.get(method)
        if serve is None:
            await send_reply(send, not_allowed(scope["path"], method, tuple(self._serve)))
            return
        desk = self._desk
        try:
            header = request_headers(scope).get(b"authorization")
            asker = desk.tokens.at_hand(header) or await desk.tokens.verify(header)
            wait_s = desk.limiter.take(asker.party.party_id) if desk.limiter is not None else 0.0
            reply = too_many(wait_s, scope["path"]) if wait_s else await serve(scope, receive, send, asker)
        except Exception as failure:
            if isinstance(failure, Forbidden) and failure.attempt is not None:
                await desk.note(failure.attempt)
            reply = unexpected(failure, scope)
        if reply is not None:
            await send_reply(send, reply, with_body=method != "HEAD")


class _Commanding:
    """Carries out one kind of command, once for each key."""

    def __init__(self, desk: FrontDesk, operation: CommandOperation) -> None:
        self._desk = desk
        self._operation = operation
        self._name = operation.command
        self._status = operation.status

    async def __call__(self, scope: Scope, receive: Receive, send: Send, asker: Asker) -> Reply:
        desk, operation = self._desk, self._operation
        headers = request_headers(scope)
        party_id = asker.party.party_id
        key = key_of(headers)
        person = person_of(headers) if operation.for_person else None
        if not asker.reaches(self._name):
            await desk.note(Attempt(party_id, self._name, scope["pullcord.request_id"]))
            raise out_of_reach(self._name)
        body = await body_from(receive, headers, operation.body, operation.body_optional)
        name = name_of(party_id, person, key)
        if name in desk.running:
            raise still_running()
        desk.running.add(name)
        monotonic = desk.context.monotonic
        began = monotonic()
        try:
            asked = Asked(desk.context.app.desk, party_id, person, path_of(scope), body, name)
            command = operation.make(asked)
            command, watch = watched(command, CommandId(f"h-{name}"))
            answer = await desk.context.gateway.give(command)
        except Conflict as failure:
            if failure.message.startswith(f"command `h-{name}` was already given"):
                raise HttpProblem(
                    "key-reused",
                    "This Idempotency-Key was used before, for another command or another body.",
                    "choose a new key; with the old body the old key gives the old answer",
                ) from None
            raise
        finally:
            desk.running.discard(name)
        desk.context.metrics.command(self._name, monotonic() - began)
        status = self._status
        reply_headers = JSON_HEADERS if watch.carried_out else REPLAYED_HEADERS
        if status != 200 and getattr(answer, "refused", None) is not None:
            status = 200  # nothing was made
        elif operation.location is not None and (place := operation.location(asked, answer)) is not None:
            reply_headers = [*reply_headers, (b"location", f"{PREFIX}{place}".encode())]
        return Reply(status, reply_headers, _ENCODE(answer))


class Watch:
    """A command's decision that knows whether it was carried out now: else its answer is one of long ago."""

    __slots__ = ("_decide", "carried_out")

    def __init__(self, decide: Callable[[Any], Any]) -> None:
        self._decide = decide
        self.carried_out = False

    def __call__(self, tx: Any) -> Any:
        self.carried_out = True
        return self._decide(tx)


def watched(command: Command[Any], command_id: CommandId) -> tuple[Command[Any], Watch]:
    """The command under the caller's name, and what tells whether it was decided now or long ago."""
    watch = Watch(command.decide)
    return Command(command_id, command.party, command.name, command.body, watch, command.answer), watch


class _Reading:
    """Answers one kind of read; not at all where the caller has the answer already."""

    def __init__(self, desk: FrontDesk, operation: ReadOperation) -> None:
        self._desk = desk
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send, asker: Asker) -> Reply:
        operation, context = self._operation, self._desk.context
        roles = operation.roles
        if operation.seller_only and roles is not None:
            roles = roles - ({Role.PLATFORM, Role.CARMAKER} - {context.app.desk.house.seller.role})
        await may_read(self._desk, scope, asker, operation.operation_id, roles)
        headers = request_headers(scope)
        raw_query = scope.get("query_string", b"")
        seen = Seen(
            context.app,
            asker.party.party_id,
            asker.party.role,
            person_of(headers) if operation.for_person else None,
            path_of(scope),
            query_of(operation.query, raw_query),
        )

        def read() -> Any:
            with context.app.ledger.reader() as reader:
                return operation.read(dataclasses.replace(seen, _reader=reader))

        found = await asyncio.to_thread(read) if operation.ledger else operation.read(seen)
        own = _READ
        if isinstance(found, Paged):
            following = None
            if found.cursor is not None:
                kept = [(k, v) for k, v in parse_qsl(raw_query.decode("ascii")) if k != "cursor"]
                following = f"{scope['path']}?{urlencode([*kept, ('cursor', found.cursor)])}"
                own = [*own, (b"link", f'<{following}>; rel="next"'.encode())]
            found = {"items": found.items, "next": following}
        encoded = _ENCODE(found)
        tag = b'"%s"' % hashlib.blake2b(encoded, digest_size=16).hexdigest().encode()
        own = [*own, (b"etag", tag)]
        if _matches(headers.get(b"if-none-match"), tag):
            return Reply(304, own[1:], b"")
        return Reply(200, own, encoded)


class _Keeping:
    """Carries out a change beside the ledger."""

    def __init__(self, desk: FrontDesk, operation: KeptOperation) -> None:
        self._desk = desk
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send, asker: Asker) -> Reply:
        desk, operation = self._desk, self._operation
        headers = request_headers(scope)
        party_id = asker.party.party_id
        key = key_of(headers) if operation.method == "POST" else b""
        if not asker.reaches(operation.scope):
            await desk.note(Attempt(party_id, operation.scope, scope["pullcord.request_id"]))
            raise out_of_reach(operation.scope)
        body = await body_from(receive, headers, operation.body, optional=False)
        name = name_of(party_id, None, key)
        if key and name in desk.running:
            raise still_running()
        desk.running.add(name)
        try:
            answer = await operation.run(KeptAsked(party_id, asker.party.role, path_of(scope), body, name))
        finally:
            desk.running.discard(name)
        if operation.answer is None:
            return Reply(204, [], b"")
        own = JSON_HEADERS
        if operation.location is not None:
            own = [*own, (b"location", f"{PREFIX}{operation.location(answer)}".encode())]
        return Reply(operation.status, own, _ENCODE(answer))


class _Streaming:
    """Opens a stream; what follows is the stream's own."""

    def __init__(self, desk: FrontDesk, operation: StreamOperation) -> None:
        self._desk = desk
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send, asker: Asker) -> None:
        operation = self._operation
        await may_read(self._desk, scope, asker, operation.operation_id, None)
        query = query_of(operation.query, scope.get("query_string", b""))
        await operation.serve(scope, receive, send, query, asker.party.party_id, asker.party.role)


async def may_read(desk: FrontDesk, scope: Scope, asker: Asker, what: str, roles: Any) -> None:
    """Raises, and notes, where the token or the role does not allow this read."""
    attempt = Attempt(asker.party.party_id, f"read.{what}", scope["pullcord.request_id"])
    if not asker.reaches(READ):
        await desk.note(attempt)
        raise out_of_reach(READ)
    if roles is not None and asker.party.role not in roles:
        listed = " or the ".join(sorted(role.value for role in roles))
        raise Forbidden(f"a {asker.party.role.value} does not see this", f"it is for the {listed}", attempt)


def key_of(headers: Mapping[bytes, bytes]) -> bytes:
    """The Idempotency-Key. Raises HttpProblem (400) where there is none, or one that is no key."""
    key = headers.get(b"idempotency-key")
    if key is None:
        raise HttpProblem(
            "missing-idempotency-key",
            "The request has no header Idempotency-Key.",
            "choose a key of your own for each new command, and send it again when you ask again",
        )
    if not KEY.fullmatch(key):
        raise HttpProblem("bad-request", "The Idempotency-Key is not 1 to 255 visible ASCII characters.")
    return key


def name_of(party_id: str, person: str | None, key: bytes) -> str:
    """What stands for a key within its scope: the party, and the person it acts for."""
    scope = f"{party_id}\n{person or ''}\n".encode()
    return hashlib.blake2b(scope + key, digest_size=16).hexdigest()


def person_of(headers: Mapping[bytes, bytes]) -> PersonId | None:
    """On whose behalf the request is, if it says so. Raises HttpProblem (400) for what is no pseudonym."""
    given = headers.get(b"pullcord-person")
    if given is None:
        return None
    try:
        return PersonId(check_id(given.decode("ascii"), "person"))
    except (PullcordError, UnicodeDecodeError):
        raise HttpProblem(
            "bad-request", "The header Pullcord-Person is no person's id.", "send the pseudonym, never a name"
        ) from None


def path_of(scope: Scope) -> Mapping[str, str]:
    """The names in the path. Raises HttpProblem (404) for one that can stand for nothing."""
    found: Mapping[str, str] = scope["path_params"]
    for value in found.values():
        try:
            check_id(value, "record")
        except PullcordError:
            raise HttpProblem("not-found", "A name in the address can stand for nothing.") from None
    return found


async def body_from(receive: Receive, headers: Mapping[bytes, bytes], kind: type[Any] | None, optional: bool) -> Any:
    """The body as a record. Raises HttpProblem where there is none, or not one of this kind."""
    message = await receive()
    raw: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        raw += message.get("body", b"")
    if kind is None:
        if raw.strip():
            raise HttpProblem("bad-request", "This command takes no body.")
        return None
    if optional and not raw:
        return kind()
    said = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if said != b"application/json":
        raise HttpProblem("unsupported-media-type", f"The body is `{said.decode('latin-1')[:80] or 'of no kind'}`.")
    return body_of(kind, raw)


def still_running() -> HttpProblem:
    """What is told to who asks again before the answer (409)."""
    return HttpProblem(
        "still-running",
        "A command with this Idempotency-Key has not been answered yet.",
        "ask again with the same key and body",
        headers=[(b"retry-after", b"1")],
    )


def _matches(header: bytes | None, tag: bytes) -> bool:
    if header is None:
        return False
    return header.strip() == b"*" or tag in [known.strip().removeprefix(b"W/") for known in header.split(b",")]
