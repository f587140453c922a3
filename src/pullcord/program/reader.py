"""A program folder becomes a `Program`, or a list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pullcord.base import InvalidInput
from pullcord.demand import MonthlySales, Taste
from pullcord.logistics import City
from pullcord.procurement import Supplier
from pullcord.production import Plant

from . import records
from .alliance_terms import alliance_terms, check_alliance
from .bill import check_bill
from .channel_records import campaigns, channel_rules, check_campaigns
from .claim_tables import CLAIMS, TEST_RECORDS, claims_of, tested_figures_of
from .columns import ASSUMPTIONS, FAMILIES, TABLES
from .crosschecks import (
    check_assumptions,
    check_cities,
    check_deposit,
    check_launch,
    check_market,
    check_parties,
    check_parts,
    check_plan_shares,
    check_plants,
    check_prices,
    check_settlement,
    check_survey,
)
from .faults import Faults
from .folder import DELIVERIES_END, digest_of, read_contents, spec_of, tables_in, text_of
from .folder import HEADER_FILE as FILE
from .header import Header, read_header
from .margin import check_margin
from .model import Assumption, LaunchDay, MonthlyCount, PanelRow, Program, SurveyTerm
from .references import check_references
from .tables import CheckedTable, Given, read_table


def read_program(folder: Path) -> Program:
    """The program that a folder describes, checked from end to end.

    Raises InvalidInput with every problem found, by file and line; NotFound where there is no such folder.
    """
    faults = Faults()
    contents = read_contents(folder, faults)
    tables = {spec.name: CheckedTable(spec.file, whole=False) for spec in TABLES if spec.required}
    waiting = tables_in(contents, faults)

    def read(name: str, given: Given) -> CheckedTable:
        waiting.remove(name)
        text = text_of(f"{name}.csv", contents, faults)
        tables[name] = read_table(f"{name}.csv", text, spec_of(name), given, faults)
        return tables[name]

    assumptions = None
    if ASSUMPTIONS.name in waiting:
        table = read(ASSUMPTIONS.name, Given("XXX"))  # the one table without money, so that program.toml can use it
        assumptions = _as_written(table) if table.vouches_for("key") else None
    header = read_header(text_of(FILE, contents, faults) if FILE in contents else None, assumptions, faults)
    if header.currency is not None:  # without it no column of money can be told from any other
        given = Given(header.currency, None, assumptions)
        if FAMILIES.name in waiting and read(FAMILIES.name, given).vouches_for("family_id"):
            given = Given(header.currency, tuple(tables[FAMILIES.name].known("family_id")), assumptions)
        for name in tuple(waiting):
            read(name, given)
    program = _assemble(folder, digest_of(contents), header, tables, faults)
    if program is not None and not len(faults):
        check_margin(program, faults)
    if program is None or len(faults):
        problems = faults.problems()
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise InvalidInput(f"{count} in {folder}", "mend them all and ask again: nothing was done", problems)
    return program


def _assemble(
    folder: Path, digest: str, header: Header, tables: Mapping[str, CheckedTable], faults: Faults
) -> Program | None:
    """All that holds between tables is checked, and the records are built as far as their rows allow."""
    check_parties(tables["parties"], faults)
    check_cities(tables["cities"], faults)
    check_parts(tables["parts"], faults)
    check_plants(tables["plants"], faults)
    if header.currency is not None:
        plans = {row["plan"] for row in tables["price_card"].sound_rows}
        check_assumptions(tables[ASSUMPTIONS.name], header.currency, plans, faults)
        check_plan_shares(tables, faults)
    check_references(tables, faults)
    check_prices(tables, faults)
    check_deposit(tables, header, faults)
    check_settlement(tables, header.currency or "", faults)
    check_alliance(tables, header, faults)
    check_launch(tables, header, faults)
    check_market(tables, header, faults)
    check_survey(tables, header, faults)
    check_bill(
        tables, header.new_product_id if header.new_product_id in tables["rivals"].known("product_id") else None, faults
    )
    check_campaigns(tables, faults, header.week_price_most)
    assumptions = {a.key: a for a in records.plain(tables, ASSUMPTIONS.name, Assumption, faults)}
    transit_rule = records.transit_rule(assumptions, tables[ASSUMPTIONS.name].file, faults)
    product = records.product_model(tables, faults)
    body: dict[str, Any] = {
        "parties": records.parties(tables, faults),
        "variants": records.variants(tables, product, faults),
        "prices": records.prices(tables, faults),
        "rivals": records.rivals(tables, faults),
        "rival_sales": records.plain(tables, "rival_sales", MonthlySales, faults),
        "never_listed": tuple(row["product_id"] for row in tables["rivals"].sound_rows if row["never_listed"]),
        "market_totals": records.plain(tables, "market_totals", MonthlyCount, faults),
        "tastes": records.plain(tables, "tastes", Taste, faults),
        "cities": records.plain(tables, "cities", City, faults),
        "plants": records.plain(tables, "plants", Plant, faults),
        "option_limits": records.option_limits(tables, faults),
        "transport_limits": records.transport_limits(tables, faults),
        "suppliers": records.plain(tables, "suppliers", Supplier, faults),
        "parts": records.parts(tables, faults),
        "opening_stock": records.opening_stock(tables),
        "bom": records.bom(tables, faults),
        "launch": tuple(sorted(records.plain(tables, "launch", LaunchDay, faults), key=lambda day: day.day)),
        "settlement": records.settlement(tables, "price", faults),
        "monthly_settlement": records.settlement(tables, "monthly", faults),
        "panel": records.plain(tables, "panel", PanelRow, faults),
        "claims": claims_of(tables.get(CLAIMS.name), faults),
        "tested_figures": tested_figures_of(tables.get(TEST_RECORDS.name)),
    }
    deliveries = {
        name.removesuffix(DELIVERIES_END): records.plain(tables, name, MonthlyCount, faults)
        for name in tables
        if name.endswith(DELIVERIES_END)
    }
    if header.keys is None or header.deposit is None or product is None or transit_rule is None:
        return None
    return Program(
        **header.keys.model_dump(exclude={"policies", "survey", "alliance"}),
        **body,
        policies=header.keys.policies_of(header.deposit),
        **alliance_terms(header.keys.alliance),
        survey=header.survey_of(records.plain(tables, "survey", SurveyTerm, faults)),
        product=product,
        assumptions=MappingProxyType(assumptions),
        transit_rule=transit_rule,
        deliveries=MappingProxyType(deliveries),
        sources=tuple(records.sources(tables)),
        digest=digest,
        folder=folder,
        channel_rules=channel_rules(tables, faults),
        campaigns=campaigns(tables, header.keys.utc_offset_hours, faults),
    )


def _as_written(table: CheckedTable) -> Mapping[str, tuple[str, str]]:
    """The assumptions as another cell may take them: by key, the value's text and its unit; no text, no value."""
    return {
        row["key"]: (row.texts.get("value", "") if row.sound else "", row.texts.get("unit", "")) for row in table.rows
    }
