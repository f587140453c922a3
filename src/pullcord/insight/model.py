"""The records of a demand report: what the platform tells the carmaker, as numbers before anybody draws them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pullcord.base import Money


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with the ends that hold the truth with 95 % probability, as far as the model can tell."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reach:
    """Two ends that hold 95 % of the draws."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Facts:
    """Which program, which input, and whom the report is for."""

    program_id: str
    name: str
    category: str
    unit_name: str
    currency: str
    starts_on: date
    seed: int
    digest: str
    product_id: str
    product: str
    partner_id: str
    partner: str


@dataclass(frozen=True, slots=True)
class MarketOutlook:
    """The market considered, and what the new product would take of it; units are those of a month in the long run.

    `units` is what is believed before the launch; `now` what is believed once released orders are counted, None where
    none were released. `orders_told` are those orders, with the noise in them, and `weeks_told` the long-run weeks of
    demand that they stand for.
    """

    months: tuple[date, ...]  # of calibration
    units_per_month: float  # of the whole market considered
    outside_good: str
    effective_price: Money  # at which buyers weigh the product
    share: float  # at mean tastes and the middle of the rivals' constants
    share_tastes: Reach
    share_all: Reach
    units: Estimate  # tastes and constant drawn
    units_middle: float  # at the share above
    units_tastes: Reach
    price_elasticity: float
    now: Estimate | None = None
    orders_told: int | None = None
    weeks_told: float | None = None

    @property
    def believed(self) -> Estimate:
        """What splits divide: the latest belief."""
        return self.units if self.now is None else self.now


@dataclass(frozen=True, slots=True)
class SegmentUnits:
    """Expected units a month of one segment, a plan of the price card; `share` is its part of all buyers."""

    segment: str
    units: Estimate
    share: Estimate


@dataclass(frozen=True, slots=True)
class CityUnits:
    """Expected units a month in one city, and by segment in the order of the report's segments."""

    city_id: str
    name: str
    local_name: str
    units: Estimate
    by_segment: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class TakeRate:
    """Of all buyers, how many take an option of a family."""

    family_id: str
    family: str
    option_id: str
    option: str
    rate: Estimate
    variants: int  # on sale that have it


@dataclass(frozen=True, slots=True)
class Willingness:
    """What buyers would pay for one step more of an attribute; ends are None where the data set no bound.

    `surveyed` rows are terms of the survey's own utility, the others attributes of the program.
    """

    attribute: str
    per: str  # the step
    surveyed: bool
    value: Money
    low: Money | None
    high: Money | None


@dataclass(frozen=True, slots=True)
class RivalPoint:
    """A product on the map: price, the attribute that counts most, and sales; units are None where none were seen."""

    product_id: str
    name: str
    price: Money
    attribute: float
    units_per_month: float | None
    ours: bool


@dataclass(frozen=True, slots=True)
class PricePoint:
    """The share at one price, with what tastes alone allow and what tastes and the own constant allow."""

    price: Money
    share: float
    tastes: Reach
    everything: Reach


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """What a plan amounts to in money of the first day."""

    plan: str
    price: Money


@dataclass(frozen=True, slots=True)
class Substitute:
    """Where the buyers come from: a rival, or everything else (`product_id` None)."""

    product_id: str | None
    name: str
    fraction: float
    units_per_month: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """One thing nobody knows, and how far it moves the forecast between the ends of what it may be.

    `base`, `at_low` and `at_high` are units a month of what `moves` names; the ends belong to `low` and `high`.
    """

    key: str
    name: str
    moves: str
    base: float
    at_low: float
    at_high: float
    low: str
    high: str
    source: str

    @property
    def swing(self) -> float:
        """How many units a month lie between the two ends."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True, slots=True)
class Observation:
    """What to watch to know an unknown twice as well; `count` is None where no number of them would do."""

    key: str
    unknown: str
    watch: str
    count: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ReleasedCell:
    """One count of a release; None where it is smaller than the release's least."""

    path: tuple[str, ...]  # ids
    names: tuple[str, ...]
    count: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class ReleasedRate:
    """How the persons of one cell split over the last dimension."""

    path: tuple[str, ...]
    names: tuple[str, ...]
    rate: Estimate


@dataclass(frozen=True, slots=True)
class Released:
    """A private release as the partner may read it."""

    release_id: str
    period: str
    counted: str
    by: tuple[str, ...]
    as_of: date
    epsilon: float
    mechanism: str
    scale: float
    half_width: int
    least_shown: int
    cells: tuple[ReleasedCell, ...]
    rates: tuple[ReleasedRate, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """What the partner has spent, and may still spend, on the persons of one quarter."""

    period: str
    spent: float
    left: float
    releases: int


@dataclass(frozen=True, slots=True)
class DemandReport:
    """Everything a demand report tells. `ledger_given` is false where it was made of forecasts alone."""

    facts: Facts
    market: MarketOutlook
    segments: tuple[SegmentUnits, ...]
    cities: tuple[CityUnits, ...]
    take_rates: tuple[TakeRate, ...]
    learned_from: tuple[str, ...]  # releases whose counts the splits have taken in
    willingness: tuple[Willingness, ...]
    willingness_source: str
    map_attribute: str | None
    rivals: tuple[RivalPoint, ...]
    plan_points: tuple[PlanPoint, ...]
    price_points: tuple[PricePoint, ...]
    substitutes: tuple[Substitute, ...]
    unknowns: tuple[Unknown, ...]
    observations: tuple[Observation, ...]
    reservations: int | None  # published, and how many they are is no secret
    ledger_given: bool
    budget_per_period: float
    budgets: tuple[Budget, ...]
    releases: tuple[Released, ...]
    unidentified: tuple[str, ...]
