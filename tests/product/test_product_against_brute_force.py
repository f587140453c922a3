"""Every answer of the compiled model equals the one found by trying all combinations."""

from __future__ import annotations

import copy
import pickle
import re
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from product_models import BruteForce, conditions, model_of, models, models_and_choices, option_tables

from pullcord.base import InvalidInput
from pullcord.product import (
    Buildable,
    NotBuildable,
    available,
    check,
    count_buildable,
    dead_options,
    enumerate_buildable,
)
from pullcord.product.conflict import first_smallest_hitting_set
from pullcord.product.diagram import short_order


@given(models_and_choices())
def test_check_finds_a_completion_or_the_first_smallest_conflict(case):
    model, choices = case
    truth = BruteForce.of(model)
    answer = check(model, choices)
    if truth.taking(choices):
        assert answer == Buildable(tuple(f for f in truth.options if f not in choices))
    else:
        conflict = truth.first_smallest_conflict(choices)
        rules = truth.first_smallest_rules(dict(conflict))
        assert answer == NotBuildable(conflict, tuple(model.rules[i] for i in rules))


@given(models_and_choices())
def test_available_is_what_can_be_completed(case):
    model, choices = case
    assert available(model, choices) == BruteForce.of(model).available(choices)


@given(models_and_choices())
def test_count_is_exact(case):
    model, choices = case
    assert count_buildable(model, choices) == len(BruteForce.of(model).taking(choices))


@given(models_and_choices(), st.integers(0, 20))
def test_enumeration_follows_the_order_of_the_model(case, limit):
    model, choices = case
    everything = BruteForce.of(model).taking(choices)
    assert list(enumerate_buildable(model, 10**6, choices)) == everything
    assert list(enumerate_buildable(model, limit, choices)) == everything[:limit]


@given(models())
def test_dead_options_are_those_no_product_takes(model):
    alive = {item for one in BruteForce.of(model).buildable for item in one.items()}
    dead = {(o.family_id, o.option_id) for o in dead_options(model)}
    assert dead == {(o.family_id, o.option_id) for o in model.options} - alive


@given(st.data())
def test_a_model_is_refused_exactly_when_nothing_can_be_built(data):
    options = data.draw(option_tables())
    some = conditions(options)
    rules = data.draw(st.lists(st.tuples(st.one_of(st.just(""), some), some), max_size=6))
    truth = BruteForce(options, rules)
    if truth.buildable:
        model_of(options, rules)
        return
    with pytest.raises(InvalidInput) as refusal:
        model_of(options, rules)
    clashes = [re.findall(r"r\d", problem.wrong) or [problem.file] for problem in refusal.value.problems]
    assert min(map(len, clashes)) == len(truth.first_smallest_rules({}))
    for clash in clashes:
        assert not BruteForce(options, [rules[int(name[-1])] for name in clash]).buildable


@given(models_and_choices())
def test_a_copy_and_a_pickle_answer_alike(case):
    model, choices = case
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin == model
        assert check(twin, choices) == check(model, choices)


@given(st.lists(st.integers(1, 2**9 - 1), max_size=9))
def test_the_hitting_set_is_the_first_of_the_smallest(sets):
    expected = next(
        some
        for size in range(10)
        for some in combinations(range(9), size)
        if all(any(bits >> i & 1 for i in some) for bits in sets)
    )
    assert first_smallest_hitting_set(sets) == expected


@given(st.lists(st.frozensets(st.sampled_from([f"f{i}" for i in range(12)]), max_size=4), max_size=10))
def test_the_order_of_a_diagram_is_a_permutation_that_spans_no_more_than_the_given_one(scopes):
    given_order = [f"f{i}" for i in range(12)]

    def span(order):
        return sum(max(map(order.index, scope)) - min(map(order.index, scope)) for scope in scopes if scope)

    order = short_order(given_order, scopes)
    assert sorted(order) == sorted(given_order)
    assert span(order) <= span(given_order)


def test_the_largest_minimum_conflict_that_a_chain_can_hold():
    # Each of 12 switches may be on, never all of them; every proper subset is fine.
    options = {f"s{i}": ["off", "on"] for i in range(12)}
    model = model_of(options, [("", " | ".join(f"s{i}=off" for i in range(12)))])
    everything_on = dict.fromkeys(options, "on")
    answer = check(model, everything_on)
    assert isinstance(answer, NotBuildable)
    assert dict(answer.choices) == everything_on
    assert count_buildable(model) == 2**12 - 1
    assert comb(12, 11) == sum(1 for one in enumerate_buildable(model, 5000) if list(one.values()).count("on") == 11)
