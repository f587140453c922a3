"""Models with far more products than can be listed, counted exactly and compared with formulas of their own."""

from __future__ import annotations

from itertools import islice, pairwise
from math import comb, prod

import numpy as np
import pytest
from product_models import model_of

from pullcord.base import InvalidInput, stream
from pullcord.product import NotBuildable, available, check, count_buildable, enumerate_buildable, parse_condition


def chain(length, ring=False):
    """Families of three options in a row; neighbours are never both `a`."""
    names = [f"f{i}" for i in range(length)]
    neighbours = list(pairwise([*names, names[0]] if ring else names))
    return model_of({name: ["a", "b", "c"] for name in names}, [(f"{x}=a", f"!{y}=a") for x, y in neighbours])


def strings_without_aa(length):
    """Strings over three letters without `aa`: those ending in another letter, and those ending in `a`."""
    other, a = 1, 0
    for _ in range(length):
        other, a = 2 * (other + a), other
    return other + a


@pytest.mark.parametrize("length", [1, 2, 12, 30, 39, 40, 80])
def test_a_chain_of_families_counts_as_its_recurrence_says(length):
    assert count_buildable(chain(length)) == strings_without_aa(length)


def test_the_chain_of_thirty_has_more_than_a_million_million_products():
    # k families take `a`, no two in a row, in comb(31 - k, k) ways; each of the others takes one of two letters.
    assert count_buildable(chain(30)) == sum(comb(31 - k, k) * 2 ** (30 - k) for k in range(16)) == 13_397_386_067_968


def test_a_chain_with_choices_is_counted_in_its_two_halves():
    # Family 25 takes `a`: neither neighbour does, so both halves end in one of two letters.
    ends_in_other = 2 * strings_without_aa(24)
    assert count_buildable(chain(51), {"f25": "a"}) == ends_in_other**2


def test_a_ring_of_families_counts_as_the_trace_of_its_matrix():
    step = np.array([[0, 1, 1], [1, 1, 1], [1, 1, 1]], dtype=object)
    power = np.identity(3, dtype=object)
    for _ in range(60):
        power = power @ step
    assert count_buildable(chain(60, ring=True)) == int(np.trace(power))


def test_a_hub_that_decides_for_all_others_is_counted_by_its_options():
    options = {"trim": [f"t{i}" for i in range(4)], **{f"f{i}": [f"o{j}" for j in range(5)] for i in range(40)}}
    rng = stream(7, "test.product.hub")
    allowed = rng.integers(1, 6, size=(4, 40))
    rules = [
        (f"trim=t{t}", " | ".join(f"f{i}=o{j}" for j in range(allowed[t, i]))) for t in range(4) for i in range(40)
    ]
    model = model_of(options, rules)
    assert count_buildable(model) == sum(prod(map(int, allowed[t])) for t in range(4)) > 10**12
    assert count_buildable(model, {"trim": "t2"}) == prod(map(int, allowed[2]))


def test_families_without_rules_multiply():
    model = model_of({f"f{i}": [f"o{j}" for j in range(i + 1)] for i in range(30)}, [])
    assert count_buildable(model) == prod(range(1, 31))


def test_a_rule_over_forty_switches_is_counted_by_a_binomial():
    # At most two of 40 are on: of any three, one is off.
    names = [f"s{i}" for i in range(40)]
    rules = [
        (f"{a}=on & {b}=on", " & ".join(f"{c}=off" for c in names[j + 1 :]))
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i < j < 39
    ]
    model = model_of({name: ["off", "on"] for name in names}, rules)
    assert count_buildable(model) == 1 + 40 + comb(40, 2)
    answer = check(model, dict.fromkeys(names, "on"))
    assert isinstance(answer, NotBuildable)
    assert answer.choices == (("s0", "on"), ("s1", "on"), ("s2", "on"))
    assert [rule.condition for rule in answer.rules] == ["s0=on & s1=on"]


def drawn_model(seed):
    """Thirty families of five options with two rules each, in subsystems of six around one hub."""
    rng = stream(seed, "test.product.drawn")
    options = {f"f{i:02d}": [f"o{j}" for j in range(5)] for i in range(30)}
    rules = []
    for _ in range(60):
        block = int(rng.integers(5)) * 6
        first, second, third = (int(i) for i in rng.choice(6, size=3, replace=False) + block)
        first = 0 if rng.random() < 0.3 and 0 not in (second, third) else first
        picks = rng.integers(0, 5, size=2)
        # Option 0 everywhere breaks no rule, so that something can always be built.
        rules.append(
            (f"f{first:02d}=o{picks[0]} & f{second:02d}=o{1 + picks[1] % 4}", f"f{third:02d}=o0 | f{third:02d}=o1")
        )
    return model_of(options, rules)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_counts_of_a_family_s_options_add_up_and_say_what_is_available(seed):
    model = drawn_model(seed)
    whole = count_buildable(model)
    assert whole > 10**12
    wishes = {"f03": "o2", "f10": "o4", "f20": "o3"}
    for choices in ({}, wishes):
        still = available(model, choices)
        for family, options in model.options_by_family.items():
            others = {f: o for f, o in choices.items() if f != family}
            counts = {o: count_buildable(model, {**others, family: o}) for o in options}
            assert sum(counts.values()) == count_buildable(model, others)
            assert tuple(o for o, n in counts.items() if n) == still[family]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_families_options_and_rules_does_not_change_the_count(seed):
    model = drawn_model(seed)
    turned = type(model)(model.families[::-1], model.options[::-1], model.rules[::-1])
    assert count_buildable(turned) == count_buildable(model)


def test_the_first_products_of_a_large_model_are_sorted_and_break_no_rule():
    model = drawn_model(1)
    options = model.options_by_family
    listed = list(islice(enumerate_buildable(model, 10**15), 300))
    keys = [[options[family].index(option) for family, option in one.items()] for one in listed]
    assert keys == sorted(keys)
    assert len({tuple(key) for key in keys}) == 300
    for rule in model.rules:
        condition, requires = parse_condition(rule.condition, options), parse_condition(rule.requires, options)
        assert all(requires.holds(one) for one in listed if condition.holds(one))


def test_rules_too_entangled_to_compile_are_refused_with_a_way_out(monkeypatch):
    # The real limit takes seconds and a gigabyte to reach; a table of 64 nodes is refused in the same way.
    monkeypatch.setattr("pullcord.product.diagram._NODES_MAX", (64,))
    with pytest.raises(InvalidInput, match="too entangled to compile") as refusal:
        drawn_model(1)
    assert "64 nodes" in (refusal.value.hint or "")
