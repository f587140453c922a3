"""The measures read from events, on a small story whose figures are worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from pullcord.base import Money
from pullcord.mismatch import Measures, MoneyRates, read_measures

START = datetime(2026, 1, 1, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    seq: int
    recorded_at: datetime
    kind: str
    body: Any


class Story:
    """Events in order, one after another, at hours of the story's clock."""

    def __init__(self) -> None:
        self.events: list[Told] = []

    def __call__(self, hour: float, kind: str, **fields: Any) -> int:
        seq = len(self.events) + 1
        self.events.append(Told(seq, START + timedelta(hours=hour), kind, SimpleNamespace(**fields)))
        return seq

    def quote(self, hour: float, order: str, deliver_on: date, price: str = "100000", variant: str = "blue") -> int:
        money = Money.of(price, "CNY")
        return self(hour, "order.quoted", order_id=order, variant_id=variant, deliver_on=deliver_on, price=money)

    def reserve(self, hour: float, order: str, person: str, variant: str = "blue") -> int:
        return self(hour, "order.reserved", order_id=order, person_id=person, variant_id=variant)

    def build(self, hour: float, vehicle: str, built_on: date, variant: str = "blue") -> int:
        return self(hour, "vehicle.built", vehicle_id=vehicle, variant_id=variant, built_on=built_on)

    def hand_over(self, hour: float, order: str, vehicle: str, delivered_on: date, price: str = "100000") -> int:
        money = Money.of(price, "CNY")
        return self(
            hour, "order.handed_over", order_id=order, vehicle_id=vehicle, delivered_on=delivered_on, price=money
        )

    def read(self, as_of: date | None = None, rates: MoneyRates | None = None) -> Measures:
        return read_measures(self.events, as_of=as_of, rates=rates)


@pytest.fixture
def story() -> Story:
    return Story()


def test_an_empty_ledger_measures_nothing(story: Story) -> None:
    measures = story.read()
    assert (measures.m1, measures.m2, measures.m3, measures.m7) == (None, None, None, None)
    assert (measures.l1.p50_s, measures.l2.p50_s, measures.l3.p50_s) == (None, None, None)


def test_unit_mismatch_counts_persons_and_units(story: Story) -> None:
    for n, person in enumerate(["ann", "bo", "cy", "di"]):
        story.reserve(n, f"o{n}", person)
    story.quote(5, "o0", date(2026, 1, 20))
    story.quote(5, "o1", date(2026, 3, 20))
    story(6, "order.cancelled", order_id="o1", reason="waiting too long")
    story(7, "order.refused", order_id="o2", why="no slot")
    story.quote(7, "o3", date(2026, 1, 25))
    story(8, "order.cancelled", order_id="o3", reason="changed their mind")
    story.reserve(9, "o4", "cy")  # refused once, then quoted and served: not lost
    story.quote(9, "o4", date(2026, 1, 22))
    story.build(10, "v1", date(2026, 1, 10))
    story.hand_over(11, "o0", "v1", date(2026, 2, 9))  # on the 30th day: sold in time
    story.build(12, "v2", date(2026, 1, 10))
    story.hand_over(13, "o4", "v2", date(2026, 2, 10))  # a day later: not in time
    story.build(14, "v3", date(2026, 1, 10))  # never
    story.build(15, "v4", date(2026, 2, 20))  # too young to say
    m1 = story.read(as_of=date(2026, 3, 1)).m1
    assert m1 is not None
    assert (m1.demand, m1.lost, m1.unsold, m1.judged, m1.too_young) == (4, 1, 2, 3, 1)
    assert m1.share == pytest.approx(3 / 4)


def test_configuration_compares_what_was_reserved_with_what_was_built(story: Story) -> None:
    story.reserve(0, "o1", "ann", "blue")
    story.reserve(0, "o2", "bo", "red")
    for order, vehicle in (("o1", "v1"), ("o2", "v2")):
        story.build(1, vehicle, date(2026, 1, 2), "blue")
        story.hand_over(2, order, vehicle, date(2026, 1, 9))
    m2 = story.read().m2
    assert m2 is not None
    assert (m2.differing_share, m2.handed_over) == (0.5, 2)


def test_dates_are_held_against_the_quote_that_was_paid_on(story: Story) -> None:
    story.quote(0, "o1", date(2026, 1, 10))
    story.quote(1, "o1", date(2026, 1, 12))
    story(2, "order.deposited", order_id="o1")
    story.quote(3, "o1", date(2026, 1, 30))  # a later, softer date does not excuse
    story.hand_over(4, "o1", "v1", date(2026, 1, 17))
    story.quote(5, "o2", date(2026, 1, 12))
    story.hand_over(6, "o2", "v2", date(2026, 1, 11))
    m3 = story.read().m3
    assert m3 is not None
    assert (m3.error_days, m3.late_share, m3.handed_over) == (3.0, 0.5, 2)


