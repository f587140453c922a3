"""Where an order's life is at its edges: no deposit to pay, no date any more, an order id that somebody waits with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pullcord import promising
from pullcord.alliance import Party, Role
from pullcord.base import CampaignId, CommandId, Conflict, Forbidden, Money, OrderId, PartyId, PersonId
from pullcord.campaigns import CampaignTerms, Quota, Refundable
from pullcord.orders import OrderDeposited, QuoteLapsed, State
from pullcord.store import Command, Transaction
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


def test_nobody_pays_against_a_date_that_can_no_longer_be_kept(house: SmallHouse) -> None:
    """The lenses break after the date was shown, and no later week can take the unit either."""
    house.quoted("a", "black")
    doubt(house, "a")
    refused = house.give(house.desk.deposit("a"))
    assert (refused.state, "cannot be kept" in str(refused.refused)) == (State.QUOTED, True)
    assert house.events(OrderDeposited) == []
    anew = house.give(house.desk.quote("a", attempt=2))
    assert anew.refused is None, "it was given a date anew"
    assert house.give(house.desk.deposit("a", attempt=2)).state is State.DEPOSITED


def doubt(house: SmallHouse, order_id: str) -> None:
    """A re-check finds no week for an order."""

    def decide(tx: Transaction) -> None:
        row = tx.get(promising.PROMISE, OrderId(order_id))
        assert row is not None
        promising.move_promises(tx, house.desk.house.needs, [promising.Broken(row, None, "part lens")])

    party = house.desk.house.carmaker.party_id
    house.give(Command(CommandId(f"doubt-{order_id}"), party, "test", {}, decide, type(None)))


def test_a_customer_acts_for_nobody_else_whomever_it_names(tmp_path: Path) -> None:
    program = small_program()
    customer = Party(PartyId("c-1"), "A customer", Role.CUSTOMER)
    with small_house(tmp_path, replace(program, parties=(*program.parties, customer))) as house:
        house.deposited("a")
        named = {"party": customer.party_id, "person": PersonId("p-a")}
        with pytest.raises(Forbidden, match="another person's"):
            house.give(house.desk.cancel("a", "mine now", **named))
        with pytest.raises(Forbidden, match="another person's"):
            house.desk.reserve("b", "p-a", "white", "owned", "chengdu", **named)
        assert house.order("a").state is State.DEPOSITED


def test_no_order_can_be_called_so_that_a_sweep_has_its_name(house: SmallHouse) -> None:
    house.deposited("due-noon")
    assert house.give(house.desk.lock("due-noon")).state is State.LOCKED
    assert house.give(house.desk.lock_due("noon-1")).count == 0


def test_a_place_is_not_kept_by_asking_for_week_after_week(house: SmallHouse) -> None:
    in_campaign(house, pay_within_hours=1)
    place(house, "a")
    shown = house.give(house.desk.quote("o-a"))
    house.wait(hours=1)
    later = house.program.starts_on - timedelta(days=house.program.starts_on.weekday()) + timedelta(weeks=6)
    refused = house.give(house.desk.quote("o-a", week_start=later, attempt=2))
    assert "it goes to the next" in refused.refused
    assert (refused.deliver_on, refused.valid_until) == (shown.deliver_on, shown.valid_until)
    assert house.give(house.desk.quote("o-a", attempt=3)).refused is None, "what was shown stands until it lapses"
    house.wait(hours=house.program.policies.quote_valid_hours)
    assert "it goes to the next" in house.give(house.desk.quote("o-a", attempt=4)).refused
    assert house.give(house.desk.lapse_offers("soon")).count == 1
    assert house.order("o-a").state is State.CANCELLED


def test_an_order_id_that_somebody_waits_with_is_theirs(house: SmallHouse) -> None:
    in_campaign(house)
    place(house, "a")
    assert place(house, "b").state == "queued"  # type: ignore[attr-defined]
    taken = house.desk.reserve("o-b", "p-thief", "white", "owned", "chengdu").under(CommandId("by-key-1"))
    with pytest.raises(Conflict, match="`o-b` is taken"):
        house.give(taken)
    house.give(house.desk.cancel("o-a", "changed my mind"))
    assert house.give(house.desk.accept_offer("o-b", "p-b", "rush")).state == "reserved"
