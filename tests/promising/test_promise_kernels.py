"""The compiled promise loops give exactly what a slow reading of the rules gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pullcord.promising.kernels import book, earliest_week, feasible_weeks, look_ahead, promise_all

WEEKS, WEEKLY, PARTS = 7, 3, 4
ROWS = WEEKLY + PARTS
Line = tuple[int, int]  # row, quantity


class Slow:
    """The rules, word for word: what each week has, what is taken, and no clever bookkeeping."""

    def __init__(self, spare: list[list[int]]) -> None:
        self.has = spare
        self.taken: list[tuple[int, list[Line], int]] = []  # week, lines, times

    def left(self, row: int, week: int) -> int:
        if row < WEEKLY:
            return self.has[row][week] - sum(
                q * times for t, lines, times in self.taken for r, q in lines if r == row and t == week
            )
        return min(
            self.has[row][later]
            - sum(q * times for t, lines, times in self.taken for r, q in lines if r == row and t <= later)
            for later in range(week, WEEKS)
        )

    def takes(self, lines: list[Line], week: int) -> bool:
        return all(self.left(row, week) >= q for row, q in lines)

    def earliest(self, lines: list[Line], first: int) -> int:
        return next((t for t in range(first, WEEKS) if self.takes(lines, t)), -1)

    def book(self, lines: list[Line], week: int, times: int = 1) -> None:
        self.taken.append((week, lines, times))


def cumulative(arrivals: list[int]) -> list[int]:
    return np.cumsum(arrivals).tolist()


SPARE = st.tuples(
    st.lists(st.lists(st.integers(0, 4), min_size=WEEKS, max_size=WEEKS), min_size=WEEKLY, max_size=WEEKLY),
    # Below zero too: a count may find that more was promised than parts can carry.
    st.lists(
        st.lists(st.integers(-3, 8), min_size=WEEKS, max_size=WEEKS).map(cumulative), min_size=PARTS, max_size=PARTS
    ),
).map(lambda both: both[0] + both[1])
LINES = st.dictionaries(st.integers(0, ROWS - 1), st.integers(0, 3), min_size=1).map(lambda d: sorted(d.items()))


@dataclass
class Ask:
    lines: list[Line]
    first: int
    otherwise: int


ASKS = st.lists(st.builds(Ask, LINES, st.integers(0, WEEKS - 1), st.integers(0, WEEKS - 1)), max_size=12)


def arrays(lines: list[Line]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([r for r, _ in lines], dtype=np.int64), np.array([q for _, q in lines], dtype=np.int64)


def compiled(spare: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    held = np.array(spare, dtype=np.int32)
    left, slack = np.empty_like(held), np.empty_like(held)
    look_ahead(held, left, slack, WEEKLY)
    return left, slack


def the_same(left: np.ndarray, slow: Slow) -> bool:
    return all(left[r, t] == slow.left(r, t) for r in range(ROWS) for t in range(WEEKS))


@given(spare=SPARE, asks=ASKS)
def test_promises_one_after_another_are_those_of_the_slow_rules(spare: list[list[int]], asks: list[Ask]) -> None:
    slow, given_weeks = Slow(spare), []
    for ask in asks:
        week = slow.earliest(ask.lines, ask.first)
        if week != ask.first and ask.otherwise > ask.first:
            week = slow.earliest(ask.lines, ask.otherwise)
        given_weeks.append(week)
        if week >= 0:
            slow.book(ask.lines, week)
    left, slack = compiled(spare)
    starts = np.cumsum([0, *(len(ask.lines) for ask in asks)])
    flat = [line for ask in asks for line in ask.lines]
    weeks = np.empty(len(asks), dtype=np.int64)
    promise_all(
        left, slack, WEEKLY, starts, *arrays(flat),
        np.array([ask.first for ask in asks], dtype=np.int64),
        np.array([ask.otherwise for ask in asks], dtype=np.int64), weeks,
    )  # fmt: skip
    assert weeks.tolist() == given_weeks
    assert the_same(left, slow)


@given(spare=SPARE, asks=ASKS)
def test_bookings_given_back_leave_no_trace(spare: list[list[int]], asks: list[Ask]) -> None:
    left, slack = compiled(spare)
    before = left.copy()
    slow = Slow(spare)
    for ask in asks:
        book(left, slack, WEEKLY, *arrays(ask.lines), ask.first, 1)
        slow.book(ask.lines, ask.first)
        assert the_same(left, slow)
    for ask in asks:
        book(left, slack, WEEKLY, *arrays(ask.lines), ask.first, -1)
    assert (left == before).all()
    assert (left + slack == np.array(spare)).all()


@given(spare=SPARE, lines=LINES, first=st.integers(0, WEEKS - 1))
def test_the_menu_has_every_week_that_can_take_the_order(spare: list[list[int]], lines: list[Line], first: int) -> None:
    left, _ = compiled(spare)
    slow = Slow(spare)
    lines = [(row, q) for row, q in lines if q] or [(0, 1)]
    places = np.empty(WEEKS, dtype=np.int64)
    feasible_weeks(left, *arrays(lines), first, places)
    assert [t for t in range(WEEKS) if places[t]] == [t for t in range(first, WEEKS) if slow.takes(lines, t)]
    assert earliest_week(left, WEEKLY, *arrays(lines), first) == slow.earliest(lines, first)
    for week in np.flatnonzero(places):
        again = Slow(spare)
        for _ in range(int(places[week])):
            assert again.takes(lines, int(week))
            again.book(lines, int(week))
        assert not again.takes(lines, int(week))
