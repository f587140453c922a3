"""Events: frozen records with a kind, written as JSON with the version of their schema inside."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from pullcord.base import Corrupt, InvalidInput, NotFound, PartyId

B = TypeVar("B")
T = TypeVar("T")
Upcast = Callable[[dict[str, Any]], dict[str, Any]]

_KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


class Event(msgspec.Struct, Generic[B], frozen=True, gc=False):
    """One thing that happened, and cannot be made not to have happened.

    A msgspec Struct rather than a dataclass: it is built ten times faster, and every command builds several.
    """

    seq: int  # 1, 2, 3, … within the program, without a gap
    recorded_at: datetime  # UTC
    kind: str
    stream: str  # such as order/A17
    version: int  # 1, 2, 3, … within the stream
    party: PartyId  # who said it
    cause: int | None  # seq of the event that led to it
    body: B


class _VersionOnly(msgspec.Struct):
    v: int


class Codec:
    """How one kind of event is written and read."""

    __slots__ = ("_decoder", "_opening", "cls", "kind", "upcasts", "version")

    def __init__(self, cls: type, kind: str, version: int, upcasts: Mapping[int, Upcast]) -> None:
        self.cls = cls
        self.kind = kind
        self.version = version
        self.upcasts = dict(upcasts)
        self._opening = b'{"v":%d' % version
        self._decoder: msgspec.json.Decoder[Any] | None = None

    @property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        # Made on first use: a record may name a type that its module defines further down.
        if self._decoder is None:
            self._decoder = msgspec.json.Decoder(self.cls)
        return self._decoder

    def encode(self, body: Any) -> bytes:
        """The body's bytes."""
        fields = _ENCODER.encode(body)
        return self._opening + (b"," + fields[1:] if len(fields) > 2 else b"}")

    def seal(self, body: Any) -> tuple[bytes, Any]:
        """The body's bytes, and the body as those bytes will be read: folds see today what a replay will see."""
        try:
            sealed = self.encode(body)
            return sealed, (self._decoder or self.decoder).decode(sealed)
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as failure:
            raise InvalidInput(f"`{self.kind}` cannot be kept as an event: {failure}", f"given: {body!r}") from failure

    def open(self, sealed: bytes | str) -> Any:
        """The body that was sealed, brought up to the present version of its schema."""
        try:
            version = _VERSION.decode(sealed).v
            if version == self.version:
                return (self._decoder or self.decoder).decode(sealed)
            if version > self.version:
                raise NotFound(
                    f"`{self.kind}` is known up to version {self.version}, and this one is of version {version}",
                    "it was written by a newer Pullcord: upgrade this one",
                )
            fields = msgspec.json.decode(sealed)
            while version < self.version:
                if version not in self.upcasts:
                    raise NotFound(
                        f"`{self.kind}` of version {version} cannot be brought to version {version + 1}",
                        f"give event(..., upcasts={{{version}: …}}) on {self.cls.__name__}",
                    )
                fields = self.upcasts[version](fields)
                version += 1
            return msgspec.convert({**fields, "v": version}, self.cls)
        except (InvalidInput, msgspec.MsgspecError) as failure:
            raise Corrupt(f"the body does not read as `{self.kind}`: {failure}") from failure


_ENCODER = msgspec.json.Encoder()
_VERSION = msgspec.json.Decoder(_VersionOnly)
_BY_KIND: dict[str, Codec] = {}
_BY_CLASS: dict[type, Codec] = {}


def event(kind: str, version: int = 1, upcasts: Mapping[int, Upcast] | None = None) -> Callable[[type[T]], type[T]]:
    """A class decorator that makes a frozen dataclass, or a frozen msgspec Struct, the body of events of `kind`.

    A Struct is made ten times faster, which shows where thousands of the kind are decided in a second.

    `upcasts[n]` takes the JSON object of version n and gives that of version n + 1.
    """
    if not _KIND.fullmatch(kind):
        raise InvalidInput(f"`{kind}` cannot be a kind of event", "write it as noun.verb, such as order.placed")

    def register(cls: type[T]) -> type[T]:
        if "v" in record_fields(cls):
            raise InvalidInput(f"{cls.__name__} has a field `v`", "that name is kept for the version of the schema")
        known = _BY_KIND.get(kind)
        if known is not None and (known.cls.__module__, known.cls.__qualname__) != (cls.__module__, cls.__qualname__):
            raise InvalidInput(
                f"`{kind}` already stands for {known.cls.__qualname__}", "give each event a kind of its own"
            )
        _BY_KIND[kind] = _BY_CLASS[cls] = Codec(cls, kind, version, upcasts or {})
        return cls

    return register


def record_fields(cls: type[Any]) -> list[str]:
    """The names of a record's fields, in order."""
    if issubclass(cls, msgspec.Struct):
        return [field.name for field in msgspec.structs.fields(cls)]
    if not dataclasses.is_dataclass(cls):
        raise InvalidInput(f"{cls.__name__} is no dataclass", "put @event above @dataclass(frozen=True, slots=True)")
    return [field.name for field in dataclasses.fields(cls)]


def codec_of(cls: type) -> Codec:
    """How bodies of this class are written and read."""
    try:
        return _BY_CLASS[cls]
    except KeyError:
        raise InvalidInput(f"{cls.__name__} is no event", "decorate it with @event(kind)") from None


def codec_for(kind: str) -> Codec:
    """How events of this kind are written and read."""
    try:
        return _BY_KIND[kind]
    except KeyError:
        raise NotFound(
            f"no event of kind `{kind}` is known here",
            "import the room that defines it, or upgrade Pullcord if a newer one wrote it",
        ) from None


def event_class(kind: str) -> type:
    """The class of the bodies of events of this kind. Raises NotFound for a kind that no imported room defines."""
    return codec_for(kind).cls


def event_kinds() -> dict[str, type]:
    """Every kind of event that the imported rooms define, and the class of its bodies; in order of the kind."""
    return {kind: _BY_KIND[kind].cls for kind in sorted(_BY_KIND)}


def genesis(program_id: str) -> bytes:
    """The hash that the first event of a program follows."""
    return hashlib.sha256(b"pullcord ledger of " + program_id.encode()).digest()


def chain(
    previous: bytes,
    seq: int,
    recorded_at: str,
    kind: str,
    stream: str,
    version: int,
    party: str,
    cause: int | None,
    body: bytes,
) -> bytes:
    """The hash of an event: SHA-256 over the hash before it and all its fields, `recorded_at` as fixed-width text.

    No field but the body may hold a newline, so no two events share the same bytes.
    """
    head = f"{seq}\n{recorded_at}\n{kind}\n{stream}\n{version}\n{party}\n{cause or 0}\n"
    return hashlib.sha256(previous + head.encode("utf-8", "surrogateescape") + body).digest()
