"""Rows become the records of the rooms below; what a record itself refuses is noted with its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pullcord.alliance import Party, Role, SettlementShare
from pullcord.base import FamilyId, InvalidInput, OptionId, Problem
from pullcord.demand import Rival
from pullcord.logistics import LaneLimit, TransitRule
from pullcord.offers import PlanPrice
from pullcord.procurement import Part
from pullcord.product import BomLine, Family, NotBuildable, Option, ProductModel, Rule, Variant, check
from pullcord.production import OptionLimit

from .claim_tables import CLAIMS
from .columns import (
    ASSUMPTIONS,
    BOM,
    FAMILIES,
    OPTION_LIMITS,
    OPTIONS,
    PARTIES,
    PARTS,
    PRICE_CARD,
    RIVALS,
    RULES,
    SETTLEMENT,
    TRANSPORT_LIMITS,
    VARIANTS,
)
from .faults import Faults
from .model import Assumption, SourceNote
from .needed import TRANSIT
from .tables import CheckedTable, Row

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    D = TypeVar("D", bound=DataclassInstance)

R = TypeVar("R")
Tables = Mapping[str, CheckedTable]


def each(tables: Tables, name: str, build: Callable[[Row], R], faults: Faults) -> tuple[R, ...]:
    """One record for each sound row of a table, in the table's order; none where there is no such table."""
    made: list[R] = []
    table = tables.get(name)
    for row in table.sound_rows if table else ():
        try:
            made.append(build(row))
        except InvalidInput as failure:
            faults.take(table.file if table else name, row.line, failure)
    return tuple(made)


def plain(tables: Tables, name: str, record: type[D], faults: Faults) -> tuple[D, ...]:
    """The rows of a table as records whose every field is a column of the same name."""
    columns = [field.name for field in fields(record)]
    return each(tables, name, lambda row: record(**{column: row[column] for column in columns}), faults)


def parties(tables: Tables, faults: Faults) -> tuple[Party, ...]:
    """Who takes part, each in its role."""
    return each(tables, PARTIES.name, lambda row: Party(row["party_id"], row["name"], Role(row["role"])), faults)


def product_model(tables: Tables, faults: Faults) -> ProductModel | None:
    """What can be combined; None, with every reason noted at its row, where that is not certain."""
    held = [tables[spec.name] for spec in (FAMILIES, OPTIONS, RULES)]
    families = plain(tables, FAMILIES.name, Family, faults)
    options = plain(tables, OPTIONS.name, Option, faults)
    rules = each(
        tables,
        RULES.name,
        lambda row: Rule(row["rule_id"], row["condition"] or "", row["requires"], row["reason"]),
        faults,
    )
    if faults.touch(*(table.file for table in held)) or not all(table.sound for table in held):
        return None
    try:
        return ProductModel(families, options, rules)
    except InvalidInput as failure:
        for problem in failure.problems:
            _place(problem, tables, faults)
        return None


def _place(problem: Problem, tables: Tables, faults: Faults) -> None:
    """Note a problem of the product model at the row that it speaks of: `rule R3`, `family roof`, `option roof=x`."""
    kind, _, name = problem.file.partition(" ")
    spec = {"rule": RULES, "family": FAMILIES, "option": OPTIONS}[kind]
    table = tables[spec.name]
    for row in table.rows:
        written = f"{row['family_id']}={row['option_id']}" if kind == "option" else row[spec.key[0]]
        if written == name:
            faults.add(table.file, row.line, problem.wrong, problem.right)
            return
    faults.add(table.file, 0, f"{kind} `{name}`: {problem.wrong}", problem.right)


def variants(tables: Tables, product: ProductModel | None, faults: Faults) -> tuple[Variant, ...]:
    """What is on sale; each can be built, and no two are the same."""
    if product is None:
        return ()
    order = [family.family_id for family in product.families]
    table = tables[VARIANTS.name]
    made: list[Variant] = []
    first: dict[tuple[tuple[FamilyId, OptionId], ...], int] = {}
    for row in table.sound_rows:
        choices = tuple((family, OptionId(row[family])) for family in order)
        try:
            answer = check(product, dict(choices))
        except InvalidInput:
            continue  # an option that does not exist: noted among the references
        if isinstance(answer, NotBuildable):
            faults.add(
                table.file,
                row.line,
                f"`{row['variant_id']}`: {answer}",
                "change one of these choices, or the rule in rules.csv",
            )
        elif choices in first:
            faults.add(
                table.file, row.line, f"`{row['variant_id']}` is the configuration of line {first[choices]} again",
                "change a choice, or keep one of the two rows",
            )  # fmt: skip
        first.setdefault(choices, row.line)
        made.append(Variant(row["variant_id"], row["name"], choices))
    return tuple(made)


