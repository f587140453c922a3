"""The market as the report tells it: the outlook, the rivals' map, the price curve, and who we take buyers from."""

from __future__ import annotations

import numpy as np

from pullcord import demand
from pullcord.base import Money
from pullcord.demand import OUTSIDE, ShareDraws
from pullcord.outlook import Outlook

from .level import Believed, ToldOrders
from .model import Estimate, MarketOutlook, PlanPoint, PricePoint, Reach, RivalPoint, Substitute

PRICE_POINTS = 13
PRICE_RANGE = (0.7, 1.3)  # of the effective price; stretched to hold every plan's


def market_outlook(
    outlook: Outlook, drawn: ShareDraws, told: ToldOrders | None = None, learned: Believed | None = None
) -> MarketOutlook:
    """What the new product would take of the market, before anybody has ordered and after what was told of orders."""
    market, said = outlook.market, outlook.prediction
    size = market.units_per_month
    return MarketOutlook(
        months=market.months,
        units_per_month=round(size, 3),
        outside_good=market.outside_good,
        effective_price=outlook.newcomer.price,
        share=round(drawn.point, 6),
        share_tastes=Reach(round(said.tastes_only.low, 6), round(said.tastes_only.high, 6)),
        share_all=Reach(round(said.tastes_and_constant.low, 6), round(said.tastes_and_constant.high, 6)),
        units=Estimate(
            round(said.units_mean, 3), round(said.units_per_month.low, 3), round(said.units_per_month.high, 3)
        ),
        units_middle=round(drawn.point * size, 3),
        units_tastes=Reach(round(said.tastes_only.low * size, 3), round(said.tastes_only.high * size, 3)),
        price_elasticity=round(said.price_elasticity, 4),
        now=None if learned is None else _estimate(learned),
        orders_told=told.total if told is not None and learned is not None else None,
        weeks_told=round(told.exposure_weeks(outlook), 3) if told is not None and learned is not None else None,
    )


def _estimate(learned: Believed) -> Estimate:
    low, high = np.quantile(learned.draws, [0.025, 0.975])
    return Estimate(round(learned.mean, 3), round(float(low), 3), round(float(high), 3))


def map_attribute(outlook: Outlook) -> str | None:
    """The attribute whose taste is known best (largest t value) and that every product on the map has."""
    program = outlook.program
    tastes = [taste for taste in program.tastes if not taste.attribute.startswith("price_")]
    tastes.sort(key=lambda t: (-abs(t.mean) / t.standard_error if t.standard_error > 0 else 0.0, t.attribute))
    return next((t.attribute for t in tastes if outlook.newcomer.attribute(t.attribute) is not None), None)


def rival_points(outlook: Outlook, attribute: str | None) -> tuple[RivalPoint, ...]:
    """Products on sale by price and attribute, best sellers first; ours stands at what buyers weigh it at."""
    if attribute is None:
        return ()
    market, ours = outlook.market, outlook.newcomer
    sold = {
        rival.product_id: share * market.units_per_month
        for rival, share in zip(market.rivals, market.shares, strict=True)
    }
    expected = outlook.prediction.share * market.units_per_month
    made = [RivalPoint(ours.product_id, ours.name, ours.price, ours.attribute(attribute) or 0.0, round(expected), True)]
    for rival in outlook.program.rivals:
        value = rival.attribute(attribute)
        if rival.product_id != ours.product_id and value is not None:
            units = sold.get(rival.product_id)
            made.append(
                RivalPoint(
                    rival.product_id, rival.name, rival.price, value, None if units is None else round(units), False
                )
            )
    return tuple(sorted(made, key=lambda row: (not row.ours, -(row.units_per_month or 0.0), row.product_id)))


def plan_points(outlook: Outlook) -> tuple[PlanPoint, ...]:
    """What each plan amounts to, cheapest first."""
    prices = outlook.effective_prices
    return tuple(PlanPoint(plan, prices[plan]) for plan in sorted(prices, key=lambda plan: (prices[plan].minor, plan)))


def price_points(outlook: Outlook) -> tuple[PricePoint, ...]:
    """The share at prices around the effective one, by the same draws, from the lowest price up."""
    base = outlook.newcomer.price.minor
    low, high = base * PRICE_RANGE[0], base * PRICE_RANGE[1]
    high = max(high, 1.05 * max(price.minor for price in outlook.effective_prices.values()))
    made = []
    for i in range(PRICE_POINTS):
        minor = round(low + (high - low) * i / (PRICE_POINTS - 1))
        price = Money(max(1, minor // 100 * 100), outlook.newcomer.price.currency)
        said = outlook.share_at(price)
        made.append(
            PricePoint(
                price,
                round(said.share, 6),
                Reach(round(said.tastes_only.low, 6), round(said.tastes_only.high, 6)),
                Reach(round(said.tastes_and_constant.low, 6), round(said.tastes_and_constant.high, 6)),
            )
        )
    return tuple(made)


def substitutes(outlook: Outlook) -> tuple[Substitute, ...]:
    """Of our buyers, how many would otherwise have bought each rival; what is outside the rivals comes last."""
    names = {rival.product_id: rival.name for rival in outlook.market.rivals}
    return tuple(
        Substitute(
            None if source.product_id == OUTSIDE else source.product_id,
            names.get(source.product_id, outlook.market.outside_good),
            round(source.fraction, 6),
            round(source.units_per_month, 3),
        )
        for source in outlook.prediction.sources
    )


def share_draws(outlook: Outlook) -> ShareDraws:
    """The draws behind the prediction."""
    return demand.draw_shares(outlook.market, outlook.newcomer, seed=outlook.program.seed)
