"""Build slots and parts: never overbooked, and the first week with room is the first week with room."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from twin_input import twin_input

from pullcord.twin.pull import SlotBook, _first, _ready_week

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


@given(
    receipts=st.lists(st.integers(0, 4), min_size=12, max_size=12),
    committed=st.integers(0, 12),
    earliest=st.integers(0, 4),
    lead=st.integers(1, 6),
)
def test_parts_are_ready_when_they_have_come_or_could_be_called_off_anew(
    receipts: list[int], committed: int, earliest: int, lead: int
) -> None:
    supply = np.cumsum(receipts)[None, None, :]
    week = int(_ready_week(supply, np.array([[committed]]), earliest, np.array([lead]))[0, 0])
    enough = [w for w in range(earliest, earliest + lead) if supply[0, 0, w] > committed]
    assert week == (enough[0] if enough else earliest + lead)


@given(marks=st.lists(st.booleans(), max_size=10), number=st.integers(-1, 12))
def test_parts_go_to_the_first_in_line(marks: list[bool], number: int) -> None:
    served = _first(np.array([number]), np.array([marks], dtype=bool))[0]
    expected = [index for index, mark in enumerate(marks) if mark][: max(number, 0)]
    assert np.flatnonzero(served).tolist() == expected
