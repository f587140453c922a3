"""The events, and the heads of their chains."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pullcord.store.columns import UtcDateTime

revision = "v0001"
down_revision = None


def _text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "event",
        sa.Column("program_id", _text(), nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("kind", _text(), nullable=False),
        sa.Column("stream", _text(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("party", _text(), nullable=False),
        sa.Column("cause", sa.BigInteger),
        sa.Column("body", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("program_id", "seq", name="pk_event"),
        sa.UniqueConstraint("program_id", "stream", "version", name="uq_event_program_id_stream_version"),
        sa.CheckConstraint("seq > 0", name="ck_event_seq"),
        sa.CheckConstraint("version > 0", name="ck_event_version"),
        sa.CheckConstraint("cause < seq", name="ck_event_cause"),
    )
    op.create_table(
        "ledger_head",
        sa.Column("program_id", _text(), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("writer_epoch", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("program_id", name="pk_ledger_head"),
        sa.CheckConstraint("seq >= 0", name="ck_ledger_head_seq"),
    )
