"""Who could read a claim before they reserved: counted in one pass over the orders, listed page by page.

No index is kept for it: reservations come by the thousand a second and facts change now and then, so it is the change
that reads the orders once, and not every reservation that pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from pullcord import orders
from pullcord.base import OrderId
from pullcord.store import Reader

from .ground import Ground
from .model import Condition, Subject, SubjectKind

PAGE = 50_000  # orders read at a time when they are listed


def scope_of(subject: Subject) -> dict[str, tuple[str, ...]]:
    """The orders that a subject speaks of, as `variants`, `plans` or `cities`; empty is all of them."""
    match subject.kind:
        case SubjectKind.VARIANT:
            return {"variants": (subject.id,)}
        case SubjectKind.PLAN:
            return {"plans": (subject.id,)}
        case SubjectKind.CITY:
            return {"cities": (subject.id,)}
        case _:  # a picture of an option nobody has was seen by everybody
            return {}


def scope_of_fact(ground: Ground, key: str) -> dict[str, tuple[str, ...]]:
    """The orders that a fact touches, by its key."""
    head, _, name = key.partition("/")
    name, at, variant = name.partition("@")
    scope: dict[str, tuple[str, ...]] = {"variants": (variant,)} if at else {}
    if head in ("price", "monthly", "cap", "overage"):
        scope["plans"] = (name,)
    elif head in ("invoice", "transit") and any(city.city_id == name for city in ground.cities):
        scope["cities"] = (name,)
    elif head in ("option", "limit") and "." in name:
        family, _, option = name.partition(".")
        having = [v.variant_id for v in ground.variants if (family, option) in v.choices]
        if having:
            scope["variants"] = tuple(having)
    return scope


def both(one: dict[str, tuple[str, ...]], other: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The orders that lie in both scopes."""
    return {
        name: tuple(x for x in one[name] if x in other[name]) if name in one and name in other else (one | other)[name]
        for name in one | other
    }


def _where(condition: Condition) -> sa.ColumnElement[bool]:
    column = orders.ORDER.sql.c
    parts = [column.reserved_at >= condition.since, column.reserved_at <= condition.until]
    for name, values in (
        (column.variant_id, condition.variants),
        (column.plan, condition.plans),
        (column.city_id, condition.cities),
    ):
        if values is not None:
            parts.append(name.in_(values))
    return sa.and_(*parts)


def count_exposed(reader: Reader, conditions: Sequence[Condition]) -> tuple[list[int], int]:
    """How many orders meet each condition, and how many meet any of them; one pass over the orders."""
    if not conditions:
        return [], 0
    table = orders.ORDER.sql
    # Claims that fall together mostly have the same condition: each is counted once.
    different = {condition: _where(condition) for condition in conditions}
    columns: list[sa.ColumnElement[Any]] = [sa.func.count()]
    if len(different) > 1:
        columns += [sa.func.sum(sa.case((where, 1), else_=0)) for where in different.values()]
    statement: sa.Select[Any] = sa.select(*columns).where(
        table.c.program_id == reader.program_id, sa.or_(*different.values())
    )
    (row,) = reader.query(statement)
    counts = [int(count or 0) for count in row[1:]] or [int(row[0])]
    of = dict(zip(different, counts, strict=True))
    return [of[condition] for condition in conditions], int(row[0])


def exposed_orders(reader: Reader, condition: Condition) -> Iterator[OrderId]:
    """The orders that meet a condition, in the order of their ids, read a page at a time."""
    column = orders.ORDER.sql.c
    last = ""
    while True:
        page = (
            sa.select(column.order_id)
            .where(column.program_id == reader.program_id, column.order_id > last, _where(condition))
            .order_by(column.order_id)
            .limit(PAGE)
            .subquery()
        )
        # The database hands over a page as one text: row by row, a million ids would take ten times as long.
        text = reader.query(sa.select(sa.func.aggregate_strings(page.c.order_id, "\n")))[0][0]
        found = sorted(text.split("\n")) if text else []
        yield from map(OrderId, found)
        if len(found) < PAGE:
            return
        last = found[-1]
