"""Sentences made from the numbers, honest in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .amounts import SPACE, delay_words, is_number, large_money, money, number, percent, plural
from .readings import (
    Results,
    Scale,
    bounds,
    currency_of,
    delays,
    money_basis,
    paired_row,
    part,
    promise_errors,
    rows,
    scale_of,
    twin_row,
    twin_unit,
    unit_of,
)

MEASURE_NAMES = {
    "M1": "Wrong or missing units",
    "M2": "Wrong configuration",
    "M3": "Missed delivery dates",
    "M7": "Cost of the mismatch",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One headline: a large figure, what it is, and a sentence with its error bars."""

    title: str
    figure: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DialRow:
    """One measure at one delay: both worlds, their difference and what it means."""

    measure: str
    name: str
    unit: str
    push: str
    push_interval: str
    pull: str
    pull_interval: str
    verdict: str  # better, worse, same or unknown: pull against push
    sentence: str


@dataclass(frozen=True, slots=True)
class DialPanel:
    """What the dial shows at one delay."""

    delay_days: int
    words: str
    rows: tuple[DialRow, ...]
    rule: str = ""  # what the program's own rule costs pull, in a sentence or two


def measure_meaning(measure: str, results: Results) -> str:
    """What a measure counts, in one line."""
    unit = unit_of(results)
    meanings = {
        "M1": f"{plural(unit)} built and unsold after 30 days plus customers lost for lack of one, per unit of demand",
        "M2": f"buyers whose {unit} differs from the one they would have chosen, of all buyers",
        "M3": "mean absolute error of the promised delivery date",
        "M7": f"holding, markdown, lost margin, expedite and financing, per {_basis(results)}",
    }
    return meanings.get(measure, measure)


def _basis(results: Results) -> str:
    return money_basis(str(twin_unit(results, "M7") or ""), results)


def difference(scale: Scale, row: Mapping[str, Any]) -> tuple[str, str]:
    """Verdict on pull and a sentence, from push minus pull with its interval; lower measures are better."""
    if not row:
        return "unknown", "Push and pull were not compared here."
    low, high = bounds(row)
    points = " points" if scale.kind == "share" else ""
    span = f"95{SPACE}% interval"
    if low > 0:
        shown = scale.interval(low, high)
        return "better", f"Pull is better by {scale.show(row['mean'])}{points} ({span} {shown})."
    if high < 0:
        shown = scale.interval(-high, -low)
        return "worse", f"Pull is worse by {scale.show(-row['mean'])}{points} ({span} {shown})."
    shown = scale.interval(low, high)
    return "same", f"No measurable difference: the {span} of push minus pull is {shown}{points} and holds zero."


def dial(results: Results) -> list[DialPanel]:
    """One panel for each delay the twin was run at; none where there is no twin."""
    panels = []
    for delay in delays(results):
        made = []
        for measure in ("M1", "M3", "M7"):
            pair = [twin_row(results, world, delay, measure) for world in ("push", "pull")]
            if not any(pair):
                continue
            scale = scale_of(measure, twin_unit(results, measure), results)
            verdict, sentence = difference(scale, paired_row(results, delay, measure))
            values = scale.numbers(*(row.get("mean") for row in pair))
            spans = [" to ".join(scale.numbers(*bounds(row))) if row else "not measured" for row in pair]
            push, pull = zip(values, spans, strict=True)
            name = MEASURE_NAMES[measure]
            made.append(DialRow(measure, name, scale.short_unit, *push, *pull, verdict, sentence))
        if made:
            panels.append(DialPanel(delay, delay_words(delay), tuple(made), rule_sentence(results, delay)))
    return panels


def rule_sentence(results: Results, delay: int) -> str:
    """What freeze and cooling-off cost pull in customers, and how it would stand without; empty where unknown."""
    cost = next(
        (
            row
            for row in rows(results, "twin", "links")
            if (row.get("world"), row.get("other"), row.get("measure")) == ("pull", "pull_prompt", "M1")
            and row.get("delay_days") == delay
            and is_number(row.get("mean"))
        ),
        {},
    )
    lost = twin_row(results, "pull", delay, "M1_lost")
    opens = part(results, "twin", "rule").get("open_weeks") or ()
    if not cost or not lost or not any(is_number(weeks) and weeks > 1 for weeks in opens):
        return ""
    scale = scale_of("M1", twin_unit(results, "M1"), results)
    low, high = bounds(cost)
    share = f"Pull loses {scale.show(lost['mean'])} of those who want a {unit_of(results)}"
    price = f"the price of the program's own rule ({_rule_words(results)})"
    if low > 0:
        span = f"95{SPACE}% interval {scale.interval(low, high)}"
        said = f"{share}; {scale.show(cost['mean'])} points of that ({span}) are {price}."
    elif high < 0:
        said = f"{share}, and would lose more without the program's own rule ({_rule_words(results)})."
    else:
        said = f"{share}; nothing measurable of that is {price}."
    prompt = next(
        (r for r in rows(results, "twin", "paired_prompt") if (r.get("delay_days"), r.get("measure")) == (delay, "M1")),
        {},
    )
    if is_number(prompt.get("mean")):
        sentence = difference(scale, prompt)[1]
        said += f" If orders could be built in the very next week, M1 would read: {sentence[0].lower()}{sentence[1:]}"
    return said


