"""The three modes of taking part, each with an order from the wish to the last payment: books and statement agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pullcord.alliance import Mode, Party, Role, SettlementShare, seller_of
from pullcord.base import CommandId, Forbidden, InvalidInput, Money, PartyId
from pullcord.desk import statement_of
from pullcord.finance import ACCOUNT_BALANCE, balances, trial_balance
from pullcord.orders import State
from pullcord.program import Program
from small_house import SmallHouse, small_house, small_program

BANK = PartyId("bank")


def program_with(mode: Mode) -> Program:
    """The small launch with a bank, and with a plan that asks 39.90 a month up to 100 km, 0.25 for each beyond."""
    program = small_program()
    rented = [
        dataclasses.replace(
            price,
            monthly=Money.of("39.90", "CNY"),
            cap_km_per_month=100,
            overage=Money.of("0.25", "CNY"),
        )
        for price in program.prices
    ]
    return dataclasses.replace(
        program,
        mode=mode,
        opening_stock=dict.fromkeys(program.opening_stock, 2),  # so few that suppliers are soon called upon
        parties=(*program.parties, Party(BANK, "The bank", Role.FUNDER)),
        prices=tuple(rented),
        monthly_settlement=(
            SettlementShare("owned", PartyId("carrier"), Fraction(1, 3)),
            SettlementShare("owned", PartyId("maker"), Fraction(2, 3)),
        ),
        funding_rate_per_year=Fraction("0.073") if mode is Mode.FUNDING else None,
    )


@pytest.fixture(params=Mode)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path, program_with(request.param)) as opened:
        yield opened


def deliver(house: SmallHouse, order_id: str) -> None:
    """From the lock to the handover."""
    house.locked(order_id)
    for _ in range(12):
        house.wait(days=3)
        house.give(house.desk.receive(house.today))
        house.plan()
        house.give(house.desk.build("shenzhen", house.today))
        house.give(house.desk.arrive(house.today))
        if house.order(order_id).state is State.HANDED_OVER:
            return
    pytest.fail(f"{order_id} was not handed over by {house.today}")


def earned(house: SmallHouse, party: str) -> int:
    """What a party's books show it has gained, parts aside, in minor units."""
    with house.ledger.reader() as reader:
        rows = {row.account.partition("/")[2]: row.amount.minor for row in balances(reader, PartyId(party))}
    gains = rows.get("sales", 0) + rows.get("forfeits", 0) + rows.get("interest_earned", 0)
    return gains - rows.get("interest_paid", 0)


def parts(house: SmallHouse, order_id: str) -> dict[str, int]:
    with house.ledger.reader() as reader:
        found = statement_of(reader, house.desk.house, order_id, house.clock.now())
    assert sum(part.minor for _, part in found.parts) == found.paid.minor
    return {str(party): part.minor for party, part in found.parts}


def account(house: SmallHouse, written: str) -> int:
    with house.ledger.reader() as reader:
        row = reader.get(ACCOUNT_BALANCE, written, "CNY")
    return 0 if row is None else row.minor


def test_the_books_say_what_the_statement_says(house: SmallHouse) -> None:
    deliver(house, "o-1")
    for month, km in ((1, 80), (2, 140)):
        assert house.give(house.desk.bill_month("o-1", month, km)).refused is None
    said = parts(house, "o-1")
    for party in ("shop", "maker", "carrier", "bank"):
        assert earned(house, party) == said.get(party, 0), party
    # 299 once, 39.90 twice, 40 km at 0.25.
    assert sum(said.values()) == 299_00 + 2 * 39_90 + 10_00
    assert said["carrier"] == 13_30 * 2 + 3_33
    with house.ledger.reader() as reader:
        assert [trial.difference.minor for trial in trial_balance(reader)] == [0]


def test_who_sells_collects_and_pays_the_others_out(house: SmallHouse) -> None:
    mode = house.program.mode
    seller = seller_of(house.program.parties, mode).party_id
    for order_id in ("o-2", "o-3", "o-4"):
        house.deposited(order_id)
    deliver(house, "o-1")
    house.give(house.desk.bill_month("o-1", 1, 50))
    others = {party: part for party, part in parts(house, "o-1").items() if party not in (seller, BANK)}
    suppliers = {supplier.party_id for supplier in house.program.suppliers}
    owed = {party: account(house, f"maker/payable/{party}") for party in suppliers}
    assert any(owed.values())
    assert {party: account(house, f"{seller}/payable/{party}") for party in others} == others
    assert house.give(house.desk.settle("all")).count == len([part for part in others.values() if part])
    assert {party: account(house, f"{seller}/payable/{party}") for party in others} == dict.fromkeys(others, 0)
    assert {party: account(house, f"maker/payable/{party}") for party in suppliers} == owed, "parts are paid when due"
    house.wait(days=200)
    house.give(house.desk.pay_suppliers(house.today))
    assert {party: account(house, f"maker/payable/{party}") for party in suppliers} == dict.fromkeys(suppliers, 0)


