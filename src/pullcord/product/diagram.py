"""Rules compiled once into a decision diagram, so that every later question is a walk over small arrays.

Families that no chain of rules ties together are independent, so each connected group has a diagram of its own. Within
a group, OxiDD joins the rules into a reduced ordered binary decision diagram (Bryant 1986, IEEE Trans. Computers 35);
that is then unfolded into a multi-valued diagram with one level for each family: a path from the root to the end takes
one option at each level and breaks no rule, and there is exactly one such path for each buildable combination.

An option of a family with k options is coded by k-1 yes/no variables, "is it the first?", "if not, the second?", …, so
that every code stands for exactly one option and none has to be forbidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from oxidd.bdd import BDDFunction, BDDManager

from pullcord.base import FamilyId, InvalidInput, OptionId

from .conditions import All, Condition, Either, Is, Not

# Tried one after the other: the smallest table is made in 0.2 ms, the largest fills up to 1 GB before it is refused.
_NODES_MAX = (1 << 12, 1 << 17, 1 << 21, 1 << 24)
_FORCE_ROUNDS = 30

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Diagram:
    """The buildable combinations of one group of families.

    `children[level][node, option]` is the node of the next level that the option leads to. Each level has one more row
    than it has nodes: the last stands for "no way on" and leads to itself. Level 0 has one node, the root; after the
    last level there is one node, the end. Every other node lies on a path from the root to the end.
    """

    families: tuple[FamilyId, ...]  # top to bottom
    children: tuple[NDArray[np.int32], ...]

    @property
    def nodes(self) -> int:
        """Nodes on all levels, without the end."""
        return sum(len(level) - 1 for level in self.children)

    def completable(self, fixed: Sequence[int | None]) -> bool:
        """Whether a buildable combination takes the option that is fixed on each level; None leaves a level open."""
        levels = [level for level, option in enumerate(fixed) if option is not None]
        if not levels:
            return True
        # Below the last fixed level every node reaches the end, and the root reaches every node of the first one.
        alive = self._all_alive(levels[-1] + 1)
        for level in range(levels[-1], levels[0] - 1, -1):
            alive = _alive_above(self.children[level], fixed[level], alive)
        return bool(alive[:-1].any())

    def open_options(self, fixed: Sequence[int | None]) -> list[NDArray[np.bool_]]:
        """For each level, which options a buildable combination can take there when all other levels stay as fixed."""
        depth = len(self.children)
        alive = [self._all_alive(depth)] * (depth + 1)
        for level in range(depth - 1, 0, -1):
            alive[level] = _alive_above(self.children[level], fixed[level], alive[level + 1])
        answer = []
        reached: NDArray[np.intp] = np.zeros(1, dtype=np.intp)
        for level, option in enumerate(fixed):
            onward = self.children[level][reached]
            answer.append(np.any(alive[level + 1][onward], axis=0))
            taken = onward if option is None else onward[:, option]
            mark = np.zeros(len(alive[level + 1]), dtype=np.bool_)
            mark[taken] = True
            mark[-1] = False
            reached = np.flatnonzero(mark)
        return answer

    def count(self, fixed: Sequence[int | None]) -> int:
        """Buildable combinations that take the option fixed on each level, exactly."""
        combinations = 1
        for level in self.children:
            combinations *= level.shape[1]
        # Python integers where 64 bits might not hold the sum.
        paths: NDArray[np.generic] = np.array([1, 0], dtype=np.int64 if combinations < 2**63 else object)
        for level, option in zip(reversed(self.children), reversed(fixed), strict=True):
            paths = paths[level].sum(axis=1) if option is None else paths[level[:, option]]
        return int(paths[0])

    def nearest(self, wanted: Sequence[int | None], kept: Iterable[int]) -> list[int] | None:
        """The combination that takes what is wanted on the levels `kept` and on as many other levels as it can.

        None when no combination takes what is kept. Of equals, the one with the earlier options on the upper levels.
        """
        kept = frozenset(kept)
        far = len(self.children) + 1
        costs = [np.array([0, far], dtype=np.int32)]
        for level in range(len(self.children) - 1, -1, -1):
            costs.append(self._step_costs(level, wanted, kept, costs[-1]).min(axis=1))
        costs.reverse()
        if costs[0][0] >= far:
            return None
        node, path = 0, []
        for level, children in enumerate(self.children):
            option = int(self._step_costs(level, wanted, kept, costs[level + 1], node).argmin())
            path.append(option)
            node = int(children[node, option])
        return path

    def _step_costs(
        self,
        level: int,
        wanted: Sequence[int | None],
        kept: frozenset[int],
        below: NDArray[np.int32],
        node: int | None = None,
    ) -> NDArray[np.int32]:
        """Wishes given up from a level down, for each option there; of every node, or of one."""
        children = self.children[level] if node is None else self.children[level][node]
        costs = below[children]
        option = wanted[level]
        if option is not None:
            price = np.full(children.shape[-1], len(self.children) + 1 if level in kept else 1, dtype=np.int32)
            price[option] = 0
            costs = np.minimum(costs + price, len(self.children) + 1)
        return costs

    def _all_alive(self, level: int) -> NDArray[np.bool_]:
        width = len(self.children[level]) if level < len(self.children) else 2
        alive = np.ones(width, dtype=np.bool_)
        alive[-1] = False
        return alive


def _alive_above(children: NDArray[np.int32], option: int | None, alive_below: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which nodes of a level reach the end, given which nodes of the next level do."""
    if option is not None:
        return alive_below[children[:, option]]
    return np.any(alive_below[children], axis=1)  # type: ignore[no-any-return]


