"""A small rush in processes of its own: everybody is answered, nothing is lost, oversold or sold twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullcord.app import open_app
from pullcord.base import ProgramId
from pullcord.program import read_program
from pullcord.rush import Setting, in_process, killed, ours, peer, schema
from pullcord.rush.ledger_check import look
from pullcord.rush.ours import CAMPAIGN, Shop, clock_of, open_rush, terms
from pullcord.store import Ledger

PROGRAM = Path(__file__).resolve().parents[2] / "programs" / "peoples_car"
SETTING = Setting(PROGRAM, requests=300, connections=16)


def test_every_order_is_answered_and_kept(tmp_path: Path) -> None:
    row = ours(SETTING, "ours", f"sqlite:///{tmp_path / 'rush.db'}", tmp_path)
    assert (row.oversold, row.lost, row.duplicated) == (0, 0, 0)
    assert row.orders == 300
    assert row.requests == 306  # every 50th was sent twice
    assert row.orders_per_s is not None
    assert row.orders_per_s > 0


def test_places_that_are_gone_are_not_sold(tmp_path: Path) -> None:
    row = ours(SETTING, "ours", f"sqlite:///{tmp_path / 'rush.db'}", tmp_path, places=40, queue_max=100)
    assert row.orders == 40
    assert (row.oversold, row.lost, row.duplicated) == (0, 0, 0)
    assert "HTTP 5" not in row.note


@pytest.mark.fault
def test_a_server_killed_under_load_loses_nothing(tmp_path: Path) -> None:
    row = killed(SETTING, f"sqlite:///{tmp_path / 'killed.db'}", tmp_path, kills=2, seed=3, say=lambda what: None)
    assert (row.oversold, row.lost, row.duplicated) == (0, 0, 0)
    assert row.orders == 240  # four fifths of 300
    assert "killed 2 times" in row.note


def test_the_ceiling_sells_the_same(tmp_path: Path) -> None:
    row = in_process(SETTING, f"sqlite:///{tmp_path / 'bare.db'}", tmp_path)
    assert (row.orders, row.oversold, row.lost, row.duplicated) == (300, 0, 0, 0)


@pytest.mark.parametrize("kind", ["naive", "bare"])
def test_peers_on_sqlite_sell_the_same(tmp_path: Path, kind: str) -> None:
    row = peer(SETTING, kind, kind, str(tmp_path / "peer.db"), tmp_path)
    assert (row.orders, row.oversold, row.lost, row.duplicated) == (300, 0, 0, 0)


@pytest.mark.postgres
def test_on_postgresql_both_sell_the_same(tmp_path: Path, postgres_url: str) -> None:
    with schema(postgres_url) as (address, _):
        row = ours(SETTING, "ours", address, tmp_path)
    assert (row.orders, row.oversold, row.lost, row.duplicated) == (300, 0, 0, 0)
    with schema(postgres_url) as (_, plain):
        row = peer(SETTING, "locks", "row locks", plain, tmp_path)
    assert (row.orders, row.oversold, row.lost, row.duplicated) == (300, 0, 0, 0)


def test_what_was_told_and_is_not_there_is_counted_as_lost(tmp_path: Path) -> None:
    program = read_program(PROGRAM)
    url = f"sqlite:///{tmp_path / 'two.db'}"
    with open_app(program, url, clock_of(program, url)) as app:
        open_rush(app.ledger, app.desk, terms(program, Shop(str(PROGRAM), url, 5, 5, 0)))
        for number in range(2):
            app.ledger.execute(
                app.desk.reserve_in_campaign(f"r-{number}", f"p-{number}", "white", "rental", "shanghai", CAMPAIGN)
            )
    found = look(program, url, {"r-0", "r-1", "r-2"})
    assert (found.orders, found.oversold, found.lost, found.duplicated) == (2, 0, 1, 0)


def test_a_server_that_is_closed_leaves_the_pen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rush.db'}"
    ours(Setting(PROGRAM, requests=20, connections=2), "ours", url, tmp_path)
    program = read_program(PROGRAM)
    with open_app(program, url, clock_of(program, url)) as app:
        assert isinstance(app.ledger, Ledger)
        assert app.ledger.head() > 20
        assert ProgramId(app.program.program_id) == "peoples_car"
