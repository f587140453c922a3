"""From an event loop to the ledger's one writer: what arrives in one turn of the loop is handed over together."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from pullcord.store import Command, Ledger

A = TypeVar("A")


class Gateway:
    """Gives commands to a ledger from one event loop. An answer means that the commit is durable."""

    def __init__(self, ledger: Ledger, loop: asyncio.AbstractEventLoop) -> None:
        self.ledger = ledger
        self._loop = loop
        self._waiting: list[tuple[Command[Any], asyncio.Future[Any]]] = []

    def give(self, command: Command[A]) -> asyncio.Future[A]:
        """The command's answer; a PullcordError is raised where it failed. Only to be called in the gateway's loop."""
        if not self._waiting:
            self._loop.call_soon(self._hand_over)
        answer: asyncio.Future[A] = self._loop.create_future()
        self._waiting.append((command, answer))
        return answer

    def _hand_over(self) -> None:
        waiting, self._waiting = self._waiting, []
        answers = [answer for _, answer in waiting]

        def done(told: list[Any]) -> None:  # in the writer's thread
            self._loop.call_soon_threadsafe(_tell, answers, told)

        try:
            self.ledger.submit([command for command, _ in waiting], done)
        except BaseException as failure:
            _tell(answers, [failure] * len(answers))


def _tell(answers: list[asyncio.Future[Any]], told: list[Any]) -> None:
    for answer, what in zip(answers, told, strict=True):
        if answer.done():  # whoever asked has gone; the effect stands, and asking again gives the same answer
            continue
        if isinstance(what, BaseException):
            answer.set_exception(what)
        else:
            answer.set_result(what)
