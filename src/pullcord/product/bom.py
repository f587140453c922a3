"""Bills of material: from a configuration down through all levels to the parts that have to be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from pullcord.base import FamilyId, InvalidInput, OptionId, PartId, Problem

from .conditions import Condition, nearest, parse_condition
from .model import BomLine


class BillOfMaterial:
    """The lines of a bill, checked and sorted so that each part comes after everything it goes into.

    Raises InvalidInput with all problems found: quantities below one, conditions that cannot be read, a line that
    stands twice, and a part that would contain itself. A problem's `file` says "bom parent > part".
    """

    __slots__ = ("_conditions", "_lines_below", "_options", "_parents", "lines", "tops")

    def __init__(self, lines: Sequence[BomLine], options: Mapping[FamilyId, Collection[OptionId]]) -> None:
        self.lines = tuple(lines)
        self._options = options
        self._conditions: dict[str, Condition] = {}
        problems = self._line_problems()
        self._lines_below: dict[str, list[BomLine]] = {}
        for line in self.lines:
            self._lines_below.setdefault(line.parent_id, []).append(line)
        self._parents, circle = _sorted_parents(self._lines_below)
        if circle:
            problems.append(
                Problem(
                    f"bom {circle[0]} > {circle[1]}",
                    0,
                    f"`{circle[0]}` would contain itself: {' > '.join(circle)}",
                    "remove one of these lines",
                )
            )
        if problems:
            raise InvalidInput(
                f"the bill of material has {len(problems)} problem{'s' if len(problems) > 1 else ''}", None, problems
            )
        parts = {line.part_id for line in self.lines}
        self.tops = tuple(parent for parent in self._lines_below if parent not in parts)

    def _line_problems(self) -> list[Problem]:
        """Read every condition once; say what is wrong with each line."""
        problems = []
        seen = Counter((line.parent_id, line.part_id, line.condition) for line in self.lines)
        for line in dict.fromkeys(self.lines):
            place = f"bom {line.parent_id} > {line.part_id}"
            if type(line.quantity) is not int or line.quantity < 1:
                problems.append(
                    Problem(place, 0, f"the quantity is {line.quantity!r}", "give a whole number of at least 1")
                )
            if line.condition in self._conditions:
                continue
            try:
                self._conditions[line.condition] = parse_condition(line.condition, self._options)
            except InvalidInput as fault:
                problems.append(Problem(place, 0, fault.message, fault.hint or "mend the condition"))
        problems += [
            Problem(
                f"bom {parent} > {part}",
                0,
                f"the line stands {times} times" + (f" under `{condition}`" if condition else ""),
                "add the quantities up in one line",
            )
            for (parent, part, condition), times in seen.items()
            if times > 1
        ]
        return problems

    def explode(self, choices: Mapping[FamilyId, OptionId], top: str | None = None) -> dict[PartId, int]:
        """Pieces of each bought part in one product configured by `choices`: what has no line below it, and is needed.

        `top` names the product; it may be left out where only one stands at the top of the bill. Parts come in the
        order of the bill's levels. Raises InvalidInput where a condition asks for a family that is not chosen.
        """
        top = self._top(top)
        self._refuse_unknown(choices)
        holds: dict[str, bool] = {}
        needed: dict[str, int] = {top: 1}
        bought: dict[PartId, int] = {}
        for parent in self._parents:
            pieces = needed.get(parent, 0)
            if not pieces:
                continue
            for line in self._lines_below[parent]:
                if line.condition not in holds:
                    holds[line.condition] = self._conditions[line.condition].holds(choices)
                if not holds[line.condition]:
                    continue
                if line.part_id in self._lines_below:
                    needed[line.part_id] = needed.get(line.part_id, 0) + pieces * line.quantity
                else:
                    bought[line.part_id] = bought.get(line.part_id, 0) + pieces * line.quantity
        return bought

    @property
    def families(self) -> frozenset[FamilyId]:
        """The families that some line's condition asks about."""
        return frozenset[FamilyId]().union(*(condition.families for condition in self._conditions.values()))

    @property
    def bought_parts(self) -> frozenset[PartId]:
        """The parts without a line below them, whatever the configuration."""
        return frozenset(line.part_id for line in self.lines if line.part_id not in self._lines_below)

    def _top(self, top: str | None) -> str:
        if top is not None:
            if top not in self._lines_below:
                raise InvalidInput(f"the bill of material has no lines for `{top}`", nearest(top, self._lines_below))
            return top
        if len(self.tops) != 1:
            raise InvalidInput(
                f"the bill of material has {len(self.tops)} products at its top", f"name one of {', '.join(self.tops)}"
            )
        return self.tops[0]

    def _refuse_unknown(self, choices: Mapping[FamilyId, OptionId]) -> None:
        for family, option in choices.items():
            if family not in self._options:
                raise InvalidInput(f"there is no family `{family}`", nearest(family, self._options))
            if option not in self._options[family]:
                raise InvalidInput(
                    f"family `{family}` has no option `{option}`", nearest(option, self._options[family])
                )


def _sorted_parents(lines_below: Mapping[str, Iterable[BomLine]]) -> tuple[list[str], list[str]]:
    """The parents, each after those it goes into; and the path of a circle, empty where there is none.

    Depth first with a stack of its own, so that a deep bill does not exhaust Python's.
    """
    finished: list[str] = []
    done: set[str] = set()
    for start in lines_below:
        if start in done:
            continue
        path = [start]
        on_path = {start}
        below = [iter(lines_below[start])]
        while path:
            line = next(below[-1], None)
            if line is None:
                parent = path.pop()
                below.pop()
                on_path.remove(parent)
                done.add(parent)
                finished.append(parent)
            elif line.part_id in on_path:
                return [], [*path[path.index(line.part_id) :], line.part_id]
            elif line.part_id in lines_below and line.part_id not in done:
                path.append(line.part_id)
                on_path.add(line.part_id)
                below.append(iter(lines_below[line.part_id]))
    return finished[::-1], []