def _rule_words(results: Results) -> str:
    """The three waits behind the first week that a quote may promise."""
    rule = part(results, "twin", "rule")
    waits = (
        ("quote_valid_hours", "quotes held for", "hour"),
        ("freeze_weeks", "a schedule frozen for", "week"),
        ("lock_hours", "a right to withdraw for", "hour"),
    )
    said = []
    for key, words, unit in waits:
        if is_number(rule.get(key)) and rule[key] > 0:
            value = rule[key]
            if unit == "hour" and value % 24 == 0:
                unit, value = "day", value // 24
            said.append(f"{words} {number(value)} {unit if value == 1 else plural(unit)}")
    return ", ".join(said)


def cards(results: Results) -> list[Card]:
    """The headlines that the results can back, in the order of the report."""
    made = [latency_card(results), share_card(results), launch_card(results), promise_card(results)]
    return [card for card in made if card is not None]


def latency_card(results: Results) -> Card | None:
    """What going from three months of delay to one is worth on the real panel."""
    latency = part(results, "latency")
    gain = latency.get("reduction_3_to_1")
    if not is_number(gain):
        return None
    low, high = _pair(latency.get("reduction_interval_95"))
    title = "What fresher news is worth on real sales"
    span = f"95{SPACE}% interval {percent(low, 0)} to {percent(high, 0)}" if is_number(low) else "no interval known"
    wape = part(latency, "wape")
    errors = (
        f" (WAPE {percent(wape.get('3'))} at three months, {percent(wape.get('1'))} at one)"
        if is_number(wape.get("1")) and is_number(wape.get("3"))
        else ""
    )
    if is_number(low) and is_number(high) and low <= 0 <= high:
        sentence = f"No measurable difference between one month of delay and three ({span}){errors}."
    elif gain > 0:
        sentence = (
            f"of the planning error disappears when the last known month is one month old instead of three{errors};"
            f" {span}. No better forecast is involved."
        )
    else:
        sentence = f"Fresher news made the plan worse on this panel{errors}; {span}."
    return Card(title, percent(gain, 0), sentence)


def share_card(results: Results) -> Card | None:
    """The predicted sales with both intervals."""
    demand = part(results, "demand")
    units, share = part(demand, "units_per_month"), part(demand, "share")
    if not is_number(units.get("point")) and not is_number(share.get("point")):
        return None
    name = plural(unit_of(results))
    figure = number(_round(units.get("point"))) if is_number(units.get("point")) else percent(share.get("point"))
    shown = units if is_number(units.get("point")) else share

    def mean_text(value: Any) -> str:
        return number(_round(value)) if shown is units else percent(value)

    tastes, everything = _pair(shown.get("tastes_95")), _pair(shown.get("all_95"))
    sentence = f"{name} a month predicted" if is_number(units.get("point")) else "of the market predicted"
    if is_number(share.get("point")) and is_number(units.get("point")):
        sentence += f", {percent(share['point'])} of the market considered"
    if is_number(tastes[0]):
        sentence += f". Uncertain tastes alone allow {mean_text(tastes[0])} to {mean_text(tastes[1])}"
    if is_number(everything[0]):
        sentence += (
            f"; with what no data can tell before launch, {mean_text(everything[0])} to {mean_text(everything[1])}"
        )
    return Card("What it would sell", figure, sentence + ".")


