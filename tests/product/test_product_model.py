"""What a product model refuses, and the named cases of what it answers."""

from __future__ import annotations

import pytest
from product_models import model_of

from pullcord.base import InvalidInput
from pullcord.product import (
    Buildable,
    Family,
    NotBuildable,
    Option,
    ProductModel,
    Rule,
    Variant,
    available,
    check,
    count_buildable,
    dead_options,
    enumerate_buildable,
    variant_problems,
)

OPTIONS = {
    "trim": ["basic", "plus"],
    "battery": ["lfp42", "lfp54"],
    "roof": ["steel", "glass"],
    "tow": ["none", "hook"],
}
RULES = [
    ("roof=glass", "trim=plus", "the glass roof comes with the plus trim"),
    ("trim=plus", "battery=lfp54", "the plus trim is heavier"),
    ("battery=lfp54 & roof=glass", "tow=none", "roof load and tow load exceed the axle"),
]


@pytest.fixture(scope="module")
def car():
    return model_of(OPTIONS, RULES)


def test_an_open_question_can_be_built(car):
    assert check(car, {}) == Buildable(("trim", "battery", "roof", "tow"))
    assert check(car, {"roof": "glass", "tow": "none"}) == Buildable(("trim", "battery"))


def test_a_conflict_names_the_fewest_wishes_and_the_rules_between_them(car):
    answer = check(car, {"trim": "plus", "battery": "lfp42", "roof": "steel", "tow": "hook"})
    assert answer == NotBuildable((("trim", "plus"), ("battery", "lfp42")), (car.rules[1],))
    assert str(answer) == ("trim=plus, battery=lfp42 cannot be built together: the plus trim is heavier [r1]")


def test_a_conflict_through_several_rules_names_them_all(car):
    answer = check(car, {"battery": "lfp42", "roof": "glass"})
    assert answer == NotBuildable((("battery", "lfp42"), ("roof", "glass")), car.rules[:2])


def test_of_equally_small_conflicts_the_first_families_win(car):
    # battery & roof clash, roof & tow clash: both are pairs.
    answer = check(car, {"tow": "hook", "roof": "glass", "battery": "lfp42"})
    assert isinstance(answer, NotBuildable)
    assert answer.choices == (("battery", "lfp42"), ("roof", "glass"))


def test_available_shows_what_may_be_added_and_what_a_choice_may_become(car):
    assert available(car, {"battery": "lfp42"}) == {
        "trim": ("basic",),
        "battery": ("lfp42", "lfp54"),
        "roof": ("steel",),
        "tow": ("none", "hook"),
    }


def test_available_in_a_conflict_shows_the_single_changes_that_resolve_it(car):
    assert available(car, {"battery": "lfp42", "roof": "glass"}) == {
        "trim": (),
        "battery": ("lfp54",),
        "roof": ("steel",),
        "tow": (),
    }


def test_counts_and_lists_agree(car):
    listed = list(enumerate_buildable(car, 100))
    assert len(listed) == count_buildable(car) == 7
    assert listed[0] == {"trim": "basic", "battery": "lfp42", "roof": "steel", "tow": "none"}
    assert list(enumerate_buildable(car, 0)) == []
    assert list(enumerate_buildable(car, 9, {"roof": "glass"})) == [
        {"trim": "plus", "battery": "lfp54", "roof": "glass", "tow": "none"}
    ]
    assert count_buildable(car, {"roof": "glass", "trim": "basic"}) == 0


def test_an_option_that_no_product_takes_is_found():
    model = model_of({**OPTIONS, "seat": ["cloth", "leather"]}, [("seat=leather", "trim=plus & trim=basic")])
    assert [option.option_id for option in dead_options(model)] == ["leather"]
    assert check(model, {"seat": "leather", "tow": "hook"}) == NotBuildable((("seat", "leather"),), model.rules)


def test_a_model_without_families_builds_exactly_one_product():
    model = ProductModel((), (), ())
    assert count_buildable(model) == 1
    assert list(enumerate_buildable(model, 5)) == [{}]
    assert check(model, {}) == Buildable(())


def test_equal_models_are_equal_and_hash_alike():
    assert model_of(OPTIONS, RULES) == model_of(OPTIONS, RULES)
    assert hash(model_of(OPTIONS, RULES)) == hash(model_of(OPTIONS, RULES))


def test_unknown_choices_are_all_named(car):
    with pytest.raises(InvalidInput) as refusal:
        check(car, {"rof": "glass", "tow": "hok"})
    assert refusal.value.message == "there is no family `rof`; family `tow` has no option `hok`"
    assert refusal.value.hint == "did you mean `roof`?; did you mean `hook`?"


