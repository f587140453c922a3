"""The tables that stand in the page, as text ready to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .amounts import NOTHING, SPACE, exact, is_number, money, number, percent, plural
from .readings import M7_PARTS, Results, currency_of, part, rows, unit_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HtmlTable:
    """A table of texts; `numeric` columns are set flush right, a `folded` one opens on a click."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    folded: bool = False
    half: bool = False  # two of these stand side by side on a laptop
    bars: tuple[float, ...] = ()  # one share of 1 per row, drawn as a bar behind the last column

    @property
    def wordy(self) -> tuple[int, ...]:
        """Columns with text so long that they need a least width to stay readable on a phone."""
        return tuple(
            i for i in range(len(self.columns)) if i not in self.numeric and any(len(row[i]) > 36 for row in self.rows)
        )


def _text(value: Any) -> str:
    if is_number(value):
        return number(value)
    return NOTHING if value is None or value == "" else str(value)


def _yes_no(value: Any) -> str:
    return NOTHING if value is None else "yes" if value else "no"


def tastes_table(results: Results) -> HtmlTable | None:
    """Tastes with standard error and source."""
    made = tuple(
        tuple(_text(row.get(k)) for k in ("attribute", "mean", "standard_error", "unit", "source", "mark"))
        for row in rows(results, "demand", "tastes")
    )
    columns = ("attribute", "mean", "s.e.", "unit", "source", "mark")
    return HtmlTable("Tastes used", columns, made, (1, 2), folded=True) if made else None


def survey_table(results: Results) -> HtmlTable | None:
    """The survey's fit, term by term; None where none was fitted."""
    survey = part(results, "survey")
    made = tuple(
        (str(row.get("term")), *(_text(row.get(k)) for k in ("estimate", "standard_error", "clustered_error")))
        for row in rows(results, "survey", "estimates")
    )
    columns = ("term", "estimate", "s.e.", "s.e. by person")
    title = (
        f"{survey.get('model')} on {survey.get('data_set')}: {number(survey.get('choices'))} choices by"
        f" {number(survey.get('persons'))} persons, log-likelihood {number(survey.get('log_likelihood'))}"
    )
    return HtmlTable(title, columns, made, (1, 2, 3), folded=True) if made else None


def price_card(results: Results) -> HtmlTable | None:
    """The price card, caps and overage included: a column per plan, or a row where prices differ by variant."""
    currency = currency_of(results)
    fields = ("price_minor", "monthly_minor", "cap_km_per_month", "overage_minor")
    groups: dict[tuple[Any, ...], list[str]] = {}
    for row in rows(results, "offers"):
        terms = (row.get("plan"), *(row.get(field) for field in fields))
        groups.setdefault(terms, []).append(str(row.get("variant") or row.get("variant_id")))
    if not groups:
        return None
    lines: list[tuple[str, ...]] = [("plan", *(str(terms[0]) for terms in groups))]
    words = ("price", "each month", "km included each month", "each km above that")
    for position, (field, name) in enumerate(zip(fields, words, strict=True), start=1):
        values = [terms[position] for terms in groups]
        if any(value is not None for value in values):
            lines.append((name, *(number(v) if field.startswith("cap") else money(v, currency) for v in values)))
    variants = {tuple(names) for names in groups.values()}
    everything = len(variants) == 1
    if not everything:
        lines.append(("variants", *(_some(names) for names in groups.values())))
    title = "Price card, with every condition"
    if everything:
        names = list(variants.pop())
        title += f": {names[0]}" if len(names) == 1 else f": the same for all {len(names)} variants"
    if len(groups) <= 4:
        return HtmlTable(title, lines[0], tuple(lines[1:]), tuple(range(1, len(groups) + 1)) if everything else ())
    columns, *made = zip(*lines, strict=True)
    return HtmlTable(title, tuple(columns), tuple(tuple(row) for row in made), (1,))


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def launch_table(results: Results) -> HtmlTable | None:
    """What became of those who reserved."""
    launch = part(results, "launch")
    steps = (
        ("reservations", "reserved"),
        ("asked", "asked for a date"),
        ("quoted", "quoted a date"),
        ("refused", "refused, with the reason"),
        ("declined", "declined the date or the price"),
        ("deposited", "paid a deposit"),
        ("locked", "locked"),
        ("cancelled", "cancelled"),
        ("built", f"{plural(unit_of(results))} built"),
        ("handed_over", "handed over"),
        ("open_at_end", "still open at the end"),
    )
    first = launch.get("reservations")
    made, bars = [], []
    for key, words in steps:
        if is_number(launch.get(key)):
            made.append(
                (words, number(launch[key]), percent(launch[key] / first) if is_number(first) and first else NOTHING)
            )
            bars.append(min(1.0, max(0.0, launch[key] / first)) if is_number(first) and first > 0 else 0.0)
    if is_number(launch.get("refunded_minor")):
        bars.append(0.0)
        made.append(("refunded to customers", money(launch["refunded_minor"], currency_of(results)), NOTHING))
    columns = ("step", "count", "of reservations")
    return HtmlTable("What became of them", columns, tuple(made), (1, 2), bars=tuple(bars)) if made else None


