"""`pullcord token`: a key is shown once, listed without its secret, and ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from typed import Type

from pullcord.accounts import Accounts, is_token
from pullcord.base import ProgramId, SystemClock


def test_a_key_is_alone_on_stdout_and_opens_what_it_says(small: Type, tmp_path: Path) -> None:
    told = small("token issue", "--party", "maker", "--scope", "orders", "--scope", "events")
    assert told.status == 0
    assert is_token(told.out.strip())
    assert told.out.strip() not in told.err
    assert "not shown again" in told.err
    ledger = tmp_path / "live.db"
    assert not ledger.exists()  # a key needs no ledger that has begun
    with Accounts.open(str(ledger), clock=SystemClock(), program_id=ProgramId("small_launch")) as accounts:
        found = accounts.token(told.out.strip())
    assert found is not None
    assert (found.party_id, found.scopes) == ("maker", {"events", "orders"})


def test_lists_show_keys_by_name_and_never_the_secret(small: Type) -> None:
    issued = small("token issue", "--party", "maker", "--scope", "orders", "--days", 1, "--json").json
    small("token issue", "--party", "carrier", "--scope", "logistics")
    listed = small("token list", "--json")
    assert issued["token"] not in listed.out
    assert {(row["party"], row["state"]) for row in listed.json} == {
        ("maker", "in force"),
        ("carrier", "in force"),
    }
    (row,) = small("token list", "--party", "maker", "--json").json
    assert (row["token_id"], row["scopes"]) == (issued["token_id"], ["orders"])
    assert issued["token_id"] in small("token list").out


def test_a_revoked_key_is_listed_as_such(small: Type) -> None:
    token_id = small("token issue", "--party", "maker", "--scope", "orders", "--json").json["token_id"]
    assert f"{token_id} of maker is revoked" in small("token revoke", token_id).out
    assert [row["state"] for row in small("token list", "--json").json] == ["revoked"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("token issue", "--party", "nobody", "--scope", "orders"), 2, "`nobody` is no party"),
        (("token issue", "--party", "maker", "--scope", "all orders"), 2, "cannot be the id of a scope"),
        (("token issue", "--party", "maker"), 2, "scope"),
        (("token issue", "--party", "maker", "--scope", "orders", "--days", "400"), 2, "days"),
        (("token revoke", "t-none"), 3, "no key is called `t-none`"),
        (("token list", "--party", "nobody"), 2, "`nobody` is no party"),
    ],
)
def test_what_names_nothing_is_refused(small: Type, words: tuple[str, ...], status: int, said: str) -> None:
    told = small(*words)
    assert (told.status, told.out) == (status, "")
    assert said in told.err
