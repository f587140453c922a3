"""The demand report's sentences, made from its numbers."""

from __future__ import annotations

from pullcord.insight import DemandReport, Released

from ..amounts import SPACE, number, percent, plural
from ..words import Card


def cards(report: DemandReport) -> list[Card]:
    """The headlines: how many, what that hangs on, what would tell, and what orders said."""
    made = [expected_card(report)]
    if report.unknowns:
        made.append(unknown_card(report))
    if report.observations:
        made.append(observation_card(report))
    made.append(orders_card(report))
    return made


def expected_card(report: DemandReport) -> Card:
    """The latest belief, and the forecast before the launch with both intervals."""
    market, units = report.market, plural(report.facts.unit_name)
    share = f"{percent(market.share)} of the market considered, at mean tastes and the middle of the rivals' constants"
    spans = (
        f"Uncertain tastes alone allow {_three(market.units_tastes.low)} to {_three(market.units_tastes.high)}; with"
        f" what no data can tell before launch, {_three(market.units.low)} to {_three(market.units.high)}."
    )
    if market.now is None:
        return Card(
            "What it would sell",
            _three(market.units_middle),
            f"{units} a month, {share}. {spans} The upside is longer than the downside: the mean over all that is"
            f" possible, which the tables below add up to, is {_three(market.units.mean)}.",
        )
    return Card(
        "What it will sell",
        _three(market.now.mean),
        f"{units} a month in the long run ({_three(market.now.low)} to {_three(market.now.high)}), as"
        f" {number(market.orders_told)} released orders say, over days that stand for {number(market.weeks_told, 1)}"
        f" weeks of the long run; the tables below add up to this. Before the launch it was"
        f" {_three(market.units_middle)}, {share}. {spans}",
    )


def unknown_card(report: DemandReport) -> Card:
    """The unknown that moves most."""
    row, units = report.unknowns[0], plural(report.facts.unit_name)
    ends = sorted((row.at_low, row.at_high))
    return Card(
        "What moves it most",
        f"{_three(ends[0])} to {_three(ends[1])}",
        f"{units} a month ({row.moves}) lie between the two ends of one unknown: the {row.name}."
        + (
            f" The next, the {report.unknowns[1].name}, spans"
            f" {_three(min(report.unknowns[1].at_low, report.unknowns[1].at_high))} to"
            f" {_three(max(report.unknowns[1].at_low, report.unknowns[1].at_high))} ({report.unknowns[1].moves})."
            if len(report.unknowns) > 1
            else ""
        ),
    )


def observation_card(report: DemandReport) -> Card:
    """The cheapest observation of what moves most."""
    row = report.observations[0]
    if row.count is None:
        said = f"No number of {row.watch} would halve the interval of {row.unknown}: {row.reason}."
        return Card("What would change our mind", "not more of the same", unbroken(said))
    never = next((o for o in report.observations if o.count is None), None)
    tail = f" Of {never.watch} no number would do: {never.reason}." if never is not None else ""
    said = f"would halve the interval of {row.unknown}: {row.reason}.{tail}"
    return Card("What would change our mind", f"{number(row.count, 0)} {row.watch}", unbroken(said))


def observation_cards(report: DemandReport) -> list[Card]:
    """Each thing to watch: how many of it, and why so many."""
    made = []
    for row in report.observations:
        count = "none would do" if row.count is None else number(float(f"{row.count:.3g}"), 0)
        watch = f"{row.watch}: {row.reason}." if row.count is not None else f"No number of {row.watch}: {row.reason}."
        made.append(Card(_capital(row.unknown), count, unbroken(watch)))
    return made


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def unbroken(text: str) -> str:
    """The text with no line break between a number and its per cent."""
    return text.replace(" %", f"{SPACE}%")


def orders_card(report: DemandReport) -> Card:
    """What was seen of orders, and by which way."""
    if not report.ledger_given:
        return Card("What orders say", "not asked", orders_sentence(report))
    if not report.releases:
        return Card("What orders say", "not told", orders_sentence(report))
    told, rest = _told(report)
    return Card("What orders say", told, rest)


def orders_sentence(report: DemandReport) -> str:
    """Whether orders were seen, in a sentence or two."""
    partner = report.facts.partner
    if not report.ledger_given:
        return "No ledger was given, so no orders were seen: everything here is forecast."
    if not report.releases:
        return (
            f"A ledger was given, and nothing in it has been released to {partner}: no orders were seen, and everything"
            " here is forecast. `pullcord demand release` releases private counts."
        )
    told, rest = _told(report)
    return f"{told} {rest}"[:1].upper() + f"{told} {rest}"[1:]


def _told(report: DemandReport) -> tuple[str, str]:
    """The count of the latest release, the surest of that day, and what it counts."""
    last, releases = max(report.releases, key=lambda row: (row.as_of, -row.half_width)), len(report.releases)
    root = last.cells[0]
    told = f"fewer than {last.least_shown}" if root.count is None else number(root.count)
    span = "" if root.low is None else f" ({number(root.low)} to {number(root.high)} with 95{SPACE}% confidence)"
    ways = f"{number(releases)} private releases" if releases > 1 else "one private release"
    rest = (
        f"{_counted(last)} of those first seen in {last.period}, as of {last.as_of}{span}. {report.facts.partner}"
        f" learned this from {ways}: counts with noise, and nothing about any person."
    )
    return told, rest


def _counted(release: Released) -> str:
    return {
        "reserved": "persons reserved",
        "paid": "persons have paid a deposit",
        "handed_over": "persons have their unit",
    }.get(release.counted, f"persons counted as {release.counted}")


def splits_sentence(report: DemandReport) -> str:
    """Where the splits over cities, segments and options come from."""
    if report.learned_from:
        return (
            f"How they split over cities, segments and options has been learned from {', '.join(report.learned_from)},"
            " with the noise of the releases counted in."
        )
    return (
        "How they split rests on inhabitants, on the assumed shares of the plans, and on the variants on sale: what is"
        " believed before anybody has ordered."
    )


def privacy_sentence(report: DemandReport) -> str:
    """What leaves for partners, in words."""
    return (
        f"What {report.facts.partner} is told of customers leaves as counts with noise (discrete Laplace, by OpenDP)."
        " Each person counts once in a release. Whether any one person is among those counted changes the chance of any"
        " outcome by no more than a factor of e to the epsilon, however much else is known. For the persons who first"
        f" came in one quarter all releases to one partner together may spend {report.budget_per_period:g}; what is"
        " refused is refused by what was spent, not by what was counted. Small counts are not shown: there would be"
        " nothing in them but noise."
    )


def _three(value: float) -> str:
    """Three significant figures: more would claim a precision that nobody has."""
    return number(float(f"{value:.3g}"), 0)
