"""Whatever is offered, the parts must carry it when all of it is taken."""

from __future__ import annotations

from itertools import accumulate
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import PartId
from pullcord.promising import promisable, spare_units, units_that_parts_allow

WEEKS = 6
COUNTS = st.lists(st.integers(0, 20), min_size=WEEKS, max_size=WEEKS)


def test_the_scarcest_part_decides_and_leftovers_are_kept() -> None:
    seat, wheel = PartId("seat"), PartId("wheel")
    supply = {seat: [10, 0, 10, inf, 0, 0], wheel: [12, 12, 12, 12, 12, 12]}
    assert units_that_parts_allow({seat: 2, wheel: 4}, supply, WEEKS) == [3, 5, 9, 12, 15, 18]
    assert units_that_parts_allow({seat: 2}, supply, WEEKS) == [5, 5, 10, inf, inf, inf]
    assert units_that_parts_allow({}, {}, 2) == [inf, inf]


def test_a_week_may_use_only_what_every_later_week_can_spare() -> None:
    # 10 units of parts in the first week, nothing after; 8 are promised in week 2: only 2 remain, in whichever week.
    assert spare_units([0, 0, 8], [10, 10, 10], 99) == [10, 10, 2]
    assert promisable([10, 10, 2]) == [2, 2, 2]
    assert spare_units([0, 0], [inf, inf], 99) == [99, 99]
    assert spare_units([1, 0], [2, 3], 99) == [1, 2], "overdue units come first"
    assert promisable(spare_units([4, 0], [0, 5], 99)) == [0, 1], "short now, and one to spare later"
    assert promisable([]) == []


def test_parts_that_an_early_week_does_not_use_are_there_for_a_later_one() -> None:
    assert promisable(spare_units([0, 0, 0], [30, 30, 70], 99)) == [30, 30, 70]


@given(waiting=COUNTS, arrivals=COUNTS, takes=st.lists(st.integers(0, WEEKS - 1), max_size=60))
def test_what_is_promisable_can_be_promised_one_by_one(
    waiting: list[int], arrivals: list[int], takes: list[int]
) -> None:
    """Whoever takes whichever week as long as it is promisable: in the end parts carry everything."""
    allowed = [float(a) for a in accumulate(arrivals)]
    keepable = all(w <= a for w, a in zip(accumulate(waiting), allowed, strict=True))
    promised = list(waiting)
    for week in takes:
        if promisable(spare_units(promised, allowed, 999))[week] > 0:
            promised[week] += 1
    if keepable:
        assert all(p <= a for p, a in zip(accumulate(promised), allowed, strict=True))


@given(waiting=COUNTS, arrivals=COUNTS, week=st.integers(0, WEEKS - 1))
def test_more_parts_never_make_less_promisable(waiting: list[int], arrivals: list[int], week: int) -> None:
    more = list(arrivals)
    more[week] += 5
    before = promisable(spare_units(waiting, [float(a) for a in accumulate(arrivals)], 999))
    after = promisable(spare_units(waiting, [float(a) for a in accumulate(more)], 999))
    assert all(b <= a for b, a in zip(before, after, strict=True))
