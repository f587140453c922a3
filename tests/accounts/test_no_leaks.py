"""No name, address, number, password or key shows in a log line, a message or a `repr`."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from people import EMAIL, NAME, PASSWORD, Open

from pullcord.accounts import Accounts, Session, accounts_url, tables
from pullcord.accounts.tables import PERSON, bring_to_newest
from pullcord.base import Conflict, InvalidInput, PartnerFailure, PartyId, PersonId, PullcordError, SimulatedClock

PHONE = "+8613800138000"
SECRETS = (EMAIL, "wei.chen", NAME, PHONE, PASSWORD, "a train to the sea")


def test_nothing_personal_shows_in_logs_or_representations(
    accounts: Accounts, session: Session, person: PersonId, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
    try:
        seen: list[object] = [
            accounts,
            accounts.sign_up(EMAIL, PASSWORD, NAME, PHONE),
            accounts.sign_up("wei.chen@", PASSWORD, f"{NAME}\x00", f"{PHONE}x"),
            accounts.sign_in(EMAIL, "a train to the sea", address="203.0.113.7"),
            session,
            accounts.begin_visit(),
            accounts.confirm(session, "a train to the sea"),
            accounts.profile(person),
            accounts.rename(person, NAME, PHONE),
            issued := accounts.issue_token(PartyId("gac_aion"), ["orders"], timedelta(days=1)),
            accounts.token(issued.plain),
            accounts.tokens(),
            accounts._keys,
            accounts.erase(person, open_orders=(), by=person),
        ]
    finally:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    told = "\n".join([*map(repr, seen), *map(str, seen), caplog.text])
    for secret in (*SECRETS, "203.0.113.7", session.token, issued.plain, "$argon2"):
        assert secret not in told


def failures_of(accounts: Accounts, values: dict[str, object]) -> PullcordError:
    """What is raised where a row breaks the tables' rules."""
    row = {
        "program_id": "",
        "person_id": "p-1",
        "email_key": "k",
        "email": EMAIL,
        "name": NAME,
        "phone": PHONE,
        "password_hash": "$argon2id$",
        "signed_up_at": accounts._clock.now(),
    }
    with pytest.raises(PullcordError) as raised, accounts._people.write() as connection:
        connection.execute(PERSON.insert().values(row | values))
    return raised.value


@pytest.mark.parametrize("broken", [{"signed_up_at": None}, {"person_id": None}, {"email": None}])
def test_what_the_database_says_of_a_row_it_refuses_is_kept_from_everybody(
    accounts: Accounts, broken: dict[str, object]
) -> None:
    failure = failures_of(accounts, broken)
    assert isinstance(failure, Conflict)
    told = "".join(traceback.format_exception(failure))
    for secret in (EMAIL, NAME, PHONE, "$argon2id$"):
        assert f"'{secret}'" not in told
        assert f"({secret}" not in told
        assert f", {secret}" not in told


def test_a_database_that_fails_is_a_failure_without_data(accounts: Accounts, session: Session) -> None:
    with accounts._people.write() as connection:
        connection.execute(sa.text("ALTER TABLE people_person RENAME TO people_lost"))
    with pytest.raises(PartnerFailure, match="the accounts cannot be read or written") as raised:
        accounts.sign_in(EMAIL, PASSWORD)
    told = "".join(traceback.format_exception(raised.value)).replace(f'"{EMAIL}"', "")
    assert EMAIL not in told.partition("PartnerFailure")[2]
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_accounts_lie_beside_their_ledger() -> None:
    assert accounts_url("sqlite:///out/live.db") == "sqlite:///out/live.people.db"
    assert accounts_url("out/live.db") == "sqlite:///out/live.people.db"
    assert accounts_url("ledger.sqlite") == "sqlite:///ledger.sqlite.people.db"
    assert accounts_url("sqlite:///out/live.people.db") == "sqlite:///out/live.people.db"
    assert accounts_url("postgresql://me:pw@host/db") == "postgresql+psycopg://me:pw@host/db"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "://"])
def test_accounts_cannot_live_just_anywhere(url: str, clock: SimulatedClock) -> None:
    with pytest.raises(InvalidInput):
        Accounts.open(url, clock=clock)


def test_tables_are_brought_forward_once_by_whoever_comes_first(
    open_accounts: Open, accounts: Accounts, person: PersonId
) -> None:
    def add_greeting(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE people_person ADD COLUMN greeting TEXT"))

    steps = (*tables.STEPS, add_greeting)
    for _ in range(2):
        with accounts._people.write() as connection:
            bring_to_newest(connection, steps)
    with accounts._people.read() as connection:
        assert connection.execute(sa.text("SELECT email, greeting FROM people_person")).all() == [(EMAIL, None)]
    with pytest.raises(Conflict, match="form 2, which a newer Pullcord made"):
        open_accounts()


def test_a_step_that_fails_changes_nothing(accounts: Accounts, person: PersonId) -> None:
    def half_way(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE people_person ADD COLUMN greeting TEXT"))
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError), accounts._people.write() as connection:
        bring_to_newest(connection, (*tables.STEPS, half_way))
    with accounts._people.write() as connection:
        bring_to_newest(connection)
    assert accounts.profile(person).email == EMAIL


def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path, clock: SimulatedClock) -> None:
    (tmp_path / "live.people.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(PartnerFailure, match="SQLITE_NOTADB"):
        Accounts.open(str(tmp_path / "live.db"), clock=clock)


def test_the_file_is_synced_and_wiped_as_it_should_be(tmp_path: Path, clock: SimulatedClock) -> None:
    accounts = Accounts.open(str(tmp_path / "live.db"), clock=clock)
    with accounts._people.read() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        pragmas = {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("secure_delete", "synchronous")}
    assert pragmas == {"secure_delete": 1, "synchronous": 2}
