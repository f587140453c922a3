"""A program folder becomes a `Program`, or a list of everything that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pullcord.base import InvalidInput, NotFound
from pullcord.demand import MonthlySales, Taste
from pullcord.logistics import City
from pullcord.procurement import Supplier
from pullcord.production import Plant

from . import records
from .bill import check_bill
from .columns import ASSUMPTIONS, DELIVERIES, FAMILIES, TABLES, TableSpec
from .crosschecks import (
    check_assumptions,
    check_cities,
    check_launch,
    check_market,
    check_parties,
    check_parts,
    check_prices,
    check_settlement,
)
from .faults import Faults, nearest, suggest
from .header import FILE, Header, read_header
from .model import Assumption, LaunchDay, MonthlyCount, PanelRow, Program
from .references import check_references
from .tables import CheckedTable, Given, read_table

_DELIVERIES_END = DELIVERIES.name.removeprefix("*")


def read_program(folder: Path) -> Program:
    """The program that a folder describes, checked from end to end.

    Raises InvalidInput with every problem found, by file and line; NotFound where there is no such folder.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no program folder {folder}", "name a folder that holds program.toml")
    faults = Faults()
    digest = program_digest(folder)
    files = _files(folder, faults)
    tables = {spec.name: CheckedTable(spec.file, whole=False) for spec in TABLES if spec.required}
    assumptions = None
    if ASSUMPTIONS.name in files:
        table = tables[ASSUMPTIONS.name] = read_table(files.pop(ASSUMPTIONS.name), ASSUMPTIONS, Given("XXX"), faults)
        assumptions = _as_written(table) if table.vouches_for("key") else None
    header = read_header(folder, assumptions, faults)
    if header.currency is not None:  # without it no column of money can be told from any other
        given = Given(header.currency, None, assumptions)
        if FAMILIES.name in files:
            table = tables[FAMILIES.name] = read_table(files.pop(FAMILIES.name), FAMILIES, given, faults)
            if table.vouches_for("family_id"):
                given = Given(header.currency, tuple(table.known("family_id")), assumptions)
        for name, path in files.items():
            tables[name] = read_table(path, _spec(name), given, faults)
    program = _assemble(folder, digest, header, tables, faults)
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
    if header.currency is not None:
        check_assumptions(tables[ASSUMPTIONS.name], header.currency, faults)
    check_references(tables, faults)
    check_prices(tables, faults)
    check_settlement(tables, header.currency or "", faults)
    check_launch(tables, header, faults)
    check_market(tables, header, faults)
    check_bill(
        tables, header.new_product_id if header.new_product_id in tables["rivals"].known("product_id") else None, faults
    )
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
        "suppliers": records.plain(tables, "suppliers", Supplier, faults),
        "parts": records.parts(tables, faults),
        "opening_stock": records.opening_stock(tables),
        "bom": records.bom(tables, faults),
        "launch": tuple(sorted(records.plain(tables, "launch", LaunchDay, faults), key=lambda day: day.day)),
        "settlement": records.settlement(tables, "price", faults),
        "monthly_settlement": records.settlement(tables, "monthly", faults),
        "panel": records.plain(tables, "panel", PanelRow, faults),
    }
    deliveries = {
        name.removesuffix(_DELIVERIES_END): records.plain(tables, name, MonthlyCount, faults)
        for name in tables
        if name.endswith(_DELIVERIES_END)
    }
    if header.keys is None or header.deposit is None or product is None or transit_rule is None:
        return None
    return Program(
        **header.keys.model_dump(exclude={"policies"}),
        **body,
        policies=header.keys.policies_of(header.deposit),
        product=product,
        assumptions=MappingProxyType(assumptions),
        transit_rule=transit_rule,
        deliveries=MappingProxyType(deliveries),
        digest=digest,
        folder=folder,
    )


def program_digest(folder: Path) -> str:
    """The sha256, in hexadecimal, of program.toml and every table, by name: what is equal in it runs the same.

    Each file enters as its name, its length and its bytes, so that nothing can move from one to the next unseen.
    """
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.csv"), *folder.glob(FILE)], key=lambda path: path.name):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.name}\n{len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _spec(name: str) -> TableSpec:
    return next((spec for spec in TABLES if spec.name == name), DELIVERIES)


def _files(folder: Path, faults: Faults) -> dict[str, Path]:
    """The tables of a folder by name; a missing or unknown one is noted."""
    found: dict[str, Path] = {}
    known = {spec.name for spec in TABLES if spec is not DELIVERIES}
    strangers: list[Path] = []
    for path in sorted(folder.glob("*.csv")):
        if path.stem in known or path.stem.endswith(_DELIVERIES_END):
            found[path.stem] = path
        else:
            strangers.append(path)
    missing = {spec.name for spec in TABLES if spec.required and spec.name not in found}
    for path in strangers:
        slip = nearest(path.stem, missing)
        if slip:
            missing.remove(slip)
            faults.add(path.name, 0, "no table bears this name", f"did you mean `{slip}.csv`?")
        else:
            faults.add(path.name, 0, "no table bears this name, so nobody reads it", suggest(path.stem, known))
    for name in sorted(missing):
        columns = ", ".join(column.name for column in _spec(name).columns)
        faults.add(f"{name}.csv", 0, "the table is missing", f"add it with the columns {columns}")
    return found


def _as_written(table: CheckedTable) -> Mapping[str, tuple[str, str]]:
    """The assumptions as another cell may take them: by key, the value's text and its unit; no text, no value."""
    return {
        row["key"]: (row.texts.get("value", "") if row.sound else "", row.texts.get("unit", "")) for row in table.rows
    }
