"""A published forecast is an event, and the table keeps what the latest run says of each cell."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pullcord.base import CommandId, Conflict, FixedClock, PartyId, ProgramId
from pullcord.demand import (
    PROJECTION,
    ForecastPublished,
    Level,
    current_forecast,
    forecast_units,
    publish_forecast,
)
from pullcord.store import Command, Ledger

MONDAY = date(2025, 11, 10)


@pytest.fixture
def ledger(tmp_path):
    clock = FixedClock(datetime(2025, 11, 9, 12, tzinfo=UTC))
    with Ledger.open(f"sqlite:///{tmp_path}/l.db", ProgramId("test"), clock=clock, projections=[PROJECTION]) as opened:
        yield opened


def publish(ledger: Ledger, run_id: str, level: float, weeks: int, seen: int) -> None:
    told = forecast_units(Level(level, 1), {"rent": 3, "buy": 1}, {"x": 2, "y": 1}, MONDAY, [1.0] * weeks)

    def decide(tx):
        publish_forecast(tx, run_id, date(2025, 11, 9), seen, told)

    ledger.execute(
        Command(CommandId(f"publish-{run_id}-{level}"), PartyId("planner"), "demand.publish", {}, decide, type(None))
    )


def test_the_latest_run_of_each_cell_is_in_force(ledger):
    publish(ledger, "one", 120, weeks=3, seen=0)
    publish(ledger, "two", 240, weeks=2, seen=5)
    with ledger.reader() as reader:
        cells = current_forecast(reader, MONDAY)
    assert len(cells) == 2 * 2 * 3
    by_week = {week: sum(c.units for c in cells if c.week_start == week) for week in {c.week_start for c in cells}}
    assert [by_week[week] for week in sorted(by_week)] == pytest.approx([240, 240, 120])


def test_the_event_says_which_signal_it_has_seen(ledger):
    publish(ledger, "one", 120, weeks=1, seen=17)
    (event,) = ledger.events(kinds=[ForecastPublished])
    assert event.body.signal_seq == 17
    assert len(event.body.units) == 2 * 2 * 1
    assert sum(event.body.units) == pytest.approx(120)


def test_a_run_is_published_once(ledger):
    publish(ledger, "one", 120, weeks=1, seen=0)
    with pytest.raises(Conflict):
        publish(ledger, "one", 130, weeks=1, seen=0)
