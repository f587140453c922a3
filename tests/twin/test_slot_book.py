"""Build slots: never overbooked, and the first free week is the first free week."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from twin_input import twin_input

from pullcord.twin.pull import SlotBook

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 5), st.integers(0, 1)),
        st.tuples(st.just("slip"), st.integers(0, 5), st.integers(0, 7)),
    ),
    max_size=40,
)


@given(STEPS)
def test_slots_are_taken_once_and_the_next_free_week_is_found(steps: list[tuple[str, int, int]]) -> None:
    book = SlotBook(twin_input(capacity_per_week=3, availability=1.0), lanes=2)
    taken = 0
    for place, (what, week, number) in enumerate(steps):
        if what == "take":
            lane = np.array([number])
            slot = book.next_free[lane, week]
            day = book.build_day(lane * book.weeks + week)
            assert day == 7 * slot + 7 * (3 - book.free[lane, slot]) // 3
            book.take(lane, slot, place)
            taken += 1
        else:
            book.give_way(week, np.array([number, 0]))
        assert (book.free >= 0).all()
        for of_lane in range(2):
            for week_asked in range(8):
                free_weeks = np.flatnonzero(book.free[of_lane, week_asked:])
                assert book.next_free[of_lane, week_asked] == week_asked + free_weeks[0]
    holders = book.holder[book.holder >= 0]
    assert holders.size == taken == np.unique(holders).size
