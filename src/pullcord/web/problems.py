"""What is told when something cannot be done: problem+json (RFC 9457), one kind for each way to go wrong."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pullcord.base import InvalidInput, PullcordError

from .reply import Headers, Reply


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to go wrong, as its page explains it."""

    code: str  # its address is /problems/<code>
    status: int
    title: str
    meaning: str
    way_out: str


KINDS: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            "bad-request",
            400,
            "The request cannot be read",
            "Its body is no JSON, its query is not understood, or a header is malformed.",
            "Compare it with the description at /api/v1/openapi.json.",
        ),
        Kind(
            "missing-idempotency-key",
            400,
            "A command needs an Idempotency-Key",
            "Every command carries a key of the caller's choice, so that asking twice has one effect and one answer.",
            "Send the header Idempotency-Key with up to 255 visible characters, a new one for each new command.",
        ),
        Kind(
            "unauthenticated",
            401,
            "It is not known who asks",
            "The token is missing, mistyped, revoked or past its time.",
            "Send the header Authorization: Bearer with a token that was issued to your party.",
        ),
        Kind(
            "insufficient-scope",
            403,
            "The token does not reach so far",
            "Tokens are scoped: to reads, to rooms such as orders, or to single commands.",
            "Have a token issued with the scope that the detail names.",
        ),
        Kind(
            "forbidden",
            403,
            "The party may not do this",
            "Each role has its own commands, and sees what it needs for its work. The attempt was noted.",
            "Ask the party whose task it is.",
        ),
        Kind(
            "not-found",
            404,
            "There is nothing of this name",
            "The address is unknown, or a name in it stands for nothing that the party may see.",
            "Check the spelling; lists of what there is stand at /api/v1/openapi.json.",
        ),
        Kind(
            "method-not-allowed",
            405,
            "The address does not take this method",
            "Reads are GET and commands are POST.",
            "Use one of the methods in the header Allow.",
        ),
        Kind(
            "conflict",
            409,
            "Something else came first",
            "What the command rests on has changed, or a name in it is taken.",
            "Read again and decide anew.",
        ),
        Kind(
            "still-running",
            409,
            "The same command is being carried out",
            "A request with this Idempotency-Key has not been answered yet.",
            "Wait for as long as Retry-After says, and ask again with the same key and body.",
        ),
        Kind(
            "too-large",
            413,
            "The body is too large",
            "No command needs so much.",
            "Send less at once.",
        ),
        Kind(
            "unsupported-media-type",
            415,
            "The body is of a kind that is not taken here",
            "Commands are JSON.",
            "Send the header Content-Type: application/json.",
        ),
        Kind(
            "invalid-input",
            422,
            "Something in the request cannot be used",
            "Every fault that was found stands in `problems`, each with a pointer to its place.",
            "Mend them all and ask again.",
        ),
        Kind(
            "key-reused",
            422,
            "The Idempotency-Key was used for another command",
            "A key belongs to one command with one body.",
            "Choose a new key for each new command.",
        ),
        Kind(
            "too-many-requests",
            429,
            "Too many requests",
            "A party, and an address, may ask so often and no oftener.",
            "Wait for as long as Retry-After says.",
        ),
        Kind(
            "internal-error",
            500,
            "Something broke here",
            "It is not the caller's fault, and the log has the details under `id`.",
            "Ask again with the same Idempotency-Key; if it stays broken, tell the operator the id.",
        ),
        Kind(
            "partner-failure",
            502,
            "Another system did not do its part",
            "A system that this one relies on failed.",
            "Ask again later.",
        ),
        Kind(
            "unavailable",
            503,
            "Not ready",
            "The ledger cannot be read, or its writer has stopped.",
            "Ask again later.",
        ),
    )
}
_OF_ERRORS = {
    "invalid_input": "invalid-input",
    "not_found": "not-found",
    "conflict": "conflict",
    "forbidden": "forbidden",
    "partner_failure": "partner-failure",
}
_OF_STATUS = {kind.status: kind.code for kind in KINDS.values()} | {
    400: "bad-request",
    403: "forbidden",
    409: "conflict",
    422: "invalid-input",
}


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong in a request."""

    pointer: str  # JSON pointer into the body as a fragment: #/variant_id; or query/limit, path/order_id
    detail: str


class ProblemDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as RFC 9457 has it; `hint`, `problems` and `id` are extensions."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    hint: str | None = None  # the way out
    problems: tuple[Fault, ...] = ()  # every fault that was found
    id: str | None = None  # under which the log tells more


class HttpProblem(Exception):
    """A request ends here, with a problem of one of the KINDS."""

    def __init__(
        self,
        code: str,
        detail: str,
        hint: str | None = None,
        *,
        faults: Sequence[Fault] = (),
        headers: Headers = (),
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint
        self.faults = tuple(faults)
        self.headers = headers


MEDIA_TYPE = "application/problem+json"
_CONTENT_TYPE = (b"content-type", MEDIA_TYPE.encode())
_ENCODE = msgspec.json.Encoder().encode


def problem(
    code: str,
    detail: str | None = None,
    hint: str | None = None,
    *,
    instance: str | None = None,
    faults: Sequence[Fault] = (),
    headers: Headers = (),
    request_id: str | None = None,
) -> Reply:
    """The reply that tells of a problem of one of the KINDS."""
    kind = KINDS[code]
    said = ProblemDetail(
        f"/problems/{code}",
        kind.title,
        kind.status,
        detail,
        instance,
        hint,
        tuple(faults),
        request_id if kind.status >= 500 else None,
    )
    return Reply(kind.status, [_CONTENT_TYPE, (b"cache-control", b"no-store"), *headers], _ENCODE(said))


def problem_of(failure: Exception, instance: str | None, request_id: str | None) -> Reply | None:
    """The reply for a failure that callers may be told of; None for one that must not leave the house."""
    if isinstance(failure, HttpProblem):
        return problem(
            failure.code,
            failure.detail,
            failure.hint,
            instance=instance,
            faults=failure.faults,
            headers=failure.headers,
            request_id=request_id,
        )
    if isinstance(failure, PullcordError) and failure.code in _OF_ERRORS:
        faults: list[Fault] = []
        if isinstance(failure, InvalidInput):
            faults = [
                Fault(f"{p.file}:{p.line}" if p.line else p.file, f"{p.wrong}; {p.right}") for p in failure.problems
            ]
        return problem(
            _OF_ERRORS[failure.code],
            failure.message,
            failure.hint,
            instance=instance,
            faults=faults,
            request_id=request_id,
        )
    return None


def code_of_status(status: int) -> str:
    """The kind of problem that stands for an HTTP status; the nearest where it has none of its own."""
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    return "bad-request" if 400 <= status < 500 else "internal-error"


def page(code: str) -> str | None:
    """The page that explains a kind of problem, as HTML; None for a kind that there is not."""
    kind = KINDS.get(code)
    if kind is None:
        return None
    told = [html.escape(text) for text in (kind.title, f"{kind.status} {kind.code}", kind.meaning, kind.way_out)]
    text: str = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{told[0]}</title></head><body><main><h1>{told[0]}</h1><p><code>{told[1]}</code></p>"
        f"<p>{told[2]}</p><h2>What to do</h2><p>{told[3]}</p></main></body></html>"
    )
    return text
