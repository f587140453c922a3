"""A campaign's terms: who is let in, what a place costs, and when the deposit goes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rush import DEPOSIT, OPENS, Rush, ladder, rush, terms

from pullcord import campaigns
from pullcord.base import Conflict, Forbidden, InvalidInput, Money, NotFound, OrderId, PersonId
from pullcord.campaigns import CampaignOpened, Place, Refundable
from pullcord.orders import OrderReserved
from pullcord.store import CommandAnswered
from small_house import small_house

HUNDRED = [("*", "*", 100)]


def test_a_reservation_is_one_event_besides_its_command(tmp_path: Path) -> None:
    with rush(tmp_path, terms(HUNDRED)) as running:
        head = running.house.ledger.head()
        running.ask("a")
        told = [type(event.body) for event in running.house.ledger.events(head)]
    assert sorted(told, key=lambda kind: kind.__name__) == [CommandAnswered, OrderReserved]


def test_the_answer_says_what_was_got(tmp_path: Path) -> None:
    with rush(tmp_path, terms(HUNDRED, price_ladder=ladder((1, 30)), pay_within_hours=5)) as running:
        place = running.ask("a")
    assert (place.state, place.place_no, place.price_off) == ("reserved", 1, Money.of(30, "CNY"))
    assert (place.deposit, place.held_until) == (DEPOSIT, OPENS + timedelta(hours=5))
    assert (place.position, place.refused) == (None, None)


def test_nobody_is_let_in_before_the_window_and_after_it(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        running = Rush(house)
        house.give(house.desk.open_campaign(terms(HUNDRED)))
        assert "opens at" in (running.ask("early").refused or "")
        house.clock.advance_to(OPENS + timedelta(days=1))
        assert running.ask("late").refused == "Rush is over"


def test_a_person_has_one_place_and_is_told_which(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 2)])) as running:
        running.ask("a")
        assert "order a" in (running.ask("a", order="another").refused or "")
        running.ask("b")
        running.ask("c")
        assert "position 1" in (running.ask("c", order="more").refused or "")
        running.cancel("a")
        assert "held for you" in (running.ask("c", order="more-still").refused or "")
        assert running.standing().held == 2


def test_who_cancelled_may_ask_again_and_stands_at_the_end(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 1)])) as running:
        running.ask("a")
        running.ask("b")
        running.cancel("a")
        assert running.ask("a", order="again").state == "queued"
        assert running.state("b") == "offered"


def test_what_the_campaign_does_not_sell_is_refused_not_queued(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("white", "*", 5)])) as running:
        assert "no places for `black`" in (running.ask("a", "black").refused or "")


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 1)], queue_max=1)) as running:
        assert [running.ask(who).state for who in "abc"] == ["reserved", "queued", "refused"]
        running.leave("b")
        assert running.ask("d").state == "queued"


def test_the_price_is_that_of_the_step_and_stays(tmp_path: Path) -> None:
    with rush(tmp_path, terms(HUNDRED, price_ladder=ladder((2, 50), (4, 10)))) as running:
        got = [running.ask(who).price_off for who in "abcde"]
        with running.house.ledger.reader() as reader:
            kept = campaigns.price_off(reader, running.house.order("b"))
    fifty, ten = Money.of(50, "CNY"), Money.of(10, "CNY")
    assert got == [None, fifty, fifty, ten, ten]
    assert kept == fifty


def test_the_price_of_an_offer_is_fixed_when_it_is_made(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 2)], price_ladder=ladder((1, 50), (4, 10)))) as running:
        for who in "abcd":
            running.ask(who)
        running.cancel("a")
        running.cancel("b")
        assert running.accept("d").price_off == Money.of(10, "CNY")
        assert running.accept("c").price_off == Money.of(50, "CNY"), "offered first, so place 3"


def test_the_quote_has_the_place_s_price_and_says_so(tmp_path: Path) -> None:
    with rush(tmp_path, terms(HUNDRED, price_ladder=ladder((1, 50), (2, 10)))) as running:
        house = running.house
        for who in "ab":
            running.ask(who)
        first, second = (house.give(house.desk.quote(who)) for who in "ab")
        house.quoted("outside")
        listed = house.order("outside").price_minor
    assert (first.price, second.price) == (Money(listed - 50_00, "CNY"), Money(listed - 10_00, "CNY"))
    assert "50.00 CNY less than the list price" in first.terms


def test_an_offer_is_taken_once_and_in_time(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 1)])) as running:
        running.ask("a")
        running.ask("b")
        assert "still wait" in (running.accept("b").refused or "")
        running.cancel("a")
        running.house.wait(hours=2)
        assert "goes to the next" in (running.accept("b", attempt=2).refused or "")
        with pytest.raises(NotFound):
            running.accept("c")


def test_a_place_that_is_not_paid_for_goes_back(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 2)], pay_within_hours=3)) as running:
        running.ask("a")
        running.ask("b")
        running.ask("c")
        running.house.give(running.house.desk.quote("b"))
        running.house.give(running.house.desk.deposit("b"))
        running.house.wait(hours=3)
        assert running.sweep() == 1
        assert running.house.order("a").state == "cancelled"
        assert (running.state("a"), running.state("b"), running.state("c")) == (None, "paid", "offered")


def test_a_quote_in_force_keeps_the_place(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 1)], pay_within_hours=3)) as running:
        running.ask("a")
        running.house.wait(hours=2)
        running.house.give(running.house.desk.quote("a"))
        running.house.wait(hours=2)
        assert running.sweep() == 0
        running.house.wait(days=3)
        assert running.sweep() == 1


def test_the_campaign_s_deposit_is_asked_and_no_other(tmp_path: Path) -> None:
    with rush(tmp_path, terms(HUNDRED)) as running:
        house = running.house
        running.ask("a")
        house.give(house.desk.quote("a"))
        other = house.give(house.desk.deposit("a", Money.of(1, "CNY")))
        assert other.refused == f"the deposit is {DEPOSIT}, not 1.00 CNY"
        assert house.give(house.desk.deposit("a", attempt=2)).state == "deposited"
        assert house.order("a").deposit_minor == DEPOSIT.minor


@pytest.mark.parametrize(
    ("refund", "locked", "hours", "goes_back"),
    [
        ({"refundable_until": Refundable.NEVER}, False, 0, False),
        ({"refundable_until": Refundable.LOCK}, False, 48, True),
        ({"refundable_until": Refundable.LOCK}, True, 0, False),
        ({"refundable_until": Refundable.BUILD}, True, 0, True),
        ({"refundable_until": Refundable.BUILD, "refund_within_hours": 24}, False, 24, True),
        ({"refundable_until": Refundable.BUILD, "refund_within_hours": 24}, False, 25, False),
    ],
)
def test_the_deposit_goes_back_as_the_campaign_says(
    tmp_path: Path, refund: dict[str, Any], locked: bool, hours: int, goes_back: bool
) -> None:
    with rush(tmp_path, terms(HUNDRED, **refund)) as running:
        house = running.house
        running.ask("a")
        house.give(house.desk.quote("a"))
        house.give(house.desk.deposit("a"))
        if locked:
            house.give(house.desk.lock("a"))
        house.wait(hours=hours)
        ended = house.give(house.desk.cancel("a", "why"))
    assert (ended.refund, ended.forfeit) == ((DEPOSIT, None) if goes_back else (None, DEPOSIT))


def test_orders_outside_campaigns_keep_the_policy(tmp_path: Path) -> None:
    with rush(tmp_path, terms(HUNDRED, refundable_until=Refundable.NEVER)) as running:
        house = running.house
        house.deposited("a")
        policy = house.program.policies
        assert house.order("a").deposit_minor == policy.deposit.minor
        assert house.give(house.desk.cancel("a", "why")).refund == policy.deposit


def test_closing_lets_nobody_in_and_passes_nothing_on(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 1)])) as running:
        house = running.house
        running.ask("a")
        running.ask("b")
        assert house.give(house.desk.close_campaign("rush", "sold")).count == 1
        assert running.ask("c").refused == "Rush is over"
        running.cancel("a")
        assert running.state("b") == "queued"
        with pytest.raises(Conflict):
            house.give(house.desk.close_campaign("rush", "again"))


def test_terms_are_frozen_when_a_campaign_opens(tmp_path: Path) -> None:
    with rush(tmp_path, terms(HUNDRED)) as running:
        (opened,) = running.house.events(CampaignOpened)
        assert opened.body.terms == terms(HUNDRED)
        with pytest.raises(Conflict):
            running.house.give(running.house.desk.open_campaign(terms([("*", "*", 200)])))


def test_a_campaign_that_is_over_cannot_be_opened(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.clock.advance_to(OPENS + timedelta(days=2))
        with pytest.raises(InvalidInput, match="has passed"):
            house.give(house.desk.open_campaign(terms(HUNDRED)))
        with pytest.raises(NotFound, match="no campaign `rush` was opened"):
            Rush(house).ask("a")
        with pytest.raises(NotFound, match="has no campaign `double-11`"):
            house.desk.open_campaign("double-11")


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        ({"closes_at": OPENS}, "closes at"),
        ({"queue_max": -1}, "a queue of -1"),
        ({"hold_hours": 0}, "held for 0 hours"),
        ({"pay_within_hours": 0}, "a limit of 0 hours"),
        ({"places_per_person": 2}, "2 places to a person"),
        ({"price_ladder": ladder((5, 1), (5, 2))}, "place 5 after place 5"),
        ({"price_ladder": ladder((1, -1))}, "off from place 1"),
        ({"deposit": Money(-1, "CNY")}, "its deposit is"),
        ({"name_local": " "}, "no name"),
    ],
)
def test_terms_that_make_no_sense_are_refused(other: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InvalidInput, match=wrong):
        terms(HUNDRED, **other)


def test_a_campaign_has_places_and_each_quota_stands_once() -> None:
    with pytest.raises(InvalidInput, match="no places"):
        terms([])
    with pytest.raises(InvalidInput, match="stands twice"):
        terms([("white", "*", 1), ("white", "*", 2)])
    with pytest.raises(InvalidInput, match="a quota of -1 places"):
        terms([("white", "*", -1)])


def test_a_person_acts_for_nobody_else(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 1)])) as running:
        desk, give = running.house.desk, running.house.give
        me, you = PersonId("p-me"), PersonId("p-you")
        with pytest.raises(Forbidden) as refusal:
            desk.reserve_in_campaign("a", you, "white", "owned", "chengdu", "rush", person=me)
        assert refusal.value.attempt is not None
        assert refusal.value.attempt.command == "campaigns.reserve"
        place: Place = give(desk.reserve_in_campaign("a", me, "white", "owned", "chengdu", "rush", person=me))
        assert place.state == "reserved"
        give(desk.reserve_in_campaign("b", you, "white", "owned", "chengdu", "rush", person=you))
        with pytest.raises(Forbidden):
            desk.leave_queue("b", you, "rush", person=me)
        with pytest.raises(Forbidden, match="order `a` is another person's"):
            give(desk.cancel("a", "mine now", person=you))
        assert running.house.order("a").state == "reserved"
        assert give(desk.cancel("a", "enough", person=me)).state == "cancelled"
        assert running.state("you") == "offered"


def test_the_standing_tells_what_a_page_shows(tmp_path: Path) -> None:
    campaign = terms([("*", "*", 3), ("black", "*", 1)], price_ladder=ladder((1, 50), (3, 10)))
    with rush(tmp_path, campaign) as running:
        running.ask("a", "black")
        running.ask("b", "black")
        running.ask("c")
        standing = running.standing()
        with running.house.ledger.reader() as reader:
            left = {v: campaigns.places_left(reader, "rush", v, "chengdu") for v in ("white", "black")}
            assert campaigns.deposit_due(reader, running.house.order("a")) == DEPOSIT
            assert running.house.order("a").order_id == OrderId("a")
    assert [(q.variant_id, q.places, q.remaining) for q in standing.quotas] == [("*", 3, 1), ("black", 1, 0)]
    assert (standing.given, standing.held, standing.waiting, standing.next_place) == (2, 2, 1, 3)
    assert standing.price_off == Money.of(10, "CNY")
    assert left == {"white": 1, "black": 0}
    assert standing.open_at(OPENS)
    assert not standing.open_at(OPENS - timedelta(seconds=1))
    assert not standing.open_at(standing.closes_at)
