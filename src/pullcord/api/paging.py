"""Long lists in pages: a cursor says where the next one begins, however many rows come in meanwhile."""

from __future__ import annotations

import base64
import binascii
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa
from msgspec import Meta

from pullcord.store import Reader, Table
from pullcord.web import Fault, HttpProblem

from .given import Query

R = TypeVar("R")
V = TypeVar("V")


class PageQuery(Query, frozen=True, kw_only=True):
    """Which page of a list."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=500, pattern="^[A-Za-z0-9_-]+$")] | None = None


@dataclass(frozen=True, slots=True)
class Paged(Generic[V]):
    """Items of one page and the cursor of the next."""

    items: Sequence[V]
    cursor: str | None


@cache
def page_type(item: type) -> type[msgspec.Struct]:
    """The record of a page of such items, as it is described and sent."""
    return msgspec.defstruct(
        f"{item.__name__}Page",
        [("items", types.GenericAlias(tuple, (item, ...))), ("next", str | None, None)],
        frozen=True,
    )


def cursor_of(key: Sequence[Any]) -> str:
    """The cursor that stands for the last key of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(key))).rstrip(b"=").decode()


def key_of(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """The key in a cursor. Raises HttpProblem (422) for one that was not given out here."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=list[Any])
        if len(found) != len(kinds):
            raise ValueError("another number of parts")
        key: list[Any] = [msgspec.convert(part, kind) for part, kind in zip(found, kinds, strict=True)]
        for part in key:
            if (isinstance(part, str) and "\0" in part) or (isinstance(part, int) and abs(part) >= 2**63):
                raise ValueError("a part that no database takes")
        return key
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise HttpProblem(
            "invalid-input",
            "The cursor was not given out by this list.",
            "leave it out to begin anew",
            faults=[Fault("query/cursor", "is not known")],
        ) from None


_KINDS: dict[type, type] = {sa.String: str, sa.Date: date, sa.Integer: int, sa.BigInteger: int}


def page_of(
    reader: Reader,
    table: Table[R],
    query: PageQuery,
    view: Callable[[R], V],
    *where: sa.ColumnElement[bool],
    descending: sa.Column[Any] | None = None,
) -> Paged[V]:
    """One page of a table's rows that meet the conditions, in key order; or latest first by the column given."""
    columns = [table.sql.columns[name] for name in table.key_names]
    if descending is not None:
        columns = [descending, *columns]
    kinds = [_kind(column) for column in columns]
    conditions = [table.sql.c.program_id == reader.program_id, *where]
    if query.cursor is not None:
        key = key_of(query.cursor, kinds)
        conditions.append(_beyond(columns, key, descending))
    order = [column.desc() if column is descending else column.asc() for column in columns]
    statement = sa.select(*table.columns).where(*conditions).order_by(*order).limit(query.limit + 1)
    rows = [table.record(*row) for row in reader.query(statement)]
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    cursor = cursor_of([getattr(rows[-1], column.name) for column in columns]) if more else None
    return Paged([view(row) for row in rows], cursor)


def _kind(column: sa.Column[Any]) -> type:
    for sql, kind in _KINDS.items():
        if isinstance(column.type, sql):
            return kind
    return datetime


def _beyond(columns: Sequence[sa.Column[Any]], key: Sequence[Any], descending: Any) -> sa.ColumnElement[bool]:
    """Rows after the key: the first column decides, then the next."""
    found: list[sa.ColumnElement[bool]] = []
    for place, column in enumerate(columns):
        same = [c == k for c, k in zip(columns[:place], key[:place], strict=True)]
        further = column < key[place] if column is descending else column > key[place]
        found.append(sa.and_(*same, further))
    return sa.or_(*found)
