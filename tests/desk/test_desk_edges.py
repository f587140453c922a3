"""Where an order's life is at its edges: no deposit to pay, no date any more, an order id that somebody waits with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pullcord.base import CampaignId, Money
from pullcord.campaigns import CampaignTerms, Quota, Refundable
from pullcord.orders import QuoteLapsed, State
from small_house import SmallHouse, local, small_house, small_program

OPENS = local(small_program(), small_program().starts_on, 10)
RUSH = CampaignTerms(
    CampaignId("rush"),
    "Rush",
    "抢购",
    OPENS,
    OPENS + timedelta(days=9),
    Money.of(20, "CNY"),
    Refundable.LOCK,
    queue_max=5,
    hold_hours=2,
    quotas=(Quota("*", "*", 1),),
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def in_campaign(house: SmallHouse, **terms: object) -> None:
    """Open the campaign and let it begin."""
    house.give(house.desk.open_campaign(replace(RUSH, **terms)))  # type: ignore[arg-type]
    house.at(house.program.starts_on, 11)


def place(house: SmallHouse, who: str) -> object:
    return house.give(house.desk.reserve_in_campaign(f"o-{who}", f"p-{who}", "white", "owned", "chengdu", "rush"))


def test_a_campaign_may_ask_for_no_deposit(house: SmallHouse) -> None:
    in_campaign(house, deposit=Money.of(0, "CNY"))
    place(house, "a")
    house.give(house.desk.quote("o-a"))
    assert house.give(house.desk.deposit("o-a")).state is State.DEPOSITED
    with house.ledger.reader() as reader:
        assert house.desk.counts(reader).accepted == 1, "who said yes counts, whatever it cost"
    ended = house.give(house.desk.cancel("o-a", "changed my mind"))
    assert (ended.state, ended.refund, ended.forfeit) == (State.CANCELLED, None, None)


def test_a_date_that_is_over_and_cannot_be_had_again_is_shown_no_more(house: SmallHouse) -> None:
    house.quoted("a")
    house.at(house.program.starts_on + timedelta(weeks=house.program.horizon_weeks))
    again = house.give(house.desk.quote("a", attempt=2))
    assert (again.state, again.deliver_on, again.valid_until) == (State.RESERVED, None, None)
    assert again.refused is not None
    assert [event.body.order_id for event in house.events(QuoteLapsed)] == ["a"]
