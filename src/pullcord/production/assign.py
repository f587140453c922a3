"""Which build order gets which planned vehicle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from pullcord.base import BuildOrderId, VariantId

from .model import BuildOrder


def earliest_due_first(
    orders: Iterable[BuildOrder], planned: Mapping[tuple[VariantId, date], int]
) -> dict[BuildOrderId, date]:
    """The week of each build order that gets one: within a variant the earliest due first, ties by id.

    `planned`: vehicles by (variant, week). Earliest due date first keeps the largest lateness as small as it can be
    (Jackson 1955; Pinedo, Scheduling, theorem 3.2.1). Orders beyond what is planned are left out.
    """
    weeks: dict[VariantId, list[date]] = {}
    for variant_id, week in sorted(planned):
        weeks.setdefault(variant_id, []).extend([week] * planned[variant_id, week])
    waiting: dict[VariantId, list[BuildOrder]] = {}
    for order in sorted(orders, key=lambda order: (order.due_week, order.build_order_id)):
        waiting.setdefault(order.variant_id, []).append(order)
    return {
        order.build_order_id: week
        for variant_id, queue in waiting.items()
        for order, week in zip(queue, weeks.get(variant_id, ()), strict=False)
    }
