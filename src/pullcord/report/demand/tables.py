"""The tables of the demand report: as CSV files for machines, as texts for the page, both from the same records."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pullcord.base import Money
from pullcord.insight import DemandReport, Estimate, Released

from ..amounts import NOTHING, SPACE, money, number, percent, plural
from ..reference import HtmlTable
from .unknown_charts import willingness_name

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
ROWS_IN_PAGE = 400


def write_demand_tables(report: DemandReport, folder: Path) -> list[Path]:
    """The files written, in order of name; UTF-8, `\\n` at line ends, units in the column names, money in major units.

    The same report gives the same bytes. A table without rows is not written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, (columns, lines) in sorted(csv_tables(report).items()):
        rows = [["" if cell is None else cell for cell in line] for line in lines]
        if not rows:
            continue
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
        written.append(path)
    return written


def csv_tables(report: DemandReport) -> dict[str, Table]:
    """Every table by the name of its file."""
    low = report.facts.currency.lower()
    segments = [row.segment for row in report.segments]
    ends = ("mean", "lo_95", "hi_95")
    tables: dict[str, Table] = {
        "market": (
            ("what", *ends),
            [
                ("units_per_month_before_the_launch", *_three(report.market.units)),
                ("units_per_month", *_three(report.market.believed)),
                ("share_of_market", report.market.share, report.market.share_all.low, report.market.share_all.high),
                (
                    "share_of_market_tastes_alone",
                    report.market.share,
                    report.market.share_tastes.low,
                    report.market.share_tastes.high,
                ),
            ],
        ),
        "segments": (
            ("segment", *(f"units_per_month_{end}" for end in ends), *(f"share_{end}" for end in ends)),
            [(row.segment, *_three(row.units), *_three(row.share)) for row in report.segments],
        ),
        "cities": (
            ("city_id", "name", "local_name", "segment", *(f"units_per_month_{end}" for end in ends)),
            [
                (city.city_id, city.name, city.local_name, segment, *_three(estimate))
                for city in report.cities
                for segment, estimate in (("(all)", city.units), *zip(segments, city.by_segment, strict=True))
            ],
        ),
        "take_rates": (
            ("family_id", "option_id", "family", "option", *(f"rate_{end}" for end in ends), "variants_on_sale"),
            [
                (row.family_id, row.option_id, row.family, row.option, *_three(row.rate), row.variants)
                for row in report.take_rates
            ],
        ),
        "willingness_to_pay": (
            ("attribute", "per", "survey", f"value_{low}", f"lo_95_{low}", f"hi_95_{low}"),
            [
                (r.attribute, r.per, "yes" if r.surveyed else "no", _major(r.value), _major(r.low), _major(r.high))
                for r in report.willingness
            ],
        ),
        "rivals": (
            ("product_id", "name", f"price_{low}", report.map_attribute or "attribute", "units_per_month", "ours"),
            [
                (r.product_id, r.name, _major(r.price), r.attribute, r.units_per_month, "yes" if r.ours else "no")
                for r in report.rivals
            ],
        ),
        "share_by_price": (
            (f"price_{low}", "share", "tastes_lo_95", "tastes_hi_95", "all_lo_95", "all_hi_95"),
            [
                (_major(r.price), r.share, r.tastes.low, r.tastes.high, r.everything.low, r.everything.high)
                for r in report.price_points
            ],
        ),
        "substitution": (
            ("product_id", "name", "fraction_of_our_buyers", "units_per_month"),
            [(r.product_id, r.name, r.fraction, r.units_per_month) for r in report.substitutes],
        ),
        "unknowns": (
            ("key", "unknown", "moves", "low", "high", "units_base", "units_at_low", "units_at_high", "source"),
            [(r.key, r.name, r.moves, r.low, r.high, r.base, r.at_low, r.at_high, r.source) for r in report.unknowns],
        ),
        "observations": (
            ("key", "unknown", "watch", "count_that_halves_the_interval", "reason"),
            [(r.key, r.unknown, r.watch, r.count, r.reason) for r in report.observations],
        ),
        "privacy_budgets": (
            ("period", "epsilon_spent", "epsilon_left", "releases"),
            [(r.period, r.spent, r.left, r.releases) for r in report.budgets],
        ),
    }
    return tables | {f"release_{release.release_id}": _release_csv(release) for release in report.releases}


def _release_csv(release: Released) -> Table:
    """Every cell of a release, also those of which only the threshold may be told."""
    return (
        (*release.by, "persons", "lo_95", "hi_95"),
        [
            (
                *cell.path,
                *("(all)",) * (len(release.by) - len(cell.path)),
                fewer(release) if cell.count is None else cell.count,
                cell.low,
                cell.high,
            )
            for cell in release.cells
        ],
    )


def fewer(release: Released) -> str:
    """What stands where a count is too small."""
    return f"fewer than {release.least_shown}"