def plans_table(results: Results) -> HtmlTable | None:
    """Every weekly plan with its status and gap."""
    made = tuple(
        (_text(row.get("as_of")), _text(row.get("status")), percent(row.get("gap")), number(row.get("objective"), 0))
        for row in rows(results, "schedule", "plans")
    )
    columns = ("as of", "status", "gap", "objective")
    return HtmlTable("Every plan of the run", columns, made, (2, 3), folded=True) if made else None


def pegging_sentence(results: Results) -> str:
    """One call-off traced to the orders that need it."""
    example = part(results, "procurement", "pegging_example")
    if not example:
        return ""
    orders = [str(row.get("order_id")) for row in rows(results, "procurement", "pegging_example", "orders")]
    shown = ", ".join(orders[:5]) + (f" and {len(orders) - 5} more" if len(orders) > 5 else "")
    return (
        f" For example, call-off {example.get('calloff_id')} asks {example.get('supplier')} for"
        f" {number(example.get('quantity'))} of {example.get('part')} by {example.get('due_on')}"
        + (f", for the orders {shown}." if orders else ".")
    )


def cities_table(results: Results) -> HtmlTable | None:
    """Cities by hand-overs."""
    given = sorted(
        rows(results, "cities"),
        key=lambda r: (-float(r.get("hand_overs") or 0), -float(r.get("population") or 0), str(r.get("city_id"))),
    )
    made = tuple(
        (
            " ".join(dict.fromkeys((_text(row.get("name")), str(row.get("local_name") or "")))).strip(),
            number(row.get("population")),
            number(row.get("hand_overs")),
            number(row.get("transit_days")),
            number(row.get("mean_wait_days"), 1),
            _yes_no(row.get("invoice")),
        )
        for row in given
    )
    columns = ("city", "inhabitants", "hand-overs", "transit, days", "mean wait, days", "invoice")
    return HtmlTable("All cities", columns, made, (1, 2, 3, 4), folded=True) if made else None


def mismatch_table(results: Results) -> HtmlTable | None:
    """M1 and M3 of the live run."""
    made = []
    units, dates = part(results, "measures", "M1"), part(results, "measures", "M3")
    if units:
        made.append(("M1", "unit mismatch, of demand", percent(units.get("value"))))
        made.append(("", "built and unsold after 30 days", number(units.get("built_unsold_over_30_days"))))
        made.append(("", "customers lost", number(units.get("lost"))))
        made.append(("", "demand", number(units.get("demand"))))
        if is_number(units.get("units_younger_than_30_days")):
            made.append(("", "units too young to judge", number(units["units_younger_than_30_days"])))
    if dates:
        made.append(("M3", "mean error of the promised date", f"{number(dates.get('mae_days'), 2)}{SPACE}days"))
        made.append(("", "more than 3 days late", percent(dates.get("late_over_3_days_share"))))
        made.append(("", "hand-overs measured", number(dates.get("n"))))
    return HtmlTable("Units and dates", ("", "what", "value"), tuple(made), (2,), half=True) if made else None


