"""What the ledger says of the launch, day by day and week by week: one pass over its events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pullcord.base import monday_of
from pullcord.catalogue import Catalogue
from pullcord.orders import (
    DepositRefunded,
    OrderCancelled,
    OrderDeposited,
    OrderHandedOver,
    OrderLocked,
    OrderQuoted,
    OrderRefused,
    OrderReserved,
)
from pullcord.procurement import CallOffIssued
from pullcord.production import SchedulePublished, VehicleBuilt
from pullcord.store import Event

COUNTED: dict[type, str] = {
    OrderReserved: "reservations",
    OrderQuoted: "quotes",
    OrderDeposited: "deposits",
    OrderLocked: "locks",
    OrderCancelled: "cancels",
    OrderHandedOver: "hand_overs",
}
LATE_DAYS_SHOWN = 30  # later ones are counted in the last bar


@dataclass
class LaunchStory:
    """The launch as the ledger tells it."""

    house: Catalogue
    by_kind: Counter[str] = field(default_factory=Counter)
    by_day: dict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    waits: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    asked: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    refunded_minor: int = 0
    errors: Counter[int] = field(default_factory=Counter)
    built: dict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    by_city: Counter[str] = field(default_factory=Counter)
    city_of: dict[str, str] = field(default_factory=dict)
    quoted_at: dict[str, datetime] = field(default_factory=dict)
    city_waits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    plans: list[SchedulePublished] = field(default_factory=list)
    called_off: Counter[tuple[date, str]] = field(default_factory=Counter)  # minor units by week due and supplier
    call_offs: int = 0
    lines: int = 0
    events: int = 0

    def read(self, events: Iterable[Event[Any]]) -> LaunchStory:
        """This story with these events in it."""
        offset = timedelta(hours=self.house.program.utc_offset_hours)
        for event in events:
            self.events += 1
            self.by_kind[event.kind] += 1
            body = event.body
            day = (event.recorded_at + offset).date()
            name = COUNTED.get(type(body))
            if name is not None:
                self.by_day[day][name] += 1
            if isinstance(body, OrderQuoted):
                self.asked.add(body.order_id)
                self.city_of[body.order_id] = body.city_id
                self.quoted_at[body.order_id] = event.recorded_at + offset
                self.waits[day].append((body.deliver_on - day).days)
            elif isinstance(body, OrderRefused):
                self.asked.add(body.order_id)
                self.refused.add(body.order_id)
            elif isinstance(body, DepositRefunded):
                self.refunded_minor += body.amount.minor
            elif isinstance(body, VehicleBuilt):
                self.built[monday_of(body.built_on)][body.variant_id] += 1
            elif isinstance(body, OrderHandedOver):
                self.errors[(body.delivered_on - body.promised_on).days] += 1
                self.by_city[body.city_id] += 1
                self.city_waits[body.city_id].append((body.delivered_on - self.quoted_at[body.order_id].date()).days)
            elif isinstance(body, SchedulePublished):
                self.plans.append(body)
            elif isinstance(body, CallOffIssued):
                self.call_offs += 1
                for line in body.lines:
                    self.lines += 1
                    self.called_off[monday_of(line.due_on), body.supplier_id] += line.quantity * line.unit_cost.minor
        return self

    def launch_section(self, open_at_end: int) -> dict[str, Any]:
        """Counts, day by day and in all."""
        totals: Counter[str] = Counter()
        daily = []
        for day in _days(self.by_day):
            totals.update(self.by_day[day])
            daily.append({"day": day.isoformat()} | {name: totals[name] for name in COUNTED.values()})
        return {
            "reservations": totals["reservations"],
            "asked": len(self.asked),
            "quoted": len(self.quoted_at),
            "refused": len(self.refused),
            "deposited": totals["deposits"],
            "locked": totals["locks"],
            "cancelled": totals["cancels"],
            "refunded_minor": self.refunded_minor,
            "built": sum(sum(week.values()) for week in self.built.values()),
            "handed_over": totals["hand_overs"],
            "open_at_end": open_at_end,
            "daily": daily,
            "quoted_wait": [
                {"day": day.isoformat(), "p10": _quantile(w, 0.1), "p50": _quantile(w, 0.5), "p90": _quantile(w, 0.9)}
                for day, w in sorted(self.waits.items())
            ],
            "promise_error_days": {
                str(days): count for days, count in sorted(_capped(self.errors, LATE_DAYS_SHOWN).items())
            },
        }

    def schedule_section(self) -> dict[str, Any]:
        """Builds against capacity, and what limited the plan when most was wanted."""
        plants = list(self.house.capacity)
        weeks = sorted({week for plant in plants for week in self.house.capacity[plant]})
        last = max(self.built, default=weeks[0])
        tightest = max(
            self.plans, key=lambda plan: sum(price.value_minor for price in plan.shadow_prices), default=None
        )
        return {
            "plant": ", ".join(plant.name for plant in self.house.program.plants),
            "weeks": [
                {
                    "week": week.isoformat(),
                    "capacity": sum(self.house.capacity[plant].get(week, 0) for plant in plants),
                    "built": sum(self.built[week].values()) if week in self.built else 0,
                    "by_variant": dict(sorted(self.built[week].items())) if week in self.built else {},
                }
                for week in weeks
                if week <= last + timedelta(weeks=1)
            ],
            "shadow_prices": [
                {
                    "constraint": price.constraint,
                    "week": price.week_start.isoformat(),
                    "value_minor": round(price.value_minor, 2),
                }
                for price in (tightest.shadow_prices if tightest else ())
            ],
            "as_of": tightest.as_of.isoformat() if tightest else None,
            "gap": round(tightest.gap, 9) if tightest else None,
            "status": tightest.status if tightest else None,
            "plans": [
                {
                    "as_of": plan.as_of.isoformat(),
                    "gap": round(plan.gap, 9),
                    "status": plan.status,
                    "objective": round(plan.objective, 2),
                }
                for plan in self.plans
            ],
        }

    def procurement_section(self, pegging_example: dict[str, Any] | None) -> dict[str, Any]:
        """Call-offs by supplier and the week they are due."""
        return {
            "suppliers": [
                {"supplier_id": supplier.supplier_id, "name": supplier.name}
                for supplier in self.house.program.suppliers
            ],
            "weekly": [
                {"week": week.isoformat(), "supplier_id": supplier_id, "amount_minor": amount}
                for (week, supplier_id), amount in sorted(self.called_off.items())
            ],
            "call_offs": self.call_offs,
            "lines": self.lines,
            "amount_minor": sum(self.called_off.values()),
            "pegging_example": pegging_example,
        }

    def cities_section(self) -> list[dict[str, Any]]:
        """Each city with its hand-overs, its days on the road and the wait its customers really had."""
        return [
            {
                "city_id": city.city_id,
                "name": city.name,
                "local_name": city.local_name,
                "lat": city.lat,
                "lon": city.lon,
                "population": city.population,
                "hand_overs": self.by_city[city.city_id],
                "transit_days": min(self.house.transit_days[city.city_id].values()),
                "mean_wait_days": round(sum(waits) / len(waits), 1)
                if (waits := self.city_waits.get(city.city_id))
                else None,
                "invoice": city.invoice,
            }
            for city in self.house.program.cities
        ]


def _days(by_day: dict[date, Counter[str]]) -> list[date]:
    if not by_day:
        return []
    first, last = min(by_day), max(by_day)
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _quantile(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _capped(errors: Counter[int], most: int) -> Counter[int]:
    capped: Counter[int] = Counter()
    for days, count in errors.items():
        capped[max(-most, min(most, days))] += count
    return capped
