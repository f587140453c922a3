"""The use case of insight: one report of demand, from a program and what was released to the party it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pullcord.alliance import Party, Role
from pullcord.base import NotFound
from pullcord.outlook import Outlook
from pullcord.privacy import EPSILON_UNIT, PRIVACY_BUDGET, PRIVACY_RELEASE, BudgetRow, ReleaseRow
from pullcord.program import Program
from pullcord.store import Reader
from pullcord.survey import SurveyFit

from . import level, market, observations, releases, splits, unknowns, willingness
from .evidence import Margin, margin
from .model import DemandReport, Facts

_OWN_WORDS = ("city", "plan", "variant")  # dimensions of a release that are no families


@dataclass(frozen=True, slots=True)
class Told:
    """What a ledger says was released to one party."""

    releases: tuple[ReleaseRow, ...] = ()
    budgets: tuple[BudgetRow, ...] = ()


def told_to(reader: Reader, party_id: str) -> Told:
    """All that was released to a party, in order, and what it has spent. Orders are not looked at."""
    rows = reader.select(PRIVACY_RELEASE, PRIVACY_RELEASE.sql.c.partner == party_id)
    spent = reader.select(PRIVACY_BUDGET, PRIVACY_BUDGET.sql.c.partner == party_id)
    return Told(tuple(sorted(rows, key=lambda row: row.seq)), tuple(sorted(spent, key=lambda row: row.period)))


def partner_of(program: Program, party_id: str | None) -> Party:
    """The party a report is for: the carmaker unless named. Raises NotFound."""
    for party in program.parties:
        if party.party_id == party_id or (party_id is None and party.role is Role.CARMAKER):
            return party
    raise NotFound(
        f"`{party_id}` is no party of {program.name}",
        f"its parties are {', '.join(party.party_id for party in program.parties)}",
    )


def demand_report(
    outlook: Outlook, *, partner: str | None = None, told: Told | None = None, survey: SurveyFit | None = None
) -> DemandReport:
    """Everything the platform can tell a party about demand; the same arguments give the same report.

    `told` is what the ledger says was released to the party, None where no ledger was given: then nothing but
    forecasts is told. `survey` is the fit behind the tastes, where its data are at hand. Raises NotFound for a party
    that the program does not have.
    """
    program, party = outlook.program, partner_of(outlook.program, partner)
    drawn = market.share_draws(outlook)
    units, draws = drawn.by_both * outlook.market.units_per_month, len(drawn.by_both)
    mean, rows = outlook.prediction.units_mean, told.releases if told is not None else ()
    orders = level.told_orders(rows)
    learned = level.learn(outlook, orders, draws) if orders is not None else None
    if learned is not None:
        units, mean = learned.draws, learned.mean
    cities = splits.city_split(program, margin(rows, "city"), draws=draws)
    plans = splits.segment_split(program, margin(rows, "plan"), draws=draws)
    options = splits.option_splits(program, _by_option(program, rows), draws=draws)
    releases_used = dict.fromkeys(
        name for found in (cities, plans, *(found for _, found in options)) for name in found.learned_from
    )
    segments, rates = splits.segment_units(units, mean, plans), splits.take_rates(program, options)
    attribute = market.map_attribute(outlook)
    epsilon = program.policies.privacy_epsilon_per_quarter
    return DemandReport(
        facts=_facts(outlook, party),
        market=market.market_outlook(outlook, drawn, orders, learned),
        segments=segments,
        cities=splits.city_units(program, units, mean, cities, plans),
        take_rates=rates,
        learned_from=tuple(releases_used),
        willingness=(
            *willingness.from_tastes(program),
            *(willingness.from_survey(program, survey) if survey is not None else ()),
        ),
        willingness_source=_source(program, survey),
        map_attribute=attribute,
        rivals=market.rival_points(outlook, attribute),
        plan_points=market.plan_points(outlook),
        price_points=market.price_points(outlook),
        substitutes=market.substitutes(outlook),
        unknowns=unknowns.unknowns(outlook, drawn, segments, rates, orders=orders, learned=learned),
        observations=observations.observations(
            outlook,
            drawn,
            segments,
            rates,
            int(epsilon * EPSILON_UNIT),
            learned=bool(releases_used),
            orders=None if learned is None or orders is None else orders.total,
        ),
        reservations=program.launch[-1].reservations_cumulative if program.launch else None,
        ledger_given=told is not None,
        budget_per_period=epsilon,
        budgets=tuple(releases.budget(row) for row in (told.budgets if told is not None else ())),
        releases=tuple(releases.released(program, row) for row in rows),
        unidentified=outlook.prediction.unidentified,
    )


def _by_option(program: Program, rows: Sequence[ReleaseRow]) -> dict[str, Margin | None]:
    """What releases tell by family, and by variant."""
    families = [str(f.family_id) for f in program.product.families if f.family_id not in _OWN_WORDS]
    return {name: margin(rows, name) for name in (*families, "variant")}


def _facts(outlook: Outlook, party: Party) -> Facts:
    program = outlook.program
    return Facts(
        program_id=program.program_id,
        name=program.name,
        category=program.category,
        unit_name=program.unit_name,
        currency=program.currency,
        starts_on=program.starts_on,
        seed=program.seed,
        digest=program.digest,
        product_id=program.new_product_id,
        product=outlook.newcomer.name,
        partner_id=party.party_id,
        partner=party.name,
    )


def _source(program: Program, survey: SurveyFit | None) -> str:
    if survey is not None:
        return (
            f"the survey {survey.fit.data_name}, fitted here: {survey.fit.persons:,} persons,"
            f" {survey.fit.situations:,} choices, errors clustered by person"
        )
    said = "; ".join(dict.fromkeys(taste.source.split(": ")[0] for taste in program.tastes))
    return f"tastes.csv of the program ({said}); errors of the tastes taken for independent"
