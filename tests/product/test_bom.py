"""Bills of material: exact quantities through all levels, against a walk along every path."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from product_models import conditions, option_tables

from pullcord.base import InvalidInput
from pullcord.product import BillOfMaterial, BomLine, parse_condition

OPTIONS = {"roof": ("steel", "glass"), "wheels": ("w16", "w18")}
LINES = [
    BomLine("car", "axle", 2),
    BomLine("car", "roof-module", 1, "roof=glass"),
    BomLine("car", "roof-sheet", 1, "roof=steel"),
    BomLine("car", "bolt-m8", 40),
    BomLine("axle", "wheel-16", 2, "wheels=w16"),
    BomLine("axle", "wheel-18", 2, "wheels=w18"),
    BomLine("wheel-18", "rim-18", 1),
    BomLine("wheel-18", "bolt-m12", 5),
    BomLine("wheel-16", "rim-16", 1),
    BomLine("wheel-16", "bolt-m12", 4),
    BomLine("roof-module", "glass-pane", 1),
    BomLine("roof-module", "bolt-m8", 12),
]


def test_quantities_multiply_down_and_add_up_across():
    bill = BillOfMaterial(LINES, OPTIONS)
    assert bill.explode({"roof": "glass", "wheels": "w18"}) == {
        "bolt-m8": 52,
        "rim-18": 4,
        "bolt-m12": 20,
        "glass-pane": 1,
    }
    assert bill.explode({"roof": "steel", "wheels": "w16"}) == {
        "roof-sheet": 1,
        "bolt-m8": 40,
        "rim-16": 4,
        "bolt-m12": 16,
    }


def test_a_bill_knows_its_top_its_bought_parts_and_its_families():
    bill = BillOfMaterial(LINES, OPTIONS)
    assert bill.tops == ("car",)
    assert bill.bought_parts == {"roof-sheet", "bolt-m8", "rim-16", "rim-18", "bolt-m12", "glass-pane"}
    assert bill.families == {"roof", "wheels"}


def test_an_assembly_can_be_exploded_on_its_own():
    bill = BillOfMaterial(LINES, OPTIONS)
    assert bill.explode({"wheels": "w16"}, top="axle") == {"rim-16": 2, "bolt-m12": 8}
    with pytest.raises(InvalidInput, match="no lines for `axel`") as refusal:
        bill.explode({}, top="axel")
    assert refusal.value.hint == "did you mean `axle`?"


def test_an_assembly_that_needs_nothing_in_this_configuration_adds_nothing():
    lines = [BomLine("car", "kit", 1), BomLine("kit", "pane", 1, "roof=glass")]
    assert BillOfMaterial(lines, OPTIONS).explode({"roof": "steel"}) == {}


def test_quantities_stay_exact_beyond_machine_integers():
    lines = [BomLine(f"p{i}", f"p{i + 1}", 1000) for i in range(10)]
    assert BillOfMaterial(lines, {}).explode({}) == {"p10": 10**30}


def test_a_deep_bill_needs_no_deep_stack():
    lines = [BomLine(f"p{i}", f"p{i + 1}", 1) for i in range(5000)]
    assert BillOfMaterial(lines, {}).explode({}) == {"p5000": 1}


def test_a_part_that_contains_itself_is_named_with_its_path():
    lines = [
        BomLine("car", "axle", 2),
        BomLine("axle", "hub", 1),
        BomLine("hub", "seal", 1),
        BomLine("seal", "axle", 1),
    ]
    with pytest.raises(InvalidInput) as refusal:
        BillOfMaterial(lines, OPTIONS)
    (problem,) = refusal.value.problems
    assert problem.wrong == "`axle` would contain itself: axle > hub > seal > axle"


def test_all_faults_of_a_bill_are_reported_at_once():
    lines = [
        BomLine("car", "axle", 0),
        BomLine("car", "roof", True),
        BomLine("car", "pane", 1, "rof=glass"),
        BomLine("car", "bolt", 1, "roof=glass"),
        BomLine("car", "bolt", 3, "roof=glass"),
        BomLine("axle", "axle", 1),
    ]
    with pytest.raises(InvalidInput) as refusal:
        BillOfMaterial(lines, OPTIONS)
    assert [str(problem) for problem in refusal.value.problems] == [
        "bom car > axle: the quantity is 0; give a whole number of at least 1",
        "bom car > roof: the quantity is True; give a whole number of at least 1",
        "bom car > pane: condition `rof=glass`: there is no family `rof`; did you mean `roof`?",
        "bom car > bolt: the line stands 2 times under `roof=glass`; add the quantities up in one line",
        "bom axle > axle: `axle` would contain itself: axle > axle; remove one of these lines",
    ]


def test_an_open_family_and_an_unknown_option_are_named():
    bill = BillOfMaterial(LINES, OPTIONS)
    with pytest.raises(InvalidInput, match="no option of family `roof` is chosen"):
        bill.explode({"wheels": "w16"})
    with pytest.raises(InvalidInput, match="family `roof` has no option `glas`"):
        bill.explode({"wheels": "w16", "roof": "glas"})


def test_two_products_at_the_top_must_be_told_apart():
    bill = BillOfMaterial([BomLine("car", "bolt", 4), BomLine("van", "bolt", 6)], {})
    assert bill.explode({}, top="van") == {"bolt": 6}
    with pytest.raises(InvalidInput, match="2 products at its top"):
        bill.explode({})


@given(st.data())
def test_the_explosion_equals_the_sum_over_all_paths(data):
    options = data.draw(option_tables())
    names = [f"p{i}" for i in range(data.draw(st.integers(2, 8)))]
    pairs = st.tuples(st.integers(0, len(names) - 1), st.integers(0, len(names) - 1)).filter(lambda p: p[0] < p[1])
    lines = [
        BomLine(names[a], names[b], data.draw(st.integers(1, 9)), data.draw(st.just("") | conditions(options)))
        for a, b in data.draw(st.lists(pairs, min_size=1, max_size=14))
    ]
    lines = list({(line.parent_id, line.part_id, line.condition): line for line in lines}.values())
    lines = data.draw(st.permutations(lines))
    choices = {family: data.draw(st.sampled_from(known)) for family, known in options.items()}
    parents = {line.parent_id for line in lines}
    top = data.draw(st.sampled_from(sorted(parents)))

    def walk(parent, pieces):
        for line in lines:
            if line.parent_id == parent and parse_condition(line.condition, options).holds(choices):
                if line.part_id in parents:
                    yield from walk(line.part_id, pieces * line.quantity)
                else:
                    yield line.part_id, pieces * line.quantity

    expected: Counter[str] = Counter()
    for part, pieces in walk(top, 1):
        expected[part] += pieces
    assert BillOfMaterial(lines, options).explode(choices, top) == dict(expected)
