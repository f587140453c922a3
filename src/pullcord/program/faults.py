"""Everything that is wrong with a folder, gathered in one place and told at once."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from pullcord.base import InvalidInput, Problem

CLOSE = 0.72  # difflib's similarity above which one name is taken for a slip of the other


class Faults:
    """The problems found so far."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, file: str, line: int, wrong: str, right: str) -> None:
        """Note one problem; `line` counts from 1, and 0 means the whole file."""
        self._problems.append(Problem(file, line, wrong, right))

    def take(self, file: str, line: int, failure: InvalidInput) -> None:
        """Note what a record refused, in its own words."""
        if failure.problems:
            for problem in failure.problems:
                self.add(file, line, problem.wrong, problem.right)
        else:
            self.add(file, line, failure.message, failure.hint or "mend the row")

    def touch(self, *files: str) -> bool:
        """Whether a problem was noted in any of these files."""
        return any(problem.file in files for problem in self._problems)

    def __len__(self) -> int:
        return len(self._problems)

    def problems(self) -> tuple[Problem, ...]:
        """Each problem once, by file, then by line."""
        return tuple(sorted(set(self._problems)))


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that `name` is most likely a slip of, if any is close."""
    folded = {k.casefold(): k for k in sorted(known, reverse=True)}
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=CLOSE)
    return folded[close[0]] if close else None


def suggest(name: str, known: Collection[str]) -> str:
    """The way out of a wrong name: the one it resembles, or the first of those that exist."""
    if close := nearest(name, known):
        return f"did you mean `{close}`?"
    few = sorted(known)[:8]
    return f"known: {', '.join(few)}{', ...' if len(known) > len(few) else ''}" if few else "none is defined"