class Encoding:
    """Conditions as binary decision diagrams over the families given, from top to bottom."""

    def __init__(self, options: Mapping[FamilyId, Sequence[OptionId]], order: Sequence[FamilyId], nodes: int) -> None:
        self._manager = BDDManager(nodes, nodes, 1)
        self._manager.add_vars(sum(len(options[family]) - 1 for family in order))
        self._literals: dict[tuple[FamilyId, OptionId], BDDFunction] = {}
        self._options = {family: options[family] for family in order}
        self.blocks: list[range] = []  # the variables of each family
        first = 0
        for family in order:
            self.blocks.append(range(first, first + len(options[family]) - 1))
            none_before = self._manager.true()
            for variable, option in zip(self.blocks[-1], options[family], strict=False):
                self._literals[family, option] = none_before & self._manager.var(variable)
                none_before = none_before & ~self._manager.var(variable)
            self._literals[family, options[family][-1]] = none_before
            first += len(options[family]) - 1

    @property
    def true(self) -> BDDFunction:
        """What always holds."""
        return self._manager.true()

    def example(self, whole: BDDFunction, preferred: Mapping[FamilyId, OptionId]) -> dict[FamilyId, OptionId]:
        """A combination that `whole` allows (it must allow one), with preferred options where a family is left free."""
        bits = whole.pick_cube()
        if bits is None:
            raise InvalidInput("nothing fulfils the condition", "ask whether it can be satisfied first")
        answer = {}
        for block, (family, options) in zip(self.blocks, self._options.items(), strict=True):
            answer[family] = options[-1]
            for variable, option in zip(block, options, strict=False):
                if bits[variable] or (bits[variable] is None and preferred.get(family) == option):
                    answer[family] = option
                    break
        return answer

    def of(self, condition: Condition) -> BDDFunction:
        """The diagram of a condition."""
        match condition:
            case Is(family_id, option_id):
                return self._literals[family_id, option_id]
            case Not(inner):
                return ~self.of(inner)
            case All(parts):
                whole = self._manager.true()
                for part in parts:
                    whole = whole & self.of(part)
                return whole
            case Either(parts):
                whole = self._manager.false()
                for part in parts:
                    whole = whole | self.of(part)
                return whole
        raise InvalidInput(f"`{condition}` is no condition", "build it with parse_condition")


def groups(families: Sequence[FamilyId], scopes: Iterable[frozenset[FamilyId]]) -> list[tuple[FamilyId, ...]]:
    """The families in groups that no scope crosses; groups and their members in the order given."""
    leader = {family: family for family in families}

    def find(family: FamilyId) -> FamilyId:
        while leader[family] != family:
            leader[family] = leader[leader[family]]
            family = leader[family]
        return family

    for scope in scopes:
        for a, b in pairwise(sorted(scope)):
            leader[find(a)] = find(b)
    members: dict[FamilyId, list[FamilyId]] = {}
    for family in families:
        members.setdefault(find(family), []).append(family)
    return [tuple(group) for group in members.values()]


