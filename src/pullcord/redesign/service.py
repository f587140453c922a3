"""The use case: the best line of a program, and everything one must know before believing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pullcord import offers
from pullcord.base import InvalidInput, Money
from pullcord.demand import Interval
from pullcord.offers import BestLine, Objective
from pullcord.outlook import Outlook
from pullcord.program import Program

from .answer import FrontPoint, Offer, Reading, Redesign, Totals
from .ground import LADDER, Draws, Ground, Line
from .robust import most_robust
from .sensitivity import sensitivities, today_would_be_best

Floats = NDArray[np.float64]
Progress = Callable[[str, float], None]

METHOD = (
    "Exact for the model: nested logit with the own variants in one nest; branch and bound on intervals of the line's"
    " weight, each with the chord of a concave function (Dinkelbach 1967; Davis, Gallego and Topaloglu 2013); with a"
    " profit floor an integer program on each (HiGHS)."
)
FRONT_POINTS = 7
ROUNDS = 20  # of line and rivals' prices answering each other


def design(
    program: Program,
    *,
    objective: Objective = Objective.PROFIT,
    profit_floor: float | None = None,
    variants_max: int | None = None,
    fixed_cost: float = 0.0,
    pareto: bool = False,
    robust: float | None = None,
    rivals_react: bool = False,
    seed: int | None = None,
    draws: int = 2000,
    progress: Progress | None = None,
) -> Redesign:
    """The line of variants and prices that is best for the objective, proved so, before the program's real rivals.

    Surplus and volume are sought among lines that earn `profit_floor` a month in major units; by default what today's
    line earns. `fixed_cost` is due each month for each variant offered. `robust` seeks the line best over draws of what
    is not known instead: 0.5 or above for the mean, below for that quantile of the draws. With `rivals_react` each
    rival answers with the price that earns it most. Same program and seed: same answer.
    """
    if robust is not None and not 0 < robust < 1:
        raise InvalidInput(f"a quantile of {robust}", "give one between 0 and 1; 0.5 or above means the mean")
    say = progress or (lambda what, done: None)
    seed = program.seed if seed is None else seed
    say("reading the market", 0.0)
    outlook = Outlook(program)
    ground = Ground(outlook, fixed_cost=fixed_cost, variants_max=variants_max)
    given = ground.candidates()
    drawn = ground.draws(seed, draws)
    today = offers.line_worth(given, ground.today)
    as_today = _reading(ground, drawn, ground.today, today)  # before any rival answers
    floor = _floor(objective, profit_floor, today.profit)
    say("seeking the best line", 0.2)
    best = offers.best_line(given, objective, profit_floor=floor)
    warnings = list(ground.words)
    rivals: tuple[tuple[str, Money, Money], ...] = ()
    if rivals_react:
        best, rivals = _with_rivals(ground, best, objective, floor, warnings)
        given = ground.candidates()
    regret = None
    if robust is not None:
        say("seeking the line that stands most draws", 0.4)
        chosen, regret = most_robust(ground, drawn, best.chosen, objective, floor, robust)
        worth = offers.line_worth(given, chosen)
        value = worth.of(objective)
        gap = (best.bound - value) / abs(best.bound) if best.bound else 0.0
        proved = best.proved and chosen == best.chosen
        near = offers.nearest_line(given, chosen, objective, floor)
        best = replace(best, chosen=chosen, worth=worth, value=value, gap=gap, proved=proved, nearest=near)
    say("how hard buyers mind the price", 0.7)
    lerner = today_would_be_best(ground)
    elasticity = outlook.prediction.price_elasticity
    rows = sensitivities(ground, objective, floor, lerner, elasticity)
    say("the front", 0.85)
    front = _front(ground, given) if pareto else ()
    warnings += _warnings(ground, best, objective, profit_floor, lerner, elasticity)
    say("done", 1.0)
    return Redesign(
        program_id=program.program_id,
        objective=objective,
        currency=program.currency,
        seed=seed,
        profit_floor=None if np.isneginf(floor) else floor,
        line=_offers(ground, best, drawn),
        value=best.value,
        bound=best.bound,
        gap=best.gap,
        proved=best.proved,
        method=METHOD,
        found=_reading(ground, drawn, best.chosen, best.worth),
        today=as_today,
        nearest=None if best.nearest is None else difference(ground, best.chosen, best.nearest),
        nearest_value=None if best.nearest is None else offers.line_worth(given, best.nearest).of(objective),
        break_even_volume=_break_even_volume(best, today.profit, fixed_cost * len(best.chosen)),
        elasticity=elasticity,
        sensitivity=rows,
        front=front,
        regret=regret,
        rivals=rivals,
        warnings=tuple(warnings),
    )


def _floor(objective: Objective, stated: float | None, today: float) -> float:
    if stated is not None:
        return stated
    return -np.inf if objective is Objective.PROFIT else today


def _reading(ground: Ground, drawn: Draws, line: Line, worth: offers.LineWorth) -> Reading:
    told = ground.over_draws(drawn, line)
    return Reading(
        Totals(worth.profit, worth.surplus, worth.volume),
        _interval(told.profit),
        _interval(told.surplus),
        _interval(told.volume),
    )


def _interval(values: Floats) -> Interval:
    low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
    return Interval(float(low), float(median), float(high))


def _offers(ground: Ground, best: BestLine, drawn: Draws) -> tuple[Offer, ...]:
    program = ground.program
    told = ground.over_draws(drawn, best.chosen).share
    lines = []
    for place, i in enumerate(best.chosen):
        v, multiple = i // len(LADDER), LADDER[i % len(LADDER)]
        variant = ground.variants[v]
        net = float(ground.taken[v] - ground.commission[v])
        lines.append(
            Offer(
                variant_id=variant.variant_id,
                name=variant.name,
                multiple=multiple,
                price=_money(ground.weighed[v] * multiple, program.currency),
                card=tuple(
                    (p.plan, _money(float(p.price.major) * multiple, program.currency))
                    for p in program.prices
                    if p.variant_id == variant.variant_id
                ),
                margin=_money(float(ground.margin[i]), program.currency),
                break_even=_money(float(ground.weighed[v]) * float(ground.unit_cost[v]) / net, program.currency),
                share=float(best.worth.share[place]),
                share_95=_interval(told[:, place]),
            )
        )
    return tuple(lines)


def _money(major: float, currency: str) -> Money:
    whole = Money.of(1, currency).minor
    return Money(round(major * whole), currency)


def prices_of(ground: Ground, line: Line) -> tuple[tuple[str, float | None], ...]:
    """Each variant's multiple of today's price in a line, None where it is left out."""
    at = {i // len(LADDER): LADDER[i % len(LADDER)] for i in line}
    return tuple((variant.variant_id, at.get(v)) for v, variant in enumerate(ground.variants))


def difference(ground: Ground, line: Line, other: Line) -> str:
    """What one line changes in another, in words."""
    said = []
    for (variant, here), (_, there) in zip(prices_of(ground, line), prices_of(ground, other), strict=True):
        if here == there:
            continue
        if there is None:
            said.append(f"without `{variant}`")
        elif here is None:
            said.append(f"with `{variant}` at {there:.2f} times today's price")
        else:
            said.append(f"`{variant}` at {there:.2f} instead of {here:.2f} times today's price")
    return ", ".join(said) or "the same line"


def _break_even_volume(best: BestLine, today: float, fixed: float) -> float | None:
    """Units a month at which the line earns what today's does; None where a unit earns nothing."""
    volume = best.worth.volume
    if not volume:
        return None
    per_unit = (best.worth.profit + fixed) / volume
    return (today + fixed) / per_unit if per_unit > 0 else None


