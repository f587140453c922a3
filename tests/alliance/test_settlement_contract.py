"""A sale's statement: every party's part, to the cent, whatever the sale went through."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.alliance import Heading, Loan, MonthBill, Sale, SettlementContract, SettlementShare
from pullcord.base import InvalidInput, Money, PartyId

JD, GAC, CAES, BANK = PartyId("jd"), PartyId("gac"), PartyId("caes"), PartyId("bank")


def cny(major: str) -> Money:
    return Money.of(major, "CNY")


def shares(plan: str, **of: str) -> tuple[SettlementShare, ...]:
    return tuple(SettlementShare(plan, PartyId(party), Fraction(share)) for party, share in of.items())


RENTAL = SettlementContract(
    seller=JD,
    price=shares("rental", jd="0.03", gac="0.97"),
    monthly=shares("rental", caes="0.9", jd="0.1"),
    discounts_borne_by=JD,
    lender=BANK,
    rate_per_year=Fraction("0.06"),
)


def test_one_sale_by_hand() -> None:
    sale = Sale(
        plan="rental",
        price=cny("49900"),
        discount=cny("4500"),
        months=(MonthBill(cny("399"), 0, cny("0.20")), MonthBill(cny("399"), 250, cny("0.20"))),
        loan=Loan(cny("45301"), 30),
    )
    found = RENTAL.statement(sale)
    told = [(line.party_id, line.heading.value, str(line.amount.major)) for line in found.lines]
    assert told == [
        (JD, "price", "1497.00"),
        (GAC, "price", "48403.00"),
        (JD, "discount", "-4500.00"),
        (CAES, "fee", "359.10"),
        (JD, "fee", "39.90"),
        (CAES, "fee", "359.10"),
        (JD, "fee", "39.90"),
        (CAES, "overage", "45.00"),
        (JD, "overage", "5.00"),
        (JD, "funding", "-223.40"),  # 45,301 x 6 % x 30 / 365 = 223.4022
        (BANK, "funding", "223.40"),
    ]
    assert found.paid == cny("46248")  # 45,400 + 399 + 399 + 50
    assert found.of(GAC) == cny("48403")
    assert found.of(JD) == cny("-3141.60"), "the whole discount is the platform's to bear"
    assert found.of(PartyId("nobody")) == cny("0")


def test_a_discount_that_nobody_is_named_for_is_borne_by_all() -> None:
    contract = SettlementContract(seller=JD, price=shares("owned", jd="1/3", gac="2/3"))
    found = contract.statement(Sale("owned", cny("100"), discount=cny("10")))
    assert [str(line.amount.major) for line in found.lines] == ["33.33", "66.67", "-3.33", "-6.67"]
    assert found.of(JD) + found.of(GAC) == cny("90")


def test_a_cancelled_order_leaves_the_forfeit_with_the_seller() -> None:
    found = RENTAL.statement(Sale("rental", cny("0"), forfeit=cny("99"), loan=Loan(cny("49801"), 10)))
    assert [(line.party_id, line.heading) for line in found.lines] == [
        (JD, Heading.FORFEIT),
        (JD, Heading.FUNDING),
        (BANK, Heading.FUNDING),
    ]
    assert found.paid == cny("99")
    assert found.of(BANK) == cny("81.86")  # 49,801 x 6 % x 10 / 365 = 81.8646


def test_an_order_that_was_refunded_leaves_nothing() -> None:
    found = RENTAL.statement(Sale("rental", cny("0")))
    assert (found.lines, found.parts, found.paid) == ((), (), cny("0"))


MINOR = st.integers(0, 10**9)


@st.composite
def contracts(draw: st.DrawFn) -> SettlementContract:
    def of() -> tuple[SettlementShare, ...]:
        weights = draw(st.lists(st.integers(1, 10_000), min_size=1, max_size=6))
        return tuple(SettlementShare("p", PartyId(f"p{n}"), Fraction(w, sum(weights))) for n, w in enumerate(weights))

    return SettlementContract(
        seller=PartyId("p0"),
        price=of(),
        monthly=of(),
        discounts_borne_by=draw(st.sampled_from([None, PartyId("p0"), PartyId("p5"), PartyId("sponsor")])),
        lender=PartyId("bank"),
        rate_per_year=draw(st.fractions(0, 1, max_denominator=10_000)),
    )


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    def money(most: int = 10**9) -> Money:
        return Money(draw(st.integers(0, most)), "CNY")

    price = money()
    return Sale(
        plan="p",
        price=price,
        discount=draw(st.none() | st.integers(0, price.minor).map(lambda minor: Money(minor, "CNY"))),
        months=tuple(
            MonthBill(money(10**6), draw(st.integers(0, 5_000)), money(500)) for _ in range(draw(st.integers(0, 5)))
        ),
        forfeit=draw(st.none() | MINOR.map(lambda minor: Money(minor, "CNY"))),
        loan=draw(st.none() | st.builds(Loan, MINOR.map(lambda m: Money(m, "CNY")), st.integers(0, 400))),
    )


@given(contract=contracts(), sale=sales())
def test_the_parts_are_what_was_paid_to_the_cent(contract: SettlementContract, sale: Sale) -> None:
    found = contract.statement(sale)
    assert sum(line.amount.minor for line in found.lines) == sale.paid.minor
    assert sum(part.minor for _, part in found.parts) == sale.paid.minor
    assert len({party for party, _ in found.parts}) == len(found.parts)
    for heading, total in (
        (Heading.PRICE, sale.price.minor),
        (Heading.DISCOUNT, -(sale.discount.minor if sale.discount else 0)),
        (Heading.FEE, sum(month.fee.minor for month in sale.months)),
        (Heading.OVERAGE, sum(month.overage.minor for month in sale.months)),
        (Heading.FORFEIT, sale.forfeit.minor if sale.forfeit else 0),
        (Heading.FUNDING, 0),
    ):
        assert sum(line.amount.minor for line in found.lines if line.heading is heading) == total


@given(contract=contracts(), sale=sales())
def test_what_is_booked_step_by_step_is_what_the_statement_says(contract: SettlementContract, sale: Sale) -> None:
    """The handover and each month are booked by themselves; together they are the statement, without the rest."""
    booked: dict[PartyId, int] = {}
    steps = [contract.price_parts(sale.plan, sale.price, sale.discount)] if sale.price.minor else []
    steps += [contract.month_parts(sale.plan, month) for month in sale.months]
    for parts in steps:
        for party, part in parts:
            booked[party] = booked.get(party, 0) + part.minor
    said: dict[PartyId, int] = {}
    for line in contract.statement(sale).lines:
        if line.heading not in (Heading.FORFEIT, Heading.FUNDING):
            said[line.party_id] = said.get(line.party_id, 0) + line.amount.minor
    assert booked == said


@given(contract=contracts(), sale=sales())
def test_no_share_is_off_by_a_cent_or_more(contract: SettlementContract, sale: Sale) -> None:
    for line in contract.statement(sale).lines:
        if line.heading is Heading.PRICE:
            share = next(s.share for s in contract.price if s.party_id == line.party_id)
            assert abs(line.amount.minor - share * sale.price.minor) < 1


@given(contract=contracts(), days=st.integers(0, 3_650), minor=MINOR)
def test_interest_is_simple_and_never_off_by_more_than_half_a_cent(
    contract: SettlementContract, days: int, minor: int
) -> None:
    exact = contract.rate_per_year * minor * days / 365
    assert abs(contract.interest(Loan(Money(minor, "CNY"), days)).minor - exact) <= Fraction(1, 2)


def test_what_the_contract_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidInput, match="share the price of the plan `lease`"):
        RENTAL.statement(Sale("lease", cny("1")))
    with pytest.raises(InvalidInput, match="share the monthly fee of the plan `owned`"):
        SettlementContract(seller=JD, price=shares("owned", jd="1")).month_parts(
            "owned", MonthBill(cny("399"), 0, cny("0.2"))
        )
    with pytest.raises(InvalidInput, match="names no lender"):
        SettlementContract(seller=JD, price=shares("owned", jd="1")).statement(
            Sale("owned", cny("1"), loan=Loan(cny("1"), 1))
        )
    with pytest.raises(InvalidInput, match="cannot be taken off"):
        Sale("owned", cny("1"), discount=cny("2"))
    with pytest.raises(InvalidInput, match="cannot lend to itself"):
        SettlementContract(seller=JD, price=shares("owned", jd="1"), lender=JD)
    with pytest.raises(InvalidInput, match="add up to 1/2"):
        SettlementContract(seller=JD, price=shares("owned", jd="1/2"))
    with pytest.raises(InvalidInput, match="cannot be billed"):
        MonthBill(cny("1"), -1, cny("1"))
