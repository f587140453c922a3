"""Commands of the alliance's other parties: plan, build, take in parts, arrive, forecast, release, settle."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from pullcord.base import require_utc
from pullcord.campaigns import TOLD, SignalCount
from pullcord.desk import Billed, Built, Count, Planned
from pullcord.privacy import Refusal, Release

from ..given import Body, Id, NamedId
from ..operation import Asked, CommandOperation

ShortId = Annotated[str, Meta(min_length=1, max_length=24, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class RunBody(Body, frozen=True):
    """Names the run: the same run is made once."""

    run_id: ShortId


class BuildBody(Body, frozen=True):
    """What left the line on a day; without names, all that the plan holds for its week."""

    built_on: date
    build_orders: Annotated[tuple[Id, ...], Meta(max_length=2_000)] | None = None
    run_id: ShortId | None = None


class DayBody(Body, frozen=True):
    """A day, on the program's calendar."""

    on: date


class ForecastBody(Body, frozen=True):
    """How far to look."""

    run_id: ShortId
    weeks: Annotated[int, Meta(ge=1, le=104)] = 13


class MonthBody(Body, frozen=True):
    """What was driven in a month; 1 is the first after the handover."""

    month: Annotated[int, Meta(ge=1, le=600)]
    km: Annotated[int, Meta(ge=0, le=100_000)]


class Signals(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """So many visits reached this rung; `*` where variant, option or city were open."""

    rung: Annotated[str, Meta(pattern="^[a-z_]{1,40}$", description=f"one of {', '.join(sorted(TOLD))}")]
    count: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    variant_id: Annotated[str, Meta(min_length=1, max_length=64)] = "*"
    option: Annotated[str, Meta(min_length=1, max_length=130, description="family=option")] = "*"
    city_id: Annotated[str, Meta(min_length=1, max_length=64)] = "*"


class SignalsBody(Body, frozen=True):
    """What a counter saw in an interval that is over."""

    source: ShortId
    since: Annotated[datetime, Meta(tz=True)]
    until: Annotated[datetime, Meta(tz=True)]
    counts: Annotated[tuple[Signals, ...], Meta(min_length=1, max_length=500)]


class PeriodBody(Body, frozen=True):
    """Which period is settled."""

    period: ShortId


class ReleaseBody(Body, frozen=True):
    """Which counts leave for which partner, and what they cost of its budget."""

    release_id: NamedId
    partner: Id
    by: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=3, description="city, plan, variant, or a family")]
    epsilon_micro: Annotated[int, Meta(ge=1, le=10_000_000, description="millionths of epsilon")]
    period: Annotated[str, Meta(pattern="^[0-9]{4}Q[1-4]$", description="the quarter in which persons first came")]
    counted: Annotated[str, Meta(pattern="^(reserved|paid|handed_over)$")] = "paid"


def _build(asked: Asked) -> object:
    body: BuildBody = asked.body
    return asked.desk.build(
        asked.path["plant_id"], body.built_on, body.build_orders, run_id=body.run_id, party=asked.party
    )


def _release(asked: Asked) -> object:
    body: ReleaseBody = asked.body
    return asked.desk.release(
        body.release_id,
        body.partner,
        body.by,
        body.epsilon_micro,
        period=body.period,
        counted=body.counted,
        party=asked.party,
    )


def _count_signals(asked: Asked) -> object:
    body: SignalsBody = asked.body
    counts = [SignalCount(s.rung, s.count, s.variant_id, s.option, s.city_id) for s in body.counts]
    return asked.desk.count_signals(
        (require_utc(body.since), require_utc(body.until)), counts, source=body.source, party=asked.party
    )


_DAY = {"on": "2025-12-01"}

ALLIANCE: tuple[CommandOperation, ...] = (
    CommandOperation(
        "/plants/{plant_id}/plan",
        "planPlant",
        "production.plan",
        "Make a plant's weekly plan anew",
        RunBody,
        Planned,
        lambda asked: asked.desk.plan(asked.path["plant_id"], asked.body.run_id, party=asked.party),
        "production",
        example={"run_id": "2025-11-10"},
    ),
    CommandOperation(
        "/plants/{plant_id}/builds",
        "reportBuilt",
        "production.build",
        "Build vehicles with the parts in stock",
        BuildBody,
        Built,
        _build,  # type: ignore[arg-type]
        "production",
        example={"built_on": "2025-12-01"},
        description="Named in the answer and left for later: those short of parts, and those not locked yet.",
    ),
    CommandOperation(
        "/parts/receive",
        "receiveParts",
        "procurement.receive",
        "Take in the parts that were due by a day",
        DayBody,
        Count,
        lambda asked: asked.desk.receive(asked.body.on, party=asked.party),
        "procurement",
        example=_DAY,
    ),
    CommandOperation(
        "/suppliers/pay",
        "paySuppliers",
        "finance.pay_supplier",
        "Pay every supplier what is due",
        DayBody,
        Count,
        lambda asked: asked.desk.pay_suppliers(asked.body.on, party=asked.party),
        "finance",
        example=_DAY,
    ),
    CommandOperation(
        "/vehicles/arrive",
        "arrive",
        "logistics.arrive",
        "Take the vehicles that were due by a day off the road",
        DayBody,
        Count,
        lambda asked: asked.desk.arrive(asked.body.on, party=asked.party),
        "logistics",
        example=_DAY,
    ),
    CommandOperation(
        "/forecasts",
        "publishForecast",
        "demand.forecast",
        "Publish what is expected from now on",
        ForecastBody,
        Count,
        lambda asked: asked.desk.forecast(asked.body.run_id, asked.body.weeks, party=asked.party),
        "demand",
        example={"run_id": "2025-11-10", "weeks": 13},
    ),
    CommandOperation(
        "/releases",
        "releaseCounts",
        "demand.release",
        "Release private counts of customers to a partner",
        ReleaseBody,
        Release | Refusal,
        _release,  # type: ignore[arg-type]
        "demand",
    ),
    CommandOperation(
        "/signals",
        "countSignals",
        "demand.count_signals",
        "Note how many visits reached each rung in an interval",
        SignalsBody,
        Count,
        _count_signals,  # type: ignore[arg-type]
        "demand",
        description="Sums by variant, option and city, with nobody in them.",
    ),
    CommandOperation(
        "/orders/{order_id}/months",
        "billMonth",
        "finance.bill_month",
        "Bill a customer's month",
        MonthBody,
        Billed,
        lambda asked: asked.desk.bill_month(asked.path["order_id"], asked.body.month, asked.body.km, party=asked.party),
        "finance",
        example={"month": 1, "km": 1_200},
        description="The fee of the plan, and each km beyond its cap.",
    ),
    CommandOperation(
        "/settlements",
        "settle",
        "finance.settle",
        "Pay every party its share of the sales so far",
        PeriodBody,
        Count,
        lambda asked: asked.desk.settle(asked.body.period, party=asked.party),
        "finance",
        example={"period": "2025-11"},
    ),
)
