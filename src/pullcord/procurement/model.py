"""Parts, suppliers and call-offs: the records of procurement, and the events that change them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pullcord.base import CityId, InvalidInput, Money, PartId, PartyId, PlantId, SupplierId
from pullcord.store import event


@dataclass(frozen=True, slots=True)
class Supplier:
    """Who delivers parts; `party_id` names it among the partners of the program."""

    supplier_id: SupplierId
    party_id: PartyId
    name: str
    city_id: CityId


@dataclass(frozen=True, slots=True)
class Part:
    """A purchased part and the terms on which it comes."""

    part_id: PartId
    name: str
    supplier_id: SupplierId
    unit_cost: Money
    lead_time_days: int  # from call-off to dock, calendar days
    lot_size: int  # delivered in multiples of this
    supply_per_week: int | None = None  # the most the supplier can deliver in a week; None: no known limit

    def __post_init__(self) -> None:
        wrong = [
            f"{name} {value}"
            for name, value, fine in (
                ("unit_cost", self.unit_cost, self.unit_cost.minor >= 0),
                ("lead_time_days", self.lead_time_days, self.lead_time_days >= 0),
                ("lot_size", self.lot_size, self.lot_size >= 1),
                (
                    "supply_per_week",
                    self.supply_per_week,
                    self.supply_per_week is None or self.supply_per_week >= self.lot_size,
                ),
            )
            if not fine
        ]
        if wrong:
            raise InvalidInput(
                f"part `{self.part_id}` cannot have {', '.join(wrong)}",
                "unit_cost >= 0, lead_time_days >= 0, lot_size >= 1, supply_per_week empty or at least one lot",
            )


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """What the plan needs of a part in a week, and what of it is neither in stock nor on order."""

    part_id: PartId
    week_start: date
    gross: int
    net: int


@dataclass(frozen=True, slots=True)
class CallOffLine:
    """So many of a part on a date."""

    part_id: PartId
    quantity: int
    due_on: date  # at the plant's dock
    unit_cost: Money
    needed_week: date  # the week of the plan that asked for it; earlier than due_on where the part comes late


@dataclass(frozen=True, slots=True)
class PartQuantity:
    """So many of a part."""

    part_id: PartId
    quantity: int


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """One line of a call-off that arrived, whole."""

    line: int  # its place in the call-off, from 0
    part_id: PartId
    quantity: int


@event("requirements.computed")
@dataclass(frozen=True, slots=True)
class RequirementsComputed:
    """A plan was turned into part requirements."""

    run_id: str
    plant_id: PlantId
    lines: tuple[RequirementLine, ...]


@event("calloff.issued")
@dataclass(frozen=True, slots=True)
class CallOffIssued:
    """A supplier was told what to deliver, and when."""

    calloff_id: str
    supplier_id: SupplierId
    plant_id: PlantId
    run_id: str
    lines: tuple[CallOffLine, ...]


@event("parts.received")
@dataclass(frozen=True, slots=True)
class PartsReceived:
    """Lines of a call-off arrived at the plant; `amount` is what they cost."""

    calloff_id: str
    supplier_id: SupplierId
    plant_id: PlantId
    amount: Money
    received_on: date
    lines: tuple[ReceivedLine, ...] = ()


@event("parts.consumed")
@dataclass(frozen=True, slots=True)
class PartsConsumed:
    """Parts went into vehicles."""

    plant_id: PlantId
    lines: tuple[PartQuantity, ...]
    for_ref: str


@event("stock.adjusted")
@dataclass(frozen=True, slots=True)
class StockAdjusted:
    """A count or an opening balance changed what is on hand; quantities may be negative."""

    plant_id: PlantId
    lines: tuple[PartQuantity, ...]
    reason: str
