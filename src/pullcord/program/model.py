"""A program as the rest of the house sees it: frozen, checked, with nothing left to doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from pullcord.alliance import Mode, Party, SettlementShare
from pullcord.base import Money, NotFound, PartyId
from pullcord.campaigns import CampaignTerms
from pullcord.channel import ChannelRule
from pullcord.claims import Claim, TestedFigure
from pullcord.demand import MonthlySales, Rival, Taste
from pullcord.logistics import City, LaneLimit, TransitRule
from pullcord.offers import PlanPrice
from pullcord.procurement import Part, Supplier
from pullcord.product import BomLine, ProductModel, Variant
from pullcord.production import OptionLimit, Plant

from .faults import suggest


@dataclass(frozen=True, slots=True)
class Policies:
    """What the alliance has agreed to do, as the program file states it."""

    deposit: Money
    deposit_refundable_until_lock: bool
    quote_valid_hours: int
    lock_hours: int  # a deposit may be withdrawn so long; then the order locks by itself
    freeze_weeks: int  # weeks of the schedule that no longer change
    plan_every_days: int
    forecast_every_days: int
    forecast_on_signal: bool = False  # each customer's signal revises the latest forecast in its own transaction
    privacy_epsilon_per_quarter: float = 1.0  # what a partner may learn of the persons who first came in one quarter
    week_price_most: Money | None = None  # the most that choosing a build week may cost or save; None: nothing


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that no public source gives, its plausible range, and why it was chosen."""

    key: str
    value: float
    unit: str
    low: float
    high: float
    reason: str


@dataclass(frozen=True, slots=True)
class LaunchDay:
    """How many had reserved by the end of a local day."""

    day: date
    reservations_cumulative: int
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class MonthlyCount:
    """A count of one calendar month, named by its first day."""

    month: date
    units: int
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class PanelRow:
    """Units of one model sold at retail in one calendar month; a month without a row is unknown, not zero."""

    month: date
    brand: str
    model: str
    units: int
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class SourceNote:
    """Where figures of a table come from, and how sure we are of the weakest of them."""

    table: str
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class SurveyTerm:
    """How a term of the survey's fit enters a taste: `taste = factor x coefficient`, or, where several terms stand for
    one attribute `at` several values, `factor x` the slope of the line through their coefficients."""

    attribute: str
    term: str
    at: float | None
    factor: float
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class Survey:
    """The choice survey that tastes.csv comes from, so that a run can fit it again."""

    data_set: str  # a data set's name
    utility: str  # the formula of utility
    terms: tuple[SurveyTerm, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """The whole checked input. Every reference in it holds; `digest` names its exact content."""

    program_id: str
    name: str
    category: str
    unit_name: str
    currency: str
    seed: int
    utc_offset_hours: float
    starts_on: date
    horizon_weeks: int
    new_product_id: str
    policies: Policies
    mode: Mode  # how the platform takes part
    discounts_borne_by: PartyId | None  # of campaigns; None: all bear them by their shares
    funding_rate_per_year: Fraction | None  # on what the funder lends; stated where the mode is funding
    parties: tuple[Party, ...]
    product: ProductModel
    variants: tuple[Variant, ...]
    prices: tuple[PlanPrice, ...]
    rivals: tuple[Rival, ...]  # the new product among them
    rival_sales: tuple[MonthlySales, ...]
    never_listed: tuple[str, ...]  # rivals of which a source says that no published list named them
    market_totals: tuple[MonthlyCount, ...]
    tastes: tuple[Taste, ...]
    survey: Survey | None  # what the tastes are fitted on, where a run can fit them
    cities: tuple[City, ...]
    plants: tuple[Plant, ...]
    option_limits: tuple[OptionLimit, ...]
    suppliers: tuple[Supplier, ...]
    parts: tuple[Part, ...]
    opening_stock: Mapping[str, int]  # pieces of a part at the plant on the first day; a part not named has none
    bom: tuple[BomLine, ...]  # its root is `new_product_id`
    launch: tuple[LaunchDay, ...]
    settlement: tuple[SettlementShare, ...]  # of what is paid once
    monthly_settlement: tuple[SettlementShare, ...]  # of what is paid each month
    assumptions: Mapping[str, Assumption]
    transit_rule: TransitRule
    panel: tuple[PanelRow, ...]
    deliveries: Mapping[str, tuple[MonthlyCount, ...]]  # by product: `xiaomi_yu7` from xiaomi_yu7_deliveries.csv
    sources: tuple[SourceNote, ...]  # each source of each table once, in the order of the tables
    digest: str  # sha256 of every file read, in hexadecimal
    folder: Path
    claims: tuple[Claim, ...] = ()  # as written: whether they hold, claims.check_claims says
    tested_figures: tuple[TestedFigure, ...] = ()
    transport_limits: tuple[LaneLimit, ...] = ()  # other lanes carry whatever is built
    channel_rules: tuple[ChannelRule, ...] = ()  # without one, everything may be sold everywhere
    campaigns: tuple[CampaignTerms, ...] = ()  # ready to be opened

    def assumed(self, key: str) -> float:
        """The value of an assumption. Raises NotFound, naming the nearest one."""
        try:
            return self.assumptions[key].value
        except KeyError:
            raise NotFound(f"no assumption `{key}` in {self.name}", suggest(key, self.assumptions)) from None

    @property
    def plans(self) -> tuple[str, ...]:
        """The plans on the price card, in its order."""
        return tuple(dict.fromkeys(price.plan for price in self.prices))