def _front(ground: Ground, given: offers.Candidates) -> tuple[FrontPoint, ...]:
    """Lines from the most profit to the most surplus that no other line beats in both."""
    most = offers.best_line(given, Objective.PROFIT)
    widest = offers.best_line(given, Objective.SURPLUS)
    points: dict[Line, FrontPoint] = {}
    for floor in np.linspace(most.value, min(widest.worth.profit, most.value), FRONT_POINTS):
        found = offers.best_line(
            given, Objective.SURPLUS, profit_floor=float(floor) - 1e-9 * abs(float(floor)), gap_max=1e-3
        )
        points.setdefault(
            found.chosen,
            FrontPoint(found.worth.profit, found.worth.surplus, found.bound, prices_of(ground, found.chosen)),
        )
    return tuple(sorted(points.values(), key=lambda p: (-p.profit, p.surplus)))


def _with_rivals(
    ground: Ground, best: BestLine, objective: Objective, floor: float, warnings: list[str]
) -> tuple[BestLine, tuple[tuple[str, Money, Money], ...]]:
    """The best line where each rival answers it with its own best price, and those prices."""
    market, b = ground.outlook.market, -ground.price_taste
    prices = np.array([float(r.price.major) for r in market.rivals])
    shares = np.array(market.shares)
    owner = np.arange(len(prices))
    costs = offers.costs_behind(prices, shares, owner, ground.price_taste)
    quality = np.log(shares / market.outside_share) + b * prices  # against the outside good
    answer = prices
    for _ in range(ROUNDS):
        own = _own_weight(ground, best) / market.outside_share
        answer = offers.bertrand_prices(quality, costs, owner, ground.price_taste, 1 + own)
        moved = market.outside_share * (1 + float(np.exp(quality - b * answer).sum()))
        if abs(moved - ground.others) < 1e-9:
            break
        ground.others = moved
        best = offers.best_line(ground.candidates(), objective, profit_floor=floor)
    warnings.append(
        "rivals answer with one price each, as if each car were its maker's only one; their costs are those that make"
        " today's prices best for them under the same tastes"
    )
    if (below := int((costs < 0).sum())) > 0:
        warnings.append(
            f"{below} of {len(costs)} rivals would then have costs below zero: the taste for price is too weak to"
            " explain their prices, and their answer is no forecast"
        )
    currency = ground.program.currency
    told = tuple(
        (rival.product_id, rival.price, _money(float(price), currency))
        for rival, price in zip(market.rivals, answer, strict=True)
    )
    return best, told


