"""What every table of a program folder holds: the one place where a column is specified.

`docs/data-dictionary.csv` is the same list for people; a test holds the two together.
"""

from __future__ import annotations

from pullcord.alliance import Role
from pullcord.base import LONGEST_NAMED_ID

from .channel_tables import CHANNEL_TABLES
from .claim_tables import CLAIMS, TEST_RECORDS
from .column import (
    MARK,
    SOURCE,
    Column,
    Kind,
    TableSpec,
    id_column,
    money_column,
    ref_column,
    text_column,
)

PARTIES = TableSpec(
    "parties",
    (
        id_column(
            "party_id",
            "who takes part in the alliance: its account, its messages and its claims carry this id",
            longest=LONGEST_NAMED_ID,
        ),
        text_column("name", "the party's name"),
        Column(
            "role",
            Kind.CHOICE,
            "what it does in the alliance",
            choices=tuple(role.value for role in Role),
        ),
        SOURCE,
        MARK,
    ),
    key=("party_id",),
)
FAMILIES = TableSpec(
    "families",
    (id_column("family_id", "one choice that a buyer makes"), text_column("name", "its name on screen"), SOURCE, MARK),
    key=("family_id",),
)
OPTIONS = TableSpec(
    "options",
    (
        ref_column("family_id", "families.family_id", "the choice it answers"),
        id_column("option_id", "one answer to that choice"),
        text_column("name", "its name on screen"),
        SOURCE,
        MARK,
    ),
    key=("family_id", "option_id"),
)
RULES = TableSpec(
    "rules",
    (
        id_column("rule_id", "the rule's name, cited when it refuses a configuration"),
        Column("condition", Kind.CONDITION, "where the rule applies; empty is everywhere", required=False),
        Column("requires", Kind.CONDITION, "what must then hold as well"),
        text_column("reason", "why, in words that a buyer understands"),
        SOURCE,
        MARK,
    ),
    key=("rule_id",),
    may_be_empty=True,
)
VARIANTS = TableSpec(
    "variants",
    (id_column("variant_id", "one configuration on sale"), text_column("name", "its name on screen"), SOURCE, MARK),
    key=("variant_id",),
    families=True,
)
PRICE_CARD = TableSpec(
    "price_card",
    (
        ref_column("variant_id", "variants.variant_id", "what is sold"),
        id_column("plan", "the contract it is sold under"),
        money_column("price_{currency}", "paid once", "maker and platform"),
        money_column(
            "monthly_{currency}", "paid each month; never without its cap and overage", "maker", required=False
        ),
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
        SOURCE,
        MARK,
    ),
    key=("variant_id", "plan"),
)
RIVALS = TableSpec(
    "rivals",
    (
        id_column("product_id", "a product that a buyer could choose instead, or the new product itself"),
        text_column("name", "brand and model"),
        money_column(
            "price_{currency}", "list price, the middle of the published range", "makers' price lists", above=0
        ),
        Column(
            "never_listed",
            Kind.YES_NO,
            "whether a source says that no published list of the months in rival_sales.csv ever named it",
            required=False,
            source="registration statistics",
        ),
        SOURCE,
        MARK,
    ),
    key=("product_id",),
    attributes=True,
)
RIVAL_SALES = TableSpec(
    "rival_sales",
    (
        ref_column("product_id", "rivals.product_id", "which product"),
        Column("month", Kind.MONTH, "calendar month of the sales; a missing month is unknown, not zero"),
        Column("units", Kind.WHOLE, "sold at retail in the month", "unit", least=0, source="registration statistics"),
        SOURCE,
        MARK,
    ),
    key=("product_id", "month"),
)
MARKET_TOTALS = TableSpec(
    "market_totals",
    (
        Column("month", Kind.MONTH, "calendar month of the sales"),
        Column("units", Kind.WHOLE, "sold in the whole market", "unit", least=0, source="registration statistics"),
        SOURCE,
        MARK,
    ),
    key=("month",),
)
TASTES = TableSpec(
    "tastes",
    (
        id_column("attribute", "a column of rivals.csv"),
        text_column("unit", "the step of the attribute that mean and standard_error count: 10k CNY, 100 km"),
        Column("mean", Kind.NUMBER, "utility of one step more", "utility per step", source="choice study"),
        Column(
            "standard_error", Kind.NUMBER, "standard error of mean", "utility per step", least=0, source="choice study"
        ),
        SOURCE,
        MARK,
    ),
    key=("attribute",),
)
SURVEY = TableSpec(
    "survey",
    (
        ref_column("attribute", "tastes.attribute", "the taste that the survey's fit gives"),
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
        SOURCE,
        MARK,
    ),
    key=("attribute", "term"),
    required=False,
)
CITIES = TableSpec(
    "cities",
    (
        id_column("city_id", "the city"),
        text_column("name", "its name in Latin letters"),
        text_column("local_name", "its name as it is written there"),
        Column("geonameid", Kind.WHOLE, "its number in GeoNames", above=0, required=False, source="GeoNames"),
        Column("lat", Kind.NUMBER, "latitude, WGS 84", "degree", least=-90, most=90, source="GeoNames"),
        Column("lon", Kind.NUMBER, "longitude, WGS 84", "degree", least=-180, most=180, source="GeoNames"),
        Column("population", Kind.WHOLE, "people, as the source counts the city", "person", above=0, source="GeoNames"),
        Column("invoice", Kind.YES_NO, "whether the seller can issue a local sales invoice there"),
        SOURCE,
        MARK,
    ),
    key=("city_id",),
)
PLANTS = TableSpec(
    "plants",
    (
        id_column("plant_id", "the plant; one so far", longest=LONGEST_NAMED_ID),
        text_column("name", "its name"),
        ref_column("city_id", "cities.city_id", "where it stands"),
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
        SOURCE,
        MARK,
    ),
    key=("plant_id",),
)
TRANSPORT_LIMITS = TableSpec(
    "transport_limits",
    (
        ref_column("plant_id", "plants.plant_id", "where units leave"),
        ref_column("city_id", "cities.city_id", "where they go"),
        Column(
            "units_per_week",
            Kind.WHOLE,
            "most units that can leave the plant for the city in a week",
            "unit/week",
            least=0,
            source="carrier",
        ),
        SOURCE,
        MARK,
    ),
    key=("plant_id", "city_id"),
    required=False,
    may_be_empty=True,
)
OPTION_LIMITS = TableSpec(
    "option_limits",
    (
        ref_column("plant_id", "plants.plant_id", "where the limit stands"),
        ref_column("family_id", "families.family_id", "the choice"),
        id_column("option_id", "the answer to it that is limited"),
        Column(
            "units_per_week",
            Kind.WHOLE,
            "most units with this option that the plant can build",
            "unit/week",
            least=0,
            source="maker",
        ),
        SOURCE,
        MARK,
    ),
    key=("plant_id", "family_id", "option_id"),
    required=False,
    may_be_empty=True,
)
SUPPLIERS = TableSpec(
    "suppliers",
    (
        id_column("supplier_id", "the supplier"),
        ref_column("party_id", "parties.party_id", "the account it is paid to"),
        text_column("name", "its name, or its role where no public source names it"),
        ref_column("city_id", "cities.city_id", "where it ships from"),
        SOURCE,
        MARK,
    ),
    key=("supplier_id",),
)
PARTS = TableSpec(
    "parts",
    (
        id_column("part_id", "a part that is bought"),
        text_column("name", "its name"),
        ref_column("supplier_id", "suppliers.supplier_id", "who supplies it"),
        money_column("unit_cost_{currency}", "what one costs, delivered to the plant", "purchasing"),
        money_column("unit_cost_low_{currency}", "the least it may cost", "purchasing", required=False),
        money_column("unit_cost_high_{currency}", "the most it may cost", "purchasing", required=False),
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
        SOURCE,
        MARK,
    ),
    key=("part_id",),
)
BOM = TableSpec(
    "bom",
    (
        id_column("parent_id", "what is put together; the finished unit is `new_product_id` of program.toml"),
        id_column("part_id", "what goes into it: a bought part, or the parent of further rows"),
        Column("quantity", Kind.WHOLE, "how many go into one parent", "unit", above=0, source="maker"),
        Column("condition", Kind.CONDITION, "on which configurations; empty is on all", required=False),
        SOURCE,
        MARK,
    ),
    key=("parent_id", "part_id", "condition"),
)
LAUNCH = TableSpec(
    "launch",
    (
        Column("day", Kind.DATE, "local date by whose end the count was reached"),
        Column("reservations_cumulative", Kind.WHOLE, "reservations since the launch", "unit", least=0, source="press"),
        SOURCE,
        MARK,
    ),
    key=("day",),
    may_be_empty=True,
)
SETTLEMENT = TableSpec(
    "settlement",
    (
        id_column("plan", "a plan of price_card.csv"),
        Column("payment", Kind.CHOICE, "which payment of the plan is shared", choices=("price", "monthly")),
        ref_column("party_id", "parties.party_id", "who receives it"),
        Column(
            "share",
            Kind.SHARE,
            "its share of that payment; the shares of a payment add up to exactly 1",
            "share",
            above=0,
            most=1,
            source="alliance contract",
        ),
        SOURCE,
        MARK,
    ),
    key=("plan", "payment", "party_id"),
)
ASSUMPTIONS = TableSpec(
    "assumptions",
    (
        id_column("key", "the name by which a figure elsewhere can take this value: `=key`"),
        Column("value", Kind.NUMBER, "the value that is used", "as in `unit`"),
        text_column("unit", "the unit of value, low and high"),
        Column("low", Kind.NUMBER, "the lowest plausible value", "as in `unit`"),
        Column("high", Kind.NUMBER, "the highest plausible value", "as in `unit`"),
        text_column("reason", "why this value and this range, with the source where there is one"),
    ),
    key=("key",),
)
PANEL = TableSpec(
    "panel",
    (
        Column("month", Kind.MONTH, "calendar month of the sales; a missing month is unknown, not zero"),
        text_column("brand", "brand; `(all)` for the total of the market"),
        text_column("model", "model"),
        Column("units", Kind.WHOLE, "sold at retail in the month", "unit", least=0, source="registration statistics"),
        SOURCE,
        MARK,
    ),
    key=("month", "brand", "model"),
    required=False,
)
DELIVERIES = TableSpec(
    "*_deliveries",
    (
        Column("month", Kind.MONTH, "calendar month of the deliveries"),
        Column("units", Kind.WHOLE, "delivered in the month", "unit", least=0, source="registration statistics"),
        SOURCE,
        MARK,
    ),
    key=("month",),
    required=False,
)


TABLES: tuple[TableSpec, ...] = (
    PARTIES, FAMILIES, OPTIONS, RULES, VARIANTS, PRICE_CARD, RIVALS, RIVAL_SALES, MARKET_TOTALS, TASTES, SURVEY, CITIES,
    PLANTS, OPTION_LIMITS, TRANSPORT_LIMITS, SUPPLIERS, PARTS,
    BOM, LAUNCH, SETTLEMENT, ASSUMPTIONS, PANEL, DELIVERIES, *CHANNEL_TABLES,
    CLAIMS, TEST_RECORDS,
)  # fmt: skip
