"""Deciding ahead of the commit gives what submitting gives: the same answers, the same events, the same rows."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from slot_shop import (
    HOLDING,
    NOON,
    PROJECTIONS,
    TRIAL,
    WEEK,
    Full,
    Taken,
    command,
    open_week,
    opened,
    release,
    take,
    take_blindly,
)

from pullcord.base import Conflict, InvalidInput, PullcordError, SimulatedClock
from pullcord.store import Command, Ledger, Transaction, verify

SEED = 20261122
PATIENCE_S = 30.0


class Ahead:
    """Gives commands as a busy loop would: decided here as far as that can be, submitted where it cannot."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.ahead = 0  # how many were decided here
        self._told = threading.Condition()
        self._answers: dict[int, Any] = {}
        self._given = 0

    def give(self, commands: Sequence[Command[Any]]) -> None:
        first, self._given = self._given, self._given + len(commands)
        decided = None
        while decided is None:
            free = threading.Event()
            decided = self.ledger.decide_ahead(commands, self._keeper(first), free.set)
            assert decided is not None or free.wait(PATIENCE_S), "nobody was told that the ledger is free"
        self.ahead += decided
        if decided < len(commands):
            self.ledger.submit(commands[decided:], self._keeper(first + decided))

    def _keeper(self, first: int) -> Any:
        def keep(answers: list[Any]) -> None:
            with self._told:
                self._answers.update(enumerate(answers, start=first))
                self._told.notify()

        return keep

    def answers(self) -> list[Any]:
        """All answers, in the order in which the commands were given."""
        with self._told:
            assert self._told.wait_for(lambda: len(self._answers) == self._given, PATIENCE_S), "answers are missing"
            return [self._answers[number] for number in range(self._given)]


def shapes(answers: Sequence[Any]) -> list[Any]:
    # Each database words a broken rule in its own way.
    return [(type(answer), str(answer)[:30]) if isinstance(answer, PullcordError) else answer for answer in answers]


def look(tx: Transaction) -> int:
    return len(tx.select(HOLDING))


def wishes(chance: random.Random) -> list[Command[Any]]:
    """Takes and releases of a few slots, some asked twice, some refused by a table, some that raise or look around."""
    made: list[Command[Any]] = [open_week("w1", 40), open_week("w2", 25)]

    def emits_and_raises(tx: Transaction) -> None:
        take("w1", "nobody").decide(tx)
        raise Conflict("no", "not so")

    for number in range(300):
        week, holder = chance.choice(("w1", "w2", "w3")), f"h{chance.randrange(90)}"
        kind = chance.random()
        if kind < 0.6:
            made.append(take(week, holder, options=chance.choice(((), ("a",), ("a", "b")))))
        elif kind < 0.8:
            made.append(release(week, holder))
        elif kind < 0.85:
            made.append(chance.choice(made))
        elif kind < 0.9:
            made.append(take("w1", "other", command_id=f"take-{week}-{holder}"))
        elif kind < 0.95:
            made.append(command(f"raise-{number}", emits_and_raises))
        elif kind < 0.98:
            made.append(command(f"look-{number}", look, int))
        else:
            made.append(take_blindly("w2", f"blind{number}"))
    return made


def chain_of(ledger: Ledger) -> list[Any]:
    return [(event.seq, event.kind, event.stream, event.version, event.cause, event.body) for event in ledger.events()]


def test_it_gives_the_answers_the_events_and_the_rows_that_submitting_gives(ledger_url: str, tmp_path: Any) -> None:
    given = wishes(random.Random(SEED))
    with opened(ledger_url) as ledger:
        ahead = Ahead(ledger)
        chance, at = random.Random(SEED + 1), 0
        while at < len(given):
            size = chance.randrange(1, 20)
            decided = ahead.ahead
            ahead.give(given[at : at + size])
            if ahead.ahead - decided < len(given[at : at + size]) and chance.random() < 0.8:
                ahead.answers()  # else all that follows is submitted too, behind what was submitted
            at += size
        found = ahead.answers()
        assert ahead.ahead > len(given) / 3
        chained = chain_of(ledger)
        with ledger.reader() as reader:
            rows = (reader.select(WEEK), reader.select(HOLDING))
    with opened(f"sqlite:///{tmp_path / 'plain.db'}") as plain:
        # One at a time: a command that a table's rule forbids takes its whole group back, to be tried one by one.
        expected = [plain.execute_many([one])[0] for one in given]
        assert shapes(found) == shapes(expected)
        assert chained == chain_of(plain)
        with plain.reader() as reader:
            assert rows == (reader.select(WEEK), reader.select(HOLDING))
    assert not verify(ledger_url, TRIAL, PROJECTIONS).faults


