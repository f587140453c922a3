"""What the writer was asked, and what it has decided but not yet committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .command import Command, CommandAnswered
from .database import Batch

Done = Callable[[list[Any]], object]


class Ask:
    """Commands handed to the writer together; `done` is called, in the writer's thread, once all are answered."""

    __slots__ = ("answers", "commands", "done", "taken")

    def __init__(self, commands: Sequence[Command[Any]], done: Done) -> None:
        self.commands = commands
        self.answers: list[Any] = []  # an answer, or the Failure that stands for it
        self.taken = 0
        self.done = done


class Failure:
    """Stands in the place of an answer."""

    __slots__ = ("cause",)

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause


class GroupFailed(Exception):
    """The group cannot be committed as a whole: each of its commands must be tried alone."""


@dataclass(slots=True)
class Ahead:
    """Asks that were decided in memory, whose effects the next commit makes durable.

    `kept` holds what the commands answered, by stream, for as long as no reader of the database finds it there.
    """

    asks: list[Ask] = field(default_factory=list)
    commands: int = 0  # in all of them
    kept: dict[str, CommandAnswered] = field(default_factory=dict)


@dataclass(slots=True)
class Begun:
    """A commit that was begun: what it writes, and who waits for it."""

    asks: list[Ask]
    batch: Batch
    failure: BaseException | None = None  # why it cannot be
