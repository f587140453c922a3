"""What the twin is told of a program: the desk's own rule on the first week that a quote may promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pullcord import twin
from pullcord.catalogue import Catalogue
from pullcord.program import read_program
from pullcord.study.two_worlds import open_weeks, twin_input, twin_section
from small_house import small_program

PROGRAMS = Path(__file__).parents[2] / "programs"


def house_with(**policies: int) -> Catalogue:
    program = small_program()
    return Catalogue(replace(program, policies=replace(program.policies, **policies)))


@pytest.mark.parametrize(
    ("policies", "opens"),
    [
        # Quoted on a Friday, paid by Sunday, planned on Monday: that plan has frozen its own week and the next.
        ({"quote_valid_hours": 48, "freeze_weeks": 2, "lock_hours": 168}, (2, 2, 2, 2, 3, 3, 3)),
        # Without a freeze it is the right to withdraw that counts: nine days from a Saturday end on a Monday.
        ({"quote_valid_hours": 48, "freeze_weeks": 0, "lock_hours": 168}, (2, 2, 2, 2, 2, 3, 3)),
        ({"quote_valid_hours": 1, "freeze_weeks": 0, "lock_hours": 1}, (1,) * 7),
        ({"quote_valid_hours": 1, "freeze_weeks": 1, "lock_hours": 1}, (1, 1, 1, 1, 1, 1, 2)),
    ],
)
def test_the_first_week_follows_from_the_policies(policies: dict[str, int], opens: tuple[int, ...]) -> None:
    assert open_weeks(house_with(plan_every_days=1, **policies)) == opens


def test_a_freeze_of_years_is_a_horizon_that_nobody_waits_for() -> None:
    given = twin_input(house_with(freeze_weeks=104))
    assert given.open_weeks == (50,) * 7
    assert given.quote_horizon_weeks == 52


@pytest.mark.parametrize("name", ["peoples_car", "projector"])
def test_the_results_tell_the_rule_and_what_it_costs(name: str) -> None:
    program = read_program(PROGRAMS / name)
    given = replace(twin_input(Catalogue(program)), warm_up_weeks=8, measured_weeks=8)
    assert max(given.open_weeks) > 1
    told = twin_section(twin.worlds(given, seed=1, replications=(0, 1), delays_days=(0, 30)), given, program)
    assert told["rule"] == {
        "quote_valid_hours": program.policies.quote_valid_hours,
        "freeze_weeks": program.policies.freeze_weeks,
        "lock_hours": program.policies.lock_hours,
        "open_weeks": list(given.open_weeks),
    }
    means = {(row["world"], row["delay_days"], row["measure"]): row["mean"] for row in told["rows"]}
    headline, prompt = (
        {(row["delay_days"], row["measure"]): row["mean"] for row in told[key]} for key in ("paired", "paired_prompt")
    )
    cost = {
        row["delay_days"]: row["mean"]
        for row in told["links"]
        if (row["world"], row["other"], row["measure"]) == ("pull", "pull_prompt", "M1")
    }
    assert set(cost) == {0, 30}
    for delay in cost:
        assert means["pull", delay, "M1"] == means["pull", delay, "M1_lost"]
        between = means["push", delay, "M1"] - means["pull", delay, "M1"]
        assert headline[delay, "M1"] == pytest.approx(between, abs=2e-4)
        assert prompt[delay, "M1"] - headline[delay, "M1"] == pytest.approx(cost[delay], abs=2e-4)
    assert not [row for row in told["links"] if row["world"] == "push" and row["other"].startswith("pull")]
    assert set(told["series"]) == {"push", "pull", "pull_prompt"}
