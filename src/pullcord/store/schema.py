"""The ledger's own tables: the events, the head of each program's chain, and the forms that its tables have."""

from __future__ import annotations

import sqlalchemy as sa

from .columns import METADATA, UtcDateTime, byte_order, program_key

# The truth. Rows are only ever added.
EVENT = sa.Table(
    "event",
    METADATA,
    program_key(),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3, … without a gap
    sa.Column("recorded_at", UtcDateTime, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("stream", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # 1, 2, 3, … within the stream
    sa.Column("party", sa.String, nullable=False),
    sa.Column("cause", sa.BigInteger),  # seq of the event that led to it
    sa.Column("body", sa.Text, nullable=False),  # JSON of a frozen record, "v" is its schema version
    sa.Column("hash", sa.LargeBinary(32), nullable=False),  # SHA-256 over the previous hash and this event
    sa.UniqueConstraint("program_id", "stream", "version"),
    sa.CheckConstraint("seq > 0", name="ck_event_seq"),
    sa.CheckConstraint("version > 0", name="ck_event_version"),
    sa.CheckConstraint("cause < seq", name="ck_event_cause"),
)

# One row for each program: where its chain ends, and whose turn it is to write.
LEDGER_HEAD = sa.Table(
    "ledger_head",
    METADATA,
    program_key(),
    sa.Column("seq", sa.BigInteger, nullable=False),  # 0 before the first event
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Column("writer_epoch", sa.BigInteger, nullable=False),  # raised by every writer that opens the ledger
    sa.CheckConstraint("seq >= 0", name="ck_ledger_head_seq"),
)

# One row for each projection whose tables hold what all events of the program make of them, and the form they have.
PROJECTION_FORM = sa.Table(
    "projection_form",
    METADATA,
    program_key(),
    sa.Column("name", sa.String, primary_key=True),  # of the projection
    sa.Column("version", sa.Integer, nullable=False),  # as its room counts
    sa.Column("columns_hash", sa.LargeBinary(32), nullable=False),  # SHA-256 over its tables' columns
    sa.CheckConstraint("version > 0", name="ck_projection_form_version"),
)

OWN = (EVENT, LEDGER_HEAD, PROJECTION_FORM)
for _table in OWN:
    byte_order(_table)

# Every revision of these tables, oldest first. Named here too, so that a database which is at the last one can be
# opened without Alembic.
REVISIONS = ("v0001", "v0002")
