"""Two worlds: what must hold of any run, what is known of extreme ones, and that both served the same shoppers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from twin_input import boundless, twin_input

from pullcord.base import InvalidInput, NotFound
from pullcord.twin.inputs import TwinInput
from pullcord.twin.planning import Case, Outcome, economics, wants_news
from pullcord.twin.pull import pull_world
from pullcord.twin.push import push_world
from pullcord.twin.results import MEASURES, World
from pullcord.twin.shoppers import Luck, Queue, draw_luck, draw_shoppers, line_up
from pullcord.twin.worlds import measure, worlds

SEED = 20261109
REPLICATIONS = range(3)
CASES = [Case(0, True), Case(30, False), Case(91, True)]


@dataclass(frozen=True)
class Run:
    given: TwinInput
    line: Queue
    luck: Luck
    outcome: Outcome


def run(world: str, given: TwinInput) -> Run:
    crowds = [draw_shoppers(given, SEED, replication) for replication in REPLICATIONS]
    who = [np.ones(c.wants.size, dtype=bool) if world == "push" else c.wants for c in crowds]
    line, luck = line_up(crowds, who), draw_luck(given, SEED, REPLICATIONS)
    serve = push_world if world == "push" else pull_world
    return Run(given, line, luck, serve(given, line, wants_news(given, line, CASES), luck, CASES))


@pytest.fixture(scope="module")
def push() -> Run:
    return run("push", twin_input())


@pytest.fixture(scope="module")
def pull() -> Run:
    return run("pull", twin_input())


def sold_by_week(one: Run) -> Any:
    """int[case, replication, week]: units sold by the end of each week."""
    weeks = one.line.day // 7
    sold = np.zeros((*one.outcome.built.shape[:2], one.given.weeks), dtype=int)
    place, case, rep = np.nonzero(one.outcome.bought >= 0)
    np.add.at(sold, (case, rep, weeks[place]), 1)
    return sold.cumsum(axis=2)


def test_push_loses_no_unit(push: Run) -> None:
    """What was built is sold or in stock: the rest, the opening stock, is the same in every week."""
    built = push.outcome.built.cumsum(axis=2)
    opening = push.outcome.stock + sold_by_week(push) - built
    assert (opening == opening[:, :, :1]).all()
    assert (opening >= 0).all()
    assert (push.outcome.stock >= 0).all()


def test_pull_builds_nothing_without_an_order(pull: Run) -> None:
    out = pull.outcome
    assert (out.stock == 0).all()
    assert (out.unsold == 0).all()
    assert (out.backlog >= 0).all()
    handed_over = (out.bought >= 0) & (out.delivered_day > 0)
    assert (handed_over.sum(axis=0) == out.built.sum(axis=2)).all()
    still_open = ((out.bought >= 0) & (out.delivered_day == 0)).sum(axis=0)
    assert (still_open == out.backlog[:, :, -1]).all()


def test_every_order_of_the_measured_weeks_is_delivered_or_cancelled(pull: Run) -> None:
    first, last = pull.given.measured_days
    came = (pull.line.day >= first) & (pull.line.day < last)
    bought = pull.outcome.bought[came] >= 0
    assert (pull.outcome.delivered_day[came][bought] > pull.line.day[came][np.nonzero(bought)[0]]).all()


@pytest.mark.parametrize("world", ["push", "pull"])
def test_nobody_is_served_who_is_not_there_or_would_rather_leave(world: str, request: pytest.FixtureRequest) -> None:
    one: Run = request.getfixturevalue(world)
    place, case, rep = np.nonzero(one.outcome.bought >= 0)
    assert (one.line.shopper[place, rep] >= 0).all()
    utility = one.line.utility[place, rep, one.outcome.bought[place, case, rep]]
    price = economics(one.given)[0][one.outcome.bought[place, case, rep]]
    cheaper = one.outcome.marked_down[place, case, rep] * one.given.price_sensitivity * one.given.markdown_share * price
    assert (utility + cheaper > one.line.outside[place, rep]).all()
    promised_wait = one.outcome.promised_day[place, case, rep] - one.line.day[place]
    assert (promised_wait <= one.line.patience_days[place, rep]).all()
    assert (promised_wait > 0).all()


@pytest.mark.parametrize("world", ["push", "pull"])
def test_the_plant_never_builds_more_than_it_can(world: str, request: pytest.FixtureRequest) -> None:
    one: Run = request.getfixturevalue(world)
    assert (one.outcome.built <= one.luck.capacity[None]).all()
    assert (one.outcome.kits >= 0).all()


def test_both_worlds_see_the_same_wants(push: Run, pull: Run) -> None:
    for rep in range(len(REPLICATIONS)):
        in_push = push.line.shopper[push.line.wants[:, rep], rep]
        in_pull = pull.line.shopper[pull.line.wants[:, rep], rep]
        assert np.array_equal(in_push, in_pull)
        for name in ("utility", "outside", "patience_days", "first_choice", "region", "transit_noise_days"):
            one = getattr(push.line, name)[push.line.wants[:, rep], rep]
            assert np.array_equal(one, getattr(pull.line, name)[pull.line.wants[:, rep], rep]), name


@pytest.mark.parametrize("world", ["push", "pull"])
def test_money_is_what_separates_the_world_from_the_ideal(world: str, request: pytest.FixtureRequest) -> None:
    """Profit if everyone had the first choice at once, minus profit as it was: M7 leaves nothing out."""
    one: Run = request.getfixturevalue(world)
    price, _, _, margin = economics(one.given)
    first, last = one.given.measured_days
    came = (one.line.day >= first) & (one.line.day < last)
    for at in range(len(CASES)):
        for rep in range(len(REPLICATIONS)):
            wants = one.line.wants[:, rep] & came
            ideal = margin[one.line.first_choice[wants, rep]].sum()
            profit = 0.0
            for place in np.flatnonzero(came & (one.outcome.bought[:, at, rep] >= 0)):
                v = one.outcome.bought[place, at, rep]
                profit += margin[v]
                profit -= one.outcome.marked_down[place, at, rep] * one.given.markdown_share * price[v]
            profit -= (one.outcome.expedited[:, at, rep] & came).sum() * one.given.expedite_cost
            stock = one.outcome.standing_value_days[at, rep] + one.outcome.kit_value_days[at, rep]
            profit -= stock * one.given.holding_share_per_year / 365
            financed = stock + one.outcome.moving_value_days[at, rep]
            profit -= financed * one.given.financing_rate_per_year / 365
            m7 = measure(one.given, one.line, one.outcome, at)["m7"][rep]
            assert m7 * wants.sum() == pytest.approx(ideal - profit)


def test_nothing_in_the_way_leaves_nothing_amiss_in_pull() -> None:
    result = worlds(boundless(), seed=SEED, replications=range(2), delays_days=(0,))
    for key in ("m1", "m1_lost", "m2_share", "m2_loss", "m3_error", "m3_late", "m7_lost_margin"):
        assert result.row(World.PULL, 0, key).by_replication == (0.0, 0.0), key


def test_nobody_comes_nothing_is_amiss() -> None:
    result = worlds(twin_input(units_per_week=0.0), seed=SEED, replications=range(2), delays_days=(0, 30))
    for row in result.rows:
        assert row.by_replication == (0.0, 0.0), row


def test_who_will_not_wait_a_day_is_lost_in_both_worlds() -> None:
    hasty = twin_input(patience_median_days=0.01, patience_sigma=0.1)
    result = worlds(hasty, seed=SEED, replications=range(2), delays_days=(0,))
    for world in World:
        assert result.row(world, 0, "m1_lost").by_replication == (1.0, 1.0)


def test_pull_pays_for_waiting_when_shoppers_do_not_wait() -> None:
    """Two weeks are too long for most: push, which has units at hand, loses fewer customers."""
    result = worlds(twin_input(patience_median_days=8.0), seed=SEED, replications=range(4), delays_days=(0,))
    between = result.difference(World.PUSH, 0, World.PULL, "m1_lost").interval
    assert between.high < 0


def test_dates_hold_where_plant_parts_and_roads_keep_time() -> None:
    calm = twin_input(availability=1.0, availability_sd=0.0, kit_late_share=0.0, transit_sd_days=0.0)
    result = worlds(calm, seed=SEED, replications=range(2), delays_days=(0, 91))
    for delay in (0, 91):
        assert result.row(World.PULL, delay, "m3_error").by_replication == (0.0, 0.0)


RULES = [(2,) * 7, (2, 2, 2, 2, 3, 3, 3), (1, 1, 1, 1, 1, 2, 2), (5,) * 7, (14,) * 7]


@pytest.fixture(scope="module", params=RULES, ids=str)
def ruled(request: pytest.FixtureRequest) -> Run:
    return run("pull", twin_input(open_weeks=request.param))


def test_no_order_is_built_before_the_first_week_open_to_its_quote(ruled: Run) -> None:
    place, case, rep = np.nonzero((ruled.outcome.bought >= 0) & (ruled.outcome.delivered_day > 0))
    quoted = ruled.line.day[place]
    opens = 7 * (quoted // 7 + np.array(ruled.given.open_weeks)[quoted % 7])
    transit = np.array([region.transit_days for region in ruled.given.regions])[ruled.line.region[place, rep]]
    on_the_road = np.maximum(transit + ruled.line.transit_noise_days[place, rep], 1)
    assert (ruled.outcome.promised_day[place, case, rep] - transit >= opens).all()
    assert (ruled.outcome.delivered_day[place, case, rep] - on_the_road >= opens).all()


def test_a_rule_on_dates_neither_makes_nor_loses_a_unit(ruled: Run) -> None:
    test_pull_builds_nothing_without_an_order(ruled)
    test_every_order_of_the_measured_weeks_is_delivered_or_cancelled(ruled)
    assert (ruled.outcome.built <= ruled.luck.capacity[None]).all()
    assert (ruled.outcome.kits >= 0).all()
    promised_wait = ruled.outcome.promised_day - ruled.line.day[:, None, None]
    waits = np.where(ruled.outcome.bought >= 0, promised_wait, 0)
    assert (waits <= ruled.line.patience_days[:, None, :]).all()


def test_a_later_first_week_never_shortens_a_wait() -> None:
    """Where everybody is served, each shopper waits no less for a later first week."""
    longest = None
    for opens in ((1,) * 7, (1, 1, 1, 1, 1, 2, 2), (2,) * 7, (2, 2, 2, 2, 3, 3, 3), (4,) * 7):
        one = run("pull", boundless(open_weeks=opens))
        wait = np.where(one.outcome.bought >= 0, one.outcome.promised_day - one.line.day[:, None, None], 0)
        if longest is not None:
            assert (wait >= longest - 1).all()  # a day: the emptier a week, the earlier in it is the next build
            assert wait.sum() > longest.sum()
        longest = wait


def test_pull_whose_rule_leaves_next_week_open_is_prompt_pull() -> None:
    result = worlds(twin_input(), seed=SEED, replications=range(2), delays_days=(0, 30))
    for delay in (0, 30):
        for kind in MEASURES:
            one, two = (result.row(world, delay, kind.key) for world in (World.PULL, World.PULL_PROMPT))
            assert one.by_replication == two.by_replication, kind.key
            assert set(result.difference(World.PULL, delay, World.PULL_PROMPT, kind.key).by_replication) == {0.0}


def test_the_rule_changes_pull_alone() -> None:
    """Push and prompt pull do not know it; pull pays for it with customers who will not wait."""
    free, ruled = (
        worlds(twin_input(open_weeks=opens), seed=SEED, replications=range(3), delays_days=(0,))
        for opens in ((1,) * 7, (2, 2, 2, 2, 3, 3, 3))
    )
    for world in (World.PUSH, World.PUSH_INFORMED, World.PULL_PROMPT):
        for kind in MEASURES:
            assert free.row(world, 0, kind.key).by_replication == ruled.row(world, 0, kind.key).by_replication
    cost = ruled.difference(World.PULL, 0, World.PULL_PROMPT, "m1").by_replication
    assert min(cost) > 0
    both = [ruled.difference(World.PUSH, 0, other, "m1").by_replication for other in (World.PULL, World.PULL_PROMPT)]
    assert np.subtract(both[1], both[0]) == pytest.approx(cost)


def test_orders_that_come_early_enough_need_no_parts_in_stock() -> None:
    """Where the first promised week lies beyond the lead time, parts are called off for orders alone."""
    early = twin_input(open_weeks=(8,) * 7, kit_late_share=0.0, patience_median_days=200.0)
    result = worlds(early, seed=SEED, replications=range(2), delays_days=(0,))
    with_rule, prompt = (result.row(world, 0, "kit_weeks").interval.mean for world in (World.PULL, World.PULL_PROMPT))
    assert with_rule < prompt


@pytest.mark.parametrize("opens", [(), (1,) * 6, (0,) * 7, (1, 1, 1, 1, 1, 1, 15)])
def test_first_weeks_that_make_no_sense_are_refused(opens: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput, match="open_weeks"):
        twin_input(open_weeks=opens)


def test_a_scarce_plant_is_scarce_for_both() -> None:
    scarce = twin_input(capacity_per_week=5, patience_median_days=60.0)
    result = worlds(scarce, seed=SEED, replications=range(2), delays_days=(0,))
    for world in World:
        assert min(result.row(world, 0, "m1_lost").by_replication) > 0.5, world


def test_stale_news_costs_push_more_units_and_pull_more_parts() -> None:
    lively = twin_input(measured_weeks=40, units_per_week=30.0, capacity_per_week=42)
    result = worlds(lively, seed=SEED, replications=range(8), delays_days=(0, 91))
    assert result.difference(World.PUSH, 91, World.PUSH, "m1", 0).interval.low > 0
    assert result.difference(World.PULL, 91, World.PULL, "kit_weeks", 0).interval.low > 0


def test_slow_shared_parts_are_stocked_by_pull_and_nothing_to_push() -> None:
    results = {
        weeks: worlds(twin_input(common_lead_weeks=weeks), seed=SEED, replications=range(3), delays_days=(0,))
        for weeks in (2, 12)
    }
    quick, slow = (np.array(results[weeks].row(World.PULL, 0, "kit_weeks").by_replication) for weeks in (2, 12))
    assert (slow > quick).all()
    pushes = [result.row(World.PUSH, 0, "m7").by_replication for result in results.values()]
    assert pushes[0] == pushes[1]


def test_the_same_seed_gives_the_same_bytes_and_every_number_is_written() -> None:
    given = twin_input()
    results = [worlds(given, seed=SEED, replications=range(2), delays_days=(0, 7), shown=1) for _ in range(2)]
    first, second = (json.dumps(result.to_dict(each_replication=True), allow_nan=False) for result in results)
    assert first == second
    plain = json.loads(first)
    assert len(plain["rows"]) == len(World) * 2 * len(MEASURES)
    assert all(len(row["by_replication"]) == 2 for row in plain["rows"])
    assert {len(series["demand"]) for series in plain["series"]} == {given.measured_weeks}
    assert plain["measures"]["m7"]["unit"] == "EUR per unit of demand"
    demand = {tuple(series["demand"]) for series in plain["series"]}
    assert len(demand) == 1  # the same shoppers in every world


def test_a_replication_does_not_depend_on_its_neighbours() -> None:
    given = twin_input()
    together = worlds(given, seed=SEED, replications=(0, 1, 2), delays_days=(0, 30))
    apart = worlds(given, seed=SEED, replications=(2, 7), delays_days=(30,))
    for world in World:
        for kind in MEASURES:
            one = together.row(world, 30, kind.key).by_replication[2]
            assert apart.row(world, 30, kind.key).by_replication[0] == pytest.approx(one), kind.key


def test_what_was_not_run_cannot_be_asked_for() -> None:
    result = worlds(twin_input(), seed=SEED, replications=range(2), delays_days=(0,))
    with pytest.raises(NotFound, match="at 30 days"):
        result.row(World.PUSH, 30, "m1")
    with pytest.raises(NotFound, match="did not compare"):
        result.difference(World.PULL, 0, World.PUSH, "m1")
    with pytest.raises(InvalidInput, match="twice"):
        worlds(twin_input(), seed=SEED, replications=(1, 1))
    with pytest.raises(InvalidInput, match="delays"):
        worlds(twin_input(), seed=SEED, replications=(1, 2), delays_days=(-1,))