def test_asking_again_gives_the_first_answer_whether_it_is_durable_yet_or_not(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 5))
        ahead = Ahead(ledger)
        ahead.give([take("w1", "a"), take("w1", "a")])
        for _ in range(20):
            ahead.give([take("w1", "a")])
        ahead.give([take("w1", "b", command_id="take-w1-a")])
        *same, other = ahead.answers()
        assert set(same) == {Taken("w1", 4)}
        assert isinstance(other, Conflict)
        ahead.give([take("w1", "a")])
        assert ahead.answers()[-1] == Taken("w1", 4)
        assert ahead.ahead == 24


def test_a_full_memory_changes_nothing(ledger_url: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("pullcord.store.decider.VERSIONS_MAX", 4)
    monkeypatch.setattr("pullcord.store.writer.ROWS_MAX", 3)
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 30))
        ahead = Ahead(ledger)
        for _ in range(2):
            for number in range(50):
                ahead.give([take("w1", f"h{number}")])
        answers = ahead.answers()
        assert answers[:50] == answers[50:]
        assert sum(isinstance(answer, Taken) for answer in answers[:50]) == 30
        with ledger.reader() as reader:
            assert reader.get(WEEK, "w1").free == 0  # type: ignore[union-attr]
        assert ahead.ahead == 100


def test_what_needs_the_database_is_left_to_be_submitted(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 5))
        told: list[Any] = []
        commands = [take("w1", "a"), command("look", look, int), take("w1", "b")]
        assert ledger.decide_ahead(commands, told.extend, lambda: None) == 1
        assert ledger.execute_many(commands[1:]) == [1, Taken("w1", 3)]
        assert told == [Taken("w1", 4)], "what was decided first is committed first"
        assert ledger.decide_ahead([command("look2", look, int)], told.extend, lambda: None) == 0


def test_a_commit_that_fails_is_decided_again_with_all_that_rested_on_it(tmp_path: Any) -> None:
    with opened(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        ledger.execute(open_week("w1", 3))
        writer: Any = ledger._writer
        kept, failing, reached = writer._cursor, threading.Event(), threading.Event()

        class Failing:
            """The first commit waits, and is then taken back behind the writer's back."""

            def execute(self, text: str, *values: Any) -> Any:
                if text == "COMMIT" and not failing.is_set():
                    reached.set()
                    assert failing.wait(PATIENCE_S)
                    kept.execute("ROLLBACK")
                return kept.execute(text, *values)

            def __getattr__(self, name: str) -> Any:
                return getattr(kept, name)

        writer._cursor = Failing()
        ahead = Ahead(ledger)
        ahead.give([take("w1", "a")])
        assert reached.wait(PATIENCE_S)
        ahead.give([take("w1", "b"), take("w1", "a"), take("w1", "c")])
        ahead.give([take("w1", "d")])
        assert ahead.ahead == 5
        failing.set()
        assert ahead.answers() == [
            Taken("w1", 2),
            Taken("w1", 1),
            Taken("w1", 2),
            Taken("w1", 0),
            Full("week w1 is full"),
        ]
        ahead.give([take("w1", "e")])
        assert ahead.answers()[-1] == Full("week w1 is full")
    assert not verify(f"sqlite:///{tmp_path / 'ledger.db'}", TRIAL, PROJECTIONS).faults


def test_while_the_ledger_decides_others_it_says_so_and_tells_when_it_is_free(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 5))
        begun, go_on, free = threading.Event(), threading.Event(), threading.Event()

        def slow(tx: Transaction) -> None:
            begun.set()
            assert go_on.wait(PATIENCE_S)

        slow_one = threading.Thread(target=lambda: ledger.execute(command("slow", slow)))
        slow_one.start()
        assert begun.wait(PATIENCE_S)
        started = time.monotonic()
        assert ledger.decide_ahead([take("w1", "a")], lambda told: None, free.set) is None
        assert time.monotonic() - started < 1.0
        assert not free.is_set()
        go_on.set()
        assert free.wait(PATIENCE_S)
        slow_one.join()


