"""What follows from a program once and for all: parts per variant, days per city, weeks that can be promised."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from pullcord.base import NotFound
from pullcord.catalogue import Catalogue
from small_house import local, small_program


@pytest.fixture(scope="module")
def house() -> Catalogue:
    return Catalogue(small_program())


def test_a_variants_parts_are_counted_through_every_level(house: Catalogue) -> None:
    assert house.usage["white"] == {"lens": 1, "lamp": 1, "fan": 2, "board": 1, "housing_white": 1, "box": 1}
    assert house.usage["black-tripod"]["tripod"] == 1
    assert "tripod" not in house.usage["black"]


def test_parts_of_all_variants_and_parts_of_some_are_told_apart(house: Catalogue) -> None:
    assert house.common_parts == {"lens": 1, "lamp": 1, "fan": 2, "board": 1, "box": 1}
    assert house.own_parts["white"] == {"housing_white": {"white": 1}}
    assert house.own_parts["black"] == {"housing_black": {"black": 1, "black-tripod": 1}}
    assert set(house.own_parts["black-tripod"]) == {"housing_black", "tripod"}
    for variant, usage in house.usage.items():
        assert set(usage) == set(house.common_parts) | set(house.own_parts[variant])


def test_only_options_that_a_plant_limits_are_counted(house: Catalogue) -> None:
    assert house.limited_options["black"] == house.limited_options["white"] == ()
    (use,) = house.limited_options["black-tripod"]
    assert (use.family_id, use.option_id) == ("stand", "tripod")


def test_farther_cities_wait_longer(house: Catalogue) -> None:
    days = {city: by_plant["shenzhen"] for city, by_plant in house.transit_days.items()}
    assert days["shenzhen"] <= days["dongguan"] <= days["shanghai"] <= days["harbin"]
    assert min(days.values()) >= 1


def test_shares_of_a_plan_add_up_to_the_whole(house: Catalogue) -> None:
    assert sum(share for _, share in house.shares["owned"]) == Fraction(1)


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (lambda house: house.variant("blck"), "did you mean `black`?"),
        (lambda house: house.city("chengd"), "did you mean `chengdu`?"),
        (lambda house: house.plant("shenzen"), "did you mean `shenzhen`?"),
        (lambda house: house.city("zzz"), "there are 6, `shanghai` first"),
        (lambda house: house.price("black", "rental"), "its plans are `owned`"),
    ],
)
def test_a_name_that_stands_for_nothing_comes_with_the_nearest(house: Catalogue, ask: object, why: str) -> None:
    with pytest.raises(NotFound) as missing:
        ask(house)  # type: ignore[operator]
    assert missing.value.hint == why


SUNDAY = datetime(2025, 6, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "week"),
    [
        # Tuesday 9:00; paid by 21:00, locked by Thursday, planned by Friday: next week is frozen no more.
        (9 - 5 * 24, date(2025, 6, 9)),
        # Friday 9:00; paid by 21:00, locked by Sunday; but the next plan may be Monday's, which freezes its own week.
        (9 - 2 * 24, date(2025, 6, 16)),
    ],
)
def test_the_first_week_waits_for_the_plan_that_learns_of_the_order(house: Catalogue, hours: int, week: date) -> None:
    at = SUNDAY + timedelta(hours=hours - house.program.utc_offset_hours)
    assert house.first_promised_week(at) == week


def test_an_order_that_locks_as_monday_begins_is_firm_for_that_week() -> None:
    program = small_program()
    policies = replace(program.policies, quote_valid_hours=12, lock_hours=48, plan_every_days=1, freeze_weeks=1)
    house = Catalogue(replace(program, policies=policies))
    monday = date(2025, 6, 16)
    just_in_time = local(program, monday) - timedelta(hours=60)
    assert house.first_promised_week(just_in_time) == monday
    assert house.first_promised_week(just_in_time + timedelta(seconds=1)) == monday + timedelta(weeks=1)


def test_no_week_before_the_start_is_promised(house: Catalogue) -> None:
    assert house.first_promised_week(SUNDAY - timedelta(weeks=20)) == date(2025, 6, 2)
