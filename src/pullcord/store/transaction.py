"""What a command may do while it is decided: read, and emit events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from pullcord.base import Conflict, InvalidInput, PartyId, ProgramId

from .command import STREAM_PREFIX
from .event import Event, codec_of
from .rows import ProjectionRows, RowCache
from .table import Fold, Table

B = TypeVar("B")
R = TypeVar("R")
Reaction = Callable[["Transaction", Event[Any]], None]


class NeedsDatabase(Exception):
    """A command asked for more than there is in memory, where nothing else may be asked."""


class Page:
    """What the writer has in hand: the rows, the versions of the streams, and the events not yet written."""

    def __init__(
        self,
        program_id: ProgramId,
        rows: RowCache,
        folds: Mapping[type, Sequence[tuple[Fold, ProjectionRows]]],
        connection: sa.Connection,
        cursor: Any,
        version_sql: str,
    ) -> None:
        self.program_id = program_id
        self.rows = rows
        self.folds = folds
        self.connection = connection
        self.cursor = cursor
        self.version_sql = version_sql
        self.seq = 0  # of the last event in hand
        self.versions: dict[str, int] = {}
        self.versions_complete = False  # a stream that is not in `versions` does not exist
        self.drafts: list[tuple[Event[Any], bytes]] = []  # events of the command in progress, and their sealed bodies
        self.flush_events: Callable[[], None] = lambda: None
        self.flush_failure: BaseException | None = None
        self.from_memory = False  # the database is busy with an earlier commit: it cannot be brought up to date

    def use(self, cursor: Any) -> None:
        """Read with this cursor from now on."""
        self.cursor = self.rows.look = cursor

    def version(self, stream: str) -> int:
        """The stream's version; 0 when it does not exist."""
        version = self.versions.get(stream)
        if version is None:
            version = 0
            if not self.versions_complete:
                self.cursor.execute(self.version_sql, (self.program_id, stream))
                version = self.cursor.fetchone()[0] or 0
            self.versions[stream] = version
        return version

    def flush(self, *, events: bool) -> None:
        """Bring the database up to what is in hand, so that it can be asked."""
        try:
            if self.from_memory:
                raise NeedsDatabase
            self.rows.flush()
            if events:
                self.flush_events()
        except BaseException as failure:
            # Perhaps another command's row: the group is no longer of use, whoever catches this.
            self.flush_failure = failure
            raise


class Transaction:
    """The one view that reads its own writes. Given to `decide` and to reactions, and of no use after they return."""

    __slots__ = ("_cause", "_page", "emitted", "get", "now", "party", "program_id")

    def __init__(self, page: Page, now: datetime, party: PartyId, cause: int) -> None:
        self._page = page
        self._cause = cause
        self.program_id = page.program_id
        self.now = now  # the command's one instant, UTC; its events are recorded at it
        self.party = party  # who gave the command
        self.emitted: list[Event[Any]] = []
        self.get = page.rows.get  # type: ignore[method-assign]

    if TYPE_CHECKING:

        def get(self, table: Table[R], *key: Any) -> R | None:
            """The row with this key, or None. From memory where it can be: much faster than `select`."""

    def select(
        self, table: Table[R], *where: sa.ColumnElement[bool], order_by: Sequence[sa.ColumnElement[Any]] = ()
    ) -> list[R]:
        """The rows of this program that meet every condition; in key order unless `order_by` says otherwise."""
        self._page.flush(events=False)
        return select_records(self._page.connection, self.program_id, table, where, order_by)

    def query(self, statement: sa.Select[Any]) -> list[sa.Row[*tuple[Any, ...]]]:
        """What the statement finds, in any program: the caller filters by `program_id`."""
        self._page.flush(events=True)
        return list(self._page.connection.execute(statement))

    def version(self, stream: str) -> int:
        """The stream's version; 0 when it does not exist."""
        return self._page.version(stream)

    @property
    def head(self) -> int:
        """The seq of the last event that this transaction has seen, those of its own command among them."""
        return self._page.seq

    def emit(self, stream: str, body: B, *, cause: int | None = None, expected_version: int | None = None) -> Event[B]:
        """The event, folded into the tables at once.

        Its cause is the command's own event or, inside a reaction, the event reacted to, unless `cause` names another.
        Raises Conflict when the stream is not at `expected_version`.
        """
        page = self._page
        cls = type(body)
        codec = codec_of(cls)
        version = page.versions.get(stream)
        if version is None:
            if "\n" in stream or not stream or stream.startswith(STREAM_PREFIX):
                raise InvalidInput(f"`{stream!r}` cannot be a stream", "name it by a noun and an id, such as order/A17")
            version = page.version(stream)
        if expected_version is not None and expected_version != version:
            raise Conflict(
                f"`{stream}` is at version {version}, not {expected_version}", "read it again and decide anew"
            )
        sealed, body = codec.seal(body)
        seq = page.seq + 1
        if cause is None:
            cause = self._cause
        elif not 0 < cause < seq:
            raise InvalidInput(f"event {cause} cannot be the cause of event {seq}", "a cause comes earlier")
        page.seq = seq
        page.versions[stream] = version + 1
        event = Event(seq, self.now, codec.kind, stream, version + 1, self.party, cause, body)
        page.drafts.append((event, sealed))
        for fold, rows in page.folds.get(cls, ()):
            fold(rows, event)
        self.emitted.append(event)
        return event


GENERATIONS_MAX = 100  # reactions to reactions to reactions …; a journey needs a dozen
EVENTS_MAX = 1_000_000  # of one command


def react(tx: Transaction, reactions: Mapping[type, Sequence[Reaction]]) -> None:
    """Let every emitted event have its reactions, and theirs, breadth first, until nothing new is emitted."""
    done, generation, generation_end = 0, 0, len(tx.emitted)
    while done < len(tx.emitted):
        if done == generation_end:
            generation, generation_end = generation + 1, len(tx.emitted)
        event = tx.emitted[done]
        done += 1
        for reaction in reactions.get(type(event.body), ()):
            tx._cause = event.seq
            reaction(tx, event)
        if generation > GENERATIONS_MAX or len(tx.emitted) > EVENTS_MAX:
            raise InvalidInput(
                f"reactions to one command do not end: {len(tx.emitted)} events, the last a `{tx.emitted[-1].kind}`",
                "two reactions probably call each other",
            )


def select_records(
    connection: sa.Connection,
    program_id: str,
    table: Table[R],
    where: Sequence[sa.ColumnElement[bool]],
    order_by: Sequence[sa.ColumnElement[Any]],
) -> list[R]:
    """The records of one program that meet every condition, in key order unless `order_by` says otherwise."""
    order = order_by or [table.sql.columns[name] for name in table.key_names]
    statement = sa.select(*table.columns).where(table.sql.c.program_id == program_id, *where).order_by(*order)
    record = table.record
    return [record(*row) for row in connection.execute(statement)]
