"""What the tables say of a unit's cost, held against what the assumptions say of it."""

from __future__ import annotations

from decimal import Decimal

from pullcord.base import Money
from pullcord.product import BillOfMaterial

from .columns import PARTS
from .faults import Faults
from .model import Program

MARGIN = "variable_margin_share"


def check_margin(program: Program, faults: Faults) -> None:
    """Note each variant whose parts cost more than the price leaves once the margin is taken.

    The price is the highest on the card, for the whole unit: on other plans another party pays for part of it.
    """
    bill = BillOfMaterial(program.bom, program.product.options_by_family)
    costs = {part.part_id: part.unit_cost.minor for part in program.parts}
    price = max(price.price.minor for price in program.prices)
    most = int(price * (1 - Decimal(str(program.assumed(MARGIN)))))
    for variant in program.variants:
        cost = sum(costs[part_id] * pieces for part_id, pieces in bill.explode(dict(variant.choices)).items())
        if cost > most:
            left = Money(most, program.currency)
            faults.add(
                PARTS.file, 0,
                f"the parts of `{variant.variant_id}` cost {Money(cost, program.currency)}; price and `{MARGIN}` leave"
                f" {left}",
                f"mend costs, bom.csv, variants.csv, price_card.csv, or `{MARGIN}` of assumptions.csv",
            )  # fmt: skip