def _three(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.mean, estimate.low, estimate.high


def _major(amount: Money | None) -> Decimal | None:
    return None if amount is None else amount.major


def cities_table(report: DemandReport) -> HtmlTable:
    """All cities, with their total: what cells add up to."""
    several = len(report.segments) > 1
    heads = [row.segment for row in report.segments] if several else []
    made = [
        (
            " ".join(dict.fromkeys((city.name, city.local_name))),
            number(city.units.mean, 0),
            reach(city.units),
            *(number(part.mean, 0) for part in city.by_segment if several),
        )
        for city in report.cities
    ]
    whole = report.market.believed
    sums = [number(row.units.mean, 0) for row in report.segments] if several else []
    made.append(("all cities", number(whole.mean, 0), reach(whole), *sums))
    columns = ("city", f"{plural(report.facts.unit_name)} a month", "95 %", *heads)
    return HtmlTable("All cities", columns, tuple(made), tuple(range(1, len(columns))), folded=True)


def willingness_table(report: DemandReport) -> HtmlTable | None:
    """Willingness to pay as numbers."""
    currency = report.facts.currency
    made = [
        (
            willingness_name(row),
            row.per,
            money(row.value.minor, currency, 0),
            "no bound"
            if row.low is None or row.high is None
            else f"{number(float(row.low.major), 0)} to {number(float(row.high.major), 0)}",
        )
        for row in report.willingness
    ]
    if not made:
        return None
    return HtmlTable("As numbers", ("attribute", "for", "worth", "95 %"), tuple(made), (2, 3), folded=True)


def price_table(report: DemandReport) -> HtmlTable | None:
    """The share at each price."""
    currency = report.facts.currency
    made = [
        (
            money(row.price.minor, currency),
            percent(row.share, 2),
            f"{percent(row.tastes.low, 2)} to {percent(row.tastes.high, 2)}",
            f"{percent(row.everything.low, 2)} to {percent(row.everything.high, 2)}",
        )
        for row in report.price_points
    ]
    columns = ("price", "share", "tastes alone, 95 %", "tastes and constant, 95 %")
    return HtmlTable("The curve as numbers", columns, tuple(made), (0, 1, 2, 3), folded=True) if made else None


def unknowns_table(report: DemandReport) -> HtmlTable | None:
    """The tornado as numbers."""
    made = [
        (
            row.name,
            row.moves,
            f"{row.low} to {row.high}",
            number(row.base, 0),
            f"{number(row.at_low, 0)} to {number(row.at_high, 0)}",
            row.source,
        )
        for row in report.unknowns
    ]
    columns = ("unknown", "moves", "from, to", "middle", f"{plural(report.facts.unit_name)} a month", "source")
    return HtmlTable("The unknowns as numbers", columns, tuple(made), (3, 4), folded=True) if made else None


def budget_table(report: DemandReport) -> HtmlTable | None:
    """What was spent of the budget."""
    made = [(row.period, f"{row.spent:g}", f"{row.left:g}", number(row.releases)) for row in report.budgets]
    columns = ("persons of", "epsilon spent", "epsilon left", "releases")
    return HtmlTable("The privacy budget", columns, tuple(made), (1, 2, 3)) if made else None


def release_table(release: Released) -> HtmlTable:
    """The cells of a release that may be read; small ones are told together, under the cell they belong to."""
    made: list[tuple[str, ...]] = []
    counts = {cell.path: cell.count for cell in release.cells if cell.count is not None}
    hidden: dict[tuple[str, ...], int] = {}
    for cell in release.cells:
        if cell.count is None and cell.path and cell.path[:-1] in counts:
            hidden[cell.path[:-1]] = hidden.get(cell.path[:-1], 0) + 1
    # Each cell before what it is made of, larger ones first.
    ordered = sorted(
        (cell for cell in release.cells if cell.path in counts),
        key=lambda cell: [(-counts[cell.path[: n + 1]], cell.path[n]) for n in range(len(cell.path))],
    )
    for cell in ordered:
        made.append((*_padded(release, cell.names), number(cell.count), f"{number(cell.low)} to {number(cell.high)}"))
        if count := hidden.get(cell.path):
            words, each = ("1 other", "") if count == 1 else (f"{count} others", " each")
            made.append((*_padded(release, (*cell.names, words)), f"{fewer(release)}{each}", NOTHING))
    if not counts:
        made.append((*_padded(release, ()), fewer(release), NOTHING))
    columns = (*release.by, "persons", f"95{SPACE}%")
    title = f"{release.release_id}: {release.period} by {', '.join(release.by)}" + _cut(made)
    at = len(release.by)
    return HtmlTable(title, columns, tuple(made[:ROWS_IN_PAGE]), (at, at + 1), folded=True)


def _cut(made: Sequence[object]) -> str:
    """A word on rows that stand in the CSV file alone."""
    return f" (first {ROWS_IN_PAGE} of {len(made)}; the CSV file has all)" if len(made) > ROWS_IN_PAGE else ""


def rates_table(release: Released) -> HtmlTable | None:
    """How the persons of each cell split over the last dimension."""
    made = tuple(
        (*row.names, percent(row.rate.mean), f"{percent(row.rate.low)} to {percent(row.rate.high)}")
        for row in release.rates
    )
    at = len(release.by)
    title = f"{release.release_id}: take rates of {release.by[-1]}{_cut(made)}" if release.by else ""
    columns = (*release.by, "rate", f"95{SPACE}%")
    return HtmlTable(title, columns, made[:ROWS_IN_PAGE], (at, at + 1), folded=True) if made else None


def reach(estimate: Estimate) -> str:
    """The two ends."""
    return f"{number(estimate.low, 0)} to {number(estimate.high, 0)}"


def _padded(release: Released, names: Sequence[str]) -> tuple[str, ...]:
    return (*names, *("all",) * (len(release.by) - len(names)))
