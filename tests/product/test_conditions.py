"""The grammar of conditions: what is read, what it means, and what a slip is answered with."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from product_models import conditions, option_tables

from pullcord.base import InvalidInput
from pullcord.product import parse_condition

OPTIONS = {"colour": ("white", "red", "mint"), "roof": ("glass", "steel"), "battery": ("lfp54", "nmc52")}
WHITE_GLASS = {"colour": "white", "roof": "glass", "battery": "nmc52"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("   ", True),
        ("colour=white", True),
        ("colour = red", False),
        ("!colour=red", True),
        ("!!colour=red", False),
        ("colour=white & (battery=lfp54 | !roof=glass)", False),
        ("colour=white & battery=lfp54 | roof=glass", True),  # & binds tighter than |
        ("roof=glass | colour=red & battery=lfp54", True),
        ("!roof=glass | battery=nmc52", True),  # ! binds tighter than |
        ("!(roof=glass | battery=nmc52)", False),
        ("((((roof=glass))))", True),
    ],
)
def test_a_condition_means_what_it_says(text, holds):
    assert parse_condition(text, OPTIONS).holds(WHITE_GLASS) is holds


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("colour=white & & roof=glass", "position 16: expected `family=option`, `!` or `(`, found `&`", "colour=white"),
        ("colour", "position 7: expected `=` after the family `colour`, found the end", ""),
        ("colour=", "position 8: expected an option of family `colour`, found the end", ""),
        ("colour!=white", "position 7: expected `=` after the family `colour`, found `!`", "write !colour=…"),
        ("(colour=red", "position 12: expected `)`, found the end", ""),
        ("colour=red)", "position 11: expected `&`, `|` or the end, found `)`", ""),
        ("colour=red roof=glass", "position 12: expected `&`, `|` or the end, found `roof`", ""),
        ("colour=red, roof=glass", "position 11: `,` has no meaning here", ""),
        ("colour=red && roof=glass", "position 13: expected `family=option`", ""),
        ("=red", "position 1: expected `family=option`", ""),
        ("()", "position 2: expected `family=option`", ""),
        ("__import__('os')=x", "position 1: `_` has no meaning here", ""),
        ("(" * 100 + "colour=red" + ")" * 100, "more than 60 brackets", ""),
    ],
)
def test_a_slip_in_the_grammar_is_shown_at_its_place(text, message, hint):
    with pytest.raises(InvalidInput) as refusal:
        parse_condition(text, OPTIONS)
    assert message in refusal.value.message
    assert text in refusal.value.message
    assert hint in (refusal.value.hint or "")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InvalidInput) as refusal:
        parse_condition("color=white | roof=Glas & battery=lfp", OPTIONS)
    assert "there is no family `color`" in refusal.value.message
    assert "family `roof` has no option `Glas`" in refusal.value.message
    assert "family `battery` has no option `lfp`" in refusal.value.message
    assert refusal.value.hint == "did you mean `colour`?; did you mean `glass`?; did you mean `lfp54`?"


def test_a_name_like_no_other_is_answered_with_what_there_is():
    with pytest.raises(InvalidInput) as refusal:
        parse_condition("colour=zzz", OPTIONS)
    assert refusal.value.hint == "known: mint, red, white"


def test_an_undecided_family_is_named():
    with pytest.raises(InvalidInput, match="no option of family `roof` is chosen"):
        parse_condition("roof=glass", OPTIONS).holds({"colour": "white"})


def test_a_condition_knows_the_families_it_asks_about():
    assert parse_condition("colour=white & (roof=glass | !roof=steel)", OPTIONS).families == {"colour", "roof"}


@given(st.data())
def test_what_is_written_out_reads_back_to_the_same_condition(data):
    options = data.draw(option_tables())
    condition = parse_condition(data.draw(conditions(options, depth=3)), options)
    assert parse_condition(str(condition), options) == condition


@given(st.text(alphabet="colur=whitef &|!()\t.-0", max_size=30))
def test_any_text_is_read_or_refused(text):
    with suppress(InvalidInput):
        assert parse_condition(text, OPTIONS).families <= OPTIONS.keys()
