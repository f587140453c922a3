"""`forecast_on_signal`: each customer's signal moves the forecast in its own transaction, as a full count would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from pullcord.app import projections
from pullcord.base import ProgramId
from pullcord.demand import FORECAST_LEVEL, ORDERS, ForecastLevelRow, ForecastRevised, current_forecast
from pullcord.mismatch import read_measures
from pullcord.outlook import Counts
from pullcord.store import verify
from small_house import SmallHouse, replay, small_house, small_program


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    program = small_program()
    following = replace(program, policies=replace(program.policies, forecast_on_signal=True))
    with small_house(tmp_path, following) as house:
        yield house


def level(house: SmallHouse) -> ForecastLevelRow:
    with house.ledger.reader() as reader:
        row = reader.get(FORECAST_LEVEL, ORDERS)
    assert row is not None
    return row


def as_counted_anew(house: SmallHouse, *, just_now: bool = True) -> None:
    """The row holds what counting all orders says and, if the last signal came just now, the level that follows."""
    with house.ledger.reader() as reader:
        counts = house.desk.counts(reader)
    row = level(house)
    assert (row.reserved, row.asked, row.accepted, row.declined) == (
        counts.reserved, counts.asked, counts.accepted, counts.declined,
    )  # fmt: skip
    if not just_now:
        return  # time without signals tells something too: the next signal or run will bring it in
    now = house.desk.house.local_time(house.clock.now())
    unsplit = Counts(counts.reserved, counts.asked, counts.accepted, counts.declined, {})
    assert row.scale * row.level == pytest.approx(house.desk.outlook.order_level(now, unsplit).mean, rel=1e-12)


def total(house: SmallHouse) -> float:
    with house.ledger.reader() as reader:
        return sum(cell.units for cell in current_forecast(reader, house.program.starts_on))


def test_every_step_of_every_order_is_counted_at_once(house: SmallHouse) -> None:
    house.reserve("before-the-first-run")
    house.give(house.desk.forecast("f-1", 8))
    as_counted_anew(house)
    house.reserve("never-asked")
    as_counted_anew(house)
    house.quoted("lapsed")
    as_counted_anew(house)
    house.wait(hours=13)
    house.give(house.desk.lapse_due("now"))
    as_counted_anew(house)
    house.quoted("declined")
    house.give(house.desk.cancel("declined", "too long"))
    as_counted_anew(house)
    house.locked("firm", "black", "harbin")
    as_counted_anew(house)
    house.deposited("bound")
    house.wait(hours=house.program.policies.lock_hours + 1)
    house.give(house.desk.lock_due("now"))
    as_counted_anew(house)
    house.deposited("withdrew")
    house.give(house.desk.cancel("withdrew", "changed their mind"))
    as_counted_anew(house)
    assert level(house).signal_seq >= house.ledger.head() - 4


def test_a_reservation_raises_every_cell_in_its_own_transaction(house: SmallHouse) -> None:
    house.give(house.desk.forecast("f-1", 8))
    before, published = total(house), level(house)
    assert published.scale == 1
    house.reserve("one-more")
    assert total(house) == pytest.approx(before * level(house).scale)
    assert total(house) > before


def test_a_command_that_changes_nothing_revises_nothing(house: SmallHouse) -> None:
    house.give(house.desk.forecast("f-1", 8))
    house.reserve("a")
    revised = len(house.events(ForecastRevised))
    house.give(house.desk.lock("a"))  # refused: no deposit
    assert len(house.events(ForecastRevised)) == revised


def test_the_latency_from_signal_to_forecast_is_none(house: SmallHouse) -> None:
    house.give(house.desk.forecast("f-1", 8))
    house.locked("a")
    house.reserve("b")
    l1 = read_measures(house.events()).l1
    assert (l1.arrived, l1.waiting, l1.p50_s, l1.p95_s) == (4, 0, 0.0, 0.0)


def test_the_plan_reads_the_forecast_as_it_was_moved(house: SmallHouse) -> None:
    house.give(house.desk.forecast("f-1", 8))
    today = house.program.starts_on

    def expected() -> int:
        with house.ledger.reader() as reader:
            return sum(house.desk.expected_builds(reader, today).values())

    before = expected()
    for i in range(20):
        house.reserve(f"r{i}")
    assert expected() > before


def test_a_whole_launch_replays_to_the_same_tables(house: SmallHouse, tmp_path: Path) -> None:
    replay(house, every=8)
    as_counted_anew(house, just_now=False)
    assert read_measures(house.events()).l1.p95_s == 0
    assert level(house).as_of > date(2025, 1, 1)
    found = verify(f"sqlite:///{tmp_path / 'ledger.db'}", ProgramId(house.program.program_id), projections())
    assert found.faults == ()
    assert all(digest == rebuilt for _, digest, rebuilt in found.tables.values())


def test_where_the_program_does_not_say_so_nothing_follows(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.give(house.desk.forecast("f-1", 8))
        house.locked("a")
        assert house.events(ForecastRevised) == []
        with house.ledger.reader() as reader:
            assert reader.get(FORECAST_LEVEL, ORDERS) is None


def test_the_outlook_takes_estimated_conversions_and_tells_intervals(house: SmallHouse) -> None:
    outlook, now = house.desk.outlook, house.desk.house.local_time(house.clock.now()) + timedelta(days=3)
    counts = Counts(reserved=400, asked=20, accepted=10, declined=5, locked={("white", "chengdu"): 8})
    assumed = outlook.forecast(now, 4, counts)
    share = house.program.assumed("reservation_to_order_share")
    np.testing.assert_array_equal(
        outlook.forecast(now, 4, counts, conversions={"reservation": share}).units, assumed.units
    )
    assert outlook.forecast(now, 4, counts, conversions={"reservation": 0.01}).total < assumed.total
    found = assumed.interval(0.8)
    assert found.low < found.median < found.high
    assert found.low < assumed.total < found.high
    assert assumed.interval(0.8, variant="white").median < found.median
