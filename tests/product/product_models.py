"""Small random product models with everything answered by trying all combinations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

from hypothesis import strategies as st

from pullcord.base import FamilyId, InvalidInput, OptionId
from pullcord.product import Family, Option, ProductModel, Rule, parse_condition


def model_of(options: dict[str, list[str]], rules: list[tuple[str, str]] | list[tuple[str, str, str]]) -> ProductModel:
    """A model from options by family and rules as (condition, requires) or (condition, requires, reason)."""
    return ProductModel(
        tuple(Family(FamilyId(family), family.title()) for family in options),
        tuple(Option(OptionId(o), FamilyId(f), f"{f} {o}") for f, known in options.items() for o in known),
        tuple(Rule(f"r{i}", *rule[:2], rule[2] if len(rule) > 2 else f"reason {i}") for i, rule in enumerate(rules)),
    )


class BruteForce:
    """The same questions as the compiled model, answered by trying every combination."""

    def __init__(self, options: Mapping[str, Sequence[str]], rules: Sequence[tuple[str, str]]) -> None:
        self.options = dict(options)
        parsed = [(parse_condition(c, self.options), parse_condition(r, self.options)) for c, r in rules]
        self.everything = [
            dict(zip(self.options, combination, strict=True)) for combination in product(*self.options.values())
        ]
        self.broken = [
            frozenset(i for i, (c, r) in enumerate(parsed) if c.holds(one) and not r.holds(one))
            for one in self.everything
        ]
        self.rule_count = len(rules)
        self.buildable = [one for one, broken in zip(self.everything, self.broken, strict=True) if not broken]

    @classmethod
    def of(cls, model: ProductModel) -> BruteForce:
        return cls(model.options_by_family, [(rule.condition, rule.requires) for rule in model.rules])

    def taking(self, choices: dict[str, str]) -> list[dict[str, str]]:
        return [one for one in self.buildable if choices.items() <= one.items()]

    def available(self, choices: dict[str, str]) -> dict[str, tuple[str, ...]]:
        return {
            family: tuple(o for o in known if self.taking({**choices, family: o}))
            for family, known in self.options.items()
        }

    def first_smallest_conflict(self, choices: dict[str, str]) -> tuple[tuple[str, str], ...]:
        wishes = [(family, choices[family]) for family in self.options if family in choices]
        for size in range(len(wishes) + 1):
            for some in combinations(wishes, size):
                if not self.taking(dict(some)):
                    return some
        raise AssertionError("the choices are not in conflict")

    def first_smallest_rules(self, choices: dict[str, str]) -> tuple[int, ...]:
        left = [
            broken for one, broken in zip(self.everything, self.broken, strict=True) if choices.items() <= one.items()
        ]
        for size in range(self.rule_count + 1):
            for some in combinations(range(self.rule_count), size):
                if all(broken & set(some) for broken in left):
                    return some
        raise AssertionError("the rules allow the choices")


@st.composite
def conditions(draw: st.DrawFn, options: dict[str, list[str]], depth: int = 2) -> str:
    """The text of a condition over the options, with random spacing and brackets."""
    kind = draw(st.sampled_from(["is", "is", "not", "and", "or"] if depth else ["is"]))
    if kind == "is":
        family = draw(st.sampled_from(sorted(options)))
        return f"{family}={draw(st.sampled_from(options[family]))}"
    if kind == "not":
        return f"!({draw(conditions(options, depth - 1))})"
    sign = " & " if kind == "and" else "|"
    parts = draw(st.lists(conditions(options, depth - 1), min_size=2, max_size=3))
    return f"({sign.join(parts)})"


@st.composite
def option_tables(draw: st.DrawFn) -> dict[str, list[str]]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    return {f"f{i}": [f"o{j}" for j in range(size)] for i, size in enumerate(sizes)}


@st.composite
def models(draw: st.DrawFn) -> ProductModel:
    """A random model with at least one buildable product; rules that leave none are dropped from the end."""
    options = draw(option_tables())
    some = conditions(options)
    rules = draw(st.lists(st.tuples(st.one_of(st.just(""), some), some), max_size=7))
    while True:
        try:
            return model_of(options, rules)
        except InvalidInput:
            rules = rules[:-1]


@st.composite
def models_and_choices(draw: st.DrawFn) -> tuple[ProductModel, dict[str, str]]:
    model = draw(models())
    choices = {
        family: draw(st.sampled_from(known)) for family, known in model.options_by_family.items() if draw(st.booleans())
    }
    return model, choices
