"""Commands: named by the caller, so that asking twice takes effect once and gives the same answer."""

from __future__ import annotations

import hashlib
import types
import typing
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from pullcord.base import CommandId, InvalidInput, PartyId

from .event import event

if TYPE_CHECKING:
    from .transaction import Transaction

A = TypeVar("A")
STREAM_PREFIX = "command/"


@event("command.answered")
class CommandAnswered(msgspec.Struct, frozen=True, gc=False):
    """A command was carried out, and this was its answer. The cause of every event that the command emitted."""

    name: str
    fingerprint: str  # of the party, the name and the body
    answer_type: str  # class name of the answer
    answer: msgspec.Raw


class Command(msgspec.Struct, Generic[A], frozen=True, gc=False):
    """A wish, and how to decide it.

    `decide` may run more than once, so it must have no effect but what it emits. A refusal is an answer; what raises
    inside `decide` undoes this command, and nothing of it is kept.
    """

    id: CommandId  # the caller's name of it; the same id with another body is a Conflict
    party: PartyId
    name: str  # such as orders.reserve
    body: Any  # JSON-able; its fingerprint is kept
    decide: Callable[[Transaction], A]
    answer: type[A] | types.UnionType | None  # what `decide` returns, so that a kept answer can be read

    def under(self, command_id: CommandId) -> Command[A]:
        """The same wish under another name."""
        return Command(command_id, self.party, self.name, self.body, self.decide, self.answer)


_CANONICAL = msgspec.json.Encoder(order="deterministic")


def fingerprint(command: Command[Any]) -> str:
    """What makes a command the same command: its party, its name and its body."""
    try:
        said = _CANONICAL.encode((command.party, command.name, command.body))
    except (TypeError, ValueError, OverflowError) as failure:
        raise InvalidInput(
            f"the body of `{command.name}` is no JSON: {failure}", "give plain values or records"
        ) from None
    return hashlib.blake2b(said, digest_size=16).hexdigest()


@lru_cache(maxsize=1024)
def _decoder(kind: Any, type_name: str) -> msgspec.json.Decoder[Any]:
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        # msgspec cannot tell two untagged records apart; the kept class name can.
        named = [member for member in typing.get_args(kind) if getattr(member, "__name__", "") == type_name]
        if len(named) == 1:
            return msgspec.json.Decoder(named[0])
    return msgspec.json.Decoder(kind)


def seal_answer(command: Command[Any], answer: Any) -> tuple[str, bytes, Any]:
    """Class name and JSON of an answer, and the answer as it will be read when the command is asked again."""
    type_name = type(answer).__name__
    try:
        sealed = _CANONICAL.encode(answer)
        return type_name, sealed, open_answer(command, type_name, sealed)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as failure:
        raise InvalidInput(
            f"`{command.name}` answered {answer!r}, which cannot be kept as {command.answer}: {failure}",
            "let Command.answer name what decide returns",
        ) from failure


def open_answer(command: Command[Any], type_name: str, sealed: bytes | msgspec.Raw) -> Any:
    """A kept answer."""
    kind: Any = command.answer
    return _decoder(kind, type_name).decode(sealed)