def _own_weight(ground: Ground, best: BestLine) -> float:
    """exp of the line's inclusive value, against the rivals and the outside good at 1 together."""
    given = ground.candidates()
    chosen = list(best.chosen)
    return float(np.power(given.weight[chosen].sum(), ground.scale)) if chosen else 0.0


def _warnings(
    ground: Ground,
    best: BestLine,
    objective: Objective,
    stated: float | None,
    lerner: float | None,
    elasticity: float,
) -> list[str]:
    said = [
        (
            "the bound holds for the candidates (named variants at"
            f" {LADDER[0]:.2f} to {LADDER[-1]:.2f} times today's price, in steps of 0.05) and for the model at the"
            " middle of what is believed, not for the market"
        ),
        (
            "nothing says what buyers would pay for one variant over another: each is taken to be worth its difference"
            " in price today, so that all sell alike at today's prices"
        ),
        f"how readily buyers change variant is an assumption (`taste_nest_scale` {ground.scale:g})",
        (
            "profit is of all parties together but the platform, whose commission is a cost; a rented pack's worth at"
            " the end is left out, and all plans of a variant move together"
        ),
    ]
    if not ground.fixed_cost:
        said.append("no fixed cost of a variant is stated: a longer line looks better than it is")
    at_top = [i for i in best.chosen if LADDER[i % len(LADDER)] == LADDER[-1]]
    if objective is Objective.PROFIT and at_top:
        said.append(
            f"{len(at_top)} of {len(best.chosen)} prices stand at the top of the ladder: that is where the search was"
            " stopped, not where profit is most"
        )
    if elasticity > -1:
        said.append(
            f"1 % on the price costs {-elasticity:.2f} % of the buyers under these tastes; no seller would believe it,"
            " and none should raise prices because of it"
        )
    if lerner is not None:
        said.append(
            f"today's prices would be the most profitable if buyers minded the price {lerner:.1f} times as much"
            f" (elasticity {elasticity * lerner:.1f}, Lerner's condition); the sensitivity shows the line for it"
        )
    else:
        said.append("today's line earns nothing on a unit, so that no taste for price makes its prices the best")
    if objective is not Objective.PROFIT:
        floor = "as stated" if stated is not None else "what today's line earns"
        said.append(
            f"the profit floor is {floor}; under this model the line of most surplus is also that of most volume"
        )
    return said
