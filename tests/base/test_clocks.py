"""Clocks agree on UTC, and none goes back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import FixedClock, InvalidInput, SimulatedClock, SystemClock, monday_of, require_utc

AWARE = st.datetimes(
    datetime.combine(date(1971, 1, 1), time()),  # naive, for Hypothesis adds the zone itself
    datetime.combine(date(2100, 1, 1), time()),
    timezones=st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours))),
)


@given(at=AWARE)
def test_any_zone_becomes_the_same_instant_in_utc(at: datetime) -> None:
    assert require_utc(at) == at
    assert require_utc(at).tzinfo is UTC
    assert FixedClock(at).now() == at


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="names no time zone"):
        FixedClock(datetime(2025, 11, 9))  # noqa: DTZ001


@given(start=AWARE, steps=st.lists(st.timedeltas(timedelta(0), timedelta(days=90)), max_size=10))
def test_a_simulated_clock_stands_at_the_sum_of_its_steps(start: datetime, steps: list[timedelta]) -> None:
    clock = SimulatedClock(start)
    for step in steps:
        clock.advance(step)
    assert clock.now() == start + sum(steps, timedelta())


@pytest.mark.parametrize("at", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_time_that_no_utc_date_stands_for_is_refused(at: str) -> None:
    with pytest.raises(InvalidInput, match="has no date in UTC"):
        require_utc(datetime.fromisoformat(at))


def test_a_simulated_clock_does_not_go_back() -> None:
    clock = SimulatedClock(datetime(2025, 11, 9, tzinfo=UTC))
    with pytest.raises(InvalidInput, match="cannot go back"):
        clock.advance_to(datetime(2025, 11, 8, 23, 59, tzinfo=UTC))
    clock.advance_to(clock.now())
    assert clock.now() == datetime(2025, 11, 9, tzinfo=UTC)


def test_the_system_clock_speaks_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


@given(day=st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_week_is_named_by_its_monday(day: date) -> None:
    monday = monday_of(day)
    assert monday.isoweekday() == 1
    assert timedelta(0) <= day - monday < timedelta(days=7)
    assert monday.isocalendar()[:2] == day.isocalendar()[:2]
