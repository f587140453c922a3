"""The error tree. An expected outcome (a refusal, an infeasible plan) is a value; what stands here is a surprise.

PullcordError            code               exit  http
├── InvalidInput         invalid_input      2     422   what the caller gave cannot be used; every problem at once
├── NotFound             not_found          3     404   a name that stands for nothing
├── Conflict             conflict           4     409   someone else was first, or the same key with another body
├── Corrupt              corrupt            5     500   a stored truth that no longer holds together
├── PartnerFailure       partner_failure    6     502   another system did not do its part
├── SolverFailure        solver_failure     7     500   a solver broke; "infeasible" is an answer, not this
└── Forbidden            forbidden          8     403   a party asked for what its role may not do
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class PullcordError(Exception):
    """A failure with a message for people and a stable code for programs."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a file: where, what is wrong, and what would be right."""

    file: str
    line: int  # 1-based; 0 where the whole file is meant
    wrong: str
    right: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.wrong}; {self.right}"


class InvalidInput(PullcordError):
    """What the caller gave cannot be used. `problems` holds every fault found, not only the first."""

    code = "invalid_input"
    exit_status = 2
    http_status = 422

    def __init__(self, message: str, hint: str | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


class NotFound(PullcordError):
    """A name that stands for nothing."""

    code = "not_found"
    exit_status = 3
    http_status = 404


class Conflict(PullcordError):
    """Someone else was first, or the same key came back with another body."""

    code = "conflict"
    exit_status = 4
    http_status = 409


class Corrupt(PullcordError):
    """A stored truth that no longer holds together."""

    code = "corrupt"
    exit_status = 5
    http_status = 500


class PartnerFailure(PullcordError):
    """Another system did not do its part."""

    code = "partner_failure"
    exit_status = 6
    http_status = 502


class SolverFailure(PullcordError):
    """A solver broke."""

    code = "solver_failure"
    exit_status = 7
    http_status = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tried to give which command without the right to. What the command said is not kept."""

    party: str  # as it named itself: it need not be a party of the program
    command: str
    command_id: str


class Forbidden(PullcordError):
    """A party asked for what its role may not do. `attempt` says what was tried, so that it can be noted."""

    code = "forbidden"
    exit_status = 8
    http_status = 403

    def __init__(self, message: str, hint: str | None = None, attempt: Attempt | None = None) -> None:
        super().__init__(message, hint)
        self.attempt = attempt
