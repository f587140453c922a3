"""Who may sell what where: the row that says most decides, and what cannot be invoiced is never paid for."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import CityId, InvalidInput, Money, NotFound, OrderId, PartyId, PersonId, VariantId
from pullcord.catalogue import Catalogue
from pullcord.channel import ANY, ChannelBook, ChannelRule, PriceRule, Subsidy
from pullcord.logistics import City
from pullcord.orders import OrderDeposited, OrderReserved
from pullcord.program import Program, read_program
from pullcord.study import Customer, LaunchReplay
from small_house import small_house, small_program

CHENGDU = City(CityId("chengdu"), "Chengdu", "成都", 30.7, 104.1, 13_568_357, True)
DAZHOU = City(CityId("dazhou"), "Dazhou", "达州", 31.2, 107.5, 1_589_435, False)
CITIES = {city.city_id: city for city in (CHENGDU, DAZHOU)}
PLANS = ("owned", "rental")
PRICES = {("white", plan): Money.of(price, "CNY") for plan, price in (("owned", 89_900), ("rental", 49_900))}


def rule(
    city: str = ANY,
    plan: str = ANY,
    *,
    seller: str | None = None,
    may_sell: bool = True,
    floor: int | None = None,
    subsidy: Subsidy | None = None,
) -> ChannelRule:
    return ChannelRule(
        city,
        plan,
        None if seller is None else PartyId(seller),
        may_sell,
        PriceRule.LIST if floor is None else PriceRule.FLOOR,
        None if floor is None else Money.of(floor, "CNY"),
        None,
        None,
        subsidy,
        "made up for tests",
        "A",
    )


def book(*rules: ChannelRule) -> ChannelBook:
    return ChannelBook(rules, CITIES, PRICES, PartyId("jd"))


def test_the_row_that_says_most_decides() -> None:
    rules = [
        rule(seller="all"),
        rule(plan="rental", seller="plan"),
        rule("chengdu", seller="city"),
        rule("chengdu", "rental", seller="both"),
    ]
    for order in (rules, rules[::-1]):
        told = book(*order)
        assert told.terms("rental", "chengdu").seller == "both"
        assert told.terms("owned", "chengdu").seller == "city"
        assert told.terms("rental", "dazhou").seller == "plan"
        assert told.terms("owned", "dazhou").seller == "all"


CELLS = st.sets(st.tuples(st.sampled_from((ANY, *CITIES)), st.sampled_from((ANY, *PLANS))), min_size=1)


@given(cells=CELLS, city=st.sampled_from(sorted(CITIES)), plan=st.sampled_from(PLANS))
def test_a_rule_holds_where_it_fits_and_nothing_narrower_does(
    cells: set[tuple[str, str]], city: str, plan: str
) -> None:
    found = book(*(rule(*cell) for cell in sorted(cells))).rule(plan, city)
    fitting = {cell for cell in cells if cell[0] in (ANY, city) and cell[1] in (ANY, plan)}
    assert (found is None) == (not fitting)
    if found is not None:
        cell = (found.city_id, found.plan)
        assert cell in fitting
        assert not any(other != cell and wider(cell, other) for other in fitting)


def wider(cell: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether a cell holds all that the other does."""
    return all(mine in (ANY, theirs) for mine, theirs in zip(cell, other, strict=True))


def test_without_rules_nothing_is_barred() -> None:
    assert book().why_not("white", "owned", "dazhou") is None
    assert book().terms("owned", "dazhou").invoice is False
    assert book().terms("owned", "chengdu").seller == "jd"


def test_a_city_without_an_invoice_is_barred_by_name_and_row() -> None:
    told = book(rule())
    barred = told.why_not("white", "owned", "dazhou")
    assert barred is not None
    assert barred.why.startswith("no local invoice can be issued in Dazhou")
    assert barred.rule == "cities.csv, dazhou, invoice"
    assert barred.why_local.startswith("达州")
    assert told.why_not("white", "owned", "chengdu") is None