def test_a_negative_limit_is_refused(car):
    with pytest.raises(InvalidInput, match="limit of -1"):
        enumerate_buildable(car, -1)


def test_every_problem_of_a_model_is_reported_at_once():
    with pytest.raises(InvalidInput) as refusal:
        ProductModel(
            (Family("roof", "Roof"), Family("roof", "Roof again"), Family("bad id", "Spaces"), Family("tow", "Tow")),
            (Option("glass", "roof", "Glass"), Option("glass", "roof", "Glass"), Option("red", "rof", "Red")),
            (
                Rule("r1", "roof=glas", "tow=", "typing"),
                Rule("r1", "", " ", "nothing"),
            ),
        )
    assert (
        "\n".join(map(str, refusal.value.problems))
        == """\
family roof: the id stands 2 times; give each its own
option roof=glass: the id stands 2 times; give each its own
family bad id: `bad id` cannot be the id of a family; use 1 to 64 letters, digits, '-', '_' or '.', beginning with a \
letter or digit
option rof=red: there is no family `rof`; did you mean `roof`?
family bad id: the family has no option; list at least one, such as `none`
family tow: the family has no option; list at least one, such as `none`
rule r1: the id stands 2 times; give each its own
rule r1: condition `roof=glas`: family `roof` has no option `glas`; condition `tow=`: position 5: expected an option \
of family `tow`, found the end; did you mean `glass`?; write it as colour=white & (battery=lfp54 | !roof=glass)
rule r1: the rule requires nothing; say what must hold, such as roof=steel, or remove the rule"""
    )


def test_a_model_that_nothing_satisfies_names_the_fewest_rules_that_clash():
    # r3 asks for glass, r0 then for plus, r5 then for steel; r3, r4 and r5 clash as well, but come later.
    clash = [("", "roof=glass"), ("trim=basic", "roof=steel"), ("trim=plus", "roof=steel")]
    with pytest.raises(InvalidInput) as refusal:
        model_of(OPTIONS, [*RULES, *clash])
    (problem,) = refusal.value.problems
    assert problem.wrong == "nothing can be built under the rules r0, r3, r5 together"


def test_variants_must_be_known_full_and_buildable(car):
    good = Variant("good", "Good", (("trim", "plus"), ("battery", "lfp54"), ("roof", "glass"), ("tow", "none")))
    clash = Variant("clash", "Clash", (("trim", "basic"), ("battery", "lfp54"), ("roof", "glass"), ("tow", "none")))
    short = Variant("short", "Short", (("trim", "plus"), ("battery", "lfp54")))
    slip = Variant("slip", "Slip", (("trim", "pluss"),))
    twice = Variant("twice", "Twice", (*good.choices, ("tow", "hook")))
    assert variant_problems(car, [good]) == []
    found = variant_problems(car, [clash, short, slip, twice, good, good])
    assert (
        "\n".join(f"{p.file}: {p.wrong}" for p in found)
        == """\
variant good: the id stands 2 times
variant clash: trim=basic, roof=glass cannot be built together: the glass roof comes with the plus trim [r0]
variant short: it leaves open: roof, tow
variant slip: family `trim` has no option `pluss`
variant twice: it chooses twice: tow
variant twice: roof=glass, tow=hook cannot be built together: the glass roof comes with the plus trim [r0]; \
the plus trim is heavier [r1]; roof load and tow load exceed the axle [r2]"""
    )


TWO_GROUPS = {f"f{i}": ["a", "b"] for i in range(6)}


def test_of_conflicts_in_independent_groups_the_smaller_is_given_then_the_earlier():
    triple, pair = ("f0=a & f2=a", "f4=b"), ("f3=a", "f5=b")
    all_a = dict.fromkeys(TWO_GROUPS, "a")
    answer = check(model_of(TWO_GROUPS, [triple, pair]), all_a)
    assert isinstance(answer, NotBuildable)
    assert answer.choices == (("f3", "a"), ("f5", "a"))
    assert [rule.rule_id for rule in answer.rules] == ["r1"]
    answer = check(model_of(TWO_GROUPS, [pair, ("f4=a", "f2=b")]), all_a)
    assert isinstance(answer, NotBuildable)
    assert answer.choices == (("f2", "a"), ("f4", "a"))
    assert [rule.rule_id for rule in answer.rules] == ["r1"]


def test_two_conflicts_apart_cannot_be_resolved_by_one_change():
    model = model_of(TWO_GROUPS, [("f3=a", "f5=b"), ("f4=a", "f2=b")])
    assert set(available(model, dict.fromkeys(TWO_GROUPS, "a")).values()) == {()}
