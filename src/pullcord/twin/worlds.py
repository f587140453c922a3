"""Push against pull on the same simulated shoppers, at every setting of the delay dial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from pullcord.base import InvalidInput
from pullcord.mismatch import (
    MoneyLines,
    configuration_mismatch,
    date_mismatch,
    mean_interval,
    paired_interval,
    unit_mismatch,
)

from .inputs import DELAYS_DAYS, TwinInput
from .planning import Case, Outcome, economics, wants_news
from .pull import pull_world
from .push import push_world
from .results import MEASURES, Difference, Row, Series, TwinResult, World
from .shoppers import Floats, Queue, draw_luck, draw_shoppers, line_up

_INFORMED = {
    World.PUSH: False,
    World.PUSH_INFORMED: True,
    World.PULL: True,
    World.PULL_UNINFORMED: False,
    World.PULL_PROMPT: True,
}
_PUSHES = (World.PUSH, World.PUSH_INFORMED)
_PULLS = (World.PULL, World.PULL_UNINFORMED)
_PROMPT = (World.PULL_PROMPT,)


def worlds(
    given: TwinInput,
    *,
    seed: int,
    replications: Sequence[int] = tuple(range(30)),
    delays_days: Sequence[int] = DELAYS_DAYS,
    shown: int = 0,
) -> TwinResult:
    """Both worlds and their ablations at every delay: measures, paired differences, and one replication's weeks.

    Parameters
    ----------
    seed : the program's seed; with each number in `replications` it names the streams of chance
    delays_days : how old news is when it reaches a planner
    shown : position in `replications` of the one whose weeks are kept
    """
    if len(set(replications)) != len(replications) or len(set(delays_days)) != len(delays_days):
        raise InvalidInput("a replication or a delay is named twice", "name each of them once")
    if not delays_days or min(delays_days) < 0 or not 0 <= shown < len(replications):
        raise InvalidInput(f"cannot run delays {list(delays_days)} and show replication {shown}", "give delays >= 0")
    crowds = [draw_shoppers(given, seed, replication) for replication in replications]
    luck = draw_luck(given, seed, replications)
    markdown = given.price_sensitivity * given.markdown_share * economics(given)[0]
    # Whom no markdown could move never buys in either world, and is not looked at; pull has no markdowns.
    movable = [(crowd.utility + markdown).max(axis=1) > crowd.outside for crowd in crowds]
    wanting = [crowd.wants for crowd in crowds]
    sides = (
        (_PUSHES, push_world, given, movable),
        (_PULLS, pull_world, given, wanting),
        (_PROMPT, pull_world, replace(given, open_weeks=(1,) * 7), wanting),
    )
    values: dict[tuple[World, int, str], Floats] = {}
    series: list[Series] = []
    for group, run, told, who in sides:
        line = line_up(crowds, who)
        settings = list(product(group, delays_days))
        cases = [Case(delay, _INFORMED[world]) for world, delay in settings]
        outcome = run(told, line, wants_news(told, line, cases), luck, cases)
        for at, (world, delay) in enumerate(settings):
            for key, by_replication in measure(given, line, outcome, at).items():
                values[world, delay, key] = by_replication
            series.append(_series(given, line, outcome, at, shown, world, delay, replications[shown]))
        del line, outcome  # the largest arrays of all: the other world needs the room
    rows = tuple(
        Row(world, delay, key, mean_interval(by_replication), tuple(by_replication.tolist()))
        for (world, delay, key), by_replication in values.items()
    )
    return TwinResult(
        seed=seed,
        replications=tuple(replications),
        delays_days=tuple(delays_days),
        currency=given.currency,
        units_per_shopper=given.units_per_shopper,
        rows=rows,
        differences=tuple(_differences(values, delays_days)),
        series=tuple(series),
    )


def _differences(values: dict[tuple[World, int, str], Floats], delays_days: Sequence[int]) -> Iterator[Difference]:
    """Push minus pull; what the program's rule costs pull; what news of configurations and fresher news are worth."""
    freshest = min(delays_days)
    pairs: list[tuple[World, int, World, int]] = []
    for delay in delays_days:
        pairs.append((World.PUSH, delay, World.PULL, delay))
        pairs.append((World.PUSH, delay, World.PULL_PROMPT, delay))
        pairs.append((World.PULL, delay, World.PULL_PROMPT, delay))
        pairs.append((World.PUSH, delay, World.PUSH_INFORMED, delay))
        pairs.append((World.PULL_UNINFORMED, delay, World.PULL, delay))
        if delay != freshest:
            pairs.extend((world, delay, world, freshest) for world in (World.PUSH, World.PULL))
    for (world, delay, other, other_delay), kind in product(pairs, MEASURES):
        one, two = values[world, delay, kind.key], values[other, other_delay, kind.key]
        between = paired_interval(one, two)
        yield Difference(world, delay, other, other_delay, kind.key, between, tuple((one - two).tolist()))


