"""Events and tables refuse what would not survive, and old bodies are read by new code."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from slot_shop import NOON

from pullcord.base import CommandId, Corrupt, FixedClock, InvalidInput, NotFound, PartyId, ProgramId
from pullcord.store import (
    Command,
    CommandAnswered,
    Event,
    Json,
    Ledger,
    Projection,
    Rows,
    Table,
    UtcDateTime,
    event,
    event_class,
    open_reader,
    program_key,
    verify,
)
from pullcord.store.event import codec_for

TRIAL = ProgramId("trial")


@dataclass(frozen=True, slots=True)
class Mileage:
    vehicle: str
    total_km: float


MILEAGE = Table(
    sa.Table(
        "trial_mileage",
        sa.MetaData(),
        program_key(),
        sa.Column("vehicle", sa.String, primary_key=True),
        sa.Column("total_km", sa.Double, nullable=False),
    ),
    Mileage,
)


def driven(version: int, upcasts: dict[int, Any] | None = None) -> type:
    """The record of a drive, as the code of that version knew it."""
    fields = [("vehicle", str), ("miles" if version == 1 else "km", float)]
    if version == 3:
        fields.append(("driver", str))
    cls = make_dataclass("Driven", fields, frozen=True, slots=True, namespace={"__module__": __name__})
    return event("trial_vehicle.driven", version, upcasts)(cls)


def to_km(body: dict[str, Any]) -> dict[str, Any]:
    return {"vehicle": body["vehicle"], "km": body["miles"] * 1.609344}


def with_driver(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"driver": "unknown"}


def test_bodies_of_every_older_version_are_read_by_the_newest_code() -> None:
    driven(1)
    written = codec_for("trial_vehicle.driven").encode(event_class("trial_vehicle.driven")("v1", 100.0))
    assert written == b'{"v":1,"vehicle":"v1","miles":100.0}'
    newest = driven(3, {1: to_km, 2: with_driver})
    assert codec_for("trial_vehicle.driven").open(written) == newest("v1", 160.9344, "unknown")
    assert codec_for("trial_vehicle.driven").open('{"v":2,"vehicle":"v1","km":3.0}') == newest("v1", 3.0, "unknown")
    driven(3, {2: with_driver})
    with pytest.raises(NotFound, match="of version 1 cannot be brought to version 2") as told:
        codec_for("trial_vehicle.driven").open(written)
    assert "upcasts={1:" in str(told.value.hint)
    driven(2, {1: to_km})
    with pytest.raises(NotFound, match="known up to version 2, and this one is of version 3"):
        codec_for("trial_vehicle.driven").open('{"v":3,"vehicle":"v1","km":3.0,"driver":"d"}')
    with pytest.raises(Corrupt, match="does not read as"):
        codec_for("trial_vehicle.driven").open('{"v":2,"vehicle":"v1"}')


def test_upcasts_hold_in_a_ledger_that_began_with_the_old_version(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"

    def fold(rows: Rows, happened: Event[Any]) -> None:
        body = happened.body
        row = rows.get(MILEAGE, body.vehicle) or Mileage(body.vehicle, 0.0)
        rows.put(MILEAGE, Mileage(body.vehicle, row.total_km + (body.km if hasattr(body, "km") else body.miles)))

    def drive(cls: type, distance: float) -> None:
        projection = Projection("trial_mileage", (MILEAGE,), {cls: fold})
        MILEAGE.sql.metadata.create_all(sa.create_engine(f"sqlite:///{path}"))
        with Ledger.open(f"sqlite:///{path}", TRIAL, clock=FixedClock(NOON), projections=[projection]) as ledger:
            name = CommandId(f"drive-{distance}")
            ledger.execute(
                Command(
                    name, PartyId("d"), "drive", distance, lambda tx: _none(tx.emit("v/1", cls("v1", distance))), None
                )
            )

    drive(driven(1), 100.0)
    newest = driven(2, {1: to_km})
    drive(newest, 39.5)
    projection = Projection("trial_mileage", (MILEAGE,), {newest: fold})
    with open_reader(str(path), TRIAL, [projection]) as reader:
        assert [e.body for e in reader.events(kinds=[newest])] == [newest("v1", 160.9344), newest("v1", 39.5)]
    # The rows were folded by the old code, in miles: a replay by the new code says so.
    found = verify(str(path), TRIAL, [projection])
    assert [str(fault) for fault in found.faults] == [
        "table `trial_mileage`: row ['v1'] has total_km 139.5, and the events make it 200.4344"
    ]


def _none(_event: Any) -> None:
    return None


def test_an_event_needs_a_kind_of_its_own_and_a_record() -> None:
    with pytest.raises(InvalidInput, match="cannot be a kind"):
        event("Driven")
    with pytest.raises(InvalidInput, match="is no dataclass"):
        event("trial_vehicle.parked")(object)
    with pytest.raises(InvalidInput, match="has a field `v`"):
        event("trial_vehicle.parked")(make_dataclass("Parked", [("v", int)], frozen=True))
    event("trial_vehicle.parked")(make_dataclass("Parked", [("at", str)], frozen=True))
    with pytest.raises(InvalidInput, match="already stands for Parked"):
        event("trial_vehicle.parked")(make_dataclass("Stopped", [("at", str)], frozen=True))


def columns(*more: sa.Column[Any]) -> sa.Table:
    return sa.Table("trial_odd", sa.MetaData(), program_key(), *more)


@pytest.mark.parametrize(
    ("table", "fields", "complaint"),
    [
        (columns(sa.Column("a", sa.String, primary_key=True)), ["b"], "has the fields"),
        (columns(sa.Column("a", sa.String)), ["a"], "no key of its own"),
        (columns(sa.Column("a", sa.String, primary_key=True), sa.Column("b", sa.Numeric)), ["a", "b"], "NUMERIC"),
        (
            sa.Table("trial_odd", sa.MetaData(), sa.Column("a", sa.String, primary_key=True)),
            ["a"],
            "does not begin with the program",
        ),
    ],
)
def test_a_table_that_its_record_does_not_fit_is_refused(table: sa.Table, fields: list[str], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        Table(table, make_dataclass("Odd", [(name, str) for name in fields], frozen=True))


def test_a_table_belongs_to_one_projection_and_only_its_folds_write_it(tmp_path: Path) -> None:
    noted = event("trial_vehicle.noted")(make_dataclass("Noted", [("vehicle", str)], frozen=True))

    def meddle(rows: Rows, happened: Event[Any]) -> None:
        rows.put(MILEAGE, Mileage(happened.body.vehicle, 1.0))

    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    owner = Projection("trial_owner", (MILEAGE,), {})
    MILEAGE.sql.metadata.create_all(sa.create_engine(url))
    for claim, complaint in (
        (Projection("trial_thief", (MILEAGE,), {}), "belongs to two projections"),
        (Projection("trial_owner", (), {}), "two projections are called `trial_owner`"),
    ):
        with pytest.raises(InvalidInput, match=complaint):
            Ledger.open(url, TRIAL, clock=FixedClock(NOON), projections=[owner, claim])
    meddler = Projection("trial_meddler", (), {noted: meddle})
    with (
        Ledger.open(url, TRIAL, clock=FixedClock(NOON), projections=[owner, meddler]) as ledger,
        pytest.raises(InvalidInput, match="`trial_meddler` may not write table `trial_mileage`"),
    ):
        ledger.execute(
            Command(CommandId("note"), PartyId("d"), "note", None, lambda tx: _none(tx.emit("v/1", noted("v"))), None)
        )


def test_no_fold_listens_to_the_commands_themselves() -> None:
    with pytest.raises(InvalidInput, match=r"folds command\.answered"):
        Projection("trial_commands", (), {CommandAnswered: lambda rows, happened: None})


@pytest.mark.parametrize("url", ["sqlite://", "mysql://x/y", "sqlite:///:memory:", "oops:/"])
def test_a_ledger_lives_in_a_file_or_on_postgresql(url: str) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        open_reader(url, TRIAL, ())


def test_columns_mean_the_same_on_both_databases() -> None:
    dialect = sa.create_engine("sqlite://").dialect
    instants = UtcDateTime()
    shanghai = datetime(2026, 3, 2, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    assert instants.process_bind_param(shanghai, dialect) == "2026-03-02T12:00:00.000000Z"
    assert instants.process_result_value("2026-03-02T12:00:00.000000Z", dialect) == shanghai
    assert instants.process_result_value("2026-03-02T12:00:00.000000Z", dialect).tzinfo is UTC  # type: ignore[union-attr]
    with pytest.raises(InvalidInput, match="names no time zone"):
        instants.process_bind_param(datetime(2026, 3, 2), dialect)  # noqa: DTZ001
    assert Json().process_bind_param({"b": [1, 2.5], "a": None}, dialect) == '{"a":null,"b":[1,2.5]}'
    assert Json().process_bind_param(None, dialect) is None


def test_group_max_must_let_one_command_in(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="group of 0"):
        Ledger.open(f"sqlite:///{tmp_path / 'l.db'}", TRIAL, clock=FixedClock(NOON), projections=(), group_max=0)