def compile_group(
    options: Mapping[FamilyId, Sequence[OptionId]], group: Sequence[FamilyId], rules: Sequence[Condition]
) -> Diagram | None:
    """The diagram of a group under its rules; None when nothing is buildable.

    Raises InvalidInput where the rules are so entangled that the diagram exceeds the largest table.
    """
    order = short_order(group, [rule.families for rule in rules])
    place = {family: level for level, family in enumerate(order)}
    # From the bottom up, so that each rule joined meets only the part of the diagram that it concerns.
    joined_last_on_top = sorted(
        rules,
        key=lambda r: (-min((place[f] for f in r.families), default=0), max((place[f] for f in r.families), default=0)),
    )

    def join(encoding: Encoding) -> Diagram | None:
        whole = encoding.true
        for rule in joined_last_on_top:
            whole = whole & encoding.of(rule)
        return _unfold(encoding, whole, tuple(order))

    return in_smallest_table(options, order, join)


def in_smallest_table(
    options: Mapping[FamilyId, Sequence[OptionId]], order: Sequence[FamilyId], work: Callable[[Encoding], T]
) -> T:
    """What `work` makes of an encoding of the families, in the smallest table that has room for it.

    Raises InvalidInput where even the largest has not.
    """
    for nodes in _NODES_MAX:
        try:
            return work(Encoding(options, order, nodes))
        except MemoryError:
            continue
    raise InvalidInput(
        f"the rules between the {len(order)} families {', '.join(sorted(order)[:4])}, … are too entangled to compile",
        f"their diagram exceeds {_NODES_MAX[-1]:,} nodes: split rules that ask about many families at once",
    )


def short_order(group: Sequence[FamilyId], scopes: Sequence[frozenset[FamilyId]]) -> list[FamilyId]:
    """The families in an order that brings those named by one rule close together.

    Source: FORCE (Aloul, Markov and Sakallah 2003, GLSVLSI): move each family to the mean centre of its rules until
    the total span of the rules no longer shrinks.
    """
    order, members = list(group), [sorted(scope) for scope in scopes if len(scope) > 1]

    def span(candidate: Sequence[FamilyId]) -> int:
        place = {family: i for i, family in enumerate(candidate)}
        return sum(max(place[f] for f in scope) - min(place[f] for f in scope) for scope in members)

    best, best_span = order, span(order)
    for _ in range(_FORCE_ROUNDS):
        place = {family: i for i, family in enumerate(order)}
        pulls: dict[FamilyId, list[float]] = {family: [] for family in order}
        for scope in members:
            centre = sum(place[f] for f in scope) / len(scope)
            for family in scope:
                pulls[family].append(centre)
        moved = sorted(order, key=lambda f: (sum(pulls[f]) / len(pulls[f]) if pulls[f] else float(place[f]), place[f]))
        if moved == order:
            break
        order = moved
        if span(order) < best_span:
            best, best_span = order, span(order)
    return list(best)


def _unfold(encoding: Encoding, whole: BDDFunction, order: tuple[FamilyId, ...]) -> Diagram | None:
    """One level for each family out of the binary diagram."""
    if not whole.satisfiable():
        return None
    levels = []
    here: list[BDDFunction] = [whole]
    for block in encoding.blocks:
        below: dict[BDDFunction, int] = {}
        rows: list[list[int]] = []
        for node in here:
            row = []
            for variable in block:
                if node.node_var() == variable:
                    taken, node = node.cofactors()  # type: ignore[misc]
                else:
                    taken = node
                row.append(below.setdefault(taken, len(below)) if taken.satisfiable() else -1)
            row.append(below.setdefault(node, len(below)) if node.satisfiable() else -1)
            rows.append(row)
        rows.append([-1] * (len(block) + 1))
        table = np.array(rows, dtype=np.int32)
        table[table < 0] = len(below)
        levels.append(table)
        here = list(below)
    return Diagram(order, tuple(levels))
