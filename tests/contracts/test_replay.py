"""A replay rebuilds every table, whatever was commanded, and the same on either database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slot_shop import PROJECTIONS, TRIAL, Full, Taken, command, open_week, opened, release, take, take_blindly

from pullcord.base import ProgramId, stream
from pullcord.store import Command, Transaction, event, verify

EXAMPLE = count(1)  # a program of its own for each of Hypothesis's examples


def test_rows_beyond_the_cache_come_back_the_same(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pullcord.store.writer.ROWS_MAX", 20)
    monkeypatch.setattr("pullcord.store.decider.VERSIONS_MAX", 10)
    monkeypatch.setattr("pullcord.store.rows._SMALL", 5)
    with opened(ledger_url, group_max=9) as ledger:
        ledger.execute_many([open_week(f"w{i}", 3) for i in range(30)])
        takes = [take(f"w{i % 30}", f"h{i}", options=(f"o{i % 40}",), chance=i / 7) for i in range(120)]
        answers = ledger.execute_many(takes)
        assert Counter(type(answer) for answer in answers) == {Taken: 90, Full: 30}
        assert sum(a is True for a in ledger.execute_many([release(f"w{i % 30}", f"h{i}") for i in range(120)])) == 90
        ledger.execute_many([take("w1", f"late{i}") for i in range(3)])
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


@event("trial_reading.noted")
@dataclass(frozen=True, slots=True)
class ReadingNoted:
    """Every type of field that an event may have."""

    text: str
    count: int
    sure: bool
    level: float
    day: date
    at: datetime
    parts: tuple[str, ...]
    perhaps: int | None


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
READINGS = st.builds(
    ReadingNoted,
    TEXTS,
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.tuples(TEXTS, TEXTS) | st.just(()),
    st.none() | st.integers(0, 9),
)
STEPS = st.lists(
    st.one_of(
        st.builds(open_week, st.sampled_from(["w1", "w2", "w3"]), st.integers(0, 3), st.uuids().map(str)),
        st.builds(
            take,
            st.sampled_from(["w1", "w2", "w3"]),
            st.sampled_from(["ann", "bob", "cy"]),
            command_id=st.integers(0, 5).map("t{}".format),
            chance=st.floats(allow_nan=False, allow_infinity=False),
            options=st.lists(TEXTS.filter(lambda t: t and "\n" not in t), max_size=2).map(tuple),
        ),
        st.builds(take_blindly, st.sampled_from(["w1", "w2"]), st.sampled_from(["ann", "bob"])),
        st.builds(release, st.sampled_from(["w1", "w2"]), st.sampled_from(["ann", "bob"])),
    ),
    max_size=25,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS, group_max=st.integers(1, 9))
def test_replay_rebuilds_every_table_whatever_was_commanded(
    ledger_url: str, steps: list[Command[Any]], group_max: int
) -> None:
    name = ProgramId(f"p-{next(EXAMPLE)}")
    with opened(ledger_url, name, group_max=group_max) as ledger:
        assert len(ledger.execute_many(steps)) == len(steps)
        head = ledger.head()
    found = verify(ledger_url, name, PROJECTIONS)
    assert found.faults == ()
    assert found.events == head
    assert all(digest == rebuilt for _, digest, rebuilt in found.tables.values())


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=st.lists(READINGS, min_size=1, max_size=20))
def test_every_type_of_field_comes_back_as_it_was(ledger_url: str, readings: list[ReadingNoted]) -> None:
    def note(tx: Transaction) -> None:
        for reading in readings:
            tx.emit("reading/1", reading)

    with opened(ledger_url, ProgramId(f"p-{next(EXAMPLE)}")) as ledger:
        ledger.execute(command("note", note))
        assert [e.body for e in ledger.events(kinds=[ReadingNoted])] == readings


def test_both_databases_give_the_same_digests(ledger_url: str, tmp_path: Any) -> None:
    def fill(url: str) -> dict[str, tuple[int, str, str]]:
        with opened(url) as ledger:
            ledger.execute_many([open_week(f"w{i}", 5) for i in range(4)])
            rng = stream(7, "tests.ledger.digests")
            for i, chance in enumerate(rng.normal(size=40)):
                ledger.execute(take(f"w{i % 4}", f"Ä{i}" if i % 2 else f"z{i}", chance=float(chance), options=("黑",)))
        return dict(verify(url, TRIAL, PROJECTIONS).tables)

    assert fill(ledger_url) == fill(f"sqlite:///{tmp_path / 'twin.db'}")
