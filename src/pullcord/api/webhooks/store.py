"""The tables of webhooks. They hold secrets and cursors, not truth, and so lie beside the accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from .model import Delivery, Endpoint, Kept

KEPT_DELIVERIES = 50  # of each endpoint
_METADATA = sa.MetaData()

ENDPOINT = sa.Table(
    "webhook_endpoint",
    _METADATA,
    sa.Column("program_id", sa.String, primary_key=True),
    sa.Column("endpoint_id", sa.String, primary_key=True),
    sa.Column("party_id", sa.String, nullable=False),
    sa.Column("url", sa.String, nullable=False),
    sa.Column("kinds", sa.String, nullable=False, comment="separated by spaces; empty for all"),
    sa.Column("secret", sa.String, nullable=False, comment="needed to sign, so it cannot be a hash"),
    sa.Column("request", sa.String, nullable=False, comment="fingerprint of what was asked"),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("note", sa.String),
    sa.Column("cursor", sa.BigInteger, nullable=False, comment="seq of the last event that is done with"),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)
DELIVERY = sa.Table(
    "webhook_delivery",
    _METADATA,
    sa.Column("delivery_no", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("program_id", sa.String, nullable=False),
    sa.Column("endpoint_id", sa.String, nullable=False),
    sa.Column("message_id", sa.String, nullable=False),
    sa.Column("seq", sa.BigInteger),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("problem", sa.String),
    sa.Column("delivered", sa.Boolean, nullable=False),
    sa.Index("ix_webhook_delivery_endpoint", "program_id", "endpoint_id", "delivery_no"),
)


class WebhookStore:
    """What is kept of a program's webhooks. Every method waits for the database."""

    def __init__(self, url: str, program_id: str) -> None:
        self._program_id = program_id
        options: dict[str, Any] = {"connect_args": {"timeout": 30}} if url.startswith("sqlite") else {}
        self._engine = sa.create_engine(url, **options)
        if url.startswith("sqlite"):
            sa.event.listen(self._engine, "connect", _wait_for_nobody)
        _METADATA.create_all(self._engine)

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    def add(self, kept: Kept) -> Kept:
        """Keep a new endpoint; the one of this id as it stands, where there is one already."""
        with self._write() as connection:
            found = self._find(connection, kept.endpoint.endpoint_id)
            if found is not None:
                return found
            endpoint = kept.endpoint
            connection.execute(
                ENDPOINT.insert().values(
                    program_id=self._program_id,
                    endpoint_id=endpoint.endpoint_id,
                    party_id=kept.party_id,
                    url=endpoint.url,
                    kinds=" ".join(endpoint.kinds),
                    secret=kept.secret,
                    request=kept.request,
                    enabled=True,
                    note=None,
                    cursor=endpoint.cursor,
                    failures=0,
                    created_at=endpoint.created_at,
                )
            )
        return kept

    def find(self, endpoint_id: str, party_id: str | None = None) -> Kept | None:
        """An endpoint; of a party, where one is named."""
        with self._engine.connect() as connection:
            found = self._find(connection, endpoint_id)
        return found if found is not None and party_id in (None, found.party_id) else None

    def all(self, party_id: str | None = None) -> list[Kept]:
        """Every endpoint, of a party where one is named; oldest first."""
        where = [ENDPOINT.c.program_id == self._program_id]
        if party_id is not None:
            where.append(ENDPOINT.c.party_id == party_id)
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(ENDPOINT).where(*where).order_by(ENDPOINT.c.created_at, ENDPOINT.c.endpoint_id)
            ).all()
        return [_kept(row) for row in rows]

    def change(self, endpoint_id: str, **values: Any) -> None:
        """Set columns of an endpoint."""
        with self._write() as connection:
            connection.execute(ENDPOINT.update().where(*self._is(endpoint_id)).values(**values))

    def remove(self, endpoint_id: str) -> None:
        """Forget an endpoint and its deliveries."""
        with self._write() as connection:
            connection.execute(ENDPOINT.delete().where(*self._is(endpoint_id)))
            connection.execute(DELIVERY.delete().where(*self._of(endpoint_id)))

    def note(self, endpoint_id: str, delivery: Delivery, **values: Any) -> None:
        """Keep one attempt, and set columns of its endpoint with it; of old attempts the latest stay."""
        with self._write() as connection:
            done = connection.execute(
                DELIVERY.insert().values(
                    program_id=self._program_id, endpoint_id=endpoint_id, **msgspec.structs.asdict(delivery)
                )
            )
            if values:
                connection.execute(ENDPOINT.update().where(*self._is(endpoint_id)).values(**values))
            key = done.inserted_primary_key
            if key is not None and key[0] % KEPT_DELIVERIES == 0:
                latest = (
                    sa.select(DELIVERY.c.delivery_no)
                    .where(*self._of(endpoint_id))
                    .order_by(DELIVERY.c.delivery_no.desc())
                    .limit(KEPT_DELIVERIES)
                )
                kept = [row[0] for row in connection.execute(latest)]
                connection.execute(DELIVERY.delete().where(*self._of(endpoint_id), DELIVERY.c.delivery_no < min(kept)))

    def deliveries(self, endpoint_id: str) -> list[Delivery]:
        """The latest attempts, newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(DELIVERY)
                .where(*self._of(endpoint_id))
                .order_by(DELIVERY.c.delivery_no.desc())
                .limit(KEPT_DELIVERIES)
            ).all()
        return [
            Delivery(
                row.message_id,
                row.seq,
                row.kind,
                _utc(row.at),
                row.attempt,
                row.status,
                row.problem,
                row.delivered,
            )
            for row in rows
        ]

    def _is(self, endpoint_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return ENDPOINT.c.program_id == self._program_id, ENDPOINT.c.endpoint_id == endpoint_id

    def _of(self, endpoint_id: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return DELIVERY.c.program_id == self._program_id, DELIVERY.c.endpoint_id == endpoint_id

    def _find(self, connection: sa.Connection, endpoint_id: str) -> Kept | None:
        row = connection.execute(sa.select(ENDPOINT).where(*self._is(endpoint_id))).one_or_none()
        return None if row is None else _kept(row)

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection


def _kept(row: sa.Row[Any]) -> Kept:
    endpoint = Endpoint(
        row.endpoint_id,
        row.url,
        tuple(row.kinds.split()),
        row.enabled,
        row.note,
        row.cursor,
        row.failures,
        _utc(row.created_at),
    )
    return Kept(endpoint, row.party_id, row.secret, row.request)


def _utc(at: datetime) -> datetime:
    # SQLite gives the instant back without its zone; it was UTC when it was kept.
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _wait_for_nobody(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