def cost_table(results: Results) -> HtmlTable | None:
    """M7 of the live run, with its components."""
    currency, cost = currency_of(results), part(results, "measures", "M7")
    if not cost:
        return None
    made = [("M7", "mismatch, per unit of demand", money(cost.get("total_minor_per_unit"), currency, 2))]
    parts = part(cost, "parts")
    for name in (*M7_PARTS, *(key for key in parts if key not in M7_PARTS)):
        if name in parts:
            known = is_number(parts[name])
            made.append(("", name.replace("_", " "), money(parts[name], currency, 2) if known else "not measured"))
    return HtmlTable("Money", ("", "what", "value"), tuple(made), (2,), half=True)


def latencies_table(results: Results) -> HtmlTable | None:
    """L1 to L3 of the live run."""
    names = {
        "L1": "signal to forecast",
        "L2": "order to material requirement",
        "L3": "requirement to supplier notice",
        "L4": "upstream change to updated promise",
    }
    made = []
    for key, words in names.items():
        if row := part(results, "measures", key):
            made.append(
                (
                    key,
                    words,
                    number(row.get("p50_hours"), 1),
                    number(row.get("p95_hours"), 1),
                    number(row.get("n")),
                    number(row.get("waiting")),
                )
            )
    columns = ("", "from what to what", "p50, hours", "p95, hours", "arrived", "not yet")
    return HtmlTable("How fast news travelled", columns, tuple(made), (2, 3, 4, 5)) if made else None


def split_table(results: Results) -> HtmlTable | None:
    """What each party gets of one sale, by plan."""
    splits = rows(results, "finance", "sale_split")
    parties = list(dict.fromkeys(str(share.get("name")) for row in splits for share in rows(row, "shares")))
    if not parties:
        return None
    currency = currency_of(results)
    amounts = [{str(s.get("name")): s.get("amount_minor") for s in rows(row, "shares")} for row in splits]
    made = [(party, *(money(plan.get(party), currency) for plan in amounts)) for party in parties]
    made.append(("price", *(money(row.get("price_minor"), currency) for row in splits)))
    columns = ("party", *(str(row.get("plan")) for row in splits))
    return HtmlTable("One sale, split to the smallest coin", columns, tuple(made), tuple(range(1, len(columns))))


def assumptions_table(results: Results) -> HtmlTable | None:
    """Assumptions with unit, range and reason; their values as they were given."""
    made = tuple(
        (
            _text(row.get("key")),
            exact(row.get("value")),
            _text(row.get("unit")),
            exact(row.get("low")),
            exact(row.get("high")),
            _text(row.get("reason")),
        )
        for row in rows(results, "assumptions")
    )
    columns = ("key", "value", "unit", "low", "high", "reason")
    return HtmlTable("Every assumption", columns, made, (1, 3, 4), folded=len(made) > 20) if made else None


def warnings_table(results: Results) -> HtmlTable | None:
    """What the demand model warned of, word for word."""
    made = tuple((str(text),) for text in part(results, "demand").get("warnings") or ())
    return HtmlTable("What the demand model warned of", ("warning",), made, folded=len(made) > 4) if made else None


def sources_table(results: Results) -> HtmlTable | None:
    """Sources with their marks."""
    made = tuple(tuple(_text(row.get(k)) for k in ("what", "source", "mark")) for row in rows(results, "sources"))
    return HtmlTable("Every source", ("what", "source", "mark"), made, folded=len(made) > 20) if made else None


def ledger_table(results: Results) -> HtmlTable | None:
    """Rows in every table."""
    made = tuple((str(name), number(count)) for name, count in part(results, "ledger", "tables").items())
    return HtmlTable("Tables", ("table", "rows"), made, (1,), folded=True) if made else None


def events_table(results: Results) -> HtmlTable | None:
    """Events by kind."""
    made = tuple((str(kind), number(count)) for kind, count in part(results, "ledger", "by_kind").items())
    return HtmlTable("Events by kind", ("kind", "events"), made, (1,), folded=True) if made else None