def prices(tables: Tables, faults: Faults) -> tuple[PlanPrice, ...]:
    """The price card, row by row."""
    return each(
        tables,
        PRICE_CARD.name,
        lambda row: PlanPrice(
            row["variant_id"],
            row["plan"],
            row["price_{currency}"],
            row["monthly_{currency}"],
            row["cap_km_per_month"],
            row["overage_per_km_{currency}"],
            row["source"],
            row["mark"],
        ),
        faults,
    )


def rivals(tables: Tables, faults: Faults) -> tuple[Rival, ...]:
    """The products on sale, each with the attributes that are known of it."""
    attributes = tables[RIVALS.name].extra
    return each(
        tables,
        RIVALS.name,
        lambda row: Rival(
            row["product_id"],
            row["name"],
            row["price_{currency}"],
            tuple((name, row[name]) for name in attributes if row[name] is not None),
            row["source"],
            row["mark"],
        ),
        faults,
    )


def option_limits(tables: Tables, faults: Faults) -> tuple[OptionLimit, ...]:
    """How many units with an option each plant can build in a week."""
    return each(
        tables,
        OPTION_LIMITS.name,
        lambda row: OptionLimit(row["plant_id"], row["family_id"], row["option_id"], row["units_per_week"]),
        faults,
    )


def transport_limits(tables: Tables, faults: Faults) -> tuple[LaneLimit, ...]:
    """How many units can leave each plant for a city in a week; a lane that is not named is not limited."""
    return each(
        tables,
        TRANSPORT_LIMITS.name,
        lambda row: LaneLimit(row["plant_id"], row["city_id"], row["units_per_week"]),
        faults,
    )


def parts(tables: Tables, faults: Faults) -> tuple[Part, ...]:
    """What is bought, and on which terms."""
    return each(
        tables,
        PARTS.name,
        lambda row: Part(
            row["part_id"],
            row["name"],
            row["supplier_id"],
            row["unit_cost_{currency}"],
            row["lead_time_days"],
            row["lot_size"],
            row["supply_per_week"],
        ),
        faults,
    )


def sources(tables: Tables) -> dict[SourceNote, None]:
    """Each source of each table once, in the order in which they are met."""
    return {
        SourceNote(name, row["source"], row["mark"]): None
        for name, table in tables.items()
        if name not in (ASSUMPTIONS.name, CLAIMS.name)
        for row in table.sound_rows
    }


def opening_stock(tables: Tables) -> Mapping[str, int]:
    """Pieces of each part that are at the plant on the first day."""
    rows = tables[PARTS.name].sound_rows
    return MappingProxyType({row["part_id"]: row["opening_stock"] for row in rows if row["opening_stock"]})


def bom(tables: Tables, faults: Faults) -> tuple[BomLine, ...]:
    """The bill of material, line by line."""
    return each(
        tables,
        BOM.name,
        lambda row: BomLine(row["parent_id"], row["part_id"], row["quantity"], row["condition"] or ""),
        faults,
    )


def settlement(tables: Tables, payment: str, faults: Faults) -> tuple[SettlementShare, ...]:
    """The shares of one kind of payment: `price`, which is paid once, or `monthly`."""
    shares = each(
        tables,
        SETTLEMENT.name,
        lambda row: (row["payment"], SettlementShare(row["plan"], row["party_id"], row["share"])),
        faults,
    )
    return tuple(share for paid, share in shares if paid == payment)


def transit_rule(assumptions: Mapping[str, Assumption], file: str, faults: Faults) -> TransitRule | None:
    """How a distance becomes days; None where the assumptions do not say."""
    if any(needed.key not in assumptions for needed in TRANSIT):
        return None
    try:
        return TransitRule(*(assumptions[needed.key].value for needed in TRANSIT))
    except InvalidInput as failure:
        faults.take(file, 0, failure)
        return None
