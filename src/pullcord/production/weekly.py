"""The weekly run of a plant's plan: ask, publish, and tell each build order its week."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import numpy as np

from pullcord.base import monday_of
from pullcord.solvers import Status
from pullcord.store import Transaction

from .assign import earliest_due_first
from .model import BuildPlanned, BuildUnplanned, ScheduleCell, SchedulePublished, ShadowPrice
from .question import PlanRequest, Question
from .schedule import Schedule, plan_weeks
from .service import waiting_orders
from .store import SCHEDULE_RUN


def plan(tx: Transaction, request: PlanRequest) -> Schedule:
    """A plant's weekly plan, published; and a BuildPlanned for each build order that it gives another week.

    Weeks count from the Monday of `as_of`. Open slots give the capacities; what was built this week already uses
    them up. The first `freeze_weeks` keep what the earlier plan put there; before a plant's first plan nothing is
    frozen. Where the frozen weeks cannot hold and the policy says `thaw`, they are planned anew too, and the plan's
    `conflicts` say what clashed. Without a plan (infeasible, out of time) that fact is published, and no build order
    moves.
    """
    policy = request.policy
    weeks = [monday_of(request.as_of) + timedelta(weeks=w) for w in range(policy.weeks)]
    orders = waiting_orders(tx, request.plant_id)
    published_before = tx.select(SCHEDULE_RUN, SCHEDULE_RUN.sql.c.plant_id == request.plant_id)
    fence = policy.freeze_weeks if published_before else 0
    question = Question(tx, request, weeks, fence, orders)
    schedule = plan_weeks(question.problem, seed=request.seed)
    if schedule.status == Status.INFEASIBLE and policy.thaw and fence:
        question, clash = Question(tx, request, weeks, 0, orders), schedule.conflicts
        schedule = replace(plan_weeks(question.problem, seed=request.seed), conflicts=clash)
    published = tx.emit(f"schedule/{request.plant_id}", _publication(question, schedule))
    if schedule.builds is None:
        return schedule

    counts = schedule.builds[: len(question.firm), 0, question.fence :]
    planned = {
        (variant_id, weeks[question.fence + t]): int(counts[i, t])
        for i, variant_id in enumerate(question.firm)
        for t in np.flatnonzero(counts[i]).tolist()
    }
    movable = [order for order in question.wanted if order.build_order_id not in question.fixed]
    assigned = earliest_due_first(movable, planned)
    for order in orders:
        if order.build_order_id in question.fixed:
            continue
        week = assigned.get(order.build_order_id)
        if week is None and order.planned_week is not None:
            tx.emit(f"build/{order.build_order_id}", BuildUnplanned(order.build_order_id), cause=published.seq)
        elif week is not None and week != order.planned_week:
            tx.emit(f"build/{order.build_order_id}", BuildPlanned(order.build_order_id, week), cause=published.seq)
    return schedule


def _publication(question: Question, schedule: Schedule) -> SchedulePublished:
    """The plan as it is told to others: cells count firm and forecast vehicles of a variant together."""
    cells: list[ScheduleCell] = []
    if schedule.builds is not None:
        found = sorted(
            (question.variants[i], question.weeks[t], int(schedule.builds[i, 0, t]))
            for i, t in zip(*np.nonzero(schedule.builds[:, 0, :]), strict=True)
        )
        cells = [
            ScheduleCell(name, week, sum(count for _, _, count in group))
            for (name, week), group in groupby(found, key=lambda cell: cell[:2])
        ]
    request = question.request
    return SchedulePublished(
        run_id=request.run_id,
        plant_id=request.plant_id,
        as_of=request.as_of,
        status=schedule.status.value,
        objective=schedule.objective or 0.0,
        gap=schedule.gap or 0.0,
        cells=tuple(cells),
        shadow_prices=tuple(ShadowPrice(p.constraint, p.week_start, p.value_minor) for p in schedule.prices),
        conflicts=schedule.conflicts,
    )
