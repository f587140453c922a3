"""The tables behind the charts as CSV files: units in the column names, money in major units."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from .amounts import is_number, minor_digits
from .charts.launch import STEPS
from .readings import Results, currency_of, part, promise_errors, rows, scale_of, twin_unit

Row = Mapping[str, Any]
Table = tuple[Sequence[str], Iterable[Sequence[Any]]]


def write_tables(results: Results, folder: Path) -> list[Path]:
    """The files written, in order of name; a table without rows is not written.

    UTF-8, comma separated, one header line, `\\n` at line ends; the same results give the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (columns, lines) in sorted(_tables(results).items()):
        kept = [[_plain(cell) for cell in line] for line in lines]
        if not kept:
            continue
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(kept)
        written.append(path)
    return written


def _plain(cell: Any) -> Any:
    return "" if cell is None else ("true" if cell else "false") if isinstance(cell, bool) else cell


def _tables(results: Results) -> dict[str, Table]:
    return _demand_tables(results) | _launch_tables(results) | _chain_tables(results) | _twin_tables(results)


def _major(value: Any, currency: str) -> Any:
    """A minor amount in major units without binary rounding: 4990000 fen is 49900.00."""
    if not is_number(value):
        return None
    digits = minor_digits(currency)
    return Decimal(value if isinstance(value, int) else repr(value)).scaleb(-digits) if digits else value


def _ends(interval: Any) -> tuple[Any, Any]:
    return (interval[0], interval[1]) if isinstance(interval, Sequence) and len(interval) == 2 else (None, None)


def _picked(given: Iterable[Row], *names: str) -> list[list[Any]]:
    return [[row.get(name) for name in names] for row in given]


def _demand_tables(results: Results) -> dict[str, Table]:
    currency = currency_of(results)
    low = currency.lower()
    latency, rivals = part(results, "latency"), rows(results, "demand", "rivals")
    lags = sorted({int(lag) for lags in part(latency, "by_month").values() for lag in lags or ()})
    attributes = sorted({name for row in rivals for name in part(row, "attributes")})
    known = ("observed_units", "observed_share", "predicted_share", "diversion")
    predictions = [("share", "share_of_market"), ("units_per_month", "units_per_month")]
    wape, intervals = part(latency, "wape"), part(latency, "interval_95")
    return {
        "latency_wape": (
            ("delay_months", "wape", "wape_lo_95", "wape_hi_95"),
            [(lag, wape[lag], *_ends(intervals.get(lag))) for lag in sorted(wape, key=int)],
        ),
        "latency_by_month": (
            ("month", *(f"wape_delay_{lag}_months" for lag in lags)),
            [(m, *(part(latency, "by_month", m).get(str(k)) for k in lags)) for m in sorted(part(latency, "by_month"))],
        ),
        "rivals": (
            (
                "id",
                "name",
                f"price_{low}",
                "units_observed",
                "share_observed",
                "share_predicted",
                "diversion",
                *attributes,
            ),
            [
                (
                    row.get("id"),
                    row.get("name"),
                    _major(row.get("price_minor"), currency),
                    *(row.get(k) for k in known),
                    *(part(row, "attributes").get(name) for name in attributes),
                )
                for row in rivals
            ],
        ),
        "prediction": (
            ("what", "point", "tastes_lo_95", "tastes_hi_95", "all_lo_95", "all_hi_95"),
            [
                (name, row["point"], *_ends(row.get("tastes_95")), *_ends(row.get("all_95")))
                for key, name in predictions
                if is_number((row := part(results, "demand", key)).get("point"))
            ],
        ),
        "share_by_price": (
            (f"price_{low}", "share_mean", "share_lo_95", "share_hi_95"),
            [
                (
                    _major(row.get("price_minor"), currency),
                    *(row.get(k) for k in ("share_mean", "share_lo", "share_hi")),
                )
                for row in rows(results, "demand", "price_curve")
            ],
        ),
        "tastes": (
            ("attribute", "unit", "mean", "standard_error", "source", "mark"),
            _picked(rows(results, "demand", "tastes"), "attribute", "unit", "mean", "standard_error", "source", "mark"),
        ),
        "survey": (
            ("term", "estimate", "standard_error", "clustered_error"),
            _picked(rows(results, "survey", "estimates"), "term", "estimate", "standard_error", "clustered_error"),
        ),
        "cost_of_ownership": (
            ("variant_id", "plan", "km_per_month", "month", f"paid_{low}"),
            [
                (row.get("variant_id"), row.get("plan"), row.get("km_per_month"), month, _major(value, currency))
                for row in rows(results, "offers")
                for month, value in row.get("cost_by_month") or ()
            ],
        ),
    }


