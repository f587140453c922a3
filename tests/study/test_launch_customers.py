"""The launch's customers: as many as the program says, in its shops' hours, and the same ones for the same seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.study import Customer, draw_customers, reservations_by_day
from small_house import small_program

FIRST = date(2025, 6, 3)
THIRDS = {"white": 1 / 3, "black": 1 / 3, "black-tripod": 1 / 3}
OWNED = {"owned": 1.0}
STEPS = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 500)), max_size=6)


def drawn(seed: int = 11, shares: dict[str, float] | None = None) -> list[Customer]:
    return draw_customers(small_program(), shares or THIRDS, OWNED, seed)


@given(first=st.integers(0, 500), steps=STEPS)
def test_reservations_add_up_to_every_count_that_is_known(first: int, steps: list[tuple[int, int]]) -> None:
    launch = [(FIRST, first)]
    for days, more in steps:
        launch.append((launch[-1][0] + timedelta(days=days), launch[-1][1] + more))
    days = reservations_by_day(launch)
    assert [day for day, _ in days] == [FIRST + timedelta(days=i) for i in range(len(days))], "no day is left out"
    assert days[-1][0] == launch[-1][0]
    assert min(n for _, n in days) >= 0
    for day, cumulative in launch:
        assert sum(n for d, n in days if d <= day) == cumulative
    for (begins, _), (ends, _) in pairwise(launch):
        between = [n for d, n in days if begins < d <= ends]
        assert between == sorted(between, reverse=True), "what is left over goes to the earlier days"
        assert between[0] - between[-1] <= 1, "the days between two counts share evenly"


def test_everyone_reserves_on_a_day_and_in_the_hours_the_program_says() -> None:
    program, customers = small_program(), drawn()
    local = [customer.reserves_at + timedelta(hours=program.utc_offset_hours) for customer in customers]
    assert Counter(at.date() for at in local) == dict(
        reservations_by_day([(row.day, row.reservations_cumulative) for row in program.launch])
    )
    assert local == sorted(local)
    assert {at.hour for at in local} <= set(range(8, 24))
    assert len({customer.order_id for customer in customers}) == len({c.person_id for c in customers}) == 300


def test_the_same_seed_draws_the_same_people_and_another_seed_others() -> None:
    assert drawn() == drawn()
    assert drawn() != drawn(12)


def test_one_use_of_chance_disturbs_no_other() -> None:
    """Another mix of variants: the same people, at the same time, in the same cities, with the same patience."""
    other = drawn(shares={"white": 1.0, "black": 0.0})
    assert {customer.variant_id for customer in other} == {"white"}
    assert [replace(customer, variant_id="white") for customer in drawn()] == other


@pytest.mark.parametrize(("share", "asked"), [(0.0, 0), (1.0, 300)])
def test_as_many_ask_for_a_date_as_the_assumption_says(share: float, asked: int) -> None:
    program = small_program()
    key = "reservation_to_order_share"
    assumptions = dict(program.assumptions) | {key: replace(program.assumptions[key], value=share)}
    customers = draw_customers(replace(program, assumptions=assumptions), THIRDS, OWNED, 11)
    assert sum(customer.asks_after is not None for customer in customers) == asked
