"""A product model in the form that answers questions: a diagram for each group of families that rules tie together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from pullcord.base import FamilyId, OptionId

from .conditions import Condition, Is
from .conflict import smallest_choices, smallest_rules
from .diagram import Diagram, compile_group, groups


@dataclass(frozen=True, slots=True)
class Clash:
    """Rules, by their place in the model, under which one group of families has no buildable combination."""

    rules: tuple[int, ...]


class Compiled:
    """What can be built, ready to be asked. Choices given to it must name known families and options only.

    It is made once for each model and never changes, so that threads may share it.
    """

    __slots__ = ("_at", "_free", "_group_of_rule", "_options", "_order", "_place", "_rules", "_total", "diagrams")

    def __init__(
        self, options: Mapping[FamilyId, Sequence[OptionId]], rules: Sequence[Condition], diagrams: tuple[Diagram, ...]
    ) -> None:
        self.diagrams = diagrams
        self._rules = tuple(rules)
        self._options = {family: tuple(known) for family, known in options.items()}
        self._order = {family: i for i, family in enumerate(options)}
        self._place = {family: {o: i for i, o in enumerate(known)} for family, known in options.items()}
        self._at = {
            family: (group, level)
            for group, diagram in enumerate(diagrams)
            for level, family in enumerate(diagram.families)
        }
        self._group_of_rule = tuple(next((self._at[family][0] for family in rule.families), 0) for rule in rules)
        self._total = tuple(diagram.count([None] * len(diagram.families)) for diagram in diagrams)
        self._free = tuple(self._open(diagram, [None] * len(diagram.families)) for diagram in diagrams)

    @classmethod
    def of(cls, options: Mapping[FamilyId, Sequence[OptionId]], rules: Sequence[Condition]) -> Compiled | list[Clash]:
        """The compiled model, or for each group of families without a buildable combination the rules that clash."""
        diagrams, clashes = [], []
        scopes = [rule.families for rule in rules]
        for group in groups(list(options), scopes):
            members = set(group)
            own = [i for i, scope in enumerate(scopes) if scope & members]
            diagram = compile_group(options, group, [rules[i] for i in own])
            if diagram is None:
                clash = smallest_rules(options, group, [rules[i] for i in own], [], {})
                clashes.append(Clash(tuple(own[i] for i in clash)))
            else:
                diagrams.append(diagram)
        return clashes if clashes else cls(options, rules, tuple(diagrams))

    def _fixed(self, choices: Mapping[FamilyId, OptionId]) -> dict[int, list[int | None]]:
        """For each group that the choices touch, the option fixed on each level."""
        fixed: dict[int, list[int | None]] = {}
        for family, option in choices.items():
            group, level = self._at[family]
            if group not in fixed:
                fixed[group] = [None] * len(self.diagrams[group].families)
            fixed[group][level] = self._place[family][option]
        return fixed

    def _open(self, diagram: Diagram, fixed: Sequence[int | None]) -> dict[FamilyId, tuple[OptionId, ...]]:
        return {
            family: tuple(option for option, can in zip(self._options[family], mask.tolist(), strict=True) if can)
            for family, mask in zip(diagram.families, diagram.open_options(fixed), strict=True)
        }

    def _nearest(self, group: int, fixed: Sequence[int | None]) -> dict[FamilyId, OptionId]:
        """The buildable combination of one group that fulfils the most wishes."""
        diagram = self.diagrams[group]
        path = diagram.nearest(fixed, ()) or []
        return {family: self._options[family][option] for family, option in zip(diagram.families, path, strict=True)}

    def completable(self, choices: Mapping[FamilyId, OptionId]) -> bool:
        """Whether some buildable product takes all the choices."""
        return all(self.diagrams[group].completable(fixed) for group, fixed in self._fixed(choices).items())

    def available(self, choices: Mapping[FamilyId, OptionId]) -> dict[FamilyId, tuple[OptionId, ...]]:
        """For each family, the options with which the choices of all other families can be completed."""
        fixed = self._fixed(choices)
        stuck = {group for group, levels in fixed.items() if not self.diagrams[group].completable(levels)}
        answer: dict[FamilyId, tuple[OptionId, ...]] = dict.fromkeys(self._options, ())
        for group, diagram in enumerate(self.diagrams):
            if stuck - {group}:
                continue  # whatever is chosen here, another group has no way out
            answer.update(self._open(diagram, fixed[group]) if group in fixed else self._free[group])
        return answer

    def count(self, choices: Mapping[FamilyId, OptionId]) -> int:
        """Buildable products that take all the choices, exactly."""
        fixed = self._fixed(choices)
        return prod(
            diagram.count(fixed[group]) if group in fixed else self._total[group]
            for group, diagram in enumerate(self.diagrams)
        )

    def enumerate(self, choices: Mapping[FamilyId, OptionId]) -> Iterator[dict[FamilyId, OptionId]]:
        """Buildable products that take all the choices, sorted by the first family's option, then the second's, …"""
        if not self.completable(choices):
            return
        families = list(self._options)
        taken = dict(choices)

        def complete(i: int) -> Iterator[dict[FamilyId, OptionId]]:
            if i == len(families):
                yield {family: taken[family] for family in families}
                return
            family = families[i]
            if family in choices:
                yield from complete(i + 1)
                return
            for option in self._open_here(family, taken):
                taken[family] = option
                yield from complete(i + 1)
            del taken[family]

        yield from complete(0)

    def _open_here(self, family: FamilyId, taken: Mapping[FamilyId, OptionId]) -> tuple[OptionId, ...]:
        """What `family` can still take, as far as its own group is concerned."""
        group, _ = self._at[family]
        diagram = self.diagrams[group]
        own = {member: taken[member] for member in diagram.families if member in taken}
        return self._open(diagram, self._fixed(own)[group])[family] if own else self._free[group][family]

    def explain(self, choices: Mapping[FamilyId, OptionId]) -> tuple[tuple[FamilyId, ...], tuple[int, ...]]:
        """The families of a smallest set of choices in conflict, and a smallest set of rules that excludes them.

        Of equally small sets, the one that comes first in the model's order of families, then of rules. The choices
        must not be completable.
        """
        conflicts = []
        for group, fixed in self._fixed(choices).items():
            diagram = self.diagrams[group]
            if not diagram.completable(fixed):
                rank = [self._order[family] for family in diagram.families]
                levels = smallest_choices(diagram, fixed, rank)
                conflicts.append((len(levels), [rank[level] for level in levels], group))
        _, ranks, group = min(conflicts)
        names = list(self._options)
        families = tuple(names[rank] for rank in ranks)
        diagram = self.diagrams[group]
        own = [i for i, rule_group in enumerate(self._group_of_rule) if rule_group == group]
        rules = smallest_rules(
            self._options,
            diagram.families,
            [self._rules[i] for i in own],
            [Is(family, choices[family]) for family in families],
            self._nearest(group, self._fixed(choices)[group]),
        )
        return families, tuple(own[i] for i in rules)
