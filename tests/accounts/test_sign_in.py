"""Signing up and in: who is let in, who is not, and what the refusal gives away."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from people import EMAIL, NAME, PASSWORD, QUICK, Open, code_of

from pullcord.accounts import Accounts, Profile, Refused, Session
from pullcord.base import NotFound, PersonId, ProgramId, SimulatedClock, check_id


def test_a_new_account_has_a_pseudonym_that_the_ledger_can_take(accounts: Accounts) -> None:
    person = accounts.sign_up("  Wei.Chen@EXAMPLE.com ", PASSWORD, "  Chen   Wei ", "+86 (138) 0013-8000")
    assert isinstance(person, str)
    assert re.fullmatch(r"p-[A-Za-z0-9_-]{16}", check_id(person, "person"))
    profile = accounts.profile(person)
    assert (profile.email, profile.name, profile.phone) == (EMAIL, NAME, "+8613800138000")


def test_the_right_password_opens_a_session_that_others_can_read(
    open_accounts: Open, accounts: Accounts, session: Session, person: PersonId
) -> None:
    assert session.person_id == person
    seen = open_accounts().session(session.token)
    assert seen == session


@pytest.mark.parametrize("email", [EMAIL.upper(), f" {EMAIL}\n", "Wei.Chen@Example.COM"])
def test_an_address_is_the_same_however_it_is_typed(accounts: Accounts, person: PersonId, email: str) -> None:
    session = accounts.sign_in(email, PASSWORD)
    assert isinstance(session, Session)
    assert session.person_id == person
    assert accounts.sign_up(email, PASSWORD, NAME) == Refused(
        "taken", "this e-mail address has an account already; sign in instead"
    )


def test_a_wrong_password_and_an_unknown_address_are_told_the_same(accounts: Accounts, person: PersonId) -> None:
    wrong = accounts.sign_in(EMAIL, "a train to the sea")
    assert isinstance(wrong, Refused)
    assert wrong.code == "wrong"
    assert accounts.sign_in("nobody@example.com", PASSWORD) == wrong
    assert accounts.sign_in("no address", PASSWORD) == wrong
    assert accounts.sign_in(EMAIL, "x" * 100_000) == wrong
    assert accounts.sign_in(EMAIL, "\ud800") == wrong


def test_every_fault_of_a_form_is_told_at_once_and_nothing_is_kept(accounts: Accounts) -> None:
    refused = accounts.sign_up("wei", "short", " ", "call me")
    assert isinstance(refused, Refused)
    assert [(fault.field, fault.code) for fault in refused.faults] == [
        ("email", "not_an_address"),
        ("password", "too_short"),
        ("name", "missing"),
        ("phone", "not_a_number"),
    ]
    assert isinstance(accounts.sign_up(EMAIL, PASSWORD, NAME), str)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("nine char", "too_short"),
        ("x1y2z3" * 50, "too_long"),
        ("Password123", "common"),
        ("1234567890", "common"),
        ("aaaaaaaaaaaaaa", "common"),
        ("zyxwvutsrqponm", "common"),
        (EMAIL, "own_name"),
        ("half a \ud800 sign", "not_text"),
    ],
)
def test_passwords_that_anyone_would_try_are_refused(accounts: Accounts, password: str, code: str) -> None:
    refused = accounts.sign_up(EMAIL, password, NAME)
    assert isinstance(refused, Refused)
    assert [fault.code for fault in refused.faults] == [code]


def test_the_whole_of_a_long_password_counts(accounts: Accounts) -> None:
    long = "many trams " * 20
    accounts.sign_up(EMAIL, long, NAME)
    assert isinstance(accounts.sign_in(EMAIL, long[:-1] + "!"), Refused)
    assert isinstance(accounts.sign_in(EMAIL, long), Session)


def test_a_password_typed_on_another_keyboard_is_the_same(accounts: Accounts) -> None:
    accounts.sign_up(EMAIL, "Ｃａｆé by the sea", NAME)
    assert isinstance(accounts.sign_in(EMAIL, "Cafe\u0301 by the sea"), Session)


def test_one_of_many_who_sign_up_with_one_address_at_once_wins(open_accounts: Open) -> None:
    doors = [open_accounts() for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: doors[n % 4].sign_up(EMAIL, PASSWORD, NAME), range(8)))
    winners = [answer for answer in answers if not isinstance(answer, Refused)]
    assert len(winners) == 1
    assert [answer.code for answer in answers if isinstance(answer, Refused)] == ["taken"] * 7
    assert doors[0].profile(winners[0]).email == EMAIL


def test_programs_in_one_database_share_no_account(ledger_url: str, accounts: Accounts, person: PersonId) -> None:
    with Accounts.open(ledger_url, clock=accounts._clock, program_id=ProgramId("other"), hashing=QUICK) as other:
        assert isinstance(other.sign_in(EMAIL, PASSWORD), Refused)
        with pytest.raises(NotFound):
            other.profile(person)
        assert isinstance(other.sign_up(EMAIL, PASSWORD, NAME), str)


def test_failures_make_the_account_wait_longer_each_time_and_never_for_good(
    accounts: Accounts, person: PersonId, clock: SimulatedClock
) -> None:
    for _ in range(5):
        assert code_of(accounts.sign_in(EMAIL, "a guess of mine")) == "wrong"
    waits = []
    for _ in range(14):
        told = accounts.sign_in(EMAIL, PASSWORD)  # the right one is not heard either
        assert isinstance(told, Refused)
        assert told.code == "wait"
        waits.append(told.retry_after_s)
        clock.advance(timedelta(seconds=told.retry_after_s))
        assert code_of(accounts.sign_in(EMAIL, "a guess of mine")) == "wrong"
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]
    clock.advance(timedelta(seconds=900))
    assert isinstance(accounts.sign_in(EMAIL, PASSWORD), Session)
    assert code_of(accounts.sign_in(EMAIL, "a guess of mine")) == "wrong"  # and the count begins anew


def test_an_address_without_account_waits_just_as_long(accounts: Accounts) -> None:
    told = [accounts.sign_in("nobody@example.com", "a guess of mine") for _ in range(6)]
    assert [code_of(answer) for answer in told] == ["wrong"] * 5 + ["wait"]


def test_one_network_address_cannot_try_account_after_account(accounts: Accounts, person: PersonId) -> None:
    for number in range(20):
        assert code_of(accounts.sign_in(f"n{number}@example.com", "a guess of mine", address="203.0.113.7")) == "wrong"
    assert code_of(accounts.sign_in(EMAIL, PASSWORD, address="203.0.113.7")) == "wait"
    assert isinstance(accounts.sign_in(EMAIL, PASSWORD, address="203.0.113.8"), Session)


def test_a_household_of_ipv6_addresses_counts_as_one(accounts: Accounts, person: PersonId) -> None:
    for number in range(20):
        accounts.sign_in(f"n{number}@example.com", "a guess of mine", address=f"2001:db8:0:1::{number:x}")
    assert code_of(accounts.sign_in(EMAIL, PASSWORD, address="2001:db8:0:1:ffff::1")) == "wait"
    assert isinstance(accounts.sign_in(EMAIL, PASSWORD, address="2001:db8:0:2::1"), Session)


def test_signing_in_oneself_does_not_clear_an_address_for_guessing_others(accounts: Accounts, person: PersonId) -> None:
    for number in range(19):
        accounts.sign_in(f"n{number}@example.com", "a guess of mine", address="203.0.113.7")
        assert isinstance(accounts.sign_in(EMAIL, PASSWORD, address="203.0.113.7"), Session)
    accounts.sign_in("n20@example.com", "a guess of mine", address="203.0.113.7")
    assert code_of(accounts.sign_in(EMAIL, PASSWORD, address="203.0.113.7")) == "wait"


def test_guesses_at_once_are_counted_like_guesses_in_a_row(open_accounts: Open, person: PersonId) -> None:
    doors = [open_accounts() for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(lambda n: code_of(doors[n % 3].sign_in(EMAIL, f"a guess of mine {n}")), range(24)))
    assert (told.count("wrong"), told.count("wait")) == (5, 19)


def test_accounts_cannot_be_made_by_the_thousand_from_one_address(accounts: Accounts) -> None:
    told = [code_of(accounts.sign_up(f"n{n}@example.com", PASSWORD, NAME, address="203.0.113.7")) for n in range(11)]
    assert told == ["in"] * 10 + ["wait"]


def test_a_password_is_hashed_anew_when_the_parameters_have_changed(
    ledger_url: str, accounts: Accounts, person: PersonId, clock: SimulatedClock
) -> None:
    stronger = replace(QUICK, time_cost=2)
    with Accounts.open(ledger_url, clock=clock, hashing=stronger) as later:
        assert "t=1," in _kept_hash(later, person)
        assert isinstance(later.sign_in(EMAIL, PASSWORD), Session)
        assert "t=2," in _kept_hash(later, person)
        assert isinstance(later.sign_in(EMAIL, PASSWORD), Session)


def test_a_name_and_a_number_can_be_put_right(accounts: Accounts, person: PersonId) -> None:
    profile = accounts.rename(person, "陈伟", None)
    assert isinstance(profile, Profile)
    assert (profile.name, profile.phone) == ("陈伟", None)
    assert accounts.profile(person) == profile
    assert code_of(accounts.rename(person, "a\x00b")) == "form"
    with pytest.raises(NotFound):
        accounts.rename(PersonId("p-nobody"), "Nobody")


def test_an_address_changes_for_whoever_knows_the_password(accounts: Accounts, session: Session) -> None:
    accounts.sign_up("taken@example.com", PASSWORD, NAME)
    assert code_of(accounts.change_email(session, "a train to the sea", "new@example.com")) == "wrong"
    assert code_of(accounts.change_email(session, PASSWORD, "taken@example.com")) == "taken"
    assert code_of(accounts.change_email(session, PASSWORD, "new")) == "form"
    assert isinstance(accounts.change_email(session, PASSWORD, "New@example.com"), Profile)
    assert code_of(accounts.sign_in(EMAIL, PASSWORD)) == "wrong"
    assert isinstance(accounts.sign_in("new@example.com", PASSWORD), Session)


def _kept_hash(accounts: Accounts, person: PersonId) -> str:
    with accounts._people.read() as connection:
        return str(
            connection.exec_driver_sql(
                f"SELECT password_hash FROM people_person WHERE person_id = '{person}'"  # noqa: S608 the test's own
            ).scalar_one()
        )