def test_a_writer_whose_time_is_over_commits_nothing_that_it_decided_ahead(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with opened(url) as ledger:
        ledger.execute(open_week("w1", 5))
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE ledger_head SET writer_epoch = writer_epoch + 1"))
        engine.dispose()
        ahead = Ahead(ledger)
        ahead.give([take("w1", "a"), take("w1", "b")])
        for answer in ahead.answers():
            assert isinstance(answer, Conflict)
            assert "another writer has taken over" in str(answer)
        assert ledger.decide_ahead([take("w1", "c")], lambda told: None, lambda: None) == 0
        with ledger.reader() as reader:
            assert reader.get(WEEK, "w1").free == 5  # type: ignore[union-attr]


def test_a_command_that_cannot_be_kept_leaves_nothing_behind(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 5))
        ahead = Ahead(ledger)
        # No database takes half of a surrogate pair; what the command emitted before that is known must not stay.
        ahead.give([take("w1", "a", command_id="a\ud800"), take("w1", "b")])
        broken, taken = ahead.answers()
        assert isinstance(broken, PullcordError)
        assert taken == Taken("w1", 4)
        with ledger.reader() as reader:
            assert [row.holder for row in reader.select(HOLDING)] == ["b"]
    assert not verify(ledger_url, TRIAL, PROJECTIONS).faults


def test_a_row_written_blindly_and_taken_back_is_still_known(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute_many([open_week("w1", 5), take("w1", "a")])

    def blindly_then_no(tx: Transaction) -> None:
        take_blindly("w1", "a").decide(tx)
        tx.get(HOLDING, "w1", "b")
        raise Conflict("no", "not so")

    with opened(ledger_url) as ledger:
        ahead = Ahead(ledger)
        ahead.give([command("no", blindly_then_no)])
        ahead.give([release("w1", "a")])
        assert ahead.answers()[1] is True


def test_while_another_writes_to_the_file_nobody_waits_but_the_writer(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with opened(url) as ledger, sqlite3.connect(tmp_path / "ledger.db", isolation_level=None) as other:
        ledger.execute(open_week("w1", 5))
        other.execute("BEGIN IMMEDIATE")
        ahead = Ahead(ledger)
        started = time.monotonic()
        ahead.give([take("w1", "a")])
        ahead.give([take("w1", "b")])
        assert time.monotonic() - started < 5.0, "whoever decided waited for the other's commit"
        assert ahead.ahead == 2
        other.execute("COMMIT")
        assert ahead.answers() == [Taken("w1", 4), Taken("w1", 3)]
    other.close()


def test_a_command_that_waits_for_another_of_its_ledger_is_told_not_to(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 5))

        def waits(tx: Transaction) -> None:
            ledger.execute(take("w1", "a"))

        ahead = Ahead(ledger)
        ahead.give([command("waits", waits), take("w1", "b")])
        told, taken = ahead.answers()
        assert isinstance(told, InvalidInput)
        assert taken == Taken("w1", 4)


def test_a_connection_to_look_things_up_by_that_is_lost_is_replaced(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 5))
        writer: Any = ledger._writer

        class Gone:
            def execute(self, *said: Any) -> None:
                raise sqlite3.OperationalError if ledger_url.startswith("sqlite") else psycopg.OperationalError

        writer._decider._page.versions_complete = False
        writer._looking = Gone()
        ahead = Ahead(ledger)
        ahead.give([take("w1", "a")])
        assert ahead.answers() == [Taken("w1", 4)]
        assert ahead.ahead == 0
        ahead.give([take("w1", "b")])
        assert ahead.answers()[1] == Taken("w1", 3)
        assert ahead.ahead == 1


def test_closed_it_decides_nothing_more_and_what_was_decided_is_told(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w1", 500))
        ahead = Ahead(ledger)
        for number in range(200):
            ahead.give([take("w1", f"h{number}")])
        ledger.close()
        assert len(ahead.answers()) == 200
        assert ledger.decide_ahead([take("w1", "late")], lambda told: None, lambda: None) == 0


def test_many_threads_beside_it(ledger_url: str) -> None:
    clock = SimulatedClock(NOON)
    with opened(ledger_url, clock=clock) as ledger:
        ledger.execute(open_week("w1", 400))
        ahead = Ahead(ledger)
        found: dict[str, list[Any]] = {}

        def beside(name: str) -> None:
            found[name] = [ledger.execute(take("w1", f"{name}-{number}")) for number in range(40)]

        threads = [threading.Thread(target=beside, args=(f"t{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for number in range(300):
            ahead.give([take("w1", f"l-{number}")])
        for thread in threads:
            thread.join()
        answers = ahead.answers() + [answer for told in found.values() for answer in told]
        free = sorted((answer.free for answer in answers if isinstance(answer, Taken)), reverse=True)
        assert free == list(range(399, -1, -1)), "a slot was given twice, or to nobody"
        assert sum(isinstance(answer, Full) for answer in answers) == 60
    assert not verify(ledger_url, TRIAL, PROJECTIONS).faults
