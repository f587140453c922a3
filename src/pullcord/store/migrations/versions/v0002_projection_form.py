"""The forms that each program's tables were filled in.

No form is noted for the programs that are there already: whether their tables hold what today's folds make of their
events is not known, and one rebuild makes sure.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision = "v0001"


def _text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "projection_form",
        sa.Column("program_id", _text(), nullable=False),
        sa.Column("name", _text(), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("columns_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("program_id", "name", name="pk_projection_form"),
        sa.CheckConstraint("version > 0", name="ck_projection_form_version"),
    )
