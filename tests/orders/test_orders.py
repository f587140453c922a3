"""The order's life on a real ledger: each step, each refusal, and the rule that no deposit precedes a shown date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullcord import logistics, orders, production, promising
from pullcord.base import (
    CityId,
    CommandId,
    Conflict,
    Money,
    NotFound,
    OrderId,
    PartyId,
    PersonId,
    PlantId,
    ProgramId,
    SimulatedClock,
    VariantId,
)
from pullcord.orders import STEPS, Outcome, State, Terms
from pullcord.store import Command, Ledger, Transaction

START = datetime(2025, 11, 9, 0, 0, tzinfo=UTC)
MONDAY = date(2025, 11, 10)
PLANT, CITY, VARIANT = PlantId("CAN"), CityId("chengdu"), VariantId("white")
DEPOSIT, PRICE = Money.of(100, "CNY"), Money.of(49_900, "CNY")
TERMS = Terms(
    VARIANT, "rental", CITY, PRICE, "49,900 and 399 a month", [], {PLANT: 3}, MONDAY, MONDAY, timedelta(hours=24)
)
PROJECTIONS = (production.PROJECTION, logistics.PROJECTION, promising.PROJECTION, orders.PROJECTION)


class Shop:
    """A ledger with two places in each of two weeks, and short words for what customers do."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(START)
        self.ledger = Ledger.open(
            f"sqlite:///{folder / 'ledger.db'}", ProgramId("shop"), clock=self.clock, projections=PROJECTIONS
        )
        self.asked = 0
        weeks = [(MONDAY, 2), (MONDAY + timedelta(weeks=1), 2)]
        self.tell(lambda tx: production.open_slots(tx, PLANT, weeks), type(None))

    def tell(self, decide, answer=Outcome):  # type: ignore[no-untyped-def]
        self.asked += 1
        return self.ledger.execute(
            Command(CommandId(f"c{self.asked}"), PartyId("jd"), "test", self.asked, decide, answer)
        )

    def reserve(self, order_id: str) -> Outcome:
        return self.tell(lambda tx: orders.reserve(tx, OrderId(order_id), PersonId("p"), VARIANT, "rental", CITY))

    def quote(self, order_id: str, terms: Terms = TERMS) -> Outcome:
        return self.tell(lambda tx: orders.quote(tx, OrderId(order_id), terms))

    def deposit(self, order_id: str, amount: Money = DEPOSIT) -> Outcome:
        return self.tell(lambda tx: orders.deposit(tx, OrderId(order_id), amount, DEPOSIT))

    def lock(self, order_id: str) -> Outcome:
        return self.tell(lambda tx: orders.lock(tx, OrderId(order_id)))

    def cancel(self, order_id: str) -> Outcome:
        return self.tell(
            lambda tx: orders.cancel(tx, OrderId(order_id), "changed my mind", refundable_in={State.DEPOSITED})
        )

    def lapse(self, order_id: str) -> Outcome:
        def decide(tx: Transaction) -> Outcome:
            orders.lapse_due(tx)
            return orders.outcome(orders.find_order(tx, OrderId(order_id)))

        return self.tell(decide)

    def free(self) -> list[int]:
        with self.ledger.reader() as reader:
            return [slot.free_vehicles for slot in production.free_slots(reader, MONDAY)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.ledger.close()


def test_no_deposit_precedes_a_shown_date(shop: Shop) -> None:
    shop.reserve("a")
    refused = shop.deposit("a")
    assert refused.state is State.RESERVED
    assert refused.refused == "order a has been shown no delivery date yet: ask for a quote first"

    shown = shop.quote("a")
    assert (shown.deliver_on, shown.price) == (MONDAY + timedelta(days=9), PRICE)
    assert shown.terms == "49,900 and 399 a month", "no price without the terms that change it"
    assert shop.deposit("a").state is State.DEPOSITED


def test_a_lapsed_quote_takes_no_deposit_and_gives_its_slot_back(shop: Shop) -> None:
    shop.reserve("a")
    shop.quote("a")
    assert shop.free() == [1, 2]
    assert shop.lapse("a").state is State.QUOTED, "still in force"
    shop.clock.advance(timedelta(hours=25))
    refused = shop.deposit("a")
    assert refused.refused is not None
    assert "lapsed" in refused.refused
    after = shop.lapse("a")
    assert (after.state, after.deliver_on) == (State.RESERVED, None)
    assert shop.free() == [2, 2]


def test_a_wrong_amount_is_refused_and_nothing_moves(shop: Shop) -> None:
    shop.reserve("a")
    shop.quote("a")
    assert shop.deposit("a", Money.of(100, "USD")).refused == "the deposit is 100.00 CNY, not 100.00 USD"
    head = shop.ledger.head()
    assert shop.deposit("a", Money.of(1, "CNY")).refused == "the deposit is 100.00 CNY, not 1.00 CNY"
    assert shop.ledger.head() == head + 1, "only the answered command itself"


def test_the_last_slot_goes_to_one_customer_and_the_next_is_told_why(shop: Shop) -> None:
    for name in "abcde":
        shop.reserve(name)
    weeks = [shop.quote(name).deliver_on for name in "abcd"]
    assert weeks == [MONDAY + timedelta(days=9)] * 2 + [MONDAY + timedelta(days=16)] * 2
    fifth = shop.quote("e")
    assert (fifth.state, fifth.refused) == (State.RESERVED, "no place is left up to the week of 2025-11-17")
    shop.cancel("b")
    assert shop.quote("e").deliver_on == MONDAY + timedelta(days=9)


def test_asking_again_gives_the_same_date_and_other_terms_a_new_one(shop: Shop) -> None:
    shop.reserve("a")
    first = shop.quote("a")
    assert shop.quote("a") == first
    later = replace(TERMS, plan="purchase", parts_ready_on=MONDAY + timedelta(days=1))
    assert shop.quote("a", later).deliver_on == MONDAY + timedelta(days=16)
    assert shop.free() == [2, 1]


def test_a_cancelled_deposit_is_refunded_until_the_lock_and_no_longer(shop: Shop) -> None:
    for name in "ab":
        shop.reserve(name)
        shop.quote(name)
        shop.deposit(name)
    assert shop.cancel("a").refund == DEPOSIT
    shop.lock("b")
    after_lock = shop.cancel("b")
    assert (after_lock.state, after_lock.refund, after_lock.forfeit) == (State.CANCELLED, None, DEPOSIT)
    assert shop.free() == [2, 2]
    assert shop.cancel("b").refused == "order b is cancelled already"


def test_a_deposit_locks_by_itself_once_it_can_no_longer_be_withdrawn(shop: Shop) -> None:
    shop.reserve("a")
    shop.quote("a")
    shop.deposit("a")

    def sweep(tx: Transaction) -> Outcome:
        orders.lock_due(tx, timedelta(days=7))
        return orders.outcome(orders.find_order(tx, OrderId("a")))

    shop.clock.advance(timedelta(days=6, hours=23))
    assert shop.tell(sweep).state is State.DEPOSITED
    shop.clock.advance(timedelta(hours=1))
    assert shop.tell(sweep).state is State.LOCKED


def test_from_lock_to_handover(shop: Shop) -> None:
    shop.reserve("a")
    shop.quote("a")
    shop.deposit("a")
    locked = shop.lock("a")
    build = orders.build_order_id(OrderId("a"))
    canton = logistics.City(CityId("canton"), "Guangzhou", "广州", 23.1, 113.3, 1, True)
    chengdu = logistics.City(CITY, "Chengdu", "成都", 30.7, 104.1, 1, True)

    def make(tx: Transaction) -> None:
        production.open_build_order(tx, build, VARIANT, PLANT, MONDAY)
        (vehicle,) = production.report_built(tx, PLANT, MONDAY, [build])
        logistics.ship(
            tx, vehicle, canton, chengdu, MONDAY + timedelta(days=3), rule=logistics.TransitRule(1.3, 600, 1)
        )

    shop.tell(make, type(None))
    assert shop.cancel("a").refused == "order a is shipped: it can be returned, but no longer cancelled"
    handed = shop.tell(lambda tx: orders.hand_over(tx, "PC-b-a", MONDAY + timedelta(days=3)))
    assert handed.state is State.HANDED_OVER
    with shop.ledger.reader() as reader:
        row = orders.find_order(reader, OrderId("a"))
    assert row.delivered_on == MONDAY + timedelta(days=3)
    assert row.delivered_on <= locked.deliver_on
    assert shop.tell(lambda tx: orders.hand_over(tx, "PC-b-a", MONDAY)).refused


def test_an_unknown_order_and_a_taken_id_are_named(shop: Shop) -> None:
    with pytest.raises(NotFound, match="no order `zz`"):
        shop.quote("zz")
    shop.reserve("a")
    with pytest.raises(Conflict, match="`a` is taken"):
        shop.reserve("a")


STEP_NAMES = st.sampled_from(["quote", "deposit", "lock", "cancel", "lapse", "wait"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(STEP_NAMES, st.sampled_from("abc")), max_size=25))
def test_whatever_customers_do_no_slot_is_sold_twice_and_no_deposit_is_without_a_date(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    try:
        states = {name: shop.reserve(name).state for name in "abc"}
        for step, name in steps:
            if step == "wait":
                shop.clock.advance(timedelta(hours=13))
                continue
            answer: Outcome = getattr(shop, step)(name)
            assert answer.state is states[name] or answer.state in STEPS[states[name]]
            states[name] = answer.state
            if step == "lapse":  # sweeps every order
                with shop.ledger.reader() as reader:
                    states = {n: orders.find_order(reader, OrderId(n)).state for n in "abc"}
        with shop.ledger.reader() as reader:
            rows = [orders.find_order(reader, OrderId(name)) for name in "abc"]
        holding = {State.QUOTED, State.DEPOSITED, State.LOCKED}
        assert 4 - sum(shop.free()) == sum(row.state in holding for row in rows)
        assert min(shop.free()) >= 0
        for row in rows:
            assert row.deposit_minor == 0 or row.deliver_on is not None
    finally:
        shop.ledger.close()
