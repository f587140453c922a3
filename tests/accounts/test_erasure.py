"""Taking one's data along, and having them erased: what goes, what stays, and what the files still hold."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from people import EMAIL, NAME, PASSWORD, QUICK, Open, code_of

from pullcord.accounts import Accounts, Erasure, Refused, Session, store
from pullcord.base import InvalidInput, NotFound, OrderId, PersonId, SimulatedClock

TABLES = (
    "people_person",
    "people_session",
    "people_throttle",
    "people_token",
    "people_audit",
    "people_secret",
    "people_token_version",
)


def all_rows(accounts: Accounts) -> str:
    """Everything that the tables hold, as text."""
    with accounts._people.read() as connection:
        return "\n".join(
            str(row)
            for table in TABLES
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")).all()  # noqa: S608
        )


def test_the_export_is_all_that_is_held_and_plain_data(
    accounts: Accounts, session: Session, person: PersonId, clock: SimulatedClock
) -> None:
    clock.advance(timedelta(hours=1))
    accounts.sign_in(EMAIL, PASSWORD)
    exported = accounts.export(person)
    assert json.loads(json.dumps(exported)) == exported
    assert {name: exported[name] for name in ("person_id", "email", "name", "phone")} == {
        "person_id": person,
        "email": EMAIL,
        "name": NAME,
        "phone": "+8613800138000",
    }
    assert [row["begun_at"] for row in exported["sessions"]] == [
        "2025-11-09T01:00:00+00:00",
        "2025-11-09T02:00:00+00:00",
    ]
    assert session.token not in json.dumps(exported)
    assert "$argon2" not in json.dumps(exported)
    assert [row["act"] for row in accounts.export(person)["audit"]] == ["person.exported"]


def test_erasure_takes_the_data_and_leaves_the_pseudonym(
    open_accounts: Open, accounts: Accounts, session: Session, person: PersonId, clock: SimulatedClock
) -> None:
    accounts.sign_in(EMAIL, "a train to the sea", address="203.0.113.7")
    assert accounts.erase(person, open_orders=(), by=person) == Erasure(person, clock.now(), 1, files_wiped=True)
    left = all_rows(accounts)
    for word in (EMAIL, "example.com", NAME, "8613800138000", "$argon2", "203.0.113.7"):
        assert word not in left
    assert person in left
    assert open_accounts().session(session.token) is None
    assert code_of(accounts.sign_in(EMAIL, PASSWORD)) == "wrong"
    assert code_of(accounts.confirm(session, PASSWORD)) == "wrong"
    for gone in (accounts.profile, accounts.export):
        with pytest.raises(NotFound):
            gone(person)
    with pytest.raises(NotFound):
        accounts.rename(person, "Somebody")


def test_the_audit_says_who_asked_and_when_and_no_more(
    accounts: Accounts, person: PersonId, clock: SimulatedClock
) -> None:
    accounts.erase(person, open_orders=(), by="jd")
    with accounts._people.read() as connection:
        noted = connection.execute(sa.text("SELECT act, about, by FROM people_audit")).all()
    assert [tuple(row) for row in noted] == [("person.erased", person, "jd")]


def test_erased_twice_is_erased_once(accounts: Accounts, person: PersonId, clock: SimulatedClock) -> None:
    first = accounts.erase(person, open_orders=(), by=person)
    clock.advance(timedelta(days=1))
    again = accounts.erase(person, open_orders=(), by=person)
    assert isinstance(first, Erasure)
    assert isinstance(again, Erasure)
    assert again.erased_at == first.erased_at
    with accounts._people.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM people_audit")).scalar() == 1


def test_an_erased_person_s_address_is_free_for_a_new_account_under_another_pseudonym(
    accounts: Accounts, person: PersonId
) -> None:
    accounts.erase(person, open_orders=(), by=person)
    again = accounts.sign_up(EMAIL, PASSWORD, NAME)
    assert isinstance(again, str)
    assert again != person


def test_whoever_has_an_open_order_is_told_and_stays(accounts: Accounts, session: Session, person: PersonId) -> None:
    refused = accounts.erase(person, open_orders=[OrderId("o-1"), OrderId("o-2")], by=person)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.why) == (
        "open_orders",
        "o-1, o-2 are still open: cancel them first, or wait until the car is handed over",
    )
    assert accounts.profile(person).email == EMAIL
    assert accounts.session(session.token) is not None


def test_erasure_is_asked_for_by_somebody_and_about_somebody(accounts: Accounts, person: PersonId) -> None:
    with pytest.raises(InvalidInput):
        accounts.erase(person, open_orders=(), by="no one in particular")
    with pytest.raises(NotFound):
        accounts.erase(PersonId("p-nobody"), open_orders=(), by="jd")


def test_what_is_over_is_swept_away(accounts: Accounts, session: Session, clock: SimulatedClock) -> None:
    accounts.sign_in("nobody@example.com", "a guess of mine")
    swept = accounts.sweep()
    assert (swept.sessions, swept.throttles) == (0, 0)
    clock.advance(timedelta(days=1))
    swept = accounts.sweep()
    assert (swept.sessions, swept.throttles) == (0, 1)
    clock.advance(timedelta(days=13))
    swept = accounts.sweep()
    assert (swept.sessions, swept.throttles) == (1, 0)


class TestTheFile:
    """SQLite: the bytes themselves."""

    LONG_NAME = "Wei Alexandra " * 7  # with the rest of the row it still is one page; many rows make many pages

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "house"

    @pytest.fixture
    def in_file(self, folder: Path, clock: SimulatedClock) -> Accounts:
        return Accounts.open(f"sqlite:///{folder / 'live.db'}", clock=clock, hashing=QUICK)

    def held(self, folder: Path, *words: str) -> set[str]:
        files = list(folder.iterdir())
        assert files
        return {word for word in words for file in files if word.encode() in file.read_bytes()}

    def test_no_byte_of_an_erased_person_is_left_in_any_file(self, folder: Path, in_file: Accounts) -> None:
        persons = []
        for number in range(60):
            person = in_file.sign_up(f"somebody{number}@example.org", PASSWORD, self.LONG_NAME, f"+49123456{number:04}")
            assert isinstance(person, str)
            persons.append(person)
        words = ["somebody7@example.org", "+491234560007", "Alexandra"]
        assert self.held(folder, *words) == set(words)
        for person in persons:
            in_file.erase(person, open_orders=(), by=person)
        assert self.held(folder, "somebody", "+49123456", "Alexandra", "$argon2id") == set()
        assert self.held(folder, *persons[:2]) == set(persons[:2])  # the pseudonyms stay: the search does find

    def test_what_was_put_right_leaves_nothing_either(self, folder: Path, in_file: Accounts) -> None:
        person = in_file.sign_up(EMAIL, PASSWORD, "Misspelt Surname", "+4912345678")
        assert isinstance(person, str)
        in_file.rename(person, "Chen")
        session = in_file.sign_in(EMAIL, PASSWORD)
        assert isinstance(session, Session)
        in_file.change_email(session, PASSWORD, "new@example.com")
        assert self.held(folder, "Misspelt", "+4912345678", EMAIL) == set()

    def test_bytes_that_a_reader_still_needs_go_with_the_next_sweep(
        self, folder: Path, in_file: Accounts, monkeypatch: pytest.MonkeyPatch, clock: SimulatedClock
    ) -> None:
        monkeypatch.setattr(store, "BUSY_S", 0.01)
        accounts = Accounts.open(f"sqlite:///{folder / 'live.db'}", clock=clock, hashing=QUICK)
        person = accounts.sign_up(EMAIL, PASSWORD, NAME)
        assert isinstance(person, str)
        with in_file._people.read() as reading:
            reading.execute(sa.text("SELECT count(*) FROM people_person")).all()
            erased = accounts.erase(person, open_orders=(), by=person)
            assert isinstance(erased, Erasure)
            assert not erased.files_wiped
            assert self.held(folder, EMAIL) == {EMAIL}
        accounts.sweep()
        assert self.held(folder, EMAIL) == set()

    def test_only_the_owner_may_read_the_files(self, folder: Path, in_file: Accounts, clock: SimulatedClock) -> None:
        in_file.sign_up(EMAIL, PASSWORD, NAME)
        files = [file for file in folder.iterdir() if file.name.startswith("live.people.db")]
        assert len(files) == 3
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        in_file.close()
        (folder / "live.people.db").chmod(0o644)
        Accounts.open(f"sqlite:///{folder / 'live.db'}", clock=clock).close()
        assert stat.S_IMODE((folder / "live.people.db").stat().st_mode) == 0o600
