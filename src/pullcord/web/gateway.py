"""From an event loop to the ledger's one writer: what arrives in one turn of the loop is handed over together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from pullcord.store import Command, Ledger

log = logging.getLogger(__name__)

A = TypeVar("A")
Answered: TypeAlias = A | BaseException  # a command's answer, or why there is none


class Gateway:
    """Gives commands to a ledger from one event loop. An answer means that the commit is durable."""

    def __init__(self, ledger: Ledger, loop: asyncio.AbstractEventLoop) -> None:
        self.ledger = ledger
        self._loop = loop
        self._waiting: list[tuple[Command[Any], Callable[[Any], None]]] = []
        self._quick: list[tuple[Command[Any], Callable[[Any], None]]] = []
        self._put_off = False  # what is in `_quick` was refused once

    def give(self, command: Command[A]) -> asyncio.Future[A]:
        """The command's answer; a PullcordError is raised where it failed. Only to be called in the gateway's loop."""
        told: asyncio.Future[A] = self._loop.create_future()

        def tell(answer: Answered[A]) -> None:
            if told.done():  # whoever asked has gone; the effect stands, and asking again gives the same answer
                return
            if isinstance(answer, BaseException):
                told.set_exception(answer)
            else:
                told.set_result(answer)

        self.hand(command, tell)
        return told

    def hand(self, command: Command[A], tell: Callable[[Answered[A]], None]) -> None:
        """`give`, for those who have no need of a future: `tell` is called in the gateway's loop."""
        if not self._waiting:
            self._loop.call_soon(self._hand_over)
        self._waiting.append((command, tell))

    def hand_quick(self, command: Command[A], tell: Callable[[Answered[A]], None]) -> None:
        """`hand`, for what is decided from memory in microseconds: it is decided in the loop where that can be."""
        if not self._quick:
            self._loop.call_soon(self._decide_quick)
        self._quick.append((command, tell))

    def _decide_quick(self) -> None:
        quick, self._quick = self._quick, []
        if not quick:
            return
        decided: int | None = 0
        try:
            decided = self.ledger.decide_ahead([command for command, _ in quick], self._telling(quick), self._free)
        except Exception:  # what had an effect is known to the ledger by its name, and may be given again
            log.exception("%d commands could not be decided here", len(quick))
        if decided is None and not self._put_off:
            self._quick, self._put_off = quick, True  # until the ledger has decided what it is at; who comes joins them
            return
        self._put_off = False
        if not decided or decided < len(quick):
            self._submit(quick[decided or 0 :])

    def _free(self) -> None:  # in the writer's thread
        self._loop.call_soon_threadsafe(self._decide_quick)

    def _hand_over(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._submit(waiting)

    def _submit(self, waiting: list[tuple[Command[Any], Callable[[Any], None]]]) -> None:
        try:
            self.ledger.submit([command for command, _ in waiting], self._telling(waiting))
        except BaseException as failure:
            _tell(waiting, [failure] * len(waiting))

    def _telling(self, waiting: list[tuple[Command[Any], Callable[[Any], None]]]) -> Callable[[list[Any]], object]:
        def done(answers: list[Any]) -> None:  # in the writer's thread
            self._loop.call_soon_threadsafe(self._told, waiting, answers)

        return done

    def _told(self, waiting: list[tuple[Command[Any], Callable[[Any], None]]], answers: list[Any]) -> None:
        self.ledger.go_on()
        _tell(waiting, answers)


def _tell(waiting: list[tuple[Command[Any], Callable[[Any], None]]], answers: list[Any]) -> None:
    for (command, tell), answer in zip(waiting, answers, strict=False):
        try:
            tell(answer)
        except Exception:  # the others are to hear of theirs
            log.exception("who gave `%s` could not be told of its answer", command.name)
