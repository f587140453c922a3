"""From what came over the wire to a checked record; where it cannot be used, every fault with its place."""

from __future__ import annotations

import types
import typing
from collections.abc import Hashable, Iterable
from functools import cache
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from pullcord.base import LONGEST_ID, LONGEST_NAMED_ID
from pullcord.web import Fault, HttpProblem

T = TypeVar("T")
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SHAPE = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Id = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, pattern=_SHAPE)]
NamedId = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAMED_ID, pattern=_SHAPE)]


class Body(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a command is given; unknown fields are refused."""


class Query(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a read is asked for; unknown parameters are refused."""


@cache
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast(type[Any], kind))


def body_of(kind: type[T], raw: bytes) -> T:
    """The body as a record. Raises HttpProblem: 400 where it is no JSON, 422 with all faults where it does not fit."""
    try:
        found: T = _decoder(cast(Hashable, kind)).decode(raw)
        return found
    except msgspec.ValidationError as first:
        faults = _faults(kind, _read(raw), strict=True, place="#/")
        raise HttpProblem(
            "invalid-input",
            f"{len(faults) or 1} field(s) of the body cannot be used.",
            faults=faults or [Fault("#", str(first))],
        ) from None
    except _NO_JSON as failure:
        raise _no_json(failure) from None


def _read(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except _NO_JSON as failure:  # what did not fit was found before what cannot be read
        raise _no_json(failure) from None


def _no_json(failure: Exception) -> HttpProblem:
    return HttpProblem("bad-request", f"The body is no JSON: {failure}")


def query_of(kind: type[T], raw: bytes) -> T:
    """The query as a record. Raises HttpProblem (400) with all faults."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=100
        )
    except ValueError:
        raise HttpProblem("bad-request", "The query is not of the form name=value&name=value, in UTF-8.") from None
    lists = _lists(cast(Hashable, kind))
    found: dict[str, Any] = {}
    faults = []
    for name, value in pairs:
        if name in lists:
            found.setdefault(name, []).extend(value.split(",") if value else [])
        elif name in found:
            faults.append(Fault(f"query/{name}", "given twice"))
        else:
            found[name] = value
    if not faults:
        try:
            asked = msgspec.convert(found, kind, strict=False)
            # A parameter that is left out is none; one that is given says something, and `null` is no word for it.
            faults = [Fault(f"query/{name}", "is nothing") for name in found if getattr(asked, name) is None]
            if not faults:
                return asked
        except msgspec.ValidationError as first:
            faults = _faults(kind, found, strict=False, place="query/") or [Fault("query", str(first))]
    raise HttpProblem("bad-request", "The query cannot be used.", faults=faults)


@cache
def _lists(kind: Hashable) -> frozenset[str]:
    hints = typing.get_type_hints(kind)
    return frozenset(name for name, hint in hints.items() if any(typing.get_origin(t) is tuple for t in _parts(hint)))


def _parts(hint: Any) -> Iterable[Any]:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _faults(kind: type[Any], found: Any, *, strict: bool, place: str) -> list[Fault]:
    """Each field looked at by itself, so that one fault does not hide the next."""
    if not isinstance(found, dict):
        return []
    faults = []
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if name not in found:
            if field.required:
                faults.append(Fault(f"{place}{name}", "is missing"))
            continue
        try:
            msgspec.convert(found[name], hints[field.name], strict=strict)
        except msgspec.ValidationError as fault:
            faults.append(Fault(f"{place}{name}", str(fault)))
    faults += [
        Fault(f"{place}{_pointer(name)}", f"is not known; there are {', '.join(fields) or 'no fields'}")
        for name in found
        if name not in fields
    ]
    return faults


def _pointer(name: str) -> str:
    return name[:64].replace("~", "~0").replace("/", "~1")
