"""A table that is not what today's folds make of the events is noticed before anyone reads or writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from slot_shop import PART, PARTS, PROJECTIONS, SLOTS, TRIAL, WEEK, PartCount, open_week, opened, release, take
from slot_shop_later import DOUBLED, LATER, WEEK_LATER, LaterWeek, connected, dump, run_sql

from pullcord.base import Conflict, InvalidInput, NotFound, ProgramId
from pullcord.store import Event, Projection, Rows, Table, event, open_reader, program_key, rebuild, verify

OTHER = ProgramId("other")


def fill(url: str, program_id: ProgramId = TRIAL, projections: Sequence[Projection] = PROJECTIONS) -> None:
    with opened(url, program_id, projections=projections) as ledger:
        ledger.execute_many([open_week("w1", 9), *(take("w1", f"h{i}", options=("roof",)) for i in range(5))])
        ledger.execute(release("w1", "h3"))


def refused(url: str, projections: Sequence[Projection], why: str, program_id: ProgramId = TRIAL) -> None:
    """Writer, reader and verification refuse alike, say why, name the way out, and change nothing."""
    before = dump(url)
    for way_in in (
        lambda: opened(url, program_id, projections=projections).__enter__(),
        lambda: opened(url, program_id, projections=projections, create=False).__enter__(),
        lambda: open_reader(url, program_id, projections),
        lambda: verify(url, program_id, projections),
    ):
        with pytest.raises(Conflict, match=f"stale tables for program `{program_id}`: .*{why}") as told:
            way_in()
        assert "`pullcord ledger rebuild " in str(told.value.hint)
        assert f"--program {program_id}` makes them anew" in str(told.value.hint)
    assert dump(url) == before


def test_a_column_more_is_noticed_and_a_rebuild_fills_it(ledger_url: str) -> None:
    fill(ledger_url)
    refused(ledger_url, LATER, r"those of trial_slots \(table `trial_week` lacks column `sold`\)$")
    done = rebuild(ledger_url, TRIAL, LATER)
    assert done.remade == ("trial_week", "trial_holding")
    assert done.others == ()
    with opened(ledger_url, projections=LATER) as ledger:
        ledger.execute(open_week("w2", 1))
        with ledger.reader() as reader:
            assert reader.select(WEEK_LATER) == [LaterWeek("w1", 5, 4), LaterWeek("w2", 1, 0)]
            assert reader.select(PART) == [PartCount("roof", 5, 5)]
    assert verify(ledger_url, TRIAL, LATER).ok
    with connected(ledger_url) as connection:
        checks = [check["name"] for check in sa.inspect(connection).get_check_constraints("trial_week")]
    assert checks == ["ck_trial_week_free"]
    refused(ledger_url, PROJECTIONS, "table `trial_week` has a column `sold` that is no longer meant")
    rebuild(ledger_url, TRIAL, PROJECTIONS)  # the older version can go back, too
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_a_raised_version_is_noticed_and_a_rebuild_folds_anew(ledger_url: str) -> None:
    fill(ledger_url)
    refused(ledger_url, DOUBLED, r"those of trial_parts \(made as version 1, and this Pullcord has version 2\)$")
    assert rebuild(ledger_url, TRIAL, DOUBLED).remade == ("trial_part",)
    with open_reader(ledger_url, TRIAL, DOUBLED) as ledger, ledger.reader() as reader:
        assert reader.select(PART) == [PartCount("roof", 10, 5)]
    refused(ledger_url, PROJECTIONS, "made as version 2, and this Pullcord has version 1")


def with_type(kind: sa.types.TypeEngine[Any]) -> tuple[Projection, ...]:
    """The program, with the parts counted in a column of this type."""
    columns = [
        sa.Column("part", sa.String, primary_key=True),
        sa.Column("called", kind, nullable=False),
        sa.Column("confirmed", sa.Integer, nullable=False),
    ]
    table = Table(sa.Table("trial_part", sa.MetaData(), program_key(), *columns), PartCount)

    def count(rows: Rows, event: Event[Any]) -> None:
        row = rows.get(table, event.body.part) or PartCount(event.body.part, 0, 0)
        rows.put(table, PartCount(row.part, row.called + 1, 0))

    return (SLOTS, Projection("trial_parts", (table,), dict.fromkeys(PARTS.folds, count)))


def test_a_column_of_another_type_is_noticed(ledger_url: str) -> None:
    fill(ledger_url)
    wider = with_type(sa.BigInteger())
    refused(ledger_url, wider, r"those of trial_parts \(made with columns of another type\)")
    assert rebuild(ledger_url, TRIAL, wider).remade == ("trial_part",)
    with connected(ledger_url) as connection:
        kinds = {c["name"]: c["type"] for c in sa.inspect(connection).get_columns("trial_part")}
    assert isinstance(kinds["called"], sa.BigInteger)
    assert verify(ledger_url, TRIAL, wider).ok


def test_a_table_that_has_vanished_is_noticed(ledger_url: str) -> None:
    fill(ledger_url)
    run_sql(ledger_url, "DROP TABLE trial_part")
    refused(ledger_url, PROJECTIONS, r"those of trial_parts \(table `trial_part` does not exist\)")
    with open_reader(ledger_url, TRIAL, ()) as reader:  # the events can still be read
        assert len(list(reader.events())) == reader.head() == 24
    assert rebuild(ledger_url, TRIAL, PROJECTIONS).remade == ()
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


@event("trial_paint.ordered")
@dataclass(frozen=True, slots=True)
class PaintOrdered:
    colour: str


@dataclass(frozen=True, slots=True)
class Paint:
    colour: str
    tins: int


PAINT = Table(
    sa.Table(
        "trial_paint",
        sa.MetaData(),
        program_key(),
        sa.Column("colour", sa.String, primary_key=True),
        sa.Column("tins", sa.Integer, nullable=False),
    ),
    Paint,
)


def add_tin(rows: Rows, event: Event[Any]) -> None:
    colour = getattr(event.body, "colour", "roof grey")
    row = rows.get(PAINT, colour) or Paint(colour, 0)
    rows.put(PAINT, Paint(colour, row.tins + 1))


def test_a_new_room_without_events_just_moves_in(ledger_url: str) -> None:
    fill(ledger_url)
    house = (*PROJECTIONS, Projection("trial_paints", (PAINT,), {PaintOrdered: add_tin}))
    for way_in in (
        lambda: open_reader(ledger_url, TRIAL, house),
        lambda: verify(ledger_url, TRIAL, house),
        lambda: opened(ledger_url, projections=house, create=False).__enter__(),
    ):
        with pytest.raises(NotFound, match="has no table `trial_paint`"):
            way_in()
    with opened(ledger_url, projections=house):
        pass
    assert verify(ledger_url, TRIAL, house).ok
    with opened(ledger_url, OTHER, projections=house):
        pass
    assert verify(ledger_url, OTHER, house).ok


def test_a_new_room_that_has_missed_events_is_noticed(ledger_url: str) -> None:
    fill(ledger_url)
    parts_called = next(iter(PARTS.folds))
    house = (*PROJECTIONS, Projection("trial_paints", (PAINT,), {parts_called: add_tin}))
    refused(ledger_url, house, r"those of trial_paints \(table `trial_paint` does not exist\)")
    with opened(ledger_url, OTHER, projections=house):
        pass  # another program has no events yet, and makes the table
    refused(ledger_url, house, r"those of trial_paints \(never filled from the events\)")
    rebuild(ledger_url, TRIAL, house)
    with open_reader(ledger_url, TRIAL, house) as ledger, ledger.reader() as reader:
        assert reader.select(PAINT) == [Paint("roof grey", 5)]


def test_a_writer_that_does_not_know_a_room_leaves_it_stale(ledger_url: str) -> None:
    fill(ledger_url)
    with opened(ledger_url, projections=(SLOTS,)) as ledger:  # a Pullcord from before that room
        ledger.execute(take("w1", "late", options=("roof",)))
    refused(ledger_url, PROJECTIONS, r"those of trial_parts \(never filled from the events\)")
    rebuild(ledger_url, TRIAL, PROJECTIONS)
    with open_reader(ledger_url, TRIAL, PROJECTIONS) as ledger, ledger.reader() as reader:
        assert reader.select(PART) == [PartCount("roof", 6, 6)]


@pytest.mark.parametrize("house", [LATER, DOUBLED], ids=["columns", "version"])
def test_a_remade_table_is_remade_for_all_programs(ledger_url: str, house: Sequence[Projection]) -> None:
    fill(ledger_url)
    fill(ledger_url, OTHER)
    refused(ledger_url, house, "trial_", ProgramId("third"))  # not even a new program can do with the old form
    with opened(ledger_url, OTHER):
        before = dump(ledger_url)
        with pytest.raises(Conflict, match="already has a writer for program `other`"):
            rebuild(ledger_url, TRIAL, house)
        assert dump(ledger_url) == before
    done = rebuild(ledger_url, TRIAL, house)
    assert done.remade
    assert done.others == (OTHER,)
    assert verify(ledger_url, TRIAL, house).ok
    refused(ledger_url, house, "never filled from the events", OTHER)
    done = rebuild(ledger_url, OTHER, house)
    assert (done.remade, done.others) == ((), ())
    for name in (TRIAL, OTHER, ProgramId("third")):
        with opened(ledger_url, name, projections=house) as ledger:
            ledger.execute(open_week("w2", 1))
        assert verify(ledger_url, name, house).ok


def test_a_rebuild_of_some_projections_leaves_the_others(ledger_url: str) -> None:
    fill(ledger_url)
    run_sql(ledger_url, "UPDATE trial_part SET called = 0", "UPDATE trial_week SET free = 0")
    assert set(rebuild(ledger_url, TRIAL, (SLOTS,)).tables) == {"trial_week", "trial_holding"}
    with open_reader(ledger_url, TRIAL, PROJECTIONS) as ledger, ledger.reader() as reader:
        week = reader.get(WEEK, "w1")
        assert week is not None
        assert week.free == 5
        assert reader.select(PART) == [PartCount("roof", 0, 5)]


def test_a_version_counts_from_one() -> None:
    with pytest.raises(InvalidInput, match="cannot be of version 0"):
        Projection("trial_parts", (PART,), {}, version=0)
