"""Signals are counted, never by person, and the conversion curve is what the counts and the orders say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord import campaigns
from pullcord.app import projections
from pullcord.base import Conflict, InvalidInput, NotFound, ProgramId
from pullcord.campaigns import SignalCount, SignalsCounted, conversion_curve, rung_counts, wilson
from pullcord.store import verify
from small_house import SmallHouse, small_house


def tell(house: SmallHouse, *counts: SignalCount, **other: Any) -> int:
    """Count signals of the hour that has just passed."""
    house.wait(hours=1)
    now = house.clock.now()
    told: int = house.give(house.desk.count_signals((now - timedelta(hours=1), now), counts, **other)).count
    return told


def test_counts_add_up_by_day_and_rung(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        assert tell(house, SignalCount("view", 70), SignalCount("view", 30, "white"), SignalCount("compare", 8)) == 108
        tell(house, SignalCount("view", 5, "white", "colour=white", "chengdu"))
        house.wait(days=1)
        tell(house, SignalCount("view", 11))
        with house.ledger.reader() as reader:
            rows = reader.select(campaigns.SIGNAL_DAY)
            first = min(row.day for row in rows)
            assert rung_counts(reader) == {"view": 116, "compare": 8}
            assert rung_counts(reader, until=first) == {"view": 105, "compare": 8}
            assert rung_counts(reader, since=first + timedelta(days=1)) == {"view": 11}
        by_variant = {(row.variant_id, row.option, row.city_id): row.count for row in rows if row.day == first}
    assert by_variant[("white", "colour=white", "chengdu")] == 5
    assert by_variant[("white", "*", "*")] == 30


def test_an_hour_is_counted_once(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.wait(hours=1)
        now = house.clock.now()
        window = (now - timedelta(hours=1), now)
        command = house.desk.count_signals(window, [SignalCount("view", 7)])
        assert [house.give(command).count for _ in range(2)] == [7, 7]
        with pytest.raises(Conflict):
            house.give(house.desk.count_signals(window, [SignalCount("view", 8)]))
        house.give(house.desk.count_signals(window, [SignalCount("view", 2)], source="phone"))
        with house.ledger.reader() as reader:
            assert rung_counts(reader) == {"view": 9}


def test_what_is_counted_must_make_sense(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no signal that a shop counts"):
        SignalCount("deposit", 1)
    with pytest.raises(InvalidInput, match="a count of 0"):
        SignalCount("view", 0)
    with small_house(tmp_path) as house:
        now = house.clock.now()
        with pytest.raises(InvalidInput, match="cannot have been counted"):
            house.give(house.desk.count_signals((now, now + timedelta(hours=1)), [SignalCount("view", 1)]))
        with pytest.raises(NotFound):
            tell(house, SignalCount("view", 1, "purple"))
        with pytest.raises(NotFound, match="no option `roof=glass`"):
            tell(house, SignalCount("view", 1, option="roof=glass"))


def test_no_signal_names_a_person() -> None:
    told = set(SignalsCounted.__dataclass_fields__) | set(SignalCount.__dataclass_fields__)
    assert told == {"source", "since", "until", "counts", "rung", "count", "variant_id", "option", "city_id"}


def test_the_curve_goes_from_a_look_to_the_registration(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        tell(house, SignalCount("view", 1000), SignalCount("compare", 100), SignalCount("configure", 40))
        for order in "abcd":
            house.reserve(order)
        for order in "ab":
            house.give(house.desk.quote(order))
            house.give(house.desk.deposit(order))
        house.give(house.desk.lock("a"))
        with house.ledger.reader() as reader:
            curve = {row.rung: row for row in conversion_curve(reader)}
    assert verify(f"sqlite:///{tmp_path}/ledger.db", ProgramId("small_launch"), projections()).ok
    assert list(curve) == ["view", "compare", "configure", "reserve", "deposit", "lock", "registration"]
    assert {name: row.count for name, row in curve.items()} == {
        "view": 1000, "compare": 100, "configure": 40, "reserve": 4, "deposit": 2, "lock": 1, "registration": 0,
    }  # fmt: skip
    assert [row.to_next for row in curve.values()] == [0.1, 0.4, 0.1, 0.5, 0.5, 0.0, None]
    assert curve["view"].low is not None
    assert curve["view"].high is not None
    assert 0.08 < curve["view"].low < 0.1 < curve["view"].high < 0.13


def test_a_rung_that_counts_less_than_the_next_tells_no_share(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        tell(house, SignalCount("view", 3), SignalCount("compare", 10))
        with house.ledger.reader() as reader:
            view, compare, *_ = conversion_curve(reader)
    assert (view.count, view.to_next, view.low, view.high) == (3, None, None, None)
    assert (compare.count, compare.to_next) == (10, 0.0)


def test_the_interval_is_wilson_s() -> None:
    """Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    with pytest.raises(InvalidInput):
        wilson(3, 2)


@given(trials=st.integers(1, 10_000), data=st.data())
def test_the_interval_holds_the_share(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1


def test_what_a_reservation_is_worth_is_learned_from_those_who_had_time(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        for i in range(60):
            house.reserve(f"o{i}")
        for i in range(0, 60, 2):
            house.give(house.desk.quote(f"o{i}"))
        house.wait(days=8)
        for i in range(40):
            house.reserve(f"late{i}")
        settled = house.clock.now() - timedelta(days=7)
        with house.ledger.reader() as reader:
            learned = campaigns.reservation_share(reader, settled, 0.2)
            nothing = campaigns.reservation_share(reader, settled - timedelta(days=30), 0.2)
            counts = house.desk.counts(reader)
        outlook = house.desk.outlook
        local = house.desk.house.local_time(house.clock.now())
        assumed = outlook.forecast(local, 4, counts).total
        moved = outlook.forecast(local, 4, counts, conversions={"reservation": learned}).total
    assert learned == pytest.approx((30 + 20 * 0.2) / (60 + 20))
    assert nothing == pytest.approx(0.2)
    assert moved != assumed, "the forecast takes the estimate in place of the assumption"
