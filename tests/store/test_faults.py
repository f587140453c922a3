"""Faults that really happen: killed processes, full disks, a second writer, a damaged row, a lost connection."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import ledger_load
import psycopg
import pytest
import sqlalchemy as sa
from ledger_load import TRIAL, numbered, open_trial, prepare
from processes import child
from slot_shop import PROJECTIONS, Taken

from pullcord.base import Conflict, Corrupt, PartnerFailure, stream
from pullcord.store import CommandAnswered, Ledger, open_reader, verify

pytestmark = pytest.mark.fault

SEED = 20260302


def answers_until_killed(url: str, first: int, kill_after_s: float) -> dict[int, int | None]:
    """What a selling process had answered when SIGKILL met it, so long after it was ready."""
    answers: dict[int, int | None] = {}
    with child(ledger_load.sell, url, first) as (process, pipe):
        assert pipe.poll(30), "the process did not open the ledger"
        pipe.recv()
        deadline = time.monotonic() + kill_after_s
        while (left := deadline - time.monotonic()) > 0:
            if pipe.poll(left):
                number, answer = pipe.recv()
                answers[number] = answer
        process.kill()
        process.join()
        try:
            while pipe.poll(0):
                number, answer = pipe.recv()
                answers[number] = answer
        except (EOFError, OSError):
            pass  # killed between two answers, or in the middle of saying one
    return answers


def open_when_free(url: str) -> Ledger:
    """The ledger, once the server has noticed that the last writer is dead."""
    for _ in range(200):
        try:
            return open_trial(url)
        except Conflict:
            time.sleep(0.05)
    return open_trial(url)


def check_whole(url: str, answers: dict[int, int | None]) -> int:
    """Every answered command is there, with the same answer; every command is there wholly or not at all."""
    with open_when_free(url) as ledger:
        roots: dict[int, int] = {}
        found: dict[int, Counter[str]] = {}
        commands: dict[int, tuple[str, str]] = {}
        for event in ledger.events():
            roots[event.seq] = event.seq if event.cause is None else roots[event.cause]
            found.setdefault(roots[event.seq], Counter())[event.kind] += 1
            if isinstance(event.body, CommandAnswered):
                commands[event.seq] = (event.stream, event.body.answer_type)
        assert set(found) == set(commands), "an event without its command"
        for seq, (name, answer_type) in commands.items():
            if name.startswith("command/n-"):
                options = int(name.removeprefix("command/n-")) % 3 if answer_type == "Taken" else 0
                whole = Counter({"command.answered": 1, "trial_slot.taken": int(answer_type == "Taken")})
                whole.update({"trial_part.called": options, "trial_part.confirmed": options})
                assert found[seq] == +whole, f"{name} is there in part"
        there = {name for name, _ in commands.values()}
        assert {f"command/n-{number}" for number in answers} <= there, "an answered command is gone"
        head = ledger.head()
        again = ledger.execute_many([numbered(number) for number in answers])
        assert [a.free if isinstance(a, Taken) else None for a in again] == list(answers.values())
        assert ledger.head() == head, "an answered command took effect a second time"
    found_whole = verify(url, TRIAL, PROJECTIONS)
    assert found_whole.faults == ()
    return found_whole.events


def kill_again_and_again(url: str, kills: int, series: int) -> None:
    rng = stream(SEED, "tests.ledger.kills", series)
    prepare(url, places=400)
    answered = 0
    for i in range(kills):
        kill_after_s = float(rng.uniform(0.0, 0.06))
        answers = answers_until_killed(url, first=1_000_000 * (i + 1), kill_after_s=kill_after_s)
        answered += len(answers)
        try:
            check_whole(url, answers)
        except BaseException as failure:
            failure.add_note(f"seed {SEED}, series {series}, kill {i} after {kill_after_s:.4f} s")
            raise
    assert answered > 0


@pytest.mark.parametrize("series", range(3))
def test_killed_at_any_instant_what_was_answered_is_there_and_nothing_is_half_there(
    tmp_path: Path, series: int
) -> None:
    kill_again_and_again(f"sqlite:///{tmp_path / 'ledger.db'}", kills=12, series=series)


@pytest.fixture
def postgres_schema(postgres_url: str) -> Iterator[str]:
    """The address of an empty schema of its own."""
    url = sa.make_url(postgres_url)
    schema = f"faults_{uuid.uuid4().hex}"
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"')
        yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


@pytest.mark.postgres
def test_killed_at_any_instant_on_postgresql(postgres_schema: str) -> None:
    kill_again_and_again(postgres_schema, kills=6, series=99)


@pytest.mark.postgres
def test_a_lost_connection_is_reported_and_then_mended(postgres_schema: str) -> None:
    prepare(postgres_schema, places=10)
    url = sa.make_url(postgres_schema)
    named = url.update_query_dict({"application_name": "cut_me"}).render_as_string(hide_password=False)
    schema = str(url.query["options"]).removeprefix("-csearch_path=")
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with open_trial(named.replace("cut_me", schema)) as ledger, psycopg.connect(dsn, autocommit=True) as server:
        first = ledger.execute(numbered(0))
        head = ledger.head()
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (schema,))
        with pytest.raises(PartnerFailure, match="cannot be read or written") as told:
            ledger.execute(numbered(1))
        assert "send the command again" in str(told.value.hint)
        assert isinstance(ledger.execute(numbered(1)), Taken)
        assert ledger.head() > head
        assert ledger.execute(numbered(0)) == first
    assert verify(postgres_schema, TRIAL, PROJECTIONS).ok


@pytest.fixture(params=["limit", "tmpfs"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, int | None]]:
    """A folder, and how far its files may grow; None where the file system itself is small."""
    if request.param == "limit":
        yield tmp_path, 300_000
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(tmp_path)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small file system here; the limit on file size is tested all the same")
    try:
        (tmp_path / "ballast").write_bytes(b"\0" * 14_000_000)
        yield tmp_path, None
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_full_disk_is_told_to_every_caller_and_survived(small_disk: tuple[Path, int | None]) -> None:
    folder, room_bytes = small_disk
    url = f"sqlite:///{folder / 'ledger.db'}"
    prepare(url, places=100_000)
    with child(ledger_load.fill_disk, url, room_bytes) as (process, pipe):
        sold, told = pipe.recv()
        assert told, "the disk never filled up"
        assert all("PartnerFailure" in message and "ledger.db` cannot be" in message for message in told)
        with open_reader(url, TRIAL, PROJECTIONS) as reader:  # reading goes on
            names = {e.stream for e in reader.events(kinds=[CommandAnswered])}
        assert {f"command/n-{number}" for number in sold} <= names
        (folder / "ballast").unlink(missing_ok=True)
        pipe.send("there is room again")
        assert pipe.recv() == 1_000
        process.join(10)
    check_whole(url, {})


def test_a_second_process_is_refused_and_told_which_is_the_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    prepare(url, places=10)
    with child(ledger_load.hold, url) as (process, pipe):
        pid = pipe.recv()
        with pytest.raises(Conflict, match=rf"ledger\.db` already has a writer for program `trial`, process {pid}$"):
            open_trial(url)
        with open_reader(url, TRIAL, PROJECTIONS) as reader:
            assert reader.head() == 12
        pipe.send("stop")
        process.join(10)
    with open_trial(url) as ledger:
        assert isinstance(ledger.execute(numbered(1)), Taken)
    assert not list(tmp_path.glob("*.lock"))


@pytest.fixture
def sold_ledger(tmp_path: Path) -> Path:
    """A sound ledger with a few hundred events."""
    path = tmp_path / "ledger.db"
    prepare(f"sqlite:///{path}", places=50)
    with open_trial(f"sqlite:///{path}") as ledger:
        ledger.execute_many([numbered(n) for n in range(100)])
    assert verify(str(path), TRIAL, PROJECTIONS).ok
    return path


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, 'h42', 'h43')",
        "body = replace(body, '}', '|')",
        "body = CAST(replace(CAST(body AS BLOB), x'68', x'ff') AS TEXT)",
        "party = 'h43'",
        "cause = cause - 1",
        "recorded_at = replace(recorded_at, '2', '3')",
        "stream = 'week/w99'",
        "kind = 'trial_slot.released'",
    ],
)
def test_one_changed_event_is_found_and_named(sold_ledger: Path, change: str) -> None:
    with closing(sqlite3.connect(sold_ledger)) as raw:
        (seq,) = raw.execute("SELECT seq FROM event WHERE body LIKE '%h42%' AND kind = 'trial_slot.taken'").fetchone()
        raw.execute("UPDATE event SET " + change + " WHERE seq = ?", (seq,))  # noqa: S608 - from the list above
        kind, stream_name = raw.execute("SELECT kind, stream FROM event WHERE seq = ?", (seq,)).fetchone()
        raw.commit()
    found = verify(str(sold_ledger), TRIAL, PROJECTIONS)
    assert not found.ok
    assert str(found.faults[0]) == (
        f"event {seq} (`{kind}` of `{stream_name}`): its hash does not follow from its content and the event before it"
    )


def test_one_byte_changed_in_the_file_itself_is_found_and_named(sold_ledger: Path) -> None:
    content = sold_ledger.read_bytes()
    place = content.index(b'"holder":"h42"')
    sold_ledger.write_bytes(content[: place + 11] + b"7" + content[place + 12 :])
    found = verify(str(sold_ledger), TRIAL, PROJECTIONS)
    assert found.faults[0].kind in ("trial_slot.taken", "trial_part.called")
    assert "its hash does not follow" in found.faults[0].what


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("DELETE FROM event WHERE seq = 40", "event 41 .*: event 40 is missing before it"),
        ("DELETE FROM event WHERE seq BETWEEN 40 AND 44", "event 45 .*: events 40 to 44 are missing before it"),
        ("DELETE FROM event WHERE seq > 50", "the ledger should end at event [0-9]+, and ends at 50"),
        ("UPDATE trial_week SET free = free + 1 WHERE week = 'w3'", "table `trial_week`: row .*'w3'.* has free"),
        ("DELETE FROM trial_holding WHERE holder = 'h7'", "table `trial_holding`: row .*'h7'.* is missing"),
        (
            "INSERT INTO trial_part VALUES ('trial', 'wing', 1, 0)",
            "table `trial_part`: row .*'wing'.* is there, and no event makes it",
        ),
        ("UPDATE trial_holding SET chance = chance + 1e-16 WHERE holder = 'h1'", "row .*'h1'.* has chance"),
    ],
)
def test_missing_events_and_changed_rows_are_found_and_named(sold_ledger: Path, change: str, complaint: str) -> None:
    with closing(sqlite3.connect(sold_ledger)) as raw:
        raw.execute(change)
        raw.commit()
    found = verify(str(sold_ledger), TRIAL, PROJECTIONS)
    assert any(re.search(complaint, str(fault)) for fault in found.faults), found.faults


def test_a_ledger_that_lost_its_end_is_not_written_to(sold_ledger: Path) -> None:
    with closing(sqlite3.connect(sold_ledger)) as raw:
        raw.execute("DELETE FROM event WHERE seq > 50")
        raw.commit()
    with pytest.raises(Corrupt, match="ends at 50"):
        open_trial(f"sqlite:///{sold_ledger}")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("not a database at all, but long enough to be read as one" * 100)
    with pytest.raises(PartnerFailure, match=r"ledger\.db` cannot be read or written: file is not a database"):
        open_trial(f"sqlite:///{path}")
    with pytest.raises((PartnerFailure, Corrupt)):
        verify(str(path), TRIAL, PROJECTIONS)
