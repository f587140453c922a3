"""A stream is read by itself: whole, in order, and without a look at the rest of the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from slot_shop import open_week, opened, release, take


def test_a_stream_is_told_in_order_and_goes_on_from_any_place(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute_many([open_week("w1", 2), open_week("w2", 2)])
        for command in (take("w1", "a"), take("w2", "b"), release("w1", "a"), take("w1", "c")):
            ledger.execute(command)
        every = list(ledger.events())
        for stream in {event.stream for event in every}:
            of_stream = [event for event in every if event.stream == stream]
            assert list(ledger.events(stream=stream)) == of_stream
            assert list(ledger.events(of_stream[0].seq, stream=stream)) == of_stream[1:]
        assert list(ledger.events(stream="week/none")) == []


def test_a_stream_is_found_by_its_own_index(tmp_path: Path) -> None:
    asked: list[tuple[str, Any]] = []
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with opened(url) as ledger:
        ledger.execute(open_week("w1", 2))

        @sa.event.listens_for(sa.Engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
            asked.append((statement, values))

        try:
            list(ledger.events(stream="week/w1"))
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        statement, values = next(found for found in asked if "event.stream" in found[0])
        with sa.create_engine(url).connect() as connection:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
    assert "stream=?" in plan
    assert "TEMP B-TREE" not in plan
