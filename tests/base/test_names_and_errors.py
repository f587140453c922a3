"""Ids that fit files, addresses and streams; errors with stable codes."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import LONGEST_NAMED_ID, InvalidInput, Problem, PullcordError, check_id, errors

GOOD_FIRST = string.ascii_letters + string.digits
GOOD = GOOD_FIRST + "-_."


@given(first=st.sampled_from(GOOD_FIRST), rest=st.text(GOOD, max_size=63))
def test_a_plain_name_passes_unchanged(first: str, rest: str) -> None:
    assert check_id(first + rest, "part") == first + rest


@given(value=st.text(max_size=70))
def test_whatever_passes_is_safe_in_a_path(value: str) -> None:
    try:
        check_id(value, "part")
    except InvalidInput:
        return
    assert 1 <= len(value) <= 64
    assert set(value) <= set(GOOD)
    assert value[0] not in "-_."


@pytest.mark.parametrize("value", ["", "..", "a/b", "a b", "天津", "a\n", "-x", "x" * 65])
def test_other_names_are_refused_with_the_way_out(value: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the id of a plant") as refusal:
        check_id(value, "plant")
    assert refusal.value.hint
    assert "1 to 64" in refusal.value.hint


def test_a_kind_of_id_can_be_shorter() -> None:
    assert check_id("x" * LONGEST_NAMED_ID, "order", longest=LONGEST_NAMED_ID)
    with pytest.raises(InvalidInput, match="cannot be the id of an order") as refusal:
        check_id("x" * (LONGEST_NAMED_ID + 1), "order", longest=LONGEST_NAMED_ID)
    assert "1 to 40" in (refusal.value.hint or "")


def tree() -> list[type[PullcordError]]:
    found, open_ = [PullcordError], [PullcordError]
    while open_:
        below = open_.pop().__subclasses__()
        found += below
        open_ += below
    return [kind for kind in found if kind.__module__ == errors.__name__]


def test_codes_and_exit_statuses_are_stable_and_told_apart() -> None:
    kinds = tree()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert len({kind.exit_status for kind in kinds}) == len(kinds)
    assert {kind.code: (kind.exit_status, kind.http_status) for kind in kinds} == {
        "error": (1, 500),
        "invalid_input": (2, 422),
        "not_found": (3, 404),
        "conflict": (4, 409),
        "corrupt": (5, 500),
        "partner_failure": (6, 502),
        "solver_failure": (7, 500),
        "forbidden": (8, 403),
    }


def test_the_tree_at_the_top_of_the_module_is_true() -> None:
    drawn = [line.split() for line in (errors.__doc__ or "").splitlines() if line.startswith(("├", "└"))]
    listed = {words[1]: (words[2], int(words[3]), int(words[4])) for words in drawn}
    assert listed == {
        kind.__name__: (kind.code, kind.exit_status, kind.http_status) for kind in tree() if kind is not PullcordError
    }


def test_a_failure_keeps_every_problem_and_says_where() -> None:
    problems = [
        Problem("parts.csv", 7, "unit_cost_cny is -3", "give an amount above 0"),
        Problem("plants.csv", 0, "the file is missing", "add it"),
    ]
    failure = InvalidInput("two things are wrong", "mend them", problems)
    assert failure.problems == tuple(problems)
    assert str(failure) == failure.message == "two things are wrong"
    assert str(problems[0]) == "parts.csv:7: unit_cost_cny is -3; give an amount above 0"
    assert str(problems[1]) == "plants.csv: the file is missing; add it"
