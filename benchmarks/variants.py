"""Times the questions to a product model, and what else could answer them: CP-SAT, and a pure-Python diagram library.

    python benchmarks/variants.py [--families 10 30 80] [--seed 7] [--out FILE.csv]

The models are drawn from a seed. "car": families stand in subsystems of six, rules stay within a subsystem or point to
one of two hubs (trim and market), as in a vehicle. "tangled": rules tie families together at random, which is the
worst case for a decision diagram. Every rule agrees with one hidden product, so that each model can be built.

Each question is put with the choices of random customers. Answers of the two engines are compared before times are
printed. The column `dd` is filled where the package dd is installed; it is no dependency of Pullcord.
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import numpy as np
from ortools.sat.python import cp_model

from pullcord.base import FamilyId, InvalidInput, OptionId, stream
from pullcord.product import (
    Family,
    NotBuildable,
    Option,
    ProductModel,
    Rule,
    available,
    check,
    count_buildable,
    enumerate_buildable,
    parse_condition,
)
from pullcord.product.conditions import All, Condition, Either, Is, Not

Options = dict[FamilyId, tuple[OptionId, ...]]
Choices = dict[FamilyId, OptionId]


def draw_parts(families: int, shape: str, seed: int) -> tuple[tuple[Family, ...], tuple[Option, ...], tuple[Rule, ...]]:
    """Families, options (five per family on average) and two rules for each family, drawn from the seed."""
    rng = stream(seed, f"benchmark.variants.{shape}", families)
    sizes = rng.integers(2, 9, size=families)
    names = [FamilyId(f"f{i:02d}") for i in range(families)]
    options = {name: [OptionId(f"o{j}") for j in range(size)] for name, size in zip(names, sizes, strict=True)}
    hidden = {name: options[name][int(rng.integers(len(options[name])))] for name in names}

    def scope() -> list[FamilyId]:
        if shape == "tangled":
            return [names[i] for i in rng.choice(families, size=3, replace=False)]
        block = int(rng.integers(0, (families + 5) // 6)) * 6
        near = list(range(block, min(block + 6, families)))
        picked = [int(i) for i in rng.choice(near, size=min(2, len(near)), replace=False)]
        hub_or_near = int(rng.integers(2)) if rng.random() < 0.3 else int(rng.choice(near))
        return [names[i] for i in dict.fromkeys([*picked, hub_or_near])]

    rules: list[Rule] = []
    while len(rules) < 2 * families:
        *when, then = scope()
        if not when:
            continue
        condition = " & ".join(f"{f}={rng.choice(options[f])}" for f in when)
        few = rng.choice(options[then], size=int(rng.integers(1, len(options[then]))), replace=False)
        requires = " | ".join(f"{then}={o}" for o in sorted(few))
        rule = Rule(f"r{len(rules)}", condition, requires, "drawn")
        if not _condition(rule, options).holds(hidden):
            continue
        rules.append(rule)
    return (
        tuple(Family(name, name) for name in names),
        tuple(Option(o, f, o) for f, known in options.items() for o in known),
        tuple(rules),
    )


def _condition(rule: Rule, options: dict[FamilyId, list[OptionId]]) -> Condition:
    return Either((Not(parse_condition(rule.condition, options)), parse_condition(rule.requires, options)))


def draw_customers(model: ProductModel, seed: int, customers: int = 200) -> Iterator[Choices]:
    """Wishes of random customers: up to all families, any option."""
    rng = stream(seed, "benchmark.variants.customers", len(model.families))
    options = model.options_by_family
    names = list(options)
    for _ in range(customers):
        some = rng.choice(len(names), size=int(rng.integers(1, min(len(names), 12) + 1)), replace=False)
        yield {names[i]: OptionId(str(rng.choice(options[names[i]]))) for i in sorted(some)}


class CpSat:
    """The same questions put to CP-SAT: a Boolean for each option, one solve for each question."""

    def __init__(self, model: ProductModel) -> None:
        self._cp = cp_model.CpModel()
        self._options = model.options_by_family
        self._is = {(f, o): self._cp.new_bool_var(f"{f}={o}") for f, known in self._options.items() for o in known}
        for family, known in self._options.items():
            self._cp.add_exactly_one(self._is[family, o] for o in known)
        for rule in model.rules:
            given = self._literal(parse_condition(rule.condition, self._options))
            then = self._literal(parse_condition(rule.requires, self._options))
            self._cp.add_implication(given, then)
        self._solver = cp_model.CpSolver()
        self._solver.parameters.num_workers = 1
        self._solver.parameters.random_seed = 7

    def _literal(self, condition: Condition) -> cp_model.LiteralT:
        match condition:
            case Is(family, option):
                return self._is[family, option]
            case Not(inner):
                return ~self._literal(inner)
            case All(parts):
                inner = [self._literal(part) for part in parts]
                whole = self._cp.new_bool_var("")
                self._cp.add_bool_and(inner).only_enforce_if(whole)
                self._cp.add_bool_or([whole, *(~one for one in inner)])
                return whole
            case Either(parts):
                return ~self._literal(All(tuple(Not(part) for part in parts)))
        raise TypeError(condition)

    def completable(self, choices: Choices) -> bool:
        self._cp.clear_assumptions()
        self._cp.add_assumptions([self._is[item] for item in choices.items()])
        return self._solver.solve(self._cp) in (cp_model.OPTIMAL, cp_model.FEASIBLE)

    def available(self, choices: Choices) -> dict[FamilyId, tuple[OptionId, ...]]:
        """One solve for each option that no solution found so far has shown to be open."""
        answer: dict[FamilyId, tuple[OptionId, ...]] = {}
        for family, known in self._options.items():
            others = {f: o for f, o in choices.items() if f != family}
            answer[family] = tuple(o for o in known if self.completable({**others, family: o}))
        return answer


def dd_seconds(model: ProductModel, limit_s: float) -> tuple[float, int] | None:
    """Seconds and nodes for dd.autoref to join the rules in the same order and encoding; None without it or in time."""
    try:
        from dd.autoref import BDD
    except ImportError:
        return None
    start = perf_counter()
    bdd = BDD()
    bdd.configure(reordering=False)
    options = model.options_by_family
    literal = {}
    for diagram in model.compiled.diagrams:
        for family in diagram.families:
            none_before = bdd.true
            for option in options[family][:-1]:
                bdd.declare(f"{family}_{option}")
                literal[family, option] = none_before & bdd.var(f"{family}_{option}")
                none_before = none_before & ~bdd.var(f"{family}_{option}")
            literal[family, options[family][-1]] = none_before

    def of(condition: Condition):  # type: ignore[no-untyped-def]
        match condition:
            case Is(family, option):
                return literal[family, option]
            case Not(inner):
                return ~of(inner)
            case All(parts):
                whole = bdd.true
                for part in parts:
                    whole = whole & of(part)
                return whole
            case Either(parts):
                whole = bdd.false
                for part in parts:
                    whole = whole | of(part)
                return whole
        raise TypeError(condition)

    place = {f: (d, i) for d, diagram in enumerate(model.compiled.diagrams) for i, f in enumerate(diagram.families)}
    conditions = [
        Either((Not(parse_condition(r.condition, options)), parse_condition(r.requires, options))) for r in model.rules
    ]
    whole = bdd.true
    for condition in sorted(conditions, key=lambda c: min(place[f] for f in c.families), reverse=True):
        whole = whole & of(condition)
        if perf_counter() - start > limit_s:
            return None
    return perf_counter() - start, len(whole)


def timed(question: Callable[[Choices], object], customers: list[Choices]) -> tuple[float, float]:
    """Median and 99th percentile of the seconds that a question takes."""
    seconds = []
    for choices in customers:
        start = perf_counter()
        question(choices)
        seconds.append(perf_counter() - start)
    return statistics.median(seconds), float(np.quantile(seconds, 0.99))


def measure(families: int, shape: str, seed: int) -> dict[str, object]:
    """One row of the report."""
    parts = draw_parts(families, shape, seed)
    row: dict[str, object] = {"model": f"{shape}-{families}", "options": len(parts[1]), "rules": len(parts[2])}
    start = perf_counter()
    try:
        model = ProductModel(*parts)
    except InvalidInput as refusal:
        return {**row, "compile_s": f"refused after {perf_counter() - start:.1f}: {refusal.hint}"}
    row["compile_s"] = f"{perf_counter() - start:.3f}"
    row["groups"] = len(model.compiled.diagrams)
    row["nodes"] = sum(diagram.nodes for diagram in model.compiled.diagrams)
    start = perf_counter()
    row["buildable"] = f"{count_buildable(model):.3e}"
    customers = list(draw_customers(model, seed))
    good = [c for c in customers if not isinstance(check(model, c), NotBuildable)]
    bad = [c for c in customers if c not in good]
    row["in_conflict"] = len(bad)
    for name, question, askers in (
        ("check_us", lambda c: check(model, c), good),
        ("explain_us", lambda c: check(model, c), bad),
        ("available_us", lambda c: available(model, c), customers),
        ("count_us", lambda c: count_buildable(model, c), customers),
    ):
        if askers:
            median, late = timed(question, askers)
            row[name] = f"{median * 1e6:.0f} / {late * 1e6:.0f}"
    start = perf_counter()
    listed = sum(1 for _ in enumerate_buildable(model, 1000))
    row["enumerate_us_each"] = f"{(perf_counter() - start) / listed * 1e6:.0f}"
    rival = CpSat(model)
    few = customers[:20]
    for choices in few:
        assert rival.completable(choices) == (not isinstance(check(model, choices), NotBuildable)), choices
    assert rival.available(few[0]) == available(model, few[0]), few[0]
    row["cpsat_check_us"] = f"{timed(rival.completable, few)[0] * 1e6:.0f}"
    row["cpsat_available_us"] = f"{timed(rival.available, few[:2])[0] * 1e6:.0f}"
    joined = dd_seconds(model, limit_s=60)
    row["dd_compile_s"] = f"{joined[0]:.2f}" if joined else "-"
    return row


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", type=int, nargs="+", default=[10, 30, 80])
    parser.add_argument("--shapes", nargs="+", default=["car", "tangled"])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = [measure(families, shape, asked.seed) for shape in asked.shapes for families in asked.families]
    packages = ", ".join(f"{p} {_version(p)}" for p in ("oxidd", "ortools", "dd", "numpy"))
    print(f"seed {asked.seed}; Python {platform.python_version()}; {packages}", file=sys.stderr)
    print("times in microseconds: median / 99th percentile", file=sys.stderr)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    for column in columns:
        print(f"{column:20}", *(f"{row.get(column, '-')!s:>18}" for row in rows))
    if asked.out:
        with asked.out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
