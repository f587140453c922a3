"""What every table of a program folder holds: the one place where a column is specified.

`docs/data-dictionary.csv` is the same list for people; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pullcord.alliance import Role
from pullcord.base import LONGEST_ID, LONGEST_NAMED_ID

CURRENCY = "{currency}"
"""Stands in a column name for the program's currency in lower case: `price_{currency}` is `price_cny`."""

TAKEN_FROM_ASSUMPTIONS = "="
"""A figure written `=key` is the assumption of that key: its range and its reason then stand in one place."""

MARKS = "S, S1, Mnn (nn per cent sure, from memory), C or A"


class Kind(StrEnum):
    """How a cell is written, and so how it is read."""

    TEXT = "text"
    ID = "id"  # 1 to 64 letters, digits, '-', '_', '.'; fewer where the column says so
    REFERENCE = "reference"  # an id that another table defines
    CHOICE = "choice"  # one word of a few
    NUMBER = "number"
    WHOLE = "whole"
    MONEY = "money"  # major units, no more decimals than the currency has
    SHARE = "share"  # exact: 0.03 or 400/899
    DATE = "date"  # 2025-11-09
    MONTH = "month"  # 2025-11
    CONDITION = "condition"  # colour=white & !roof=glass; empty is "always"
    YES_NO = "yes or no"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind and unit, whether each row needs a value, and what the value means."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    refers_to: str = ""  # "parties.party_id"
    choices: tuple[str, ...] = ()
    least: float | None = None
    above: float | None = None
    most: float | None = None
    longest: int = LONGEST_ID
    source: str = "planner"  # who can know it

    def title(self, currency: str) -> str:
        """The column's name in a program of this currency."""
        return self.name.replace(CURRENCY, currency.lower())

    def unit_in(self, currency: str) -> str:
        """The column's unit in a program of this currency."""
        return self.unit.replace(CURRENCY, currency)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One CSV file: its columns, what makes a row unique, and whether further columns may follow."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = True
    may_be_empty: bool = False
    families: bool = False  # one more column for each option family
    attributes: bool = False  # further columns are numeric attributes, named by whoever fills the table

    @property
    def file(self) -> str:
        """The file's name in the folder; `*` stands for a name of the planner's choice."""
        return f"{self.name}.csv"

    def column(self, name: str) -> Column:
        """The column of that specified name."""
        return next(column for column in self.columns if column.name == name)


_SOURCE = Column("source", Kind.TEXT, "where the row's figures come from: a page, a data set, or why it is assumed")
_MARK = Column("mark", Kind.MARK, f"how sure we are of the row's weakest figure: {MARKS}; U is refused")


def _id(name: str, meaning: str, *, longest: int = LONGEST_ID) -> Column:
    return Column(name, Kind.ID, meaning, longest=longest)


def _ref(name: str, to: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, Kind.REFERENCE, meaning, refers_to=to, required=required)


def _text(name: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, Kind.TEXT, meaning, required=required)


def _money(name: str, meaning: str, source: str, *, required: bool = True, above: float | None = None) -> Column:
    least = 0.0 if above is None else None
    return Column(name, Kind.MONEY, meaning, CURRENCY, required=required, least=least, above=above, source=source)


