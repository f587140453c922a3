"""Keys of the parties: shown once, in force until revoked or over, and read from memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import Open

from pullcord.accounts import Accounts, PartyToken, Token, is_token, tokens
from pullcord.base import InvalidInput, NotFound, PartyId, SimulatedClock

PLANT = PartyId("gac_aion")
MONTH = timedelta(days=30)


@pytest.fixture
def time_passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock by which the keys in memory grow old."""
    now_s = [1_000.0]
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now_s[0])

    def passes(seconds: float) -> None:
        now_s[0] += seconds

    return passes


def issue(accounts: Accounts, *scopes: str, party: PartyId = PLANT, ttl: timedelta = MONTH) -> Token:
    return accounts.issue_token(party, scopes or ("orders",), ttl)


def test_a_key_says_whose_it_is_and_for_what_until_it_is_over(accounts: Accounts, clock: SimulatedClock) -> None:
    issued = accounts.issue_token(PLANT, ["production", "events", "events"], MONTH)
    assert re.fullmatch(r"pc_[A-Za-z0-9_-]{43}[0-9a-f]{8}", issued.plain)
    found = accounts.token(issued.plain)
    assert found == issued.kept
    assert (found.party_id, found.scopes) == (PLANT, {"events", "production"})
    clock.advance(MONTH - timedelta(seconds=1))
    assert accounts.token(issued.plain) is not None
    clock.advance(timedelta(seconds=1))
    assert accounts.token(issued.plain) is None


def test_a_revoked_key_ends_at_once_here(accounts: Accounts, clock: SimulatedClock) -> None:
    issued, other = issue(accounts), issue(accounts)
    assert accounts.token(issued.plain) is not None
    revoked = accounts.revoke_token(issued.kept.token_id)
    assert revoked.revoked_at == clock.now()
    assert accounts.token(issued.plain) is None
    assert accounts.token(other.plain) == other.kept
    clock.advance(MONTH)
    assert accounts.revoke_token(issued.kept.token_id) == revoked


def test_what_another_process_issues_or_revokes_is_known_within_a_second(
    open_accounts: Open, time_passes: Callable[[float], None]
) -> None:
    here, there = open_accounts(), open_accounts()
    early = issue(here)
    assert there.token(early.plain) == early.kept
    late = issue(here)
    assert here.token(late.plain) == late.kept
    time_passes(1.0)
    assert there.token(late.plain) == late.kept
    here.revoke_token(early.kept.token_id)
    time_passes(1.0)
    assert there.token(early.plain) is None
    assert there.token(late.plain) == late.kept


def test_a_key_is_read_from_memory_in_between(
    open_accounts: Open, time_passes: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = open_accounts()
    issued = issue(accounts)
    monkeypatch.setattr(accounts._people, "read", None)
    for _ in range(1_000):
        assert accounts.token(issued.plain) == issued.kept
        assert accounts.token(tokens.new_token()) is None


def test_no_table_holds_the_key_itself(accounts: Accounts) -> None:
    issued = issue(accounts)
    with accounts._people.read() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM people_token").all()
    assert len(kept) == 1
    assert not any(issued.plain[3:40] in str(value) for value in kept[0])


def test_lists_name_keys_and_the_day_they_were_last_used(accounts: Accounts, clock: SimulatedClock) -> None:
    plant, carrier = issue(accounts), issue(accounts, party=PartyId("jd_logistics"))
    clock.advance(timedelta(days=3))
    accounts.token(plant.plain)
    listed = accounts.tokens()
    assert {kept.token_id: kept.last_used_on for kept in listed} == {
        plant.kept.token_id: clock.now().date(),
        carrier.kept.token_id: None,
    }
    assert [kept.token_id for kept in accounts.tokens(PLANT)] == [plant.kept.token_id]


def test_the_day_of_use_is_noted_when_the_server_ends(open_accounts: Open, clock: SimulatedClock) -> None:
    here = open_accounts()
    issued = issue(here)
    here.token(issued.plain)
    here.close()
    (kept,) = open_accounts().tokens()
    assert kept.last_used_on == clock.now().date()


@pytest.mark.parametrize(
    ("party", "scopes", "ttl"),
    [
        ("no party", ["orders"], MONTH),
        ("gac_aion", [], MONTH),
        ("gac_aion", ["all orders"], MONTH),
        ("gac_aion", ["orders"], timedelta()),
        ("gac_aion", ["orders"], timedelta(days=367)),
    ],
)
def test_a_key_that_would_be_no_good_is_not_made(
    accounts: Accounts, party: str, scopes: list[str], ttl: timedelta
) -> None:
    with pytest.raises(InvalidInput):
        accounts.issue_token(PartyId(party), scopes, ttl)
    assert accounts.tokens() == []


def test_a_key_nobody_has_cannot_be_revoked(accounts: Accounts) -> None:
    with pytest.raises(NotFound, match="no key is called `t-none`"):
        accounts.revoke_token("t-none")


def test_keys_are_remembered_for_a_quarter_after_their_end(accounts: Accounts, clock: SimulatedClock) -> None:
    over, revoked, lasting = (
        issue(accounts, ttl=timedelta(days=1)),
        issue(accounts),
        issue(accounts, ttl=timedelta(366)),
    )
    accounts.revoke_token(revoked.kept.token_id)
    clock.advance(timedelta(days=90))
    assert accounts.sweep().tokens == 1
    clock.advance(timedelta(days=1))
    assert accounts.sweep().tokens == 1
    left: list[PartyToken] = accounts.tokens()
    assert [kept.token_id for kept in left] == [lasting.kept.token_id]
    assert over.kept.token_id not in {kept.token_id for kept in left}


@given(place=st.integers(0, 53), sign=st.characters(codec="ascii"))
def test_a_slip_of_the_hand_is_no_key(place: int, sign: str) -> None:
    good = tokens.new_token()
    assert is_token(good)
    slipped = good[:place] + sign + good[place + 1 :]
    assert is_token(slipped) == (slipped == good)


@given(st.text(max_size=80))
def test_no_text_becomes_a_key_by_itself(text: str) -> None:
    assert not is_token(text)
    assert not is_token(f"pc_{text}")
