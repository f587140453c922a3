"""What the market says of the new product: the latency curve, the share, the plans side by side."""

from __future__ import annotations

from datetime import date
from typing import Any

from pullcord import demand, offers
from pullcord.base import InvalidInput, Money
from pullcord.demand import CrossSection, Market, MonthlySales
from pullcord.outlook import Outlook
from pullcord.program import Program
from pullcord.survey import NotAtHand, SurveyFit

LAGS_MONTHS = (1, 2, 3, 4, 6)
PANEL_SINCE = date(2024, 7, 1)
BOOTSTRAP_DRAWS = 4000
PRICE_POINTS = 9
COST_MONTHS = (0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120)
STUDY_PRICE_RANGE = (0.7, 1.3)  # of the effective price


def latency_section(program: Program) -> dict[str, Any] | None:
    """The latency curve on the program's panel of real sales; None where it has none, or one too short for any lag."""
    sales = [
        MonthlySales(demand.product_id(row.brand, row.model), row.month, row.units, row.source, row.mark)
        for row in program.panel
        if not row.brand.startswith("(")
    ]
    try:
        curve = demand.latency_curve(sales, LAGS_MONTHS, PANEL_SINCE, seed=program.seed, draws=BOOTSTRAP_DRAWS)
        low, high = curve.reduction_interval(3, 1)
    except InvalidInput:
        return None
    return {
        "wape": {str(row.lag_months): round(row.wape, 4) for row in curve.lags},
        "interval_95": {str(row.lag_months): [round(row.low, 4), round(row.high, 4)] for row in curve.lags},
        "pairs": curve.pairs,
        "reduction_3_to_1": round(curve.reduction(3, 1), 4),
        "reduction_interval_95": [round(low, 4), round(high, 4)],
        "since": PANEL_SINCE.isoformat(),
        "models": list(curve.products),
        "by_month": {
            row.month.isoformat(): {
                str(lag): round(error / row.units, 4)
                for lag, error in zip(LAGS_MONTHS, row.absolute_errors, strict=True)
            }
            for row in curve.months
            if row.units
        },
        "source": "monthly retail sales, panel.csv, each row with its address",
    }


def survey_section(program: Program, found: SurveyFit | NotAtHand | None) -> dict[str, Any] | None:
    """The survey that the tastes come from: its fit, or why there is none; None where the program names none."""
    if program.survey is None:
        return None
    section: dict[str, Any] = {"data_set": program.survey.data_set, "utility": program.survey.utility, "fitted": False}
    if not isinstance(found, SurveyFit):
        return section | {"reason": found.reason if found else "it was not asked for"}
    fit = found.fit
    errors, clustered = fit.standard_errors("classical"), fit.standard_errors("clustered")
    return section | {
        "fitted": True,
        "model": fit.model.title,
        "choices": fit.situations,
        "persons": fit.persons,
        "log_likelihood": round(fit.log_likelihood, 4),
        "null_log_likelihood": round(fit.null_log_likelihood, 4),
        "rho_squared": round(fit.rho_squared, 6),
        "estimates": [
            {
                "term": name,
                "estimate": round(float(fit.estimates[i]), 6),
                "standard_error": round(float(errors[i]), 6),
                "clustered_error": round(float(clustered[i]), 6),
            }
            for i, name in enumerate(fit.names)
        ],
        "tastes": list(found.fitted),
        "notes": [*fit.notes, *found.notes],
    }


