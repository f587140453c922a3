"""Whatever is offered, the parts must carry it when all of it is taken."""

from __future__ import annotations

from itertools import accumulate
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from pullcord.promising import places_to_offer, units_that_parts_allow

WEEKS = 6
COUNTS = st.lists(st.integers(0, 20), min_size=WEEKS, max_size=WEEKS)


def test_the_scarcest_part_decides_and_leftovers_are_kept() -> None:
    supply = {"seat": [10, 0, 10, inf, 0, 0], "wheel": [12, 12, 12, 12, 12, 12]}
    assert units_that_parts_allow({"seat": 2, "wheel": 4}, supply, WEEKS) == [3, 5, 9, 12, 15, 18]
    assert units_that_parts_allow({"seat": 2}, supply, WEEKS) == [5, 5, 10, inf, inf, inf]
    assert units_that_parts_allow({}, {}, 2) == [inf, inf]


def test_a_week_offers_only_what_later_weeks_can_spare() -> None:
    # 10 units of parts in the first week, nothing after; 8 are promised in week 2: only 2 remain, in whichever week.
    assert places_to_offer([5, 5, 10], [0, 0, 8], [10, 10, 10]) == [2, 0, 8]
    assert places_to_offer([5, 5, 5], [0, 0, 0], [inf, inf, inf]) == [5, 5, 5]
    assert places_to_offer([5, 5], [4, 0], [0, 0]) == [4, 0], "what is taken stays taken"


@given(capacity=COUNTS, taken=COUNTS, arrivals=COUNTS)
def test_what_is_offered_can_all_be_taken(capacity: list[int], taken: list[int], arrivals: list[int]) -> None:
    taken = [min(t, c) for t, c in zip(taken, capacity, strict=True)]
    allowed = list(accumulate(arrivals))
    places = places_to_offer(capacity, taken, [float(a) for a in allowed])
    for place, t, c in zip(places, taken, capacity, strict=True):
        assert t <= place <= c
    keepable = all(t <= a for t, a in zip(accumulate(taken), allowed, strict=True))
    if keepable:
        assert all(p <= a for p, a in zip(accumulate(places), allowed, strict=True))


@given(capacity=COUNTS, taken=COUNTS, arrivals=COUNTS, week=st.integers(0, WEEKS - 1))
def test_more_parts_never_offer_less_in_all(
    capacity: list[int], taken: list[int], arrivals: list[int], week: int
) -> None:
    taken = [min(t, c) for t, c in zip(taken, capacity, strict=True)]
    more = list(arrivals)
    more[week] += 5
    before = places_to_offer(capacity, taken, [float(a) for a in accumulate(arrivals)])
    after = places_to_offer(capacity, taken, [float(a) for a in accumulate(more)])
    assert sum(after) >= sum(before)
