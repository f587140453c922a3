"""What the ledger tells of one person: all of theirs, nothing of others', and what is still open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pullcord.alliance import SettlementShare
from pullcord.base import Money, PartyId, PersonId
from pullcord.desk import open_orders, person_record
from pullcord.orders import ORDER, State
from small_house import SmallHouse, replay, small_house, small_program


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def still_open(house: SmallHouse, person: str) -> list[str]:
    with house.ledger.reader() as reader:
        return list(open_orders(reader, PersonId(person)))


def test_a_person_s_record_holds_all_of_theirs_and_nothing_of_others(house: SmallHouse) -> None:
    house.deposited("a")
    house.deposited("b")
    house.give(house.desk.cancel("a", "changed their mind"))
    record = person_record(house.ledger, PersonId("p-a"))
    assert json.loads(json.dumps(record)) == record
    assert [(order["order_id"], order["state"]) for order in record["orders"]] == [("a", "cancelled")]
    assert [(paid["memo"], paid["paid_minor"]) for paid in record["payments"]] == [
        ("deposit for order a", 2_000),
        ("refund for order a", -2_000),
    ]
    assert {told["kind"] for told in record["events"]} >= {
        "order.reserved",
        "order.promised",
        "order.deposited",
        "order.cancelled",
        "order.refunded",
    }
    seqs = [told["seq"] for told in record["events"]]
    assert seqs == sorted(set(seqs))
    assert '"b"' not in json.dumps(record)
    assert "p-b" not in json.dumps(record)
    assert record["promises"] == []
    assert len(person_record(house.ledger, PersonId("p-b"))["promises"]) == 1


def test_whoever_never_came_has_an_empty_record(house: SmallHouse) -> None:
    record = person_record(house.ledger, PersonId("p-nobody"))
    assert record.pop("person_id") == "p-nobody"
    assert not any(record.values())


def test_an_order_is_open_until_it_is_cancelled(house: SmallHouse) -> None:
    house.reserve("a")
    assert still_open(house, "p-a") == ["a"]
    house.give(house.desk.quote("a"))
    house.give(house.desk.deposit("a"))
    assert still_open(house, "p-a") == ["a"]
    house.give(house.desk.cancel("a", "changed their mind"))
    assert still_open(house, "p-a") == []


def test_a_car_that_was_handed_over_is_paid_in_full_and_keeps_nobody(house: SmallHouse) -> None:
    replay(house, every=10)
    with house.ledger.reader() as reader:
        done = reader.select(ORDER, ORDER.sql.c.state == State.HANDED_OVER)
    assert done
    for row in done[:5]:
        assert still_open(house, row.person_id) == []
        record = person_record(house.ledger, row.person_id)
        assert sum(payment["paid_minor"] for payment in record["payments"]) == row.price_minor


def test_the_record_holds_what_the_person_was_billed(tmp_path: Path) -> None:
    monthly = replace(
        small_program(),
        prices=tuple(
            replace(price, monthly=Money.of(39, "CNY"), cap_km_per_month=100, overage=Money.of(1, "CNY"))
            for price in small_program().prices
        ),
        monthly_settlement=(SettlementShare("owned", PartyId("maker"), Fraction(1)),),
    )
    with small_house(tmp_path, monthly) as house:
        house.locked("a")
        for _ in range(12):
            house.wait(days=3)
            house.give(house.desk.receive(house.today))
            house.plan()
            house.give(house.desk.build("shenzhen", house.today))
            house.give(house.desk.arrive(house.today))
        house.give(house.desk.bill_month("a", 1, 102))
        record = person_record(house.ledger, PersonId("p-a"))
        assert record["payments"][-1]["paid_minor"] == 41_00
        assert record["events"][-1]["kind"] == "month.billed"
