"""What the two worlds are told of a program, and their result in the shape of the results file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import log
from typing import Any

from pullcord.base import monday_of
from pullcord.catalogue import Catalogue
from pullcord.program import Program
from pullcord.twin import TwinInput, TwinRegion, TwinResult, TwinVariant, World

from .customers import SHOP_CLOSES_HOUR, SHOP_OPENS_HOUR

SHOPPERS_PER_WEEK = 100  # simulated persons a week who want a unit; each stands for many real ones
QUOTE_HORIZON_WEEKS, LONGEST_HORIZON_WEEKS = 16, 52  # dates quoted in pull; further where parts or the rule need it
REPORTED = {  # the twin's names of measures, and the results file's
    "m1": "M1",
    "m1_unsold": "M1_unsold",
    "m1_lost": "M1_lost",
    "m2_share": "M2",
    "m3_error": "M3",
    "m7": "M7",
    "m7_holding": "M7_holding",
    "m7_markdown": "M7_markdown",
    "m7_lost_margin": "M7_lost_margin",
    "m7_expedite": "M7_expedite",
    "m7_financing": "M7_financing",
    "wait": "wait",
    "sold": "sold",
}


def twin_input(house: Catalogue) -> TwinInput:
    """The program as both worlds see it: whole products at the price without rental, regions by days of transit."""
    program = house.program
    assumed = program.assumed
    currency = program.currency.lower()
    price = max(float(p.price.major) for p in program.prices)
    unit_cost = (1 - assumed("variable_margin_share")) * price
    own = [part_id for part_id in house.parts if part_id not in house.common_parts]
    variants = []
    for variant in program.variants:
        usage = house.usage[variant.variant_id]
        kit = sum(usage[p] * float(house.parts[p].unit_cost.major) for p in own if p in usage)
        variants.append(
            TwinVariant(variant.variant_id, 1 / len(program.variants), price, unit_cost, max(kit, 0.001 * unit_cost))
        )
    load, availability = assumed("twin_load"), assumed("plant_availability")
    common_lead = max(1, *(-(-house.parts[p].lead_time_days // 7) for p in house.common_parts), 1)
    kit_lead = round(assumed("kit_lead_weeks"))
    # Nobody waits for longer than a year; a program that freezes more is as good as one that freezes fifty weeks.
    opens = tuple(min(weeks, LONGEST_HORIZON_WEEKS - 2) for weeks in open_weeks(house))
    horizon = max(QUOTE_HORIZON_WEEKS, min(max(*opens, kit_lead, common_lead) + 2, LONGEST_HORIZON_WEEKS))
    real_per_week = sum(max(weeks.values()) for weeks in house.capacity.values()) * load
    return TwinInput(
        currency=program.currency,
        variants=tuple(variants),
        regions=_regions(house),
        monthly_log_changes=log_changes(program),
        units_per_week=SHOPPERS_PER_WEEK,
        buy_share=assumed("buy_share"),
        patience_median_days=assumed("patience_median_days"),
        patience_sigma=assumed("patience_sigma"),
        price_sensitivity=assumed(f"price_sensitivity_per_10k_{currency}") / 10_000,
        nest_scale=assumed("taste_nest_scale"),
        taste_drift=assumed("taste_drift_per_week"),
        units_per_shopper=real_per_week / SHOPPERS_PER_WEEK,
        capacity_per_week=round(SHOPPERS_PER_WEEK / load / availability),
        availability=availability,
        availability_sd=assumed("plant_availability_sd"),
        transit_sd_days=assumed("transit_sd_days"),
        holding_share_per_year=assumed("holding_cost_share_per_year"),
        financing_rate_per_year=assumed("financing_rate_per_year"),
        markdown_share=assumed("markdown_share_aged"),
        markdown_after_days=round(assumed("dealer_age_days")),
        expedite_cost=assumed(f"expedite_cost_per_unit_{currency}"),
        freeze_weeks=round(assumed("dealer_freeze_weeks")),
        bucket_weeks=round(assumed("dealer_bucket_weeks")),
        stock_delivery_days=round(assumed("dealer_delivery_days")),
        transfer_days=round(assumed("dealer_transfer_days")),
        common_cost=min(
            sum(pieces * float(house.parts[p].unit_cost.major) for p, pieces in house.common_parts.items()),
            unit_cost - max(variant.kit_cost for variant in variants),
        ),
        common_lead_weeks=common_lead,
        kit_lead_weeks=kit_lead,
        kit_late_share=assumed("kit_late_share"),
        expedite_lead_weeks=round(assumed("expedite_lead_weeks")),
        expedite_share_max=assumed("expedite_share_max"),
        open_weeks=opens,
        quote_horizon_weeks=horizon,
        run_out_weeks=horizon + 2,
    )


def open_weeks(house: Catalogue) -> tuple[int, ...]:
    """Weeks from a quote's own to the first that it may promise, by the weekday of the quote, Monday first.

    The rule is the desk's own; the quote is given in the middle of the hours in which the shop is open.
    """
    program = house.program
    midday = timedelta(hours=(SHOP_OPENS_HOUR + SHOP_CLOSES_HOUR) / 2 - program.utc_offset_hours)
    monday = monday_of(program.starts_on)
    quotes = [datetime.combine(monday, time(), UTC) + timedelta(days=day) + midday for day in range(7)]
    return tuple((house.first_promised_week(at) - monday).days // 7 for at in quotes)


def _regions(house: Catalogue) -> tuple[TwinRegion, ...]:
    """Cities with the same days of transit are one region, weighted by their people."""
    people: dict[int, int] = {}
    for city in house.program.cities:
        days = max(1, min(house.transit_days[city.city_id].values()))
        people[days] = people.get(days, 0) + city.population
    total = sum(people.values())
    return tuple(TwinRegion(f"{days} days", count / total, days) for days, count in sorted(people.items()))


def log_changes(program: Program) -> tuple[tuple[float, ...], ...]:
    """ln(month / month before) of each product of the panel, in runs without a gap.

    Without a panel, those of the market's total; the worlds then see no more than that moves.
    """
    series: dict[str, dict[date, int]] = {}
    for row in program.panel:
        if not row.brand.startswith("("):
            series.setdefault(f"{row.brand} {row.model}", {})[row.month] = row.units
    if not series:
        series = {"market": {row.month: row.units for row in program.market_totals}}
    runs: list[tuple[float, ...]] = []
    for months in series.values():
        run: list[float] = []
        for month in sorted(months):
            before = months.get(_month_before(month))
            if before and months[month]:
                run.append(log(months[month] / before))
            elif run:
                runs.append(tuple(run))
                run = []
        if run:
            runs.append(tuple(run))
    return tuple(runs) or ((0.0,),)


def _month_before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _weeks(opens: Sequence[int]) -> str:
    fewest, most = min(opens), max(opens)
    if fewest == most:
        return f"{most} week{'s' * (most > 1)}"
    return f"{fewest} to {most} weeks, by weekday,"


def twin_section(result: TwinResult, given: TwinInput, program: Program) -> dict[str, Any]:
    """The twin's part of the results file."""
    told = result.to_dict()
    units = {REPORTED[key]: measure["unit"] for key, measure in told["measures"].items() if key in REPORTED}

    def rows(source: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {
                "world": row["world"],
                "delay_days": row["delay_days"],
                "measure": REPORTED[row["measure"]],
                "unit": units[REPORTED[row["measure"]]],
                "mean": row["mean"],
                "lo": row["low"],
                "hi": row["high"],
            }
            for row in source
            if row["measure"] in REPORTED
        ]

    against = {
        other: [row for row in told["differences"] if row["world"] == World.PUSH and row["other"] == other]
        for other in (World.PULL, World.PULL_PROMPT)
    }
    compared = {(World.PUSH, other) for other in against}
    links = [row for row in told["differences"] if (row["world"], row["other"]) not in compared]
    shown_delay = {World.PUSH: 30, World.PULL: 0, World.PULL_PROMPT: 0}
    series = {
        row["world"]: {name: row[name] for name in ("week", "demand", "lost", "built", "stock", "backlog", "kits")}
        for row in told["series"]
        if shown_delay.get(World(row["world"])) == row["delay_days"]
    }
    return {
        "replications": told["replications"],
        "seed": told["seed"],
        "delays_days": told["delays_days"],
        "rows": rows(told["rows"]),
        "paired": rows(against[World.PULL]),
        "paired_prompt": rows(against[World.PULL_PROMPT]),
        "rule": {
            "quote_valid_hours": program.policies.quote_valid_hours,
            "freeze_weeks": program.policies.freeze_weeks,
            "lock_hours": program.policies.lock_hours,
            "open_weeks": list(given.open_weeks),
        },
        "links": [
            {
                "world": row["world"],
                "delay_days": row["delay_days"],
                "other": row["other"],
                "other_delay_days": row["other_delay_days"],
                "measure": REPORTED[row["measure"]],
                "mean": row["mean"],
                "lo": row["low"],
                "hi": row["high"],
            }
            for row in links
            if row["measure"] in ("m1", "m2_share", "m3_error", "m7")
        ],
        "series": series,
        "notes": [
            "The weekly series show push with news one month old and pull with no delay, one seed.",
            (
                f"Pull promises by the program's own rule: its first build week begins {_weeks(given.open_weeks)} after"
                " that of the quote. Without freeze and cooling-off (`pull_prompt`) it is the next week."
            ),
            "Both worlds have the same plant, the same shoppers and the same prices; what each loses is counted.",
        ],
        "scale": f"one simulated shopper stands for {given.units_per_shopper:.1f} {program.unit_name}s;"
        f" plant load {given.units_per_week / (given.capacity_per_week * given.availability):.0%}",
    }
