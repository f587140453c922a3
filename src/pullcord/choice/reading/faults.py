"""What is wrong with choice data, gathered row by row and told at once, by line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches

import numpy as np

from pullcord.base import InvalidInput, Problem

from ..data import Integers

SHOWN_MAX = 20
"""Lines told of each kind of fault: a column of ten million gaps is one fault, not ten million."""

Lines = Callable[[Integers], Integers]


class Faults:
    """The problems found so far in one source.

    `lines` turns rows, counted from 0, into the lines (of a text file) or rows (of a table, from 1) that a reader of
    the message will look for.
    """

    def __init__(self, source: str, lines: Lines) -> None:
        self.source = source
        self._lines = lines
        self._problems: list[Problem] = []
        self._found = 0

    def whole(self, wrong: str, right: str, line: int = 0) -> None:
        """Note what is wrong with the source as a whole, or with its header (line 1)."""
        self._found += 1
        self._problems.append(Problem(self.source, line, wrong, right))

    def wholes(self, found: int, wrong: Callable[[int], str], right: str) -> None:
        """Note one kind of fault that stands in no line; `wrong` says of the i-th of those found what is wrong."""
        shown = [wrong(i) for i in range(min(found, SHOWN_MAX))]
        self._found += found
        self._problems += [Problem(self.source, 0, each, right) for each in shown]
        if found > SHOWN_MAX:
            more = f"{found - SHOWN_MAX:,} more are like this: {shown[-1]}"
            self._problems.append(Problem(self.source, 0, more, right))

    def rows(self, rows: Integers, wrong: Callable[[int], str] | str, right: str) -> None:
        """Note one kind of fault. `wrong` is a sentence, or says of the i-th of `rows` what is wrong with it."""
        if not len(rows):
            return
        self._found += len(rows)
        say = wrong if callable(wrong) else lambda _: str(wrong)
        order = np.argsort(rows, kind="stable")[:SHOWN_MAX]
        lines = self._lines(np.asarray(rows, dtype=np.int64)[order])
        for line, i in zip(lines, order, strict=True):
            self._problems.append(Problem(self.source, int(line), say(int(i)), right))
        if len(rows) > SHOWN_MAX:
            more = f"{len(rows) - SHOWN_MAX:,} more lines have the same fault as line {int(lines[-1])}"
            self._problems.append(Problem(self.source, 0, more, right))

    def __len__(self) -> int:
        return self._found

    def refuse(self) -> None:
        """Raise InvalidInput with every problem, if there is any."""
        if self._found:
            count = "1 fault" if self._found == 1 else f"{self._found:,} faults"
            raise InvalidInput(
                f"{count} in {self.source}",
                "mend them all and read again: nothing was kept",
                sorted(set(self._problems)),
            )


def nearest(name: str, known: Collection[str]) -> str:
    """The way out of a wrong name: the one it resembles, or those that exist."""
    folded = {k.casefold(): k for k in sorted(known, reverse=True)}
    if close := get_close_matches(name.casefold(), folded, n=1, cutoff=0.72):
        return f"did you mean `{folded[close[0]]}`?"
    return f"there are {listed(tuple(known))}" if known else "there is none"


def listed(names: Sequence[str], at_most: int = 12) -> str:
    """Names in a sentence: `a`, `b` and 3 more."""
    shown = ", ".join(f"`{name}`" for name in names[:at_most])
    return shown if len(names) <= at_most else f"{shown} and {len(names) - at_most} more"
