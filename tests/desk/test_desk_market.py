"""What the platform tells of demand: every person counted once, and forecasts that have seen every signal so far."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pullcord.base import Conflict
from pullcord.demand import FORECAST, ForecastPublished
from pullcord.outlook import Counts
from small_house import SmallHouse, small_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def counts(house: SmallHouse) -> Counts:
    with house.ledger.reader() as reader:
        return house.desk.counts(reader)


def test_every_person_is_counted_once_whatever_they_did(house: SmallHouse) -> None:
    house.reserve("never-asked")
    house.quoted("lapsed")
    house.wait(hours=13)
    house.give(house.desk.lapse_due("now"))
    house.quoted("thinking")
    house.quoted("declined")
    house.give(house.desk.cancel("declined", "too long"))
    house.deposited("paid")
    house.locked("firm", "black", "harbin")
    house.deposited("withdrew")
    house.give(house.desk.cancel("withdrew", "changed their mind"))
    assert counts(house) == Counts(
        reserved=1,
        asked=6,
        accepted=3,
        declined=2,
        locked={("black", "harbin"): 1},
    )


def test_one_who_was_refused_a_date_has_asked_for_one(house: SmallHouse) -> None:
    house.at(date(2025, 8, 20))  # too late for every week of the horizon
    assert house.quoted("too-late").refused
    assert counts(house) == Counts(reserved=0, asked=1, accepted=0, declined=1, locked={})


def test_a_forecast_says_the_last_event_it_has_seen(house: SmallHouse) -> None:
    house.reserve("a")
    head = house.ledger.head()
    units = house.give(house.desk.forecast("f-1", 8)).count
    (published,) = house.events(ForecastPublished)
    assert published.body.signal_seq == head + 1, "all before its own command, and that"
    assert units == round(sum(published.body.units))
    with house.ledger.reader() as reader:
        rows = reader.select(FORECAST)
    assert len(rows) == 3 * 6 * 8
    assert sum(row.units for row in rows) == pytest.approx(sum(published.body.units))


def test_a_forecast_is_published_once_under_its_name(house: SmallHouse) -> None:
    first = house.give(house.desk.forecast("f-1", 8))
    house.reserve("a")
    assert house.give(house.desk.forecast("f-1", 8)) == first
    assert len(house.events(ForecastPublished)) == 1
    with pytest.raises(Conflict):
        house.give(house.desk.forecast("f-1", 4))


def test_open_orders_are_those_paid_for_and_not_handed_over(house: SmallHouse) -> None:
    def open_orders() -> int:
        with house.ledger.reader() as reader:
            return house.desk.open_orders(reader)

    house.quoted("shown")
    assert open_orders() == 0
    house.deposited("paid", "black")
    house.locked("firm", "black", "shenzhen")
    assert open_orders() == 2
    house.give(house.desk.cancel("paid", "changed their mind"))
    house.give(house.desk.build("shenzhen", house.today, ["b-firm"]))
    assert open_orders() == 1, "on the road it is still open"
    house.wait(days=20)
    assert house.give(house.desk.arrive(house.today)).count == 1
    assert open_orders() == 0
