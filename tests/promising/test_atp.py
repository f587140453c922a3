"""What must stay true of a promise, whatever the slots."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import PlantId
from pullcord.production import Slot
from pullcord.promising import Promise, Refusal, promise

MONDAY = date(2025, 11, 10)
MONDAYS = st.integers(0, 30).map(lambda w: MONDAY + timedelta(weeks=w))
DAYS = st.integers(0, 150).map(lambda d: MONDAY + timedelta(days=d))
TRANSIT_DAYS = {"CAN": 3, "CSX": 2}


@st.composite
def slots(draw: st.DrawFn) -> list[Slot]:
    keys = draw(st.lists(st.tuples(st.sampled_from(["CAN", "CSX", "XIY"]), MONDAYS), unique=True, max_size=12))
    return [
        Slot(PlantId(plant), week, 5, draw(st.integers(0, 5)))  # XIY cannot ship to this city
        for plant, week in keys
    ]


@given(slots=slots(), ready=DAYS, fence=MONDAYS)
def test_a_promise_is_the_earliest_that_can_be_kept(slots: list[Slot], ready: date, fence: date) -> None:
    answer = promise(slots, TRANSIT_DAYS, ready, fence)
    possible = [
        slot.week_start + timedelta(days=6 + TRANSIT_DAYS[slot.plant_id])
        for slot in slots
        if slot.free_vehicles and slot.plant_id in TRANSIT_DAYS and slot.week_start >= max(ready, fence)
    ]
    if isinstance(answer, Promise):
        assert answer.deliver_on == min(possible)
        assert answer.week_start >= ready
        assert answer.week_start >= fence
    else:
        assert not possible
        assert answer.why


@given(slots=slots(), ready=DAYS, fence=MONDAYS, extra=MONDAYS)
def test_more_capacity_never_makes_a_promise_later(slots: list[Slot], ready: date, fence: date, extra: date) -> None:
    before = promise(slots, TRANSIT_DAYS, ready, fence)
    after = promise([*slots, Slot(PlantId("CAN"), extra, 3, 3)], TRANSIT_DAYS, ready, fence)
    if isinstance(before, Promise):
        assert isinstance(after, Promise)
        assert after.deliver_on <= before.deliver_on


@given(slots=slots(), ready=DAYS, fence=MONDAYS)
def test_the_order_of_the_slots_does_not_matter(slots: list[Slot], ready: date, fence: date) -> None:
    assert promise(slots, TRANSIT_DAYS, ready, fence) == promise(slots[::-1], TRANSIT_DAYS, ready, fence)


def test_every_refusal_says_why() -> None:
    plant = PlantId("CAN")
    taken = Slot(plant, MONDAY, 5, 0)
    free = Slot(plant, MONDAY, 5, 5)
    late = MONDAY + timedelta(weeks=1)
    refusals = [
        promise([], TRANSIT_DAYS, MONDAY, MONDAY),
        promise([Slot(PlantId("XIY"), MONDAY, 5, 5)], TRANSIT_DAYS, MONDAY, MONDAY),
        promise([taken], TRANSIT_DAYS, MONDAY, MONDAY),
        promise([free], TRANSIT_DAYS, late, MONDAY),
    ]
    assert refusals == [
        Refusal("no build slots are open at all"),
        Refusal("none of the plants with build slots (XIY) can ship to this city"),
        Refusal("no place is left up to the week of 2025-11-10"),
        Refusal("no free build slot begins on or after 2025-11-17"),
    ]
