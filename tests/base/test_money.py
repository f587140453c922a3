"""Money is exact: nothing is lost in a sum or a split."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput, Money

MINOR = st.integers(-(10**15), 10**15)
SHARES = st.lists(st.fractions(0, 10, max_denominator=1000), min_size=1, max_size=8).filter(lambda s: sum(s) > 0)


@given(minor=MINOR, shares=SHARES)
def test_a_split_adds_up_to_the_whole(minor: int, shares: list[Fraction]) -> None:
    parts = Money(minor, "CNY").split(shares)
    assert sum(part.minor for part in parts) == minor
    assert len(parts) == len(shares)


@given(minor=MINOR, shares=SHARES)
def test_no_part_is_a_whole_minor_unit_away_from_its_share(minor: int, shares: list[Fraction]) -> None:
    total = sum(shares)
    for part, share in zip(Money(minor, "CNY").split(shares), shares, strict=True):
        assert abs(part.minor - minor * share / total) < 1


@given(minor=MINOR, shares=SHARES, factor=st.integers(1, 1000))
def test_only_the_proportion_of_shares_counts(minor: int, shares: list[Fraction], factor: int) -> None:
    assert Money(minor, "CNY").split(shares) == Money(minor, "CNY").split([share * factor for share in shares])


@given(minor=st.integers(0, 10**15), shares=SHARES)
def test_a_larger_share_never_gets_less(minor: int, shares: list[Fraction]) -> None:
    parts = Money(minor, "CNY").split(shares)
    by_share = sorted(range(len(shares)), key=lambda i: (shares[i], -i))
    assert [parts[i].minor for i in by_share] == sorted(part.minor for part in parts)


def test_the_odd_fen_goes_to_the_earliest_of_equals() -> None:
    third = Fraction(1, 3)
    assert Money(100, "CNY").split([third] * 3) == (Money(34, "CNY"), Money(33, "CNY"), Money(33, "CNY"))


@pytest.mark.parametrize("shares", [[], [Fraction(0)], [Fraction(2), Fraction(-1)]])
def test_impossible_shares_are_refused(shares: list[Fraction]) -> None:
    with pytest.raises(InvalidInput, match="cannot be split"):
        Money(100, "CNY").split(shares)


@given(a=MINOR, b=MINOR)
def test_order_is_the_order_of_amounts(a: int, b: int) -> None:
    left, right = Money(a, "CNY"), Money(b, "CNY")
    assert (left < right) == (a < b)
    assert (left <= right) == (a <= b)
    assert max(left, right).minor == max(a, b)
    assert left - right == -(right - left)
    assert left + right - right == left


@given(minor=MINOR, currency=st.sampled_from(["CNY", "JPY", "KWD"]))
def test_major_units_go_there_and_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.major, currency) == money


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("49900", "CNY", 4_990_000),
        ("0.20", "CNY", 20),
        (89900, "CNY", 8_990_000),
        ("5", "JPY", 5),
        ("1.234", "KWD", 1234),
    ],
)
def test_prices_as_written(written: str | int, currency: str, minor: int) -> None:
    assert Money.of(written, currency).minor == minor


@pytest.mark.parametrize("written", ["0.005", "1e-9", "a lot", "NaN", "Infinity", ""])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        Money.of(written, "CNY")


def test_a_float_is_no_amount() -> None:
    with pytest.raises(InvalidInput, match="float"):
        Money.of(0.2, "CNY")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="whole minor units"):
        Money(1.5, "CNY")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="whole minor units"):
        Money(True, "CNY")


@pytest.mark.parametrize("currency", ["cny", "YUAN", "", "C", "ABC", "XXX", "XAU"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(InvalidInput, match="ISO 4217"):
        Money(1, currency)
    with pytest.raises(InvalidInput, match="ISO 4217"):
        Money.of("1", currency)


@pytest.mark.parametrize(
    ("decimals", "currencies"),
    [
        (0, "CLP ISK XOF XAF XPF UGX PYG RWF DJF GNF KMF VUV JPY KRW VND BIF"),
        (2, "CNY EUR USD GBP CHF SEK MGA MRU HUF"),
        (3, "OMR JOD IQD LYD BHD KWD TND"),
        (4, "CLF UYW"),
    ],
)
def test_minor_units_are_those_of_iso_4217(decimals: int, currencies: str) -> None:
    for currency in currencies.split():
        assert Money.of(1, currency).minor == 10**decimals, currency


def test_currencies_do_not_mix() -> None:
    yuan, euro = Money(1, "CNY"), Money(1, "EUR")
    for mix in (lambda: yuan + euro, lambda: yuan - euro, lambda: yuan < euro, lambda: yuan <= euro):
        with pytest.raises(InvalidInput, match="CNY and EUR"):
            mix()
    assert yuan != euro


def test_it_reads_as_people_write_it() -> None:
    assert str(Money(4_990_000, "CNY")) == "49,900.00 CNY"
    assert str(Money(1_200, "JPY")) == "1,200 JPY"
    assert Money(20, "CNY").major == Decimal("0.20")
    assert 3 * Money(20, "CNY") == Money(20, "CNY") * 3 == Money(60, "CNY")
