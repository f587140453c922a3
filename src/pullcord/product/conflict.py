"""Why something cannot be built: the smallest set of wishes, and of rules, that already excludes each other.

Source: smallest unsatisfiable subsets by implicit hitting sets (Ignatiev, Previti, Liffiton and Marques-Silva 2015,
"Smallest MUS extraction with minimal hitting set dualization", CP 2015). Every way out gives up some wishes; a conflict
has to contain one of each way out. So guess the smallest set that hits all ways out known so far. If it can be
satisfied, that is a new way out; if not, it is a conflict, and no smaller one exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count

from pullcord.base import FamilyId, OptionId

from .conditions import All, Condition, Is
from .diagram import Diagram, Encoding, in_smallest_table


def smallest_choices(diagram: Diagram, wanted: Sequence[int | None], rank: Sequence[int]) -> tuple[int, ...]:
    """The levels of a smallest set of wishes that no buildable combination fulfils together.

    `rank[level]` orders the levels: of several smallest sets the one whose sorted ranks come first is given. The wishes
    as a whole must be in conflict.
    """
    levels = sorted((level for level, option in enumerate(wanted) if option is not None), key=lambda x: rank[x])

    def way_out(kept: tuple[int, ...]) -> int | None:
        path = diagram.nearest(wanted, (levels[i] for i in kept))
        if path is None:
            return None
        return sum(1 << i for i, level in enumerate(levels) if path[level] != wanted[level])

    return tuple(levels[i] for i in _smallest(way_out))


def smallest_rules(
    options: Mapping[FamilyId, Sequence[OptionId]],
    order: Sequence[FamilyId],
    rules: Sequence[Condition],
    choices: Sequence[Is],
    preferred: Mapping[FamilyId, OptionId],
) -> tuple[int, ...]:
    """Indices of a smallest set of rules that exclude the choices; of several, the one that comes first.

    Rules and choices together must be in conflict. `preferred` options, which break few rules, make the search short;
    they do not change its answer.
    """
    return in_smallest_table(
        options, order, lambda encoding: _smallest(_rules_way_out(encoding, rules, choices, preferred))
    )


def _rules_way_out(
    encoding: Encoding,
    rules: Sequence[Condition],
    choices: Sequence[Is],
    preferred: Mapping[FamilyId, OptionId],
) -> Callable[[tuple[int, ...]], int | None]:
    """A function from rules that are kept to rules that are given up, so that the choices can be fulfilled."""
    chosen = encoding.of(All(tuple(choices)))

    def way_out(kept: tuple[int, ...]) -> int | None:
        whole = chosen & encoding.of(All(tuple(rules[i] for i in kept)))
        if not whole.satisfiable():
            return None
        given_up: set[int] = set()
        # Join only the rules that an example breaks: joining all of them would build the whole model once more.
        while True:
            example = encoding.example(whole, preferred)
            broken = [i for i, rule in enumerate(rules) if i not in given_up and not rule.holds(example)]
            if not broken:
                return sum(1 << i for i in given_up)
            for i in broken:
                joined = whole & encoding.of(rules[i])
                if joined.satisfiable():
                    whole = joined
                else:
                    given_up.add(i)

    return way_out


def _smallest(way_out: Callable[[tuple[int, ...]], int | None]) -> tuple[int, ...]:
    """The first of the smallest sets for which there is no way out; `way_out` gives what must go, as a bit set."""
    known: list[int] = []
    guess: tuple[int, ...] = ()
    while (given_up := way_out(guess)) is not None:
        known.append(given_up)
        guess = first_smallest_hitting_set(known, at_least=len(guess))
    return guess


def first_smallest_hitting_set(sets: Sequence[int], at_least: int = 0) -> tuple[int, ...]:
    """The lexicographically first of the smallest sets that share an element with each of `sets` (bit sets, not 0).

    `at_least` is a size below which no hitting set exists.
    """
    for size in count(at_least):
        found = _hit(list(sets), size)
        if found is not None:
            return found
    raise AssertionError("unreachable")


def _hit(open_sets: list[int], left: int) -> tuple[int, ...] | None:
    """The first hitting set of exactly `left` elements, none of them idle; None where there is none."""
    if not open_sets:
        return () if left == 0 else None
    # Disjoint sets need an element each.
    covered, disjoint = 0, 0
    for bits in sorted(open_sets, key=int.bit_count):
        if not bits & covered:
            covered |= bits
            disjoint += 1
    if disjoint > left:
        return None
    # Elements are taken in rising order, so none may lie beyond the end of a set that is still open.
    last = min(bits.bit_length() for bits in open_sets)
    candidates = 0
    for bits in open_sets:
        candidates |= bits
    for element in range(last):
        if not candidates >> element & 1:
            continue
        rest = [bits >> (element + 1) << (element + 1) for bits in open_sets if not bits >> element & 1]
        found = _hit(rest, left - 1)
        if found is not None:
            return (element, *found)
    return None