def measure(given: TwinInput, line: Queue, outcome: Outcome, at: int) -> dict[str, Floats]:
    """float64[replication] for each key of MEASURES: one case of a world, over shoppers who came in measured weeks."""
    price, _, _, margin = economics(given)
    first_day, last_day = given.measured_days
    came = ((line.day >= first_day) & (line.day < last_day))[:, None] & (line.shopper >= 0)
    wants = line.wants & came
    bought = outcome.bought[:, at].astype(np.int64)
    buys = (bought >= 0) & came
    demand = wants.sum(axis=0).astype(np.float64)
    lost = (wants & ~buys).sum(axis=0)
    unsold = outcome.unsold[at]

    got = np.where(buys, bought, 0)
    wanted_utility = np.take_along_axis(line.utility, line.first_choice[..., None], axis=2)[..., 0]
    got_utility = np.take_along_axis(line.utility, got[..., None], axis=2)[..., 0]
    loss = (wanted_utility - got_utility) / given.price_sensitivity
    m2_share, m2_loss = configuration_mismatch(line.first_choice, bought, loss, wants & buys)

    delivered, promised = outcome.delivered_day[:, at], outcome.promised_day[:, at]
    m3_error, m3_late = date_mismatch(promised, delivered, buys)
    waits = np.where(buys, delivered - line.day[:, None], 0).sum(axis=0) / np.maximum(buys.sum(axis=0), 1)

    held = outcome.standing_value_days[at] + outcome.kit_value_days[at]
    financed = held + outcome.moving_value_days[at]
    reduced = np.where(outcome.marked_down[:, at] & came, price[got], 0.0).sum(axis=0)
    ideal = np.where(wants, margin[line.first_choice], 0.0).sum(axis=0)
    earned = np.where(buys, margin[got], 0.0).sum(axis=0)
    money = MoneyLines(
        holding=held * given.holding_share_per_year / 365,
        markdown=reduced * given.markdown_share,
        lost_margin=ideal - earned,
        expedite=(outcome.expedited[:, at] & came).sum(axis=0) * given.expedite_cost,
        financing=financed * given.financing_rate_per_year / 365,
    ).per_unit(demand)

    weeks = slice(given.warm_up_weeks, given.warm_up_weeks + given.measured_weeks)
    weekly_demand = np.maximum(demand / given.measured_weeks, 1e-9)
    nothing = np.zeros_like(demand)
    return {
        "m1": unit_mismatch(unsold, lost, demand),
        "m1_unsold": unit_mismatch(unsold, nothing, demand),
        "m1_lost": unit_mismatch(nothing, lost, demand),
        "m2_share": m2_share,
        "m2_loss": m2_loss,
        "m3_error": m3_error,
        "m3_late": m3_late,
        "m7": money.total,
        "m7_holding": money.holding,
        "m7_markdown": money.markdown,
        "m7_lost_margin": money.lost_margin,
        "m7_expedite": money.expedite,
        "m7_financing": money.financing,
        "wait": waits,
        "stock_weeks": outcome.stock[at, :, weeks].mean(axis=1) / weekly_demand,
        "kit_weeks": outcome.kits[at, :, weeks].mean(axis=1) / weekly_demand,
        "sold": buys.sum(axis=0) / np.maximum(demand, 1),
    }


def _series(
    given: TwinInput, line: Queue, outcome: Outcome, at: int, rep: int, world: World, delay: int, name: int
) -> Series:
    first, last = given.warm_up_weeks, given.warm_up_weeks + given.measured_weeks
    wants = line.wants[:, rep]
    none = outcome.bought[:, at, rep] < 0

    def weekly(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[int, ...]:
        return tuple(int(count) for count in counts[first:last])

    return Series(
        world=world,
        delay_days=delay,
        replication=name,
        week=tuple(range(given.measured_weeks)),
        demand=weekly(np.bincount(line.day[wants] // 7, minlength=given.weeks)),
        lost=weekly(np.bincount(line.day[wants & none] // 7, minlength=given.weeks)),
        built=weekly(outcome.built[at, rep]),
        stock=weekly(outcome.stock[at, rep]),
        backlog=weekly(outcome.backlog[at, rep]),
        kits=weekly(np.rint(outcome.kits[at, rep]).astype(np.int64)),
    )
