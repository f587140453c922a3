"""Pegging is exact in both directions."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import BuildOrderId, PartId, VariantId
from pullcord.procurement import Build, Lot, Peg, peg

MONDAY = date(2025, 12, 1)
WHEEL, PACK = PartId("wheel"), PartId("pack")
USAGE = {
    VariantId("base"): {WHEEL: 4, PACK: 1},
    VariantId("top"): {WHEEL: 5, PACK: 2},
    VariantId("kit"): {WHEEL: 1},
}


def build(number: int, variant: str, day: int) -> Build:
    return Build(MONDAY + timedelta(days=day), BuildOrderId(f"b{number:03}"), VariantId(variant))


def lot(source: str, part_id: PartId, quantity: int, day: int) -> Lot:
    return Lot(MONDAY + timedelta(days=day), source, part_id, quantity)


def test_the_earliest_parts_go_to_the_earliest_builds() -> None:
    pegging = peg(
        [lot("c2", WHEEL, 6, 7), lot("c1", WHEEL, 5, 0)],
        [build(2, "base", 7), build(1, "base", 0), build(3, "kit", 3)],
        {variant_id: {WHEEL: units[WHEEL]} for variant_id, units in USAGE.items()},
    )
    b1, b2, b3 = (BuildOrderId(f"b00{n}") for n in (1, 2, 3))
    assert pegging.all() == [
        Peg("c1", b1, WHEEL, 4, late=False),
        Peg("c1", b3, WHEEL, 1, late=False),
        Peg("c2", b2, WHEEL, 4, late=False),
    ]
    assert pegging.orders_of("c1") == pegging.all()[:2]
    assert pegging.sources_of(b2) == [Peg("c2", b2, WHEEL, 4, late=False)]
    assert pegging.spare.tolist() == [0, 2]
    assert pegging.missing == {}


def test_late_and_missing_parts_are_said() -> None:
    pegging = peg([lot("c1", PACK, 1, 9)], [build(1, "top", 3)], USAGE)
    assert pegging.all() == [Peg("c1", BuildOrderId("b001"), PACK, 1, late=True)]
    assert pegging.missing == {(BuildOrderId("b001"), PACK): 1, (BuildOrderId("b001"), WHEEL): 5}


def test_nothing_to_peg_is_an_answer_too() -> None:
    assert peg([], [], USAGE).all() == []
    assert peg([], [], USAGE).orders_of("c1") == []
    assert peg([lot("c1", PACK, 3, 0)], [], USAGE).spare.tolist() == [3]


LOTS = st.lists(
    st.builds(
        lot,
        st.sampled_from(["c1", "c2", "c3", "stock"]),
        st.sampled_from([WHEEL, PACK]),
        st.integers(1, 30),
        st.integers(0, 30),
    ),
    max_size=12,
)
BUILDS = st.lists(st.tuples(st.sampled_from(["base", "top", "kit"]), st.integers(0, 30)), max_size=15).map(
    lambda drawn: [build(n, variant, day) for n, (variant, day) in enumerate(drawn)]
)


@given(LOTS, BUILDS)
def test_every_unit_is_accounted_for_on_both_sides(lots: list[Lot], builds: list[Build]) -> None:
    pegging = peg(lots, builds, USAGE)
    given_away: Counter[tuple[str, PartId]] = Counter()
    got: Counter[tuple[BuildOrderId, PartId]] = Counter()
    for one in pegging.all():
        assert one.quantity > 0
        given_away[one.source, one.part_id] += one.quantity
        got[one.build_order_id, one.part_id] += one.quantity
    there: Counter[tuple[str, PartId]] = Counter()
    for one_lot, left in zip(pegging.lots, pegging.spare.tolist(), strict=True):
        assert left >= 0
        there[one_lot.source, one_lot.part_id] += one_lot.quantity
        given_away[one_lot.source, one_lot.part_id] += left
    assert +given_away == +there
    for one_build in builds:
        for part_id, units in USAGE[one_build.variant_id].items():
            key = (one_build.build_order_id, part_id)
            assert got[key] + pegging.missing.get(key, 0) == units
    # The two directions hold the same pegs.
    forth = Counter(one for source in {x.source for x in lots} for one in pegging.orders_of(source))
    back = Counter(one for b in builds for one in pegging.sources_of(b.build_order_id))
    assert forth == back == Counter(pegging.all())


@given(LOTS, BUILDS)
def test_nobody_misses_what_lies_spare(lots: list[Lot], builds: list[Build]) -> None:
    pegging = peg(lots, builds, USAGE)
    spare = {one.part_id for one, left in zip(pegging.lots, pegging.spare.tolist(), strict=True) if left}
    assert not spare & {part_id for _, part_id in pegging.missing}
