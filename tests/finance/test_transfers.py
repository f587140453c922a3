"""A transfer balances for every party, or it does not exist."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput, Money, OrderId, PartyId
from pullcord.finance import CHART, Kind, Posting, Transferred, account, kind_of, transfers

PLATFORM = PartyId("jd")
PARTIES = st.sampled_from([PLATFORM, PartyId("gac"), PartyId("catl"), PartyId("road"), PartyId("shop")])


@given(
    minor=st.integers(1, 10**12),
    held=st.integers(0, 10**12),
    shares=st.lists(st.tuples(PARTIES, st.fractions(0, 1)), min_size=1, max_size=6).filter(
        lambda rows: sum(share for _, share in rows) > 0
    ),
)
def test_a_sale_leaves_every_book_balanced(minor: int, held: int, shares: list[tuple[PartyId, Fraction]]) -> None:
    deposit = Money(min(held, minor), "CNY")
    amounts = Money(minor, "CNY").split([share for _, share in shares])
    parts = [(party, amount) for (party, _), amount in zip(shares, amounts, strict=True)]
    booked = transfers.sale("s", PLATFORM, OrderId("o1"), Money(minor, "CNY"), deposit, parts)
    assert sum(line.minor for line in booked.lines) == 0
    by_account = {line.account: line.minor for line in booked.lines}
    earned = -sum(minor for written, minor in by_account.items() if written.endswith("/sales"))
    assert earned == minor
    assert by_account.get("jd/cash", 0) + by_account.get("jd/customer_deposits/o1", 0) == minor
    for party in {party for party, _ in shares} - {PLATFORM}:  # what one book owes, the other is owed
        assert by_account.get(f"jd/payable/{party}", 0) == -by_account.get(f"{party}/receivable/jd", 0)


def test_the_lines_of_a_handover() -> None:
    parts = [(PLATFORM, Money.of("4990", "CNY")), (PartyId("gac"), Money.of("44910", "CNY"))]
    booked = transfers.sale("s", PLATFORM, OrderId("o1"), Money.of("49900", "CNY"), Money.of("99", "CNY"), parts)
    assert booked.memo == "sale of order o1"
    assert booked.lines == (
        Posting("jd/cash", 4_980_100),
        Posting("jd/customer_deposits/o1", 9_900),
        Posting("jd/sales", -499_000),
        Posting("jd/payable/gac", -4_491_000),
        Posting("gac/receivable/jd", 4_491_000),
        Posting("gac/sales", -4_491_000),
    )


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ((Posting("jd/cash", 5), Posting("jd/sales", -4)), "books of `jd` 1 CNY minor units out of balance"),
        ((Posting("jd/cash", 5), Posting("gac/sales", -5)), "books of `jd` 5"),
        ((Posting("jd/cash", 5),), "has 1 line"),
        ((), "has 0 line"),
        ((Posting("jd/cash", 0), Posting("jd/sales", 0)), "posts 0 to `jd/cash`"),
        ((Posting("jd/cash", 1.5), Posting("jd/sales", -1.5)), "posts 1.5"),  # type: ignore[arg-type]
        ((Posting("jd/cash", 5), Posting("jd/cash", -5)), "names `jd/cash` twice"),
        ((Posting("jd/gold", 5), Posting("jd/sales", -5)), "no account `gold` in the chart"),
        ((Posting("cash", 5), Posting("jd/sales", -5)), "`cash` is no account"),
        ((Posting("jd/cash/a/b", 5), Posting("jd/sales", -5)), "is no account"),
        ((Posting("j d/cash", 5), Posting("j d/sales", -5)), "cannot be the id of a party"),
    ],
)
def test_what_does_not_balance_cannot_be_made(lines: tuple[Posting, ...], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        Transferred("t1", "memo", lines, "CNY")


@pytest.mark.parametrize("minor", [0, -5])
def test_nothing_and_less_cannot_be_booked(minor: int) -> None:
    amount, gac = Money(minor, "CNY"), PartyId("gac")
    for make in (
        lambda: transfers.deposit("t", PLATFORM, OrderId("o1"), amount),
        lambda: transfers.refund("t", PLATFORM, OrderId("o1"), amount),
        lambda: transfers.sale("t", PLATFORM, OrderId("o1"), amount, Money(0, "CNY"), [(gac, amount)]),
        lambda: transfers.invoice("t", gac, PartyId("seat-maker"), amount, "call-off 1"),
        lambda: transfers.payment("t", gac, PartyId("seat-maker"), amount, "call-off 1"),
        lambda: transfers.capital("t", gac, amount),
        lambda: transfers.fee("t", PLATFORM, OrderId("o1"), 1, amount, [(gac, amount)]),
        lambda: transfers.loan("t", PartyId("bank"), gac, OrderId("o1"), amount),
        lambda: transfers.repayment("t", PartyId("bank"), gac, OrderId("o1"), amount, Money(1, "CNY")),
    ):
        with pytest.raises(InvalidInput, match="cannot be booked"):
            make()


def test_nobody_owes_himself_and_no_deposit_exceeds_the_price() -> None:
    gac = PartyId("gac")
    with pytest.raises(InvalidInput, match="owe itself"):
        transfers.invoice("t", gac, gac, Money(5, "CNY"), "seats")
    for deposit in (Money(101, "CNY"), Money(-1, "CNY"), Money(5, "EUR")):
        with pytest.raises(InvalidInput, match="cannot be used up"):
            transfers.sale("t", PLATFORM, OrderId("o1"), Money(100, "CNY"), deposit, [(gac, Money(100, "CNY"))])
    with pytest.raises(InvalidInput, match="owe itself"):
        transfers.loan("t", gac, gac, OrderId("o1"), Money(5, "CNY"))


def test_parts_that_are_not_the_price_are_not_booked() -> None:
    gac, price = PartyId("gac"), Money(100, "CNY")
    for parts in ([(gac, Money(99, "CNY"))], [(gac, Money(100, "EUR"))], []):
        with pytest.raises(InvalidInput, match="do not make up"):
            transfers.sale("t", PLATFORM, OrderId("o1"), price, Money(0, "CNY"), parts)


def test_who_bears_a_discount_owes_it_to_the_seller() -> None:
    parts = [(PLATFORM, Money(10, "CNY")), (PartyId("gac"), Money(100, "CNY")), (PartyId("bank"), Money(-20, "CNY"))]
    booked = transfers.sale("s", PLATFORM, OrderId("o1"), Money(90, "CNY"), Money(0, "CNY"), parts)
    assert {line.account: line.minor for line in booked.lines} == {
        "jd/cash": 90,
        "jd/sales": -10,
        "jd/payable/gac": -100,
        "gac/receivable/jd": 100,
        "gac/sales": -100,
        "jd/receivable/bank": 20,
        "bank/payable/jd": -20,
        "bank/sales": 20,
    }


def test_a_loan_goes_back_with_what_it_cost() -> None:
    bank, gac, order = PartyId("bank"), PartyId("gac"), OrderId("o1")
    lent = transfers.loan("l", bank, gac, order, Money(1_000, "CNY"))
    back = transfers.repayment("r", bank, gac, order, Money(1_000, "CNY"), Money(7, "CNY"))
    totals: dict[str, int] = {}
    for line in (*lent.lines, *back.lines):
        totals[line.account] = totals.get(line.account, 0) + line.minor
    assert {written: minor for written, minor in totals.items() if minor} == {
        "bank/cash": 7,
        "bank/interest_earned": -7,
        "gac/cash": -7,
        "gac/interest_paid": 7,
    }


def test_the_chart_says_on_which_side_an_account_grows() -> None:
    assert {name: kind.normal_sign for name, kind in CHART.items()} == {
        "cash": 1,
        "receivable": 1,
        "purchases": 1,
        "lent": 1,
        "interest_paid": 1,
        "borrowed": -1,
        "interest_earned": -1,
        "customer_deposits": -1,
        "payable": -1,
        "capital": -1,
        "sales": -1,
        "forfeits": -1,
    }
    assert account("jd", "payable", "gac") == "jd/payable/gac"
    assert kind_of("jd/payable/gac") is Kind.LIABILITY
    with pytest.raises(InvalidInput, match="no account `gold`"):
        account("jd", "gold")
