"""A sale is shared exactly, and only by a contract that adds up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.alliance import Party, Role, SettlementShare, check_parties, check_shares, split_sale
from pullcord.base import InvalidInput, Money, PartyId


@st.composite
def contracts(draw: st.DrawFn) -> tuple[SettlementShare, ...]:
    """One plan's shares: any positive weights, made to add up to one."""
    weights = draw(st.lists(st.integers(1, 10_000), min_size=1, max_size=7))
    return tuple(
        SettlementShare("rent", PartyId(f"p{number}"), Fraction(weight, sum(weights)))
        for number, weight in enumerate(weights)
    )


@given(minor=st.integers(0, 10**12), contract=contracts())
def test_the_parties_get_the_whole_price_and_no_more(minor: int, contract: tuple[SettlementShare, ...]) -> None:
    parts = split_sale(Money(minor, "CNY"), contract)
    assert [party for party, _ in parts] == [share.party_id for share in contract]
    assert sum(amount.minor for _, amount in parts) == minor
    for (_, amount), share in zip(parts, contract, strict=True):
        assert abs(amount.minor - minor * share.share) < 1


def test_the_real_price_in_thirds() -> None:
    thirds = [SettlementShare("rent", PartyId(name), Fraction(1, 3)) for name in ("platform", "carmaker", "battery")]
    amounts = [amount.minor for _, amount in split_sale(Money.of("49900", "CNY"), thirds)]
    assert amounts == [1_663_334, 1_663_333, 1_663_333]


@given(contract=contracts(), short_by=st.fractions("1/1000", "1/2"))
def test_a_contract_that_does_not_add_up_is_refused(contract: tuple[SettlementShare, ...], short_by: Fraction) -> None:
    first = contract[0]
    shrunk = (SettlementShare("rent", first.party_id, first.share * (1 - short_by)), *contract[1:])
    with pytest.raises(InvalidInput, match="add up to"):
        check_shares(shrunk)


def test_plans_are_checked_one_by_one() -> None:
    rent = SettlementShare("rent", PartyId("platform"), Fraction(1))
    whole = [rent, SettlementShare("buy", PartyId("platform"), Fraction(1, 2))]
    with pytest.raises(InvalidInput, match="`buy` add up to 1/2") as refusal:
        check_shares(whole)
    assert refusal.value.hint == "raise one of them by 1/2"
    with pytest.raises(InvalidInput, match="one plan"):
        split_sale(Money(100, "CNY"), whole)
    with pytest.raises(InvalidInput, match="one plan, not none"):
        split_sale(Money(100, "CNY"), [])
    with pytest.raises(InvalidInput, match="named twice"):
        check_shares([rent, rent])


@pytest.mark.parametrize("share", [Fraction(0), Fraction(-1, 2), Fraction(3, 2)])
def test_an_impossible_share_is_refused(share: Fraction) -> None:
    with pytest.raises(InvalidInput, match="cannot keep"):
        SettlementShare("rent", PartyId("platform"), share)


def test_an_alliance_has_one_platform_and_no_namesakes() -> None:
    platform = Party(PartyId("jd"), "JD", Role.PLATFORM)
    carmaker = Party(PartyId("gac"), "GAC", Role.CARMAKER)
    assert check_parties([platform, carmaker]) == (platform, carmaker)
    with pytest.raises(InvalidInput, match="exactly one platform, here none"):
        check_parties([carmaker])
    with pytest.raises(InvalidInput, match="`jd`, `other`"):
        check_parties([platform, Party(PartyId("other"), "Other", Role.PLATFORM)])
    with pytest.raises(InvalidInput, match="named twice"):
        check_parties([platform, platform])
    with pytest.raises(InvalidInput, match="has no name"):
        Party(PartyId("x"), "  ", Role.SUPPLIER)