def _launch_tables(results: Results) -> dict[str, Table]:
    daily = rows(results, "launch", "daily")
    return {
        "launch_daily": (("day", *(f"{s}_cumulative" for s in STEPS)), _picked(daily, "day", *STEPS)),
        "quoted_wait": (
            ("day_of_quote", "wait_p10_days", "wait_p50_days", "wait_p90_days"),
            _picked(rows(results, "launch", "quoted_wait"), "day", "p10", "p50", "p90"),
        ),
        "promise_error": (("days_late", "hand_overs"), promise_errors(results).items()),
    }


def _chain_tables(results: Results) -> dict[str, Table]:
    currency = currency_of(results)
    low = currency.lower()
    weeks = rows(results, "schedule", "weeks")
    suppliers = {row.get("supplier_id"): row.get("name") for row in rows(results, "procurement", "suppliers")}
    return {
        "schedule_weeks": (
            ("week_start", "variant_id", "built_units"),
            [(row.get("week"), v, n) for row in weeks for v, n in sorted(part(row, "by_variant").items())],
        ),
        "schedule_capacity": (
            ("week_start", "capacity_units_per_week", "built_units"),
            _picked(weeks, "week", "capacity", "built"),
        ),
        "shadow_prices": (
            ("constraint", "week_start", f"value_{low}_per_unit"),
            [
                (row.get("constraint"), row.get("week"), _major(row.get("value_minor"), currency))
                for row in rows(results, "schedule", "shadow_prices")
            ],
        ),
        "call_offs": (
            ("week_due", "supplier_id", "supplier", f"amount_{low}"),
            [
                (
                    r.get("week"),
                    r.get("supplier_id"),
                    suppliers.get(r.get("supplier_id")),
                    _major(r.get("amount_minor"), currency),
                )
                for r in rows(results, "procurement", "weekly")
            ],
        ),
        "cities": (
            (
                "city_id",
                "name",
                "local_name",
                "lat_deg",
                "lon_deg",
                "population",
                "hand_overs",
                "transit_days",
                "mean_wait_days",
                "invoice",
            ),
            _picked(
                rows(results, "cities"),
                "city_id",
                "name",
                "local_name",
                "lat",
                "lon",
                "population",
                "hand_overs",
                "transit_days",
                "mean_wait_days",
                "invoice",
            ),
        ),
        "sale_split": (
            ("plan", "party_id", "party", f"amount_{low}"),
            [
                (row.get("plan"), share.get("party_id"), share.get("name"), _major(share.get("amount_minor"), currency))
                for row in rows(results, "finance", "sale_split")
                for share in rows(row, "shares")
            ],
        ),
        "parties": (
            ("party_id", "name", "role", f"received_{low}", f"paid_{low}"),
            [
                (
                    *(row.get(k) for k in ("party_id", "name", "role")),
                    *(_major(row.get(k), currency) for k in ("received_minor", "paid_minor")),
                )
                for row in rows(results, "finance", "parties")
            ],
        ),
        "assumptions": (
            ("key", "value", "unit", "low", "high", "reason"),
            _picked(rows(results, "assumptions"), "key", "value", "unit", "low", "high", "reason"),
        ),
        "sources": (("what", "source", "mark"), _picked(rows(results, "sources"), "what", "source", "mark")),
    }


def _twin_tables(results: Results) -> dict[str, Table]:
    def shown(row: Row) -> list[Any]:
        measure = str(row.get("measure"))
        scale = scale_of(measure, twin_unit(results, measure), results)
        unit = {"share": "share"}.get(scale.kind, scale.unit)
        factor = 1.0 if scale.kind == "share" else scale.factor
        values = [row[k] * factor if is_number(row.get(k)) else None for k in ("mean", "lo", "hi")]
        return [row.get("delay_days"), measure, unit, *values]

    counts = ("demand", "built", "stock", "backlog")
    series = [
        (world, week, *(_nth(lines.get(count), i) for count in counts))
        for world in part(results, "twin", "series")
        for lines in (part(results, "twin", "series", world),)
        for i, week in enumerate(lines.get("week") or ())
    ]
    ends = ("delay_days", "measure", "unit", "mean", "lo_95", "hi_95")
    return {
        "twin_measures": (("world", *ends), [(r.get("world"), *shown(r)) for r in rows(results, "twin", "rows")]),
        "twin_push_minus_pull": (ends, [shown(row) for row in rows(results, "twin", "paired")]),
        "twin_series": (("world", "week", "demand_units", "built_units", "stock_units", "backlog_units"), series),
    }


def _nth(values: Any, position: int) -> Any:
    return values[position] if isinstance(values, Sequence) and position < len(values) else None