PARTIES = TableSpec(
    "parties",
    (
        _id(
            "party_id",
            "who takes part in the alliance: its account, its messages and its claims carry this id",
            longest=LONGEST_NAMED_ID,
        ),
        _text("name", "the party's name"),
        Column(
            "role",
            Kind.CHOICE,
            "what it does in the alliance",
            choices=tuple(role.value for role in Role),
        ),
        _SOURCE,
        _MARK,
    ),
    key=("party_id",),
)
FAMILIES = TableSpec(
    "families",
    (_id("family_id", "one choice that a buyer makes"), _text("name", "its name on screen"), _SOURCE, _MARK),
    key=("family_id",),
)
OPTIONS = TableSpec(
    "options",
    (
        _ref("family_id", "families.family_id", "the choice it answers"),
        _id("option_id", "one answer to that choice"),
        _text("name", "its name on screen"),
        _SOURCE,
        _MARK,
    ),
    key=("family_id", "option_id"),
)
RULES = TableSpec(
    "rules",
    (
        _id("rule_id", "the rule's name, cited when it refuses a configuration"),
        Column("condition", Kind.CONDITION, "where the rule applies; empty is everywhere", required=False),
        Column("requires", Kind.CONDITION, "what must then hold as well"),
        _text("reason", "why, in words that a buyer understands"),
        _SOURCE,
        _MARK,
    ),
    key=("rule_id",),
    may_be_empty=True,
)
VARIANTS = TableSpec(
    "variants",
    (_id("variant_id", "one configuration on sale"), _text("name", "its name on screen"), _SOURCE, _MARK),
    key=("variant_id",),
    families=True,
)
PRICE_CARD = TableSpec(
    "price_card",
    (
        _ref("variant_id", "variants.variant_id", "what is sold"),
        _id("plan", "the contract it is sold under"),
        _money("price_{currency}", "paid once", "maker and platform"),
        _money("monthly_{currency}", "paid each month; never without its cap and overage", "maker", required=False),
        Column(
            "cap_km_per_month",
            Kind.WHOLE,
            "what the monthly fee covers",
            "km/month",
            required=False,
            above=0,
            source="maker",
        ),
        Column(
            "overage_per_km_{currency}",
            Kind.MONEY,
            "price of each km above the cap",
            "{currency}/km",
            required=False,
            least=0,
            source="maker",
        ),
        _SOURCE,
        _MARK,
    ),
    key=("variant_id", "plan"),
)
RIVALS = TableSpec(
    "rivals",
    (
        _id("product_id", "a product that a buyer could choose instead, or the new product itself"),
        _text("name", "brand and model"),
        _money("price_{currency}", "list price, the middle of the published range", "makers' price lists", above=0),
        Column(
            "never_listed",
            Kind.YES_NO,
            "whether a source says that no published list of the months in rival_sales.csv ever named it",
            required=False,
            source="registration statistics",
        ),
        _SOURCE,
        _MARK,
    ),
    key=("product_id",),
    attributes=True,
)
RIVAL_SALES = TableSpec(
    "rival_sales",
    (
        _ref("product_id", "rivals.product_id", "which product"),
        Column("month", Kind.MONTH, "calendar month of the sales; a missing month is unknown, not zero"),
        Column("units", Kind.WHOLE, "sold at retail in the month", "unit", least=0, source="registration statistics"),
        _SOURCE,
        _MARK,
    ),
    key=("product_id", "month"),
)
MARKET_TOTALS = TableSpec(
    "market_totals",
    (
        Column("month", Kind.MONTH, "calendar month of the sales"),
        Column("units", Kind.WHOLE, "sold in the whole market", "unit", least=0, source="registration statistics"),
        _SOURCE,
        _MARK,
    ),
    key=("month",),
)
TASTES = TableSpec(
    "tastes",
    (
        _id("attribute", "a column of rivals.csv"),
        _text("unit", "the step of the attribute that mean and standard_error count: 10k CNY, 100 km"),
        Column("mean", Kind.NUMBER, "utility of one step more", "utility per step", source="choice study"),
        Column(
            "standard_error", Kind.NUMBER, "standard error of mean", "utility per step", least=0, source="choice study"
        ),
        _SOURCE,
        _MARK,
    ),
    key=("attribute",),
)
SURVEY = TableSpec(
    "survey",
    (
        _ref("attribute", "tastes.attribute", "the taste that the survey's fit gives"),
        Column("term", Kind.TEXT, "a term of the survey's utility", source="choice study"),
        Column(
            "at",
            Kind.NUMBER,
            "the attribute's value that the term stands for, where several terms stand for one attribute: the taste is"
            " the slope of the line through their coefficients; empty where the term is the attribute itself",
            "unit of the attribute",
            required=False,
            source="choice study",
        ),
        Column(
            "factor",
            Kind.NUMBER,
            "what the coefficient, or the slope, is multiplied by to be utility per step of tastes.csv",
            source="choice study",
        ),
        _SOURCE,
        _MARK,
    ),
    key=("attribute", "term"),
    required=False,
)
CITIES = TableSpec(
    "cities",
    (
        _id("city_id", "the city"),
        _text("name", "its name in Latin letters"),
        _text("local_name", "its name as it is written there"),
        Column("geonameid", Kind.WHOLE, "its number in GeoNames", above=0, required=False, source="GeoNames"),
        Column("lat", Kind.NUMBER, "latitude, WGS 84", "degree", least=-90, most=90, source="GeoNames"),
        Column("lon", Kind.NUMBER, "longitude, WGS 84", "degree", least=-180, most=180, source="GeoNames"),
        Column("population", Kind.WHOLE, "people, as the source counts the city", "person", above=0, source="GeoNames"),
        Column("invoice", Kind.YES_NO, "whether the seller can issue a local sales invoice there"),
        _SOURCE,
        _MARK,
    ),
    key=("city_id",),
)
PLANTS = TableSpec(
    "plants",
    (
        _id("plant_id", "the plant; one so far", longest=LONGEST_NAMED_ID),
        _text("name", "its name"),
        _ref("city_id", "cities.city_id", "where it stands"),
        Column("takt_seconds", Kind.NUMBER, "time between two units leaving the line", "s", above=0, source="maker"),
        Column(
            "hours_per_week", Kind.NUMBER, "hours the line is staffed", "hour/week", above=0, most=168, source="maker"
        ),
        Column(
            "availability",
            Kind.NUMBER,
            "share of staffed time in which the line runs",
            "share",
            above=0,
            most=1,
            source="maker",
        ),
        Column(
            "share",
            Kind.NUMBER,
            "share of the plant's output allotted to this product",
            "share",
            above=0,
            most=1,
            source="maker",
        ),
        Column(
            "ramp_up_weeks",
            Kind.WHOLE,
            "weeks of production before the full rate is reached",
            "week",
            least=0,
            most=104,
            source="maker",
        ),
        _SOURCE,
        _MARK,
    ),
    key=("plant_id",),
)
OPTION_LIMITS = TableSpec(
    "option_limits",
    (
        _ref("plant_id", "plants.plant_id", "where the limit stands"),
        _ref("family_id", "families.family_id", "the choice"),
        _id("option_id", "the answer to it that is limited"),
        Column(
            "units_per_week",
            Kind.WHOLE,
            "most units with this option that the plant can build",
            "unit/week",
            least=0,
            source="maker",
        ),
        _SOURCE,
        _MARK,
    ),
    key=("plant_id", "family_id", "option_id"),
    required=False,
    may_be_empty=True,
)
SUPPLIERS = TableSpec(
    "suppliers",
    (
        _id("supplier_id", "the supplier"),
        _ref("party_id", "parties.party_id", "the account it is paid to"),
        _text("name", "its name, or its role where no public source names it"),
        _ref("city_id", "cities.city_id", "where it ships from"),
        _SOURCE,
        _MARK,
    ),
    key=("supplier_id",),
)
PARTS = TableSpec(
    "parts",
    (
        _id("part_id", "a part that is bought"),
        _text("name", "its name"),
        _ref("supplier_id", "suppliers.supplier_id", "who supplies it"),
        _money("unit_cost_{currency}", "what one costs, delivered to the plant", "purchasing"),
        _money("unit_cost_low_{currency}", "the least it may cost", "purchasing", required=False),
        _money("unit_cost_high_{currency}", "the most it may cost", "purchasing", required=False),
        Column("lead_time_days", Kind.WHOLE, "from call-off to receipt", "day", least=0, most=182, source="purchasing"),
        Column("lot_size", Kind.WHOLE, "it is called off in multiples of this", "unit", above=0, source="purchasing"),
        Column(
            "supply_per_week",
            Kind.WHOLE,
            "most that can be supplied; empty is no limit known",
            "unit/week",
            least=0,
            required=False,
            source="supplier",
        ),
        Column(
            "opening_stock",
            Kind.WHOLE,
            "pieces at the plant on the first day; empty is none",
            "unit",
            least=0,
            required=False,
            source="purchasing",
        ),
        _SOURCE,
        _MARK,
    ),
    key=("part_id",),
)
BOM = TableSpec(
    "bom",
    (
        _id("parent_id", "what is put together; the finished unit is `new_product_id` of program.toml"),
        _id("part_id", "what goes into it: a bought part, or the parent of further rows"),
        Column("quantity", Kind.WHOLE, "how many go into one parent", "unit", above=0, source="maker"),
        Column("condition", Kind.CONDITION, "on which configurations; empty is on all", required=False),
        _SOURCE,
        _MARK,
    ),
    key=("parent_id", "part_id", "condition"),
)
LAUNCH = TableSpec(
    "launch",
    (
        Column("day", Kind.DATE, "local date by whose end the count was reached"),
        Column("reservations_cumulative", Kind.WHOLE, "reservations since the launch", "unit", least=0, source="press"),
        _SOURCE,
        _MARK,
    ),
    key=("day",),
    may_be_empty=True,
)
SETTLEMENT = TableSpec(
    "settlement",
    (
        _id("plan", "a plan of price_card.csv"),
        Column("payment", Kind.CHOICE, "which payment of the plan is shared", choices=("price", "monthly")),
        _ref("party_id", "parties.party_id", "who receives it"),
        Column(
            "share",
            Kind.SHARE,
            "its share of that payment; the shares of a payment add up to exactly 1",
            "share",
            above=0,
            most=1,
            source="alliance contract",
        ),
        _SOURCE,
        _MARK,
    ),
    key=("plan", "payment", "party_id"),
)
ASSUMPTIONS = TableSpec(
    "assumptions",
    (
        _id("key", "the name by which a figure elsewhere can take this value: `=key`"),
        Column("value", Kind.NUMBER, "the value that is used", "as in `unit`"),
        _text("unit", "the unit of value, low and high"),
        Column("low", Kind.NUMBER, "the lowest plausible value", "as in `unit`"),
        Column("high", Kind.NUMBER, "the highest plausible value", "as in `unit`"),
        _text("reason", "why this value and this range, with the source where there is one"),
    ),
    key=("key",),
)
PANEL = TableSpec(
    "panel",
    (
        Column("month", Kind.MONTH, "calendar month of the sales; a missing month is unknown, not zero"),
        _text("brand", "brand; `(all)` for the total of the market"),
        _text("model", "model"),
        Column("units", Kind.WHOLE, "sold at retail in the month", "unit", least=0, source="registration statistics"),
        _SOURCE,
        _MARK,
    ),
    key=("month", "brand", "model"),
    required=False,
)
DELIVERIES = TableSpec(
    "*_deliveries",
    (
        Column("month", Kind.MONTH, "calendar month of the deliveries"),
        Column("units", Kind.WHOLE, "delivered in the month", "unit", least=0, source="registration statistics"),
        _SOURCE,
        _MARK,
    ),
    key=("month",),
    required=False,
)


TABLES: tuple[TableSpec, ...] = (
    PARTIES, FAMILIES, OPTIONS, RULES, VARIANTS, PRICE_CARD, RIVALS, RIVAL_SALES, MARKET_TOTALS, TASTES, SURVEY, CITIES,
    PLANTS, OPTION_LIMITS, SUPPLIERS, PARTS, BOM, LAUNCH, SETTLEMENT, ASSUMPTIONS, PANEL, DELIVERIES,
)  # fmt: skip
