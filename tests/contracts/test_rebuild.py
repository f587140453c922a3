"""A rebuild fills a program's tables anew from its events, or changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from slot_shop import (
    PART,
    PARTS,
    PROJECTIONS,
    SLOTS,
    TRIAL,
    WEEK,
    PartCalled,
    SlotTaken,
    Week,
    open_week,
    opened,
    release,
    take,
    take_blindly,
)
from slot_shop_later import dump, run_sql

from pullcord.base import Conflict, Corrupt, NotFound, ProgramId
from pullcord.store import Event, Projection, Rebuilt, Rows, open_reader, rebuild, verify

OTHER = ProgramId("other")


def fill(url: str, program_id: ProgramId = TRIAL) -> int:
    """The head of a ledger with something in every table, and rows that came and went."""
    with opened(url, program_id) as ledger:
        ledger.execute_many([open_week(f"w{i}", 9) for i in range(4)])
        ledger.execute_many([take(f"w{i % 4}", f"h{i}", chance=i / 7, options=("roof",)[: i % 2]) for i in range(30)])
        ledger.execute_many([release("w1", f"h{i}") for i in range(1, 30, 4)])
        return ledger.head()


DAMAGE = (
    "UPDATE trial_week SET free = free + 1 WHERE week = 'w3' AND program_id = 'trial'",
    "DELETE FROM trial_holding WHERE holder IN ('h2', 'h4') AND program_id = 'trial'",
    "INSERT INTO trial_part VALUES ('trial', 'wing', 1, 0)",
)


def test_every_row_becomes_what_the_events_make_it(ledger_url: str) -> None:
    head = fill(ledger_url)
    fill(ledger_url, OTHER)
    sound = dump(ledger_url)
    run_sql(ledger_url, *DAMAGE)
    assert not verify(ledger_url, TRIAL, PROJECTIONS).ok
    told: list[tuple[int, int]] = []
    done = rebuild(ledger_url, TRIAL, PROJECTIONS, lambda events, total: told.append((events, total)))
    counts = {"trial_week": 4, "trial_holding": 22, "trial_part": 1}
    assert done == Rebuilt(TRIAL, head, counts, (), ())
    assert dump(ledger_url) == sound
    assert told[0] == (0, head)
    assert told[-1] == (head, head)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok
    with opened(ledger_url) as ledger:
        ledger.execute(take("w2", "late"))
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok
    assert verify(ledger_url, OTHER, PROJECTIONS).ok


def test_memory_is_bounded_and_the_rows_the_same(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(ledger_url)
    sound = dump(ledger_url)
    run_sql(ledger_url, *DAMAGE)
    monkeypatch.setattr("pullcord.store.replay._ROWS_MAX", 5)
    monkeypatch.setattr("pullcord.store.replay._FLUSH_EVERY", 3)
    monkeypatch.setattr("pullcord.store.replay._TELL_EVERY", 7)
    monkeypatch.setattr(sys.modules["pullcord.store.rebuild"], "_CHUNK", 4)
    monkeypatch.setattr("pullcord.store.rows._SMALL", 2)
    told: list[int] = []
    rebuild(ledger_url, TRIAL, PROJECTIONS, lambda events, total: told.append(events))
    assert told == sorted(told)
    assert len(told) > 10
    assert dump(ledger_url) == sound


def test_a_rule_that_held_when_a_group_was_committed_may_be_broken_halfway(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute_many([open_week("w1", 0), take_blindly("w1", "ann"), open_week("w1", 1, command_id="more")])
        assert ledger.head() == 6
    monkeypatch.setattr("pullcord.store.replay._FLUSH_EVERY", 1)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_an_empty_ledger_can_be_rebuilt(ledger_url: str) -> None:
    with opened(ledger_url):
        pass
    assert rebuild(ledger_url, TRIAL, PROJECTIONS).events == 0
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_where_there_is_nothing_nothing_is_made(ledger_url: str) -> None:
    with pytest.raises(NotFound):
        rebuild(ledger_url, TRIAL, PROJECTIONS)
    with pytest.raises(NotFound):
        open_reader(ledger_url, TRIAL, PROJECTIONS)
    fill(ledger_url)
    before = dump(ledger_url)
    with pytest.raises(NotFound, match="holds no program `third`"):
        rebuild(ledger_url, ProgramId("third"), PROJECTIONS)
    assert dump(ledger_url) == before


def test_who_writes_keeps_a_rebuild_out_and_a_rebuild_keeps_writers_out(ledger_url: str) -> None:
    fill(ledger_url)
    with opened(ledger_url) as ledger, opened(ledger_url, OTHER) as other:
        with pytest.raises(Conflict, match="already has a writer for program `trial`"):
            rebuild(ledger_url, TRIAL, PROJECTIONS)
        ledger.execute(take("w2", "late"))
        ledger.close()

        def interfere(done: int, total: int) -> None:
            with pytest.raises(Conflict, match="already has a writer for program `trial`"):
                opened(ledger_url).__enter__()
            other.execute(open_week(f"w{done}", 1))

        rebuild(ledger_url, TRIAL, PROJECTIONS, interfere)
        other.execute(open_week("after", 1))
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok
    assert verify(ledger_url, OTHER, PROJECTIONS).ok


def test_readers_see_the_old_rows_until_all_are_new(ledger_url: str) -> None:
    fill(ledger_url)
    run_sql(ledger_url, *DAMAGE)
    with open_reader(ledger_url, TRIAL, PROJECTIONS) as reader, reader.reader() as before:
        assert before.get(WEEK, "w3") == Week("w3", 3)

        def look(done: int, total: int) -> None:
            with reader.reader() as meanwhile:
                assert meanwhile.get(WEEK, "w3") == Week("w3", 3)

        rebuild(ledger_url, TRIAL, PROJECTIONS, look)
        assert before.get(WEEK, "w3") == Week("w3", 3)
        assert len(before.select(PART)) == 2
        with reader.reader() as after:
            assert after.get(WEEK, "w3") == Week("w3", 2)
            assert len(after.select(PART)) == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            "UPDATE event SET body = body || ' ' WHERE seq = 25",
            r"event 25 \(`.*` of `.*`\): its hash does",
        ),
        ("UPDATE event SET party = 'eve' WHERE seq = 9", "event 9 .*: its hash does not follow"),
        ("DELETE FROM event WHERE seq = 30", "event 31 .*: event 30 is missing before it"),
        ("DELETE FROM event WHERE seq > 50", "should end at event [0-9]+, and ends at 50"),
        ("UPDATE event SET body = 'no' WHERE seq = 12", "event 12 .*: its hash does not follow"),
    ],
)
def test_a_broken_chain_is_named_and_nothing_changed(ledger_url: str, change: str, complaint: str) -> None:
    fill(ledger_url)
    run_sql(ledger_url, *DAMAGE, change)
    before = dump(ledger_url)
    with pytest.raises(Corrupt, match=complaint) as told:
        rebuild(ledger_url, TRIAL, PROJECTIONS)
    assert "nothing was changed" in str(told.value.hint)
    assert dump(ledger_url) == before


def refuses(rows: Rows, event: Event[Any]) -> None:
    raise ValueError("this fold has a bug")


def oversells(rows: Rows, event: Event[SlotTaken]) -> None:
    rows.put(WEEK, Week(event.body.week, -1))


@pytest.mark.parametrize(
    ("fold", "error", "complaint"),
    [(refuses, Corrupt, "it cannot be folded: ValueError"), (oversells, Conflict, "`trial_week` forbids: .*free")],
)
def test_a_fold_that_cannot_do_it_changes_nothing(
    ledger_url: str, fold: Callable[[Rows, Event[Any]], None], error: type[Exception], complaint: str
) -> None:
    fill(ledger_url)
    run_sql(ledger_url, *DAMAGE)
    before = dump(ledger_url)
    slots = Projection("trial_slots", SLOTS.tables, {**SLOTS.folds, SlotTaken: fold}, version=2)
    with pytest.raises(error, match=complaint):
        rebuild(ledger_url, TRIAL, (slots, PARTS))
    assert dump(ledger_url) == before
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


@pytest.mark.parametrize("at_end", [False, True])
def test_interrupted_it_changes_nothing_and_keeps_no_lock(
    ledger_url: str, at_end: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ledger_url)
    run_sql(ledger_url, *DAMAGE)
    before = dump(ledger_url)
    monkeypatch.setattr("pullcord.store.replay._TELL_EVERY", 10)

    def interrupt(done: int, total: int) -> None:
        if done == (total if at_end else 20):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(ledger_url, TRIAL, PROJECTIONS, interrupt)
    assert dump(ledger_url) == before
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_a_writer_that_lost_its_lock_is_noticed(ledger_url: str) -> None:
    head = fill(ledger_url)
    run_sql(ledger_url, *DAMAGE)
    epoch = "SELECT writer_epoch FROM ledger_head WHERE program_id = 'trial'"
    engine = sa.create_engine(ledger_url)

    def write(done: int, total: int) -> None:
        if done == total:
            run_sql(ledger_url, "UPDATE ledger_head SET seq = seq + 1 WHERE program_id = 'trial'")

    with pytest.raises(Conflict, match="was written meanwhile"):
        rebuild(ledger_url, TRIAL, PROJECTIONS, write)
    run_sql(ledger_url, f"UPDATE ledger_head SET seq = {head} WHERE program_id = 'trial'")  # noqa: S608
    with engine.connect() as connection:
        before = connection.execute(sa.text(epoch)).scalar_one()
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    with engine.connect() as connection:
        assert connection.execute(sa.text(epoch)).scalar_one() == before + 1  # whoever held the pen can write no more
    engine.dispose()
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_a_changed_fold_whose_version_is_not_raised_is_found_by_verify(ledger_url: str) -> None:
    fill(ledger_url)
    quiet = Projection(
        "trial_parts", (PART,), {cls: fold for cls, fold in PARTS.folds.items() if cls is not PartCalled}
    )
    assert rebuild(ledger_url, TRIAL, (SLOTS, quiet)).tables["trial_part"] == 1
    with opened(ledger_url):
        pass  # nothing to see when it is opened
    assert "'roof'] has called 0, and the events make it 15" in str(verify(ledger_url, TRIAL, PROJECTIONS).faults[0])