def launch_card(results: Results) -> Card | None:
    """How many reservations became hand-overs."""
    launch = part(results, "launch")
    reserved, done = launch.get("reservations"), launch.get("handed_over")
    if not is_number(reserved) or not is_number(done):
        return None
    name = plural(unit_of(results))
    steps = [
        f"{number(launch[key])} {words}"
        for key, words in (("quoted", "were quoted a date"), ("deposited", "paid a deposit"), ("locked", "locked"))
        if is_number(launch.get(key))
    ]
    ratio = f" ({percent(done / reserved, 0)})" if reserved > 0 else ""
    return Card(
        "What became of the launch",
        number(done),
        f"{name} handed over from {number(reserved)} reservations{ratio}. " + (", ".join(steps) + "." if steps else ""),
    )


def promise_card(results: Results) -> Card | None:
    """How well the promised dates were kept in the live run."""
    kept = part(results, "measures", "M3")
    if not is_number(kept.get("mae_days")):
        return None
    late = kept.get("late_over_3_days_share")
    tail = ""
    if is_number(late):
        tail = f"; {percent(late) if late > 0 else 'none'} came more than 3 days late"
    errors = promise_errors(results)
    if sum(errors.values()) > 0:
        mean = sum(days * count for days, count in errors.items()) / sum(errors.values())
        tail += f"; on average {number(abs(mean), 1)} days {'late' if mean > 0 else 'early'}"
    count = f" over {number(kept['n'])} hand-overs" if is_number(kept.get("n")) else ""
    return Card(
        "How well promises were kept",
        f"{number(kept['mae_days'], 1)}{SPACE}days",
        f"mean absolute error of the promised delivery date{count}{tail}. A date names the end of"
        " its build week plus the road, so most units come a little early; in this run plant, suppliers and road do as"
        " planned. The date was shown before any deposit.",
    )


def break_even_sentence(results: Results) -> str:
    """When renting and buying have cost the same."""
    months = results.get("break_even_months")
    if not is_number(months):
        plans = {row.get("plan") for row in rows(results, "offers")}
        return "There is one plan." if len(plans) == 1 else "The plans' costs do not cross in the months computed."
    return (
        f"The plans have cost the same after {number(months)} months ({number(months / 12, 1)} years); before that the"
        " one with the lower price is cheaper, afterwards the other."
    )


def books_sentence(results: Results) -> str:
    """Whether the double-entry books balance."""
    balance = part(results, "finance").get("trial_balance_minor")
    if not is_number(balance):
        return "No trial balance was given."
    if balance == 0:
        return "The books balance: over all accounts the sum is exactly zero."
    return f"The books do NOT balance: they are off by {money(balance, currency_of(results))}."


def supply_sentence(results: Results) -> str:
    """How much was called off, and how much of it nobody needed."""
    supply = part(results, "procurement")
    texts = [
        f"{number(supply[key])} {word if supply[key] == 1 else plural(word)}"
        for key, word in (("call_offs", "call-off"), ("lines", "line"))
        if is_number(supply.get(key))
    ]
    if is_number(supply.get("amount_minor")):
        texts.append(f"{large_money(supply['amount_minor'], currency_of(results))} in all")
    said = ", ".join(texts) + "." if texts else ""
    used, left, ordered = (supply.get(f"{key}_minor") for key in ("used", "left_over", "on_order"))
    if is_number(supply.get("pegged_minor")) and supply.get("amount_minor"):
        said += f" Of their value, {percent(supply['pegged_minor'] / supply['amount_minor'])} went into units built."
    if is_number(used) and is_number(left) and is_number(ordered):
        currency = currency_of(results)
        said += (
            f" Parts worth {large_money(used, currency)} were used. When the run ended, {large_money(left, currency)}"
            f" lay in stock and {large_money(ordered, currency)} were still to come: called off on the forecast, and"
            " ordered by nobody. M7 of the run does not price it."
        )
    return said.strip()


def _pair(interval: Any) -> tuple[Any, Any]:
    if isinstance(interval, Sequence) and not isinstance(interval, str) and len(interval) == 2:
        return interval[0], interval[1]
    return None, None


def _round(value: Any) -> Any:
    """A predicted count to three significant figures: more would claim a precision nobody has."""
    if not is_number(value) or value == 0:
        return value
    return float(f"{value:.3g}")


def survey_sentence(results: Results) -> str:
    """Where the tastes come from: a survey fitted in this run, or the file; nothing where the program names none."""
    survey = part(results, "survey")
    if not survey:
        return ""
    if not survey.get("fitted"):
        return f"The survey {survey.get('data_set')} was not at hand: tastes are those of tastes.csv. "
    return (
        f"Tastes were fitted in this run on {survey.get('data_set')}, {number(survey.get('choices'))} choices by"
        f" {number(survey.get('persons'))} persons. "
    )
