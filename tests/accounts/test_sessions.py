"""Sessions: how long a browser is believed, and what ends that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import EMAIL, PASSWORD, Open, code_of

from pullcord.accounts import Accounts, Session
from pullcord.base import PersonId, SimulatedClock


def signed_in(accounts: Accounts, **how: Session) -> Session:
    answer = accounts.sign_in(EMAIL, PASSWORD, **how)
    assert isinstance(answer, Session)
    return answer


def test_a_session_ends_after_a_fortnight_however_busy(
    accounts: Accounts, session: Session, clock: SimulatedClock
) -> None:
    for _ in range(13):
        clock.advance(timedelta(days=1))
        assert accounts.session(session.token) is not None
    clock.advance(timedelta(days=1))
    assert accounts.session(session.token) is None


def test_trust_lasts_while_it_is_used_and_comes_back_with_the_password_alone(
    accounts: Accounts, session: Session, clock: SimulatedClock
) -> None:
    for _ in range(4):
        clock.advance(timedelta(minutes=90))
        seen = accounts.session(session.token)
        assert seen is not None
        assert seen.is_trusted(clock.now())
    clock.advance(timedelta(hours=2))
    for _ in range(2):  # a visit in between does not restore it
        seen = accounts.session(session.token)
        assert seen is not None
        assert not seen.is_trusted(clock.now())
        clock.advance(timedelta(minutes=5))
    assert code_of(accounts.confirm(seen, "a train to the sea")) == "wrong"
    again = accounts.confirm(seen, PASSWORD)
    assert isinstance(again, Session)
    assert again.is_trusted(clock.now())
    assert again.person_id == session.person_id


def test_the_password_s_confirmation_is_throttled_like_a_sign_in(accounts: Accounts, session: Session) -> None:
    told = [code_of(accounts.confirm(session, "a guess of mine")) for _ in range(6)]
    assert told == ["wrong"] * 5 + ["wait"]
    assert code_of(accounts.sign_in(EMAIL, PASSWORD)) == "wait"


def test_signing_in_gives_a_new_token_and_ends_the_one_that_the_browser_came_with(
    accounts: Accounts, session: Session
) -> None:
    visit = accounts.begin_visit()
    first = signed_in(accounts, instead_of=visit)
    assert first.token not in (visit.token, session.token)
    second = signed_in(accounts, instead_of=first)
    assert accounts.session(first.token) is None
    assert accounts.session(second.token) == second
    assert accounts.session(visit.token) is None


def test_confirming_gives_a_new_token_too(accounts: Accounts, session: Session) -> None:
    again = accounts.confirm(session, PASSWORD)
    assert isinstance(again, Session)
    assert accounts.session(session.token) is None
    assert accounts.session(again.token) == again
    assert code_of(accounts.confirm(session, PASSWORD)) == "wrong"  # the session that asks must stand


def test_signing_out_ends_this_session_here_and_everywhere_all_of_them(
    open_accounts: Open, accounts: Accounts, session: Session, person: PersonId
) -> None:
    others = [signed_in(accounts) for _ in range(2)]
    accounts.sign_out(session.token)
    accounts.sign_out(session.token)
    assert open_accounts().session(session.token) is None
    assert open_accounts().session(others[0].token) == others[0]
    assert accounts.sign_out_everywhere(person) == 2
    assert [open_accounts().session(other.token) for other in others] == [None, None]


def test_a_new_password_ends_every_session_but_the_one_that_asked(accounts: Accounts, session: Session) -> None:
    other = signed_in(accounts)
    assert code_of(accounts.change_password(session, "a train to the sea", "a boat to the sea")) == "wrong"
    assert code_of(accounts.change_password(session, PASSWORD, "short")) == "form"
    changed = accounts.change_password(session, PASSWORD, "a boat to the sea")
    assert isinstance(changed, Session)
    assert [accounts.session(token) for token in (session.token, other.token)] == [None, None]
    assert accounts.session(changed.token) == changed
    assert code_of(accounts.sign_in(EMAIL, PASSWORD)) == "wrong"
    assert isinstance(accounts.sign_in(EMAIL, "a boat to the sea"), Session)


def test_one_person_has_twenty_sessions_and_the_oldest_makes_room(
    accounts: Accounts, session: Session, clock: SimulatedClock
) -> None:
    later = []
    for _ in range(20):
        clock.advance(timedelta(seconds=1))
        later.append(signed_in(accounts))
    assert accounts.session(session.token) is None
    assert all(accounts.session(one.token) == one for one in later)


def test_a_cookie_brings_the_session_back_in_another_process(
    open_accounts: Open, accounts: Accounts, session: Session, clock: SimulatedClock
) -> None:
    visit = accounts.begin_visit()
    there = open_accounts()
    assert there.session_of_cookie(accounts.cookie(session)) == session
    assert there.session_of_cookie(accounts.cookie(visit)) == visit
    clock.advance(timedelta(days=14))
    assert there.session_of_cookie(accounts.cookie(session)) is None
    assert there.session_of_cookie(accounts.cookie(visit)) is None


def test_a_cookie_that_is_not_ours_is_nobody(accounts: Accounts, session: Session) -> None:
    signed = accounts.cookie(session)
    forged = [
        session.token,
        signed[:-9] + ("A" if signed[-9] != "A" else "B") + signed[-8:],
        "x" + signed,
        "",
        ".",
        "visit.1.a",
        "\ud800",
    ]
    visit = accounts.cookie(accounts.begin_visit())
    forged.append(visit.replace("visit.", "visit.f"))
    assert [accounts.session_of_cookie(cookie) for cookie in forged] == [None] * len(forged)


def test_a_form_s_token_is_good_for_its_session_alone(accounts: Accounts, session: Session) -> None:
    visit = accounts.begin_visit()
    other = signed_in(accounts)
    for own, foreign in ((session, other), (session, visit), (visit, session), (visit, accounts.begin_visit())):
        token = accounts.csrf_token(own)
        assert accounts.check_csrf(own, token)
        assert not accounts.check_csrf(foreign, token)
    assert accounts.csrf_token(session) != accounts.csrf_token(session)
    for wrong in (None, "", ".", "x", "x.y", accounts.csrf_token(session)[:-1], "é.é", "\ud800.\ud800"):
        assert not accounts.check_csrf(session, wrong)


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    """Accounts on SQLite, for examples by the hundred."""
    from datetime import UTC, datetime

    clock = SimulatedClock(datetime(2025, 11, 9, 1, tzinfo=UTC))
    return Accounts.open(f"sqlite:///{tmp_path_factory.mktemp('lone') / 'live.db'}", clock=clock)


@given(text=st.text(max_size=200))
def test_no_text_that_was_not_signed_is_a_cookie_or_a_form_s_token(lone: Accounts, text: str) -> None:
    assert lone.session_of_cookie(text) is None
    assert not lone.check_csrf(lone.begin_visit(), text)


def test_secrets_differ_by_purpose_and_stay(open_accounts: Open, accounts: Accounts) -> None:
    webhooks = accounts.server_secret("webhooks")
    assert len(webhooks) == 32
    assert webhooks != accounts.server_secret("cursors")
    assert open_accounts().server_secret("webhooks") == webhooks