def test_money_by_hand(story: Story) -> None:
    story.reserve(0, "o1", "ann")
    story.quote(0, "o1", date(2026, 1, 12))
    story.build(1, "v1", date(2026, 1, 2))
    story.hand_over(2, "o1", "v1", date(2026, 1, 12), "95000")
    story.reserve(3, "o2", "bo")
    story(4, "order.refused", order_id="o2", why="no slot")
    rates = MoneyRates(holding_share_per_year=0.365, financing_rate_per_year=0.0365, variable_margin_share=0.1)
    m7 = story.read(as_of=date(2026, 1, 31), rates=rates).m7
    assert m7 is not None
    assert m7.demand == 2, "ann and bo asked"
    assert m7.markdown == pytest.approx(5000 / 2)
    assert m7.holding == pytest.approx(90_000 * 10 * 0.001 / 2)
    assert m7.financing == pytest.approx(90_000 * 10 * 0.0001 / 2)
    assert m7.lost_margin == pytest.approx(10_000 / 2)
    assert m7.expedite is None
    assert m7.not_measured == ("expedite",)
    assert m7.total == pytest.approx((5000 + 900 + 90 + 10_000) / 2)
    without = story.read().m7
    assert without is not None
    assert without.not_measured == ("holding", "lost_margin", "expedite", "financing")


def test_a_signal_is_seen_by_the_first_forecast_that_includes_it(story: Story) -> None:
    first = story.reserve(0, "o1", "ann")
    second = story(1, "order.deposited", order_id="o1")
    story(2, "forecast.published", signal_seq=first)
    story(5, "forecast.published", signal_seq=second)
    story(6, "order.locked", order_id="o1")  # never seen
    l1 = story.read().l1
    assert (l1.arrived, l1.waiting) == (2, 1)
    assert l1.p50_s == pytest.approx((2 + 4) / 2 * 3600)


def test_an_order_reaches_material_with_the_first_run_after_its_build_is_planned(story: Story) -> None:
    story(0, "order.locked", order_id="o1")
    story(1, "requirements.computed", run_id="r1", lines=())  # before the build is planned: does not hold it
    story(2, "build.planned", build_order_id="b-o1")
    story(3, "requirements.computed", run_id="r2", lines=())
    story(4, "requirements.computed", run_id="r3", lines=())
    story(5, "order.locked", order_id="o2")
    story(6, "build.planned", build_order_id="b-someone-else")
    l2 = story.read().l2
    assert (l2.arrived, l2.waiting, l2.p50_s) == (1, 1, 3 * 3600)


def test_suppliers_are_told_of_the_run_they_belong_to(story: Story) -> None:
    needs = (SimpleNamespace(net=4),)
    story(0, "requirements.computed", run_id="r1", lines=needs)
    story(1, "calloff.issued", run_id="r1")
    story(3, "calloff.issued", run_id="r1")
    story(4, "requirements.computed", run_id="r2", lines=(SimpleNamespace(net=0),))  # needs nothing, waits for nothing
    story(5, "requirements.computed", run_id="r3", lines=needs)
    l3 = story.read().l3
    assert (l3.arrived, l3.waiting, l3.p50_s) == (2, 1, 2 * 3600)


def test_a_change_upstream_reaches_promises_with_the_first_check_after_it(story: Story) -> None:
    story(0, "stock.adjusted")  # the opening stock: nobody was promised anything yet
    story.quote(1, "o1", date(2026, 1, 12))
    story(2, "stock.adjusted")
    story(4, "stock.adjusted")
    story(8, "parts.spare")
    story(9, "parts.spare")
    story(10, "stock.adjusted")  # never checked
    l4 = story.read().l4
    assert (l4.arrived, l4.waiting) == (2, 1)
    assert l4.p50_s == pytest.approx((6 + 4) / 2 * 3600)


def test_order_of_reading_is_all_that_is_used(story: Story) -> None:
    """A generator is read once, from front to back."""
    story.reserve(0, "o1", "ann")
    story.quote(1, "o1", date(2026, 1, 12))
    assert read_measures(iter(story.events)) == story.read()


def test_who_came_back_after_a_refusal_and_holds_an_order_is_not_lost(story: Story) -> None:
    story.reserve(0, "o1", "ann")
    story(1, "order.refused", order_id="o1", why="no slot")
    story.quote(2, "o1", date(2026, 1, 12))
    story(3, "order.deposited", order_id="o1")
    m1 = story.read(as_of=date(2026, 1, 5)).m1
    assert m1 is not None
    assert (m1.lost, m1.demand) == (0, 1)


def test_who_was_quoted_and_then_refused_is_lost(story: Story) -> None:
    story.reserve(0, "o1", "ann")
    story.quote(1, "o1", date(2026, 1, 12))
    story(2, "order.refused", order_id="o1", why="no slot any more")
    m1 = story.read(as_of=date(2026, 1, 5)).m1
    assert m1 is not None
    assert m1.lost == 1


def test_each_vehicle_is_held_at_its_own_price(story: Story) -> None:
    rates = MoneyRates(holding_share_per_year=0.365, financing_rate_per_year=0, variable_margin_share=0)
    story.reserve(0, "o1", "ann")
    story.quote(0, "o1", date(2026, 1, 12), price="100000")
    story.build(1, "v1", date(2026, 1, 2))
    story.hand_over(2, "o1", "v1", date(2026, 1, 12), "100000")
    story.reserve(3, "o2", "bo")
    story.quote(3, "o2", date(2026, 1, 12), price="50000")  # the same variant under a cheaper plan
    m7 = story.read(as_of=date(2026, 1, 31), rates=rates).m7
    assert m7 is not None
    assert m7.holding == pytest.approx(100_000 * 10 * 0.001 / 2)