def demand_section(program: Program, outlook: Outlook) -> dict[str, Any]:
    """The calibrated market and the new product's share in it, with both intervals and what is not identified."""
    market, said = outlook.market, outlook.prediction
    predicted = market.predicted_shares()
    won = {source.product_id: source.fraction for source in said.sources}
    slope = _cross_section(market)
    low, high = STUDY_PRICE_RANGE
    base = outlook.newcomer.price.minor
    curve = []
    for i in range(PRICE_POINTS):
        price = Money(round(base * (low + (high - low) * i / (PRICE_POINTS - 1))) // 100 * 100, program.currency)
        at = outlook.share_at(price)
        curve.append(
            {
                "price_minor": price.minor,
                "share_mean": round(at.share, 6),
                "share_lo": round(at.tastes_only.low, 6),
                "share_hi": round(at.tastes_only.high, 6),
            }
        )
    warnings = [f"{row.product_id} takes no part in the calibration: {row.reason}" for row in market.dropped]
    if slope is not None:
        warnings.insert(0, slope.warning)
    return {
        "new_product": outlook.newcomer.name,
        "effective_price_minor": base,
        "month_of_calibration": ", ".join(f"{month:%Y-%m}" for month in market.months),
        "market_units_per_month": round(market.units_per_month),
        "rivals": [
            {
                "id": rival.product_id,
                "name": rival.name,
                "price_minor": rival.price.minor,
                "attributes": dict(rival.attributes),
                "observed_units": round(share * market.units_per_month),
                "observed_share": round(share, 9),
                "predicted_share": round(float(predicted[j]), 9),
                "diversion": round(won.get(rival.product_id, 0.0), 6),
            }
            for j, (rival, share) in enumerate(zip(market.rivals, market.shares, strict=True))
        ],
        "calibrated_to_1e-9": all(abs(float(p) - s) < 1e-9 for p, s in zip(predicted, market.shares, strict=True)),
        "share": {
            "point": round(said.share, 6),
            "tastes_95": [round(said.tastes_only.low, 6), round(said.tastes_only.high, 6)],
            "all_95": [round(said.tastes_and_constant.low, 6), round(said.tastes_and_constant.high, 6)],
        },
        "units_per_month": {
            "mean_of_draws": round(said.units_mean),  # what the first forecast starts from
            "point": round(said.share * market.units_per_month),
            "tastes_95": [
                round(said.tastes_only.low * market.units_per_month),
                round(said.tastes_only.high * market.units_per_month),
            ],
            "all_95": [round(said.units_per_month.low), round(said.units_per_month.high)],
        },
        "price_elasticity": round(said.price_elasticity, 4),
        "price_curve": curve,
        "tastes": [
            {
                "attribute": taste.attribute,
                "unit": taste.unit,
                "mean": taste.mean,
                "standard_error": taste.standard_error,
                "source": taste.source,
                "mark": taste.mark,
            }
            for taste in program.tastes
        ],
        "unidentified": list(said.unidentified),
        "warnings": warnings,
    }


def _cross_section(market: Market) -> CrossSection | None:
    """What a plain regression over the rivals would say, to show that it says nothing; None with too few rivals."""
    units = {
        rival.product_id: share * market.units_per_month
        for rival, share in zip(market.rivals, market.shares, strict=True)
    }
    try:
        weighed = [taste.attribute for taste in market.tastes if not taste.attribute.startswith("price_")]
        return demand.cross_section_price_slope(market.rivals, units, controls=weighed)
    except InvalidInput:
        return None


def offers_section(program: Program) -> tuple[list[dict[str, Any]], float | None]:
    """Each variant's plans with their cost over time at the middle driver's distance, and when the plans meet."""
    km = round(program.assumptions["km_per_month_median"].value) if "km_per_month_median" in program.assumptions else 0
    names: dict[str, str] = {variant.variant_id: variant.name for variant in program.variants}
    rows = [
        {
            "variant_id": price.variant_id,
            "variant": names[price.variant_id],
            "plan": price.plan,
            "price_minor": price.price.minor,
            "monthly_minor": price.monthly.minor if price.monthly else None,
            "cap_km_per_month": price.cap_km_per_month,
            "overage_minor": price.overage.minor if price.overage else None,
            "cost_by_month": [[m, offers.five_year_cost(price, km, m).minor] for m in COST_MONTHS],
            "km_per_month": km,
        }
        for price in program.prices
    ]
    first = {price.plan: price for price in reversed(program.prices)}
    monthly = next((p for p in first.values() if p.monthly is not None), None)
    outright = next((p for p in first.values() if p.monthly is None), None)
    even = offers.break_even_months(monthly, outright, km) if monthly and outright else None
    return rows, None if even is None else round(float(even), 2)
