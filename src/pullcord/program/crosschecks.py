"""What must hold between rows: prices for every variant, shares that add up, dates inside the horizon."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction

from pullcord.alliance import Role

from .columns import (
    ASSUMPTIONS,
    LAUNCH,
    MARKET_TOTALS,
    PRICE_CARD,
    RIVAL_SALES,
    RIVALS,
    SETTLEMENT,
    SURVEY,
    TASTES,
    VARIANTS,
)
from .faults import Faults, nearest, suggest
from .folder import HEADER_FILE as FILE
from .header import Header
from .needed import NEEDED, PLAN
from .tables import CheckedTable, Row

Tables = Mapping[str, CheckedTable]

CLOSE_TO_ONE = 1e-6


def check_assumptions(table: CheckedTable, currency: str, plans: Collection[str], faults: Faults) -> None:
    """Each value lies in its range, a share between 0 and 1; the keys that the code reads are there, in their unit."""
    needed = {
        need.key_in(currency).replace(PLAN, plan): need
        for need in NEEDED
        for plan in (plans if PLAN in need.key else ("",))
    }
    for row in table.sound_rows:
        low, value, high = row["low"], row["value"], row["high"]
        if not low <= value <= high:
            wrong = f"`{row['key']}` is {value:g}, outside {low:g} to {high:g}"
            faults.add(table.file, row.line, wrong, "give low <= value <= high")
        elif row["unit"] == "share" and not 0 <= low <= high <= 1:
            faults.add(
                table.file, row.line, f"`{row['key']}` cannot be a share from {low:g} to {high:g}", "stay in 0 to 1"
            )
        elif row["key"] in needed and low < (least := needed[row["key"]].least):
            faults.add(table.file, row.line, f"`{row['key']}` cannot be as low as {low:g}", f"give {least:g} or more")
        elif row["key"] in needed and high > (most := needed[row["key"]].most):
            faults.add(table.file, row.line, f"`{row['key']}` cannot be as high as {high:g}", f"give {most:g} or less")
    if not table.vouches_for("key"):
        return
    rows = {row["key"]: row for row in table.rows}
    for key, need in needed.items():
        unit = need.unit_in(currency)
        if key not in rows:
            if need.optional:
                continue
            slip = nearest(key, rows.keys() - needed.keys())
            right = (
                f"did you mean it by `{slip}` (line {rows[slip].line})?"
                if slip
                else f"add it in {unit}: {need.meaning}"
            )
            faults.add(table.file, 0, f"the assumption `{key}` is missing", right)
        elif rows[key].cells.get("unit", unit) != unit:
            faults.add(table.file, rows[key].line, f"`{key}` is in {rows[key]['unit']}", f"state it in {unit}")


def check_plan_shares(tables: Tables, faults: Faults) -> None:
    """The shares of buyers who choose each plan add up to 1."""
    table, card = tables[ASSUMPTIONS.name], tables[PRICE_CARD.name]
    rows = {row["key"]: row for row in table.sound_rows}
    keys = [f"plan_share_{plan}" for plan in card.known("plan")]
    if not card.vouches_for("plan") or not keys or not all(key in rows for key in keys):
        return
    total = sum(rows[key]["value"] for key in keys)
    if abs(total - 1) > CLOSE_TO_ONE:
        last = max(keys, key=lambda key: rows[key].line)
        wrong = f"the shares of the plans add up to {total:g}, not 1"
        right = f"{'raise' if total < 1 else 'lower'} one of {', '.join(f'`{key}`' for key in keys)}"
        faults.add(table.file, rows[last].line, wrong, right)


def check_parties(table: CheckedTable, faults: Faults) -> None:
    """Exactly one platform sells and holds the money; exactly one maker owns the schedule; somebody carries."""
    if not table.vouches_for("role") or not table.rows:
        return
    for role in (Role.PLATFORM, Role.CARMAKER, Role.LOGISTICS):
        holders = [row for row in table.rows if row["role"] == role]
        if not holders:
            faults.add(table.file, 0, f"no party has the role `{role.value}`", "give it to one party")
        for row in holders[1:] if role is not Role.LOGISTICS else ():
            wrong = f"a second party has the role `{role.value}`, after line {holders[0].line}"
            faults.add(table.file, row.line, wrong, "keep one of the two")


def check_prices(tables: Tables, faults: Faults) -> None:
    """Every variant has a price on every plan of the card."""
    card, variants = tables[PRICE_CARD.name], tables[VARIANTS.name]
    if not all(card.vouches_for(name) for name in PRICE_CARD.key) or not variants.vouches_for("variant_id"):
        return
    priced = {(row["variant_id"], row["plan"]) for row in card.rows}
    plans = card.known("plan")
    for variant, line in variants.known("variant_id").items():
        for plan in plans:
            if (variant, plan) not in priced and not _once_misspelt(variant, variants, card):
                faults.add(
                    variants.file, line, f"`{variant}` has no price on the plan `{plan}`", "add a row to price_card.csv"
                )


def check_deposit(tables: Tables, header: Header, faults: Faults) -> None:
    """The deposit is less than the least that is paid at once: the rest is what a handover asks for."""
    card = tables[PRICE_CARD.name]
    rows = [row for row in card.rows if row.cells.get("price_{currency}") is not None]
    if header.deposit is None or not rows:
        return
    lowest = min(rows, key=lambda row: row["price_{currency}"].minor)
    price = lowest["price_{currency}"]
    if (most := header.week_price_most) is not None and header.deposit < price and not header.deposit < price - most:
        title = f"week_price_most_{price.currency.lower()}"
        faults.add(
            FILE, header.line_of("policies", title),
            f"a week that saves {most} leaves {price - most} of {price} (price_card.csv:{lowest.line}) to pay,"
            f" and the deposit is {header.deposit}",
            "let a week save less, or ask for a smaller deposit",
        )  # fmt: skip
    if not header.deposit < price:
        title = f"deposit_{price.currency.lower()}"
        faults.add(
            FILE, header.line_of("policies", title),
            f"a deposit of {header.deposit} cannot be held against a price of {price} (price_card.csv:{lowest.line})",
            "ask for less than the lowest price, here or in assumptions.csv",
        )  # fmt: skip


def _once_misspelt(variant: str, variants: CheckedTable, card: CheckedTable) -> bool:
    """Whether the card names an unknown variant that is likely this one: told already, as a dangling reference."""
    known = variants.known("variant_id")
    return any(nearest(name, known) == variant for name in card.known("variant_id") if name not in known)


def check_settlement(tables: Tables, currency: str, faults: Faults) -> None:
    """Of every payment that the price card asks for, the shares add up to exactly 1."""
    settlement, card = tables[SETTLEMENT.name], tables[PRICE_CARD.name]
    groups: dict[tuple[str, str], list[Row]] = {}
    if settlement.whole:
        for row in settlement.rows:
            if "plan" in row and "payment" in row:
                groups.setdefault((row["plan"], row["payment"]), []).append(row)
    for (plan, payment), rows in groups.items():
        total = sum((row["share"] for row in rows if row.sound), Fraction(0))
        if total != 1 and all(row.sound for row in rows):
            wrong = f"the shares of `{payment}` on the plan `{plan}` add up to {total}, not 1"
            right = f"{'raise' if total < 1 else 'lower'} one of them by {abs(1 - total)}"
            faults.add(settlement.file, rows[-1].line, wrong, right)
    if not card.vouches_for("plan"):
        return
    plans = card.known("plan")
    for (plan, _), rows in groups.items():
        if plan not in plans:
            faults.add(
                settlement.file, rows[0].line, f"the plan `{plan}` is not on the price card", suggest(plan, plans)
            )
    if not all(settlement.vouches_for(name) for name in ("plan", "payment")) or not settlement.whole:
        return
    monthly = {row["plan"] for row in card.rows if row.cells.get("monthly_{currency}") is not None}
    asked = [(plan, "price") for plan in plans] + [(plan, "monthly") for plan in plans if plan in monthly]
    misspelt = any(plan not in plans for plan, _ in groups)
    for plan, payment in asked:
        if (plan, payment) not in groups and not misspelt:
            wrong = f"nobody is said to receive `{payment}_{currency.lower()}` of the plan `{plan}`"
            faults.add(card.file, plans[plan], wrong, "add its shares to settlement.csv")
    for plan, payment in groups:
        if payment == "monthly" and plan in plans and plan not in monthly and card.sound:
            line = groups[plan, payment][0].line
            faults.add(settlement.file, line, f"the plan `{plan}` asks nothing monthly", "take the row out")


def check_launch(tables: Tables, header: Header, faults: Faults) -> None:
    """Launch days lie inside the horizon, and what was reserved never shrinks."""
    table = tables[LAUNCH.name]
    first, last = header.horizon or (date.min, date.max)
    before: Row | None = None
    for row in sorted(table.sound_rows, key=lambda row: row["day"]):
        if not first <= row["day"] <= last:
            faults.add(
                table.file, row.line, f"{row['day']} lies outside the horizon, {first} to {last}",
                "mend the date, or starts_on and horizon_weeks in program.toml",
            )  # fmt: skip
        if before is not None and row["reservations_cumulative"] < before["reservations_cumulative"]:
            faults.add(
                table.file, row.line, f"fewer had reserved than in line {before.line}", "count all since the launch"
            )
        before = row


def check_market(tables: Tables, header: Header, faults: Faults) -> None:
    """The new product stands among its rivals, tastes speak of attributes that are stated, sales fit the market."""
    rivals, tastes, sales = tables[RIVALS.name], tables[TASTES.name], tables[RIVAL_SALES.name]
    products = rivals.known("product_id")
    new = header.new_product_id
    if new is not None and rivals.vouches_for("product_id") and new not in products:
        faults.add(
            FILE, header.line_of("new_product_id"), f"rivals.csv does not hold the new product `{new}`",
            suggest(new, products),
        )  # fmt: skip
    if rivals.whole:
        price = RIVALS.column("price_{currency}").title(header.currency or "")
        stated = {*rivals.extra, price}
        compared = {*sales.known("product_id"), *([new] if new else [])}
        for attribute, line in tastes.known("attribute").items():
            if attribute not in stated:
                faults.add(
                    tastes.file, line, f"rivals.csv has no column for the attribute `{attribute}`",
                    suggest(attribute, stated),
                )  # fmt: skip
                continue
            for row in rivals.sound_rows:
                if attribute != price and row["product_id"] in compared and row.cells.get(attribute) is None:
                    wrong = f"`{attribute}` of `{row['product_id']}` is empty, and tastes.csv weighs it"
                    faults.add(rivals.file, row.line, wrong, "give the figure, or take the product's sales out")
    totals = tables[MARKET_TOTALS.name]
    for total in totals.sound_rows:
        sold = sum(row["units"] for row in sales.sound_rows if row["month"] == total["month"])
        if sold >= total["units"]:
            faults.add(
                totals.file, total.line,
                f"in {total['month']:%Y-%m} rival_sales.csv adds up to {sold}, the whole market to {total['units']}",
                "a part is less than the whole: mend one of them",
            )  # fmt: skip


def check_survey(tables: Tables, header: Header, faults: Faults) -> None:
    """survey.csv and [survey] stand together; several terms of one attribute say at which values they stand."""
    table = tables.get(SURVEY.name)
    if header.has_survey and table is None:
        faults.add(FILE, header.line_of("survey"), "[survey] has no survey.csv", "add the table, or take [survey] out")
    if table is None:
        return
    if not header.has_survey:
        faults.add(table.file, 0, "program.toml has no section [survey]", "name its data_set and utility there")
    rows_of: dict[str, list[Row]] = {}
    for row in table.sound_rows:
        rows_of.setdefault(row["attribute"], []).append(row)
    for attribute, rows in rows_of.items():
        values = {row["at"] for row in rows}
        if len(rows) > 1 and (None in values or len(values) < len(rows)):
            faults.add(
                table.file, rows[1].line, f"`{attribute}` has {len(rows)} terms, and not each its own `at`",
                "give the attribute's value that each term stands for",
            )  # fmt: skip


def check_plants(table: CheckedTable, faults: Faults) -> None:
    """There is one plant: the forecast is not yet divided between several, nor the opening stock."""
    for row in table.rows[1:]:
        faults.add(
            table.file,
            row.line,
            f"a second plant, after line {table.rows[0].line}",
            "one plant so far: keep one of the rows",
        )


def check_parts(table: CheckedTable, faults: Faults) -> None:
    """A part's cost lies in its own range."""
    low, cost, high = "unit_cost_low_{currency}", "unit_cost_{currency}", "unit_cost_high_{currency}"
    for row in table.sound_rows:
        if (row[low] is not None and row[cost] < row[low]) or (row[high] is not None and row[high] < row[cost]):
            faults.add(
                table.file,
                row.line,
                f"`{row['part_id']}` costs {row[cost]}, outside its range",
                "give low <= cost <= high",
            )


def check_cities(table: CheckedTable, faults: Faults) -> None:
    """No place stands twice under two names."""
    first: dict[int, Row] = {}
    for row in table.sound_rows:
        number = row["geonameid"]
        if number is not None and (before := first.setdefault(number, row)) is not row:
            faults.add(
                table.file,
                row.line,
                f"the place {number} stood before, in line {before.line}",
                "keep one of the two rows",
            )