def test_where_nobody_may_sell_nothing_is_ordered() -> None:
    told = book(rule(), rule("chengdu", "rental", may_sell=False))
    barred = told.why_not("white", "rental", "chengdu")
    assert barred is not None
    assert (barred.why, barred.rule) == (
        "nobody may sell the plan `rental` in Chengdu: nothing can be ordered there",
        "channel_rules.csv, chengdu, rental",
    )
    assert told.why_not("white", "owned", "chengdu") is None
    only = book(rule("chengdu"))
    assert only.why_not("white", "owned", "dazhou") is not None, "a program with rules sells where a rule says so"


def test_nothing_is_sold_below_its_floor() -> None:
    told = book(rule(), rule(plan="owned", floor=90_000), rule("chengdu", "owned", floor=80_000))
    assert told.why_not("white", "owned", "chengdu") is None
    below = told.why_not_at(Money.of("79999.99", "CNY"), "owned", "chengdu")
    assert below is not None
    assert "80,000.00 CNY" in below.why
    assert told.why_not_at(Money.of(80_000, "CNY"), "owned", "chengdu") is None
    assert book(rule(floor=90_000)).why_not("white", "owned", "chengdu") is not None


def test_a_floor_stands_with_its_rule_and_a_rule_stands_once() -> None:
    with pytest.raises(InvalidInput, match="its floor None"):
        replace(rule(), price_rule=PriceRule.FLOOR)
    with pytest.raises(InvalidInput, match="same city and plan"):
        book(rule(), rule())


def test_a_subsidy_says_who_pays_and_when() -> None:
    half = Subsidy("half the purchase tax", "the state", Money.of(15_000, "CNY"), date(2026, 1, 1), None, True)
    assert str(half) == (
        "half the purchase tax, at most 15,000.00 CNY, paid by the state, from 2026-01-01, against a local invoice"
    )
    assert [half.in_force(date(*day)) for day in ((2025, 12, 31), (2026, 1, 1), (2031, 1, 1))] == [False, True, True]
    with pytest.raises(InvalidInput, match="ends on"):
        replace(half, until=date(2025, 1, 1))
    with pytest.raises(InvalidInput, match="without a name or a payer"):
        replace(half, payer=" ")


# On the desk


def program_without_invoice_in(city: str) -> Program:
    """The small launch, where rules are in force and one city has no invoice."""
    program = small_program()
    cities = tuple(replace(c, invoice=c.city_id != city) for c in program.cities)
    return replace(program, cities=cities, channel_rules=(rule(),))


def test_an_order_that_cannot_be_invoiced_is_stopped_before_anything(tmp_path: Path) -> None:
    with small_house(tmp_path, program_without_invoice_in("chengdu")) as house:
        refused = house.reserve("a", city_id="chengdu")
        assert "no local invoice can be issued in Chengdu" in (refused.refused or "")
        with pytest.raises(NotFound):
            house.order("a")
        assert house.reserve("b", city_id="harbin").refused is None
        assert [event.body.order_id for event in house.events(OrderReserved)] == ["b"]


def test_an_order_from_before_the_rule_is_shown_no_date_and_pays_nothing(tmp_path: Path) -> None:
    """The wish was noted while the city still had its invoice; then the rule changed."""
    with small_house(tmp_path) as house:
        house.reserve("a", city_id="chengdu")
        house.quoted("b", city_id="chengdu")
    digest = small_program().digest
    with small_house(tmp_path, replace(program_without_invoice_in("chengdu"), digest=digest)) as house:
        assert "no local invoice" in (house.give(house.desk.quote("a")).refused or "")
        assert "no local invoice" in (house.give(house.desk.deposit("b")).refused or "")
        assert house.events(OrderDeposited) == []
        assert house.give(house.desk.cancel("a", "no invoice")).state == "cancelled"


