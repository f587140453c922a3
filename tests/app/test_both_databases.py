"""The launch on PostgreSQL is the launch on SQLite: the same events, and the same tables to the last row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from msgspec.json import encode

from pullcord.app import projections
from pullcord.base import ProgramId
from pullcord.store import verify
from small_house import replay, small_house, small_program


def test_the_launch_is_the_same_on_both_databases(tmp_path: Path, postgres_schema: str) -> None:
    four_weeks = replace(small_program(), horizon_weeks=4)
    found = {}
    told = {}
    for name, url in (("sqlite", f"sqlite:///{tmp_path / 'ledger.db'}"), ("postgresql", postgres_schema)):
        with small_house(url, four_weeks) as house:
            replay(house, every=6)
            told[name] = [(e.recorded_at, e.kind, e.stream, e.cause, encode(e.body)) for e in house.events()]
        found[name] = verify(url, ProgramId(house.program.program_id), projections())
    assert "order.handed_over" in {kind for _, kind, *_ in told["sqlite"]}
    assert told["sqlite"] == told["postgresql"]
    assert found["sqlite"] == found["postgresql"]
    assert found["postgresql"].ok
