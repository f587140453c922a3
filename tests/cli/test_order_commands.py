"""`pullcord order`: one order from the wish to the lock, each refusal with its status, each answer on stdout."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typed import Type

from pullcord.app import open_app
from pullcord.base import SystemClock
from pullcord.program import read_program
from small_house import FOLDER

MORNING = ("--at", "2025-06-03T09:00+08:00")
NEXT_DAY = ("--at", "2025-06-04T09:00+08:00")
WISH = ("o-1", "--variant", "black", "--plan", "owned", "--city", "chengdu")


def test_from_the_wish_to_the_lock(small: Type) -> None:
    assert "order o-1 is reserved" in small("order reserve", *WISH, *MORNING).out
    shown = small("order quote", "o-1", "--json", *MORNING)
    assert (shown.status, shown.json["state"], shown.err) == (0, "quoted", "")
    deliver_on = date.fromisoformat(shown.json["deliver_on"])
    assert deliver_on > date(2025, 6, 3)
    paid = small("order deposit", "o-1", *MORNING)
    assert f"order o-1 is deposited, delivery on {deliver_on}, price" in paid.out
    assert small("order lock", "o-1", "--json", *NEXT_DAY).json["state"] == "locked"
    seen = small("order show", "o-1", "--json").json
    assert (seen["state"], seen["deliver_on"]) == ("locked", deliver_on.isoformat())
    told = [event["kind"] for event in seen["events"]]
    assert told == [
        "order.reserved",
        "order.promised",
        "order.quoted",
        "order.deposited",
        "build.opened",
        "order.locked",
    ]
    assert f"promised {deliver_on}" in small("order show", "o-1").out


def test_a_refusal_has_status_1_says_why_on_stderr_and_leaves_stdout_empty(small: Type) -> None:
    small("order reserve", *WISH, *MORNING)
    refused = small("order deposit", "o-1", *MORNING)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("refused: order o-1 has been shown no delivery date yet")
    as_json = small("order deposit", "o-1", "--json", *MORNING)
    assert (as_json.status, as_json.json["state"]) == (1, "reserved")
    assert "no delivery date" in as_json.json["refused"]


@pytest.mark.parametrize("step", ["deposit", "lock"])
def test_what_was_refused_too_early_can_be_tried_anew(small: Type, step: str) -> None:
    small("order reserve", *WISH, *MORNING)
    assert small(f"order {step}", "o-1", *MORNING).status == 1
    small("order quote", "o-1", *MORNING)
    small("order deposit", "o-1", "--attempt", 7, *MORNING)
    again = small(f"order {step}", "o-1", *MORNING)
    assert again.status == 1, "the same attempt has the same answer"
    if step == "lock":
        assert small("order lock", "o-1", "--attempt", 2, *MORNING).status == 0


def test_the_same_command_given_twice_has_one_effect(small: Type, pullcord: Type, tmp_path: Path) -> None:
    first = small("order reserve", *WISH, "--json", *MORNING)
    again = small("order reserve", *WISH, "--json", *NEXT_DAY)
    assert (again.status, again.out) == (0, first.out)
    other = small("order reserve", "o-1", "--variant", "white", "--plan", "owned", "--city", "chengdu", *MORNING)
    assert other.status == 4
    assert "reserve-o-1" in other.err
    kept = pullcord("ledger", "show", tmp_path / "live.db", "--kind", "order.reserved", "--json").json["events"]
    assert len(kept) == 1


def test_an_unknown_name_has_status_3_and_the_nearest_one(small: Type) -> None:
    told = small("order reserve", "o-1", "--variant", "blak", "--plan", "owned", "--city", "chengdu", *MORNING)
    assert (told.status, told.out) == (3, "")
    assert told.err == "error: The small launch has no variant `blak`\nhint: did you mean `black`?\n"
    told = small("order reserve", "o-1", "--variant", "black", "--plan", "owned", "--city", "chengd", *MORNING)
    assert (told.status, "did you mean `chengdu`?" in told.err) == (3, True)
    told = small("order reserve", "o-1", "--variant", "black", "--plan", "rental", "--city", "chengdu", *MORNING)
    assert (told.status, "its plans are `owned`" in told.err) == (3, True)
    told = small("order quote", "o-9", *MORNING)
    assert (told.status, "no order `o-9`" in told.err) == (3, True)


@pytest.mark.parametrize(
    ("at", "why"), [("2025-06-03T09:00", "names no time zone"), ("tomorrow", "`tomorrow` is no time")]
)
def test_a_time_that_is_none_has_status_2_and_begins_no_ledger(small: Type, tmp_path: Path, at: str, why: str) -> None:
    told = small("order reserve", *WISH, "--at", at)
    assert (told.status, told.out) == (2, "")
    assert why in told.err
    assert "+08:00" in told.err
    assert not (tmp_path / "live.db").exists()


def test_an_id_that_cannot_be_one_has_status_2(small: Type) -> None:
    told = small("order reserve", "o/1", "--variant", "black", "--plan", "owned", "--city", "chengdu", *MORNING)
    assert (told.status, "`o/1` cannot be the id of" in told.err) == (2, True)


def test_whose_job_it_is_not_has_status_8(small: Type) -> None:
    told = small("order reserve", *WISH, "--party", "optics", *MORNING)
    assert (told.status, told.out) == (8, "")
    assert "a supplier may not give the command `orders.reserve`" in told.err
    told = small("order reserve", *WISH, "--party", "nobody", *MORNING)
    assert (told.status, "`nobody` is no party of The small launch" in told.err) == (8, True)


def test_money_is_written_in_major_units(small: Type) -> None:
    small("order reserve", *WISH, *MORNING)
    small("order quote", "o-1", *MORNING)
    wrong = small("order deposit", "o-1", "--amount", "19.99", *MORNING)
    assert (wrong.status, wrong.err) == (1, "refused: the deposit is 20.00 CNY, not 19.99 CNY\n")
    assert small("order deposit", "o-1", "--amount", "20", "--attempt", 2, *MORNING).status == 0
    assert small("order deposit", "o-1", "--amount", "20.001", "--attempt", 3, *MORNING).status == 2


def test_a_cancelled_deposit_is_named_in_the_answer(small: Type) -> None:
    for step in ("reserve", "quote", "deposit"):
        small(f"order {step}", *(WISH if step == "reserve" else ("o-1",)), *MORNING)
    told = small("order cancel", "o-1", "--reason", "another colour", *MORNING)
    assert told.status == 0
    assert "order o-1 is cancelled" in told.out
    assert "refund" in told.out


def test_an_order_can_be_read_while_another_process_writes(small: Type, tmp_path: Path) -> None:
    small("order reserve", *WISH, *MORNING)
    with open_app(read_program(FOLDER), f"sqlite:///{tmp_path / 'live.db'}", SystemClock()):
        assert small("order quote", "o-1", *MORNING).status == 4, "there is one writer"
        assert small("order show", "o-1", "--json").json["state"] == "reserved"
        assert small("finance balances", "--json").json["trial_balance_minor"] == 0
        assert small("procurement peg", "--json", *MORNING).json == {"pegs": []}


def test_reading_begins_no_ledger(small: Type, tmp_path: Path) -> None:
    for words in (("order show", "o-1"), ("finance balances",), ("procurement peg",)):
        assert small(*words).status == 3
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_ledger(pullcord: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULLCORD_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere' / 'ledger.db'}")
    assert pullcord("order", "reserve", FOLDER, *WISH, *MORNING).status == 0
    assert (tmp_path / "elsewhere" / "ledger.db").exists()
    assert not (tmp_path / "out").exists()
    assert pullcord("order", "show", FOLDER, "o-1", "--json").json["order_id"] == "o-1"
    monkeypatch.setenv("PULLCORD_DATABASE_URL", "mysql://somewhere")
    told = pullcord("order", "show", FOLDER, "o-1")
    assert (told.status, "PULLCORD_DATABASE_URL names neither SQLite nor PostgreSQL" in told.err) == (2, True)
    monkeypatch.delenv("PULLCORD_DATABASE_URL")
    assert pullcord("order", "reserve", FOLDER, *WISH, *MORNING).status == 0
    assert (tmp_path / "out" / "small_launch" / "live.db").exists()


def test_the_program_on_postgresql(pullcord: Type, postgres_schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLCORD_DATABASE_URL", postgres_schema)
    assert pullcord("order", "reserve", FOLDER, *WISH, *MORNING).status == 0
    assert pullcord("order", "quote", FOLDER, "o-1", "--json", *MORNING).json["state"] == "quoted"
    assert pullcord("order", "show", FOLDER, "o-1", "--json").json["state"] == "quoted"