def test_in_a_replayed_launch_who_is_turned_away_asks_for_no_date_even_within_the_hour(tmp_path: Path) -> None:
    with small_house(tmp_path, program_without_invoice_in("chengdu")) as house:
        at = house.clock.now() + timedelta(hours=1)

        def customer(name: str, city: str) -> Customer:
            minutes = timedelta(minutes=5)
            return Customer(
                OrderId(f"o-{name}"),
                PersonId(f"p-{name}"),
                VariantId("white"),
                "owned",
                CityId(city),
                at,
                minutes,
                10_000.0,
                minutes,
                minutes,
                False,
            )

        people = [customer("a", "chengdu"), customer("b", "harbin")]
        tally = LaunchReplay(house.app, house.clock, people, lambda what, done: None).run()
        assert (tally.turned_away, tally.asked) == (1, 1)
        assert house.order("o-b").state == "handed_over"


# The shipped program


@pytest.fixture(scope="module")
def car() -> Catalogue:
    return Catalogue(read_program(Path(__file__).parents[2] / "programs" / "peoples_car"))


def test_the_people_s_car_is_barred_exactly_where_no_invoice_is_issued(car: Catalogue) -> None:
    for city in car.program.cities:
        for plan in car.program.plans:
            assert (car.channel.why_not("white", plan, city.city_id) is None) == city.invoice
    terms = car.channel.terms("rental", "chengdu")
    assert (terms.seller, terms.invoice, terms.price_rule) == ("jd", True, "list")
    assert terms.subsidy is not None
    assert (terms.subsidy.most, terms.subsidy.since) == (Money.of(15_000, "CNY"), date(2026, 1, 1))


def test_its_campaign_says_what_is_known_and_what_is_assumed(car: Catalogue) -> None:
    (campaign,) = car.program.campaigns
    assert campaign.campaign_id == "double-11"
    assert campaign.price_ladder[0].price_off == Money.of(49_900 - 45_400, "CNY")
    assert campaign.deposit == car.program.policies.deposit


def test_what_is_wrong_in_the_tables_is_told_by_file_and_line(program_dir: Path) -> None:
    def change(file: str, **cells: str) -> None:
        path = program_dir / file
        with path.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.DictReader(opened))
        rows[0] |= cells
        with path.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    change("channel_rules.csv", price_rule="floor", seller_party_id="nobody")
    change("campaigns.csv", closes_at="2025-11-12 00:00")
    change("campaign_quotas.csv", city_id="atlantis")
    change("campaign_prices.csv", price_off_cny="49500")
    with pytest.raises(InvalidInput) as found:
        read_program(program_dir)
    told = {f"{problem.file}:{problem.line}": problem.wrong for problem in found.value.problems}
    assert "its floor None" in told["channel_rules.csv:2"] or "nobody" in told["channel_rules.csv:2"]
    assert told["campaigns.csv:2"] == "`closes_at` is no local time: `2025-11-12 00:00`"
    assert "names `atlantis`" in told["campaign_quotas.csv:2"]


def test_a_discount_must_leave_more_than_the_deposit(program_dir: Path) -> None:
    path = program_dir / "campaign_prices.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",4500,", ",49500,"), encoding="utf-8")
    with pytest.raises(InvalidInput) as found:
        read_program(program_dir)
    (problem,) = found.value.problems
    assert (problem.file, problem.line) == ("campaign_prices.csv", 2)
    assert problem.wrong == "400.00 CNY are left to pay, and the deposit of `double-11` is 1,000.00 CNY"


def test_quotas_without_campaigns_are_refused(program_dir: Path) -> None:
    (program_dir / "campaigns.csv").unlink()
    with pytest.raises(InvalidInput) as found:
        read_program(program_dir)
    assert {problem.file for problem in found.value.problems} == {"campaign_quotas.csv", "campaign_prices.csv"}
