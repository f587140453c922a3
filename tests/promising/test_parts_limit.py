"""Whatever is offered, the parts must carry it when all of it is taken."""

from __future__ import annotations

from itertools import accumulate
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import PartId
from pullcord.promising import places_to_offer, units_that_parts_allow

WEEKS = 6
COUNTS = st.lists(st.integers(0, 20), min_size=WEEKS, max_size=WEEKS)


def test_the_scarcest_part_decides_and_leftovers_are_kept() -> None:
    seat, wheel = PartId("seat"), PartId("wheel")
    supply = {seat: [10, 0, 10, inf, 0, 0], wheel: [12, 12, 12, 12, 12, 12]}
    assert units_that_parts_allow({seat: 2, wheel: 4}, supply, WEEKS) == [3, 5, 9, 12, 15, 18]
    assert units_that_parts_allow({seat: 2}, supply, WEEKS) == [5, 5, 10, inf, inf, inf]
    assert units_that_parts_allow({}, {}, 2) == [inf, inf]


def test_a_week_offers_only_what_later_weeks_can_spare() -> None:
    # 10 units of parts in the first week, nothing after; 8 are promised in week 2: only 2 remain, in whichever week.
    assert places_to_offer([5, 5, 2], [0, 0, 8], [10, 10, 10]) == [2, 0, 0]
    assert places_to_offer([5, 5, 5], [0, 0, 0], [inf, inf, inf]) == [5, 5, 5]
    assert places_to_offer([5, 5], [1, 0], [2, 3]) == [1, 1], "overdue units come first"
    assert places_to_offer([5, 5], [4, 0], [0, 0]) == [0, 0], "what is promised already is short of parts"


@given(free=COUNTS, waiting=COUNTS, arrivals=COUNTS)
def test_what_is_offered_can_all_be_taken(free: list[int], waiting: list[int], arrivals: list[int]) -> None:
    allowed = list(accumulate(arrivals))
    places = places_to_offer(free, waiting, [float(a) for a in allowed])
    assert all(0 <= place <= f for place, f in zip(places, free, strict=True))
    keepable = all(w <= a for w, a in zip(accumulate(waiting), allowed, strict=True))
    if keepable:
        used = accumulate(w + p for w, p in zip(waiting, places, strict=True))
        assert all(u <= a for u, a in zip(used, allowed, strict=True))


@given(free=COUNTS, waiting=COUNTS, arrivals=COUNTS, week=st.integers(0, WEEKS - 1))
def test_more_parts_never_offer_less_in_all(
    free: list[int], waiting: list[int], arrivals: list[int], week: int
) -> None:
    more = list(arrivals)
    more[week] += 5
    before = places_to_offer(free, waiting, [float(a) for a in accumulate(arrivals)])
    after = places_to_offer(free, waiting, [float(a) for a in accumulate(more)])
    assert sum(after) >= sum(before)