def test_a_deposit_is_held_by_whoever_sells_and_by_nobody_else(house: SmallHouse) -> None:
    mode = house.program.mode
    seller, other = ("shop", "maker") if mode is Mode.DIRECT else ("maker", "shop")
    house.quoted("o-1")
    with pytest.raises(Forbidden, match=r"may not give the command `orders\.deposit`"):
        house.desk.deposit("o-1", party=PartyId(other))
    house.give(house.desk.deposit("o-1", party=PartyId(seller)))
    deposit = house.program.policies.deposit.minor
    assert account(house, f"{seller}/customer_deposits/o-1") == deposit
    assert account(house, f"{other}/customer_deposits/o-1") == 0
    house.give(house.desk.cancel("o-1", "changed my mind"))
    assert account(house, f"{seller}/customer_deposits/o-1") == 0
    assert parts(house, "o-1") in ({}, {seller: deposit})


def test_the_funder_lends_what_is_left_to_pay_and_gets_it_back_with_interest(tmp_path: Path) -> None:
    with small_house(tmp_path, program_with(Mode.FUNDING)) as house:
        deposit = house.program.policies.deposit.minor
        house.deposited("o-1")
        assert account(house, "bank/lent/o-1") == 0
        house.give(house.desk.lock("o-1"))
        assert account(house, "bank/lent/o-1") == account(house, "maker/borrowed/o-1") == 299_00 - deposit
        house.wait(days=50)
        house.give(house.desk.cancel("o-1", "too late"))
        assert account(house, "bank/lent/o-1") == account(house, "maker/borrowed/o-1") == 0
        interest = round((299_00 - deposit) * 0.073 * 50 / 365)
        assert interest > 0
        assert account(house, "bank/interest_earned") == account(house, "maker/interest_paid") == interest
        assert parts(house, "o-1") == {"maker": deposit - interest, "bank": interest}
        assert earned(house, "maker") == deposit - interest


@pytest.mark.parametrize("mode", [Mode.DIRECT, Mode.TECHNOLOGY])
def test_nobody_lends_under_another_mode(tmp_path: Path, mode: Mode) -> None:
    with small_house(tmp_path, program_with(mode)) as house:
        house.locked("o-1")
        assert account(house, "bank/lent/o-1") == 0
        assert account(house, "bank/cash") == 0


def test_months_are_billed_one_after_the_other_and_once(tmp_path: Path) -> None:
    with small_house(tmp_path, program_with(Mode.DIRECT)) as house:
        house.locked("o-1")
        assert house.give(house.desk.bill_month("o-1", 1, 50)).refused == "its vehicle has not been handed over"
        house.reserve("o-2")
        deliver(house, "o-3")
        bill = house.desk.bill_month
        assert house.give(bill("o-3", 2, 50)).refused == "month 1 comes before month 2"
        first = house.give(bill("o-3", 1, 120))
        assert first.amount == Money.of("44.90", "CNY")  # 39.90 and 20 km at 0.25
        again = bill("o-3", 1, 120).under(CommandId("bill-again"))
        assert house.give(again).amount == first.amount
        other = bill("o-3", 1, 121).under(CommandId("bill-otherwise"))
        assert house.give(other).refused == "month 1 was billed with 120 km"
        cash: Any = account(house, "shop/cash")
        assert house.give(bill("o-3", 1, 120).under(CommandId("bill-a-third-time"))).refused is None
        assert account(house, "shop/cash") == cash
        with pytest.raises(InvalidInput, match="cannot be billed"):
            bill("o-3", 0, 10)


def test_a_plan_without_a_monthly_fee_is_never_billed(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        deliver(house, "o-1")
        assert house.give(house.desk.bill_month("o-1", 1, 10)).refused == "the plan `owned` asks nothing monthly"


def test_the_day_a_party_is_missing_the_mode_is_refused() -> None:
    program = small_program()
    without = tuple(party for party in program.parties if party.role is not Role.CARMAKER)
    with pytest.raises(InvalidInput, match="the carmaker sells, and the parties name none"):
        seller_of(without, Mode.TECHNOLOGY)
    assert seller_of(program.parties, Mode.DIRECT).party_id == "shop"
