"""The tables of personal data, and how an older database is brought to their newest form.

They are not the ledger's: what is here can be changed and erased. Every table begins with the program, as the ledger's
do, so that programs which share a database do not share accounts or keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from pullcord.base import Conflict
from pullcord.store import UtcDateTime

TABLES = sa.MetaData(naming_convention={"ix": "ix_%(column_0_N_label)s", "pk": "pk_%(table_name)s"})


def _program() -> sa.Column[str]:
    return sa.Column("program_id", sa.String, primary_key=True)


# One row: the form that these tables have.
SCHEMA = sa.Table("people_schema", TABLES, sa.Column("version", sa.Integer, nullable=False))

# One row for each program: what cookies and fingerprints are made with.
SECRET = sa.Table("people_secret", TABLES, _program(), sa.Column("secret", sa.String, nullable=False))

# One row for each person who ever had an account. Erasure empties it of all but the pseudonym that the ledger knows.
PERSON = sa.Table(
    "people_person",
    TABLES,
    _program(),
    sa.Column("person_id", sa.String, primary_key=True),
    sa.Column("email_key", sa.String(64)),  # keyed fingerprint of `email`: what is looked up
    sa.Column("email", sa.String),
    sa.Column("name", sa.String),
    sa.Column("phone", sa.String),
    sa.Column("password_hash", sa.String),  # Argon2id, with salt and parameters
    sa.Column("signed_up_at", UtcDateTime, nullable=False),
    sa.Column("erased_at", UtcDateTime),
    sa.UniqueConstraint("program_id", "email_key", name="uq_people_person_email"),
    sa.CheckConstraint(
        "(erased_at IS NULL AND email_key IS NOT NULL AND email IS NOT NULL AND name IS NOT NULL"
        " AND password_hash IS NOT NULL) OR (erased_at IS NOT NULL AND email_key IS NULL AND email IS NULL"
        " AND name IS NULL AND phone IS NULL AND password_hash IS NULL)",
        name="ck_people_person_whole_or_erased",
    ),
)

# One row for each browser that is signed in.
SESSION = sa.Table(
    "people_session",
    TABLES,
    _program(),
    sa.Column("token_hash", sa.String(64), primary_key=True),  # SHA-256 of the token
    sa.Column("person_id", sa.String, nullable=False),
    sa.Column("begun_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),  # to the minute or so
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("trusted_until", UtcDateTime, nullable=False),
    sa.Index(None, "program_id", "person_id"),
    sa.Index(None, "program_id", "expires_at"),
)

# One row for each account and each network address that failed lately, under a keyed fingerprint.
THROTTLE = sa.Table(
    "people_throttle",
    TABLES,
    _program(),
    sa.Column("who", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
)

# One row for each key of a party's machines.
TOKEN = sa.Table(
    "people_token",
    TABLES,
    _program(),
    sa.Column("token_id", sa.String, primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False),  # SHA-256 of the token
    sa.Column("party_id", sa.String, nullable=False),
    sa.Column("scopes", sa.String, nullable=False),  # sorted, with blanks between
    sa.Column("issued_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("last_used_on", sa.Date),  # UTC
    sa.UniqueConstraint("program_id", "token_hash", name="uq_people_token_hash"),
)

# One row for each program: raised whenever its tokens change, so that every process reads them anew.
TOKEN_VERSION = sa.Table(
    "people_token_version", TABLES, _program(), sa.Column("version", sa.BigInteger, nullable=False)
)

# Who did what to whose data or keys. Names and addresses never stand here. Rows are only ever added.
AUDIT = sa.Table(
    "people_audit",
    TABLES,
    _program(),
    sa.Column("audit_id", sa.String, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("act", sa.String, nullable=False),  # such as person.erased
    sa.Column("about", sa.String, nullable=False),  # a pseudonym or a token's id
    sa.Column("by", sa.String, nullable=False),  # a pseudonym, a party, or `system`
    sa.Index(None, "program_id", "about"),
)

Step = Callable[[sa.Connection], None]


def _first_form(connection: sa.Connection) -> None:
    TABLES.create_all(connection, tables=[table for table in TABLES.sorted_tables if table is not SCHEMA])


STEPS: tuple[Step, ...] = (_first_form,)
"""From each form to the next, oldest first. A later step changes tables by its own statements, never by create_all."""


def bring_to_newest(connection: sa.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Make the tables, or bring older ones to the newest form. The caller's transaction holds all of it.

    Raises Conflict when a newer Pullcord made them.
    """
    if connection.dialect.name == "postgresql":
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
        lock = int.from_bytes(hashlib.sha256(f"pullcord people of {schema}".encode()).digest()[:8], "big", signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
    SCHEMA.create(connection, checkfirst=True)
    version = connection.execute(sa.select(SCHEMA.c.version)).scalar()
    if version is not None and version > len(steps):
        raise Conflict(
            f"the accounts have form {version}, which a newer Pullcord made; this one knows forms up to {len(steps)}",
            "run the newer one, or restore the database as it was",
        )
    for step in steps[version or 0 :]:
        step(connection)
    if version is None:
        connection.execute(SCHEMA.insert().values(version=len(steps)))
    elif version < len(steps):
        connection.execute(SCHEMA.update().values(version=len(steps)))
