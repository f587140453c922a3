"""What every ledger keeps, whichever database it lives in."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from slot_shop import (
    HOLDING,
    NOON,
    PART,
    PROJECTIONS,
    TRIAL,
    WEEK,
    Full,
    PartCalled,
    PartConfirmed,
    PartCount,
    SlotsOpened,
    SlotTaken,
    Taken,
    Week,
    command,
    open_week,
    opened,
    take,
    take_blindly,
)

from pullcord.base import (
    Conflict,
    InvalidInput,
    NotFound,
    ProgramId,
    PullcordError,
    SimulatedClock,
    stream,
)
from pullcord.store import (
    CommandAnswered,
    Event,
    Ledger,
    Transaction,
    open_reader,
    programs,
    verify,
)


def holders(ledger: Ledger, week: str) -> list[str]:
    with ledger.reader() as reader:
        return [row.holder for row in reader.select(HOLDING, HOLDING.sql.c.week == week)]


def test_an_answered_command_is_an_event_and_the_cause_of_what_it_emitted(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 2))
        assert ledger.execute(take("w10", "ann", options=("roof", "horn"))) == Taken("w10", 1)
        events = list(ledger.events())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    by_seq = {event.seq: event for event in events}
    story = [(e.kind, by_seq[e.cause].kind if e.cause else None) for e in events[2:]]
    assert story == [
        ("command.answered", None),
        ("trial_slot.taken", "command.answered"),
        ("trial_part.called", "trial_slot.taken"),
        ("trial_part.called", "trial_slot.taken"),
        ("trial_part.confirmed", "trial_part.called"),  # breadth first: both calls come before any confirmation
        ("trial_part.confirmed", "trial_part.called"),
    ]
    answered = events[2]
    assert answered.stream == "command/take-w10-ann"
    assert isinstance(answered.body, CommandAnswered)
    assert answered.body.name == "trial.take"
    assert {e.recorded_at for e in events} == {NOON}
    assert {e.party for e in events[2:]} == {"ann"}


def test_folds_fill_the_tables_and_a_reopened_ledger_goes_on(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 2))
        ledger.execute(take("w10", "ann", chance=0.1 + 0.2, options=("roof",)))
    with opened(ledger_url) as ledger:
        assert ledger.head() == 6
        ledger.execute(take("w10", "bob"))
        with ledger.reader() as reader:
            assert reader.program_id == TRIAL
            assert reader.get(WEEK, "w10") == Week("w10", 0)
            assert reader.get(WEEK, "w11") is None
            ann, bob = reader.select(HOLDING)
            assert (ann.build_on, ann.chance, ann.options, ann.note) == (date(2026, 3, 9), 0.1 + 0.2, ["roof"], None)
            assert (ann.taken_at, ann.firm, bob.note) == (NOON, False, "plain")
            assert reader.get(PART, "roof") == PartCount("roof", 1, 1)
    with (
        open_reader(ledger_url, TRIAL, ()) as blind,
        blind.reader() as reader,
        pytest.raises(InvalidInput, match="no projection"),
    ):
        reader.get(WEEK, "w10")


def test_asked_twice_takes_effect_once_and_answers_the_same(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 5))
        first = ledger.execute(take("w10", "ann"))
        head = ledger.head()
        assert ledger.execute(take("w10", "ann")) == first
        twice = [take("w10", "bob"), take("w10", "cy"), take("w10", "bob"), take("w10", "ann")]
        bob, cy, again, ann = ledger.execute_many(twice)
        assert (bob, cy, again, ann) == (Taken("w10", 3), Taken("w10", 2), Taken("w10", 3), first)
        assert ledger.head() == head + 4
        with pytest.raises(Conflict, match="another body"):
            ledger.execute(take("w10", "dee", command_id="take-w10-ann"))
        mixed = ledger.execute_many([take("w10", "eve", command_id="x"), take("w10", "fay", command_id="x")])
        assert mixed[0] == Taken("w10", 1)
        assert isinstance(mixed[1], Conflict)
    with opened(ledger_url) as ledger:
        assert ledger.execute(take("w10", "ann")) == first
        assert holders(ledger, "w10") == ["ann", "bob", "cy", "eve"]


def test_a_refusal_is_an_answer_that_is_kept(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        assert ledger.execute(take("w99", "ann")) == Full("week w99 is full")
        ledger.execute(open_week("w99", 1))
        assert ledger.execute(take("w99", "ann")) == Full("week w99 is full")
        assert ledger.execute(take("w99", "ann", command_id="second-try")) == Taken("w99", 0)


def test_a_command_that_raises_leaves_nothing_behind(ledger_url: str) -> None:
    def raises(tx: Transaction) -> None:
        tx.emit("week/w10", SlotsOpened("w10", 100))
        tx.emit("week/w77", SlotsOpened("w77", 100))
        tx.get(WEEK, "w10")
        raise ValueError("the plant is closed")

    def raises_after_reading(tx: Transaction) -> None:
        tx.emit("week/w10", SlotsOpened("w10", 100))
        tx.emit("week/w77", SlotsOpened("w77", 100))
        assert {row.week: row.free for row in tx.select(WEEK)}["w77"] == 100
        tx.emit("week/w77", SlotsOpened("w77", 100))
        raise NotFound("no such plant")

    def looks(tx: Transaction) -> list[int]:
        week = tx.get(WEEK, "w10")
        assert week is not None
        return [week.free, tx.version("week/w10"), tx.version("week/w77"), len(tx.select(WEEK))]

    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 3))
        answers = ledger.execute_many(
            [
                take("w10", "ann"),
                command("broken", raises),
                take("w10", "bob"),
                command("broken-later", raises_after_reading),
                command("look", looks, list[int]),
            ]
        )
        assert answers[0] == Taken("w10", 2)
        assert isinstance(answers[1], PullcordError)
        assert "the plant is closed" in str(answers[1])
        assert answers[2] == Taken("w10", 1)
        assert isinstance(answers[3], NotFound)
        assert answers[4] == [1, 3, 0, 1]
        with pytest.raises(ValueError, match="plant is closed"):
            ledger.execute(command("broken", raises))
        assert [e.seq for e in ledger.events()] == list(range(1, ledger.head() + 1))
        assert ledger.execute(command("broken", lambda tx: None)) is None  # its name is free again
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_a_rule_of_the_tables_stops_only_the_guilty_command(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 1))
        ledger.execute(open_week("w11", 9))
        group = [take("w11", "ann"), take_blindly("w10", "bob"), take("w11", "cy"), take_blindly("w10", "dee")]
        ann, bob, cy, dee = ledger.execute_many([*group, take("w11", "eve")])[:4]
        assert (ann, bob, cy) == (Taken("w11", 8), None, Taken("w11", 7))
        assert isinstance(dee, Conflict)
        assert "free" in str(dee)
        assert holders(ledger, "w10") == ["bob"]
        assert holders(ledger, "w11") == ["ann", "cy", "eve"]
        with pytest.raises(Conflict):
            ledger.execute(take_blindly("w10", "dee"))
        assert ledger.execute(take("w11", "fay")) == Taken("w11", 5)
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_a_broken_rule_that_a_later_select_uncovers_is_not_blamed_on_it(ledger_url: str) -> None:
    def selects(tx: Transaction) -> int:
        try:
            return len(tx.select(WEEK))
        except Exception:  # a decide that swallows what it should not
            return -1

    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 0))
        guilty, innocent = ledger.execute_many([take_blindly("w10", "bob"), command("count", selects, int)])
        assert isinstance(guilty, Conflict)
        assert innocent == 1


def test_a_failed_query_spoils_no_other_command(ledger_url: str) -> None:
    def asks_nonsense(tx: Transaction) -> None:
        tx.query(sa.select(sa.text("no_such_column")).select_from(WEEK.sql))

    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 5))
        ann, nonsense, bob = ledger.execute_many(
            [take("w10", "ann"), command("nonsense", asks_nonsense), take("w10", "bob")]
        )
        assert isinstance(nonsense, PullcordError)
        assert (ann, bob) == (Taken("w10", 4), Taken("w10", 3))


def test_many_threads_leave_no_gap_and_oversell_nothing(ledger_url: str) -> None:
    threads, each, places = 16, 25, 150
    with opened(ledger_url, group_max=32) as ledger:
        ledger.execute(open_week("w10", places))
        rng = stream(20260302, "tests.ledger.threads")
        orders = [[f"h{t}-{i}" for i in rng.permutation(each)] for t in range(threads)]

        def shop(names: list[str]) -> list[Taken | Full]:
            return [ledger.execute(take("w10", name)) for name in names]

        with ThreadPoolExecutor(threads) as pool:
            answers = [answer for batch in pool.map(shop, orders) for answer in batch]
        taken = [answer.free for answer in answers if isinstance(answer, Taken)]
        assert sorted(taken) == list(range(places))
        assert len(holders(ledger, "w10")) == places
        events = list(ledger.events())
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    versions = defaultdict(list)
    for found in events:
        versions[found.stream].append(found.version)
    assert all(run == list(range(1, len(run) + 1)) for run in versions.values())
    assert verify(ledger_url, TRIAL, PROJECTIONS).ok


def test_expected_version_lets_one_of_two_win(ledger_url: str) -> None:
    def at(version: int) -> Callable[[Transaction], int]:
        return lambda tx: tx.emit("week/w10", SlotsOpened("w10", 1), expected_version=version).version

    with opened(ledger_url) as ledger:
        first, second, third = ledger.execute_many(
            [command("a", at(0), int), command("b", at(0), int), command("c", at(1), int)]
        )
        assert (first, third) == (1, 2)
        assert isinstance(second, Conflict)
        assert "version 1, not 0" in str(second)
    with opened(ledger_url) as ledger, pytest.raises(Conflict):
        ledger.execute(command("d", at(1), int))


def test_readers_see_one_instant_and_do_not_hold_up_the_writer(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 10))
        with ledger.reader() as before:
            assert ledger.execute(take("w10", "ann")) == Taken("w10", 9)
            assert ledger.execute(take("w10", "bob")) == Taken("w10", 8)
            assert before.get(WEEK, "w10") == Week("w10", 10)
            assert before.select(HOLDING) == []
            assert before.query(sa.select(sa.func.count()).select_from(HOLDING.sql))[0][0] == 0
            with ledger.reader() as after:
                assert after.get(WEEK, "w10") == Week("w10", 8)
            assert before.get(WEEK, "w10") == Week("w10", 10)


def test_snapshots_under_load_are_consistent(ledger_url: str) -> None:
    done = threading.Event()
    seen: list[int] = []
    with opened(ledger_url, group_max=8) as ledger:
        ledger.execute(open_week("w10", 300))

        def watch() -> None:
            while not done.is_set():
                with ledger.reader() as reader:
                    week = reader.get(WEEK, "w10")
                    assert week is not None
                    seen.append(week.free + len(reader.select(HOLDING)))

        with ThreadPoolExecutor(2) as pool:
            watchers = [pool.submit(watch) for _ in range(2)]
            ledger.execute_many([take("w10", f"h{i:03}") for i in range(200)])
            done.set()
            for watcher in watchers:
                watcher.result()
    assert set(seen) <= {300}


def test_select_orders_by_key_in_bytes_and_sees_the_commands_own_rows(ledger_url: str) -> None:
    names = ["b", "A", "a", "Ä", "ä", "一", "_", "-", "Z"]

    def select_own(tx: Transaction) -> list[str]:
        for name in names:
            tx.emit(f"week/{name}", SlotsOpened(name, 1))
        return [row.week for row in tx.select(WEEK)]

    with opened(ledger_url) as ledger:
        assert ledger.execute(command("open", select_own, list[str])) == sorted(names, key=str.encode)
        with ledger.reader() as reader:
            columns = WEEK.sql.c
            some = reader.select(WEEK, columns.week > "a", columns.free == 1, order_by=[columns.week.desc()])
            assert [row.week for row in some] == sorted([n for n in names if n > "a"], key=str.encode, reverse=True)


def test_events_can_be_chosen_by_kind_stream_and_place(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 3))
        ledger.execute(open_week("w11", 3))
        ledger.execute_many([take(week, holder, options=("horn",)) for week in ("w10", "w11") for holder in "ab"])
        everything = list(ledger.events())
        assert Counter(e.kind for e in ledger.events(kinds=[SlotTaken, PartCalled])) == {
            "trial_slot.taken": 4,
            "trial_part.called": 4,
        }
        assert [e.version for e in ledger.events(stream="week/w11")] == [1, 2, 3]
        assert list(ledger.events(5)) == everything[5:]
        assert list(ledger.events(10, kinds=[PartConfirmed], stream="part/horn")) == [
            e for e in everything[10:] if isinstance(e.body, PartConfirmed)
        ]
        assert list(ledger.events(ledger.head())) == []
        with open_reader(ledger_url, TRIAL, PROJECTIONS) as reader:  # beside the writer, without its lock
            assert list(reader.events()) == everything
            assert reader.head() == ledger.head()


def test_a_follower_gets_every_event_once_and_in_order(ledger_url: str) -> None:
    stop = threading.Event()
    got: list[int] = []
    with opened(ledger_url, group_max=7) as ledger:
        ledger.execute(open_week("w10", 100))

        def follow() -> None:
            with open_reader(ledger_url, TRIAL, PROJECTIONS) as reader:
                for event in reader.tail(1, poll_s=0.001, stop=stop):
                    got.append(event.seq)
                    if event.stream == "command/last":
                        stop.set()

        follower = threading.Thread(target=follow)
        follower.start()
        for i in range(60):
            ledger.execute(take("w10", f"h{i}"))
        ledger.execute(open_week("w11", 1, "last"))
        follower.join(30)
        assert not follower.is_alive()
        assert got == list(range(2, ledger.head()))


def test_a_second_writer_is_refused_by_name(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        with pytest.raises(Conflict, match=r"already has a writer for program `trial`, (server )?process \d+"):
            opened(ledger_url).__enter__()
        ledger.execute(open_week("w10", 1))
    with opened(ledger_url) as ledger:
        assert ledger.head() == 2


def test_a_writer_whose_time_is_over_commits_nothing(ledger_url: str) -> None:
    engine = sa.create_engine(ledger_url)
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 5))
        with engine.begin() as connection:  # what another writer does when it opens the ledger
            connection.execute(sa.text("UPDATE ledger_head SET writer_epoch = writer_epoch + 1"))
        with pytest.raises(Conflict, match="another writer has taken over"):
            ledger.execute(take("w10", "ann"))
        assert all(isinstance(a, Conflict) for a in ledger.execute_many([take("w10", "bob"), take("w10", "cy")]))
        assert list(ledger.events(2)) == []
    engine.dispose()


def test_several_programs_share_a_database_and_nothing_else(ledger_url: str) -> None:
    other = ProgramId("other")
    with opened(ledger_url) as ledger, opened(ledger_url, other, reactions={}) as second:
        ledger.execute(open_week("w10", 3))
        second.execute(open_week("w10", 7))
        second.execute(take("w10", "ann", options=("roof",)))
        ledger.execute(take("w10", "bob"))
        assert (ledger.head(), second.head()) == (4, 4)
        assert holders(ledger, "w10") == ["bob"]
        assert holders(second, "w10") == ["ann"]
        assert {e.party for e in second.events()} == {"maker", "ann"}
    assert programs(ledger_url) == ["other", "trial"]
    for program in (TRIAL, other):
        assert verify(ledger_url, program, PROJECTIONS).ok
    with pytest.raises(NotFound, match="no program `third`"):
        verify(ledger_url, ProgramId("third"), PROJECTIONS)


def test_reactions_that_never_end_are_stopped(ledger_url: str) -> None:
    def echo(tx: Transaction, event: Event[Any]) -> None:
        tx.emit("part/horn", PartCalled("echo", "horn"))

    with opened(ledger_url, reactions={PartCalled: (echo,)}) as ledger:
        with pytest.raises(InvalidInput, match="do not end"):
            ledger.execute(command("call", lambda tx: echo(tx, None)))  # type: ignore[arg-type]
        assert ledger.head() == 0


def test_a_command_has_one_instant_and_reads_its_own_writes(ledger_url: str) -> None:
    clock = SimulatedClock(NOON)

    def decide(tx: Transaction) -> str:
        assert tx.version("week/w10") == 0
        opened_ = tx.emit("week/w10", SlotsOpened("w10", 4))
        clock.advance(timedelta(hours=1))
        later = tx.emit("week/w10", SlotsOpened("w10", 5), cause=opened_.seq)
        assert later.recorded_at == opened_.recorded_at == tx.now
        assert later.cause == opened_.seq
        assert tx.get(WEEK, "w10") == Week("w10", 9)
        assert tx.query(sa.select(WEEK.sql.c.free))[0].free == 9
        assert tx.version("week/w10") == 2
        return tx.now.isoformat()

    with opened(ledger_url, clock=clock) as ledger:
        assert ledger.execute(command("decide", decide, str)) == NOON.isoformat()
        assert ledger.execute(command("now", lambda tx: tx.now.isoformat(), str)) == "2026-03-02T13:00:00.123456+00:00"


@pytest.mark.parametrize(
    ("decide", "answer", "complaint"),
    [
        (lambda tx: tx.emit("", SlotsOpened("w", 1)), None, "cannot be a stream"),
        (lambda tx: tx.emit("a\nb", SlotsOpened("w", 1)), None, "cannot be a stream"),
        (lambda tx: tx.emit("command/x", SlotsOpened("w", 1)), None, "cannot be a stream"),
        (lambda tx: tx.emit("week/w", SlotsOpened("w", "many")), None, "cannot be kept as an event"),
        (lambda tx: tx.emit("week/w", SlotsOpened("\ud800", 1)), None, "cannot be kept as an event"),
        (lambda tx: tx.emit("week/w", SlotsOpened("w", 1), cause=9), None, "cannot be the cause"),
        (lambda tx: tx.emit("week/w", object()), None, "is no event"),
        (lambda tx: object(), object, "cannot be kept as"),
        (lambda tx: "seven", int, "cannot be kept as"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_it_is(
    ledger_url: str, decide: Callable[[Transaction], Any], answer: Any, complaint: str
) -> None:
    with opened(ledger_url) as ledger:
        with pytest.raises(InvalidInput, match=complaint):
            ledger.execute(command("odd", decide, answer))
        assert ledger.head() == 0


def test_a_command_cannot_wait_for_another_of_its_own_ledger(ledger_url: str) -> None:
    with opened(ledger_url) as ledger, pytest.raises(InvalidInput, match="cannot wait for another command"):
        ledger.execute(command("nested", lambda tx: ledger.execute(open_week("w10", 1))))


def test_a_closed_ledger_says_so(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        pass
    with pytest.raises(Conflict, match="is closed"):
        ledger.execute(open_week("w10", 1))


def test_without_create_nothing_is_made(ledger_url: str) -> None:
    with pytest.raises(NotFound), opened(ledger_url, create=False):
        pass
    with pytest.raises(NotFound):
        open_reader(ledger_url, TRIAL, PROJECTIONS)


def test_events_of_an_unknown_kind_or_a_newer_version_are_named(ledger_url: str) -> None:
    with opened(ledger_url) as ledger:
        ledger.execute(open_week("w10", 1))
    engine = sa.create_engine(ledger_url)
    with open_reader(ledger_url, TRIAL, PROJECTIONS) as reader:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE event SET kind = 'trial_slot.painted' WHERE seq = 2"))
        with pytest.raises(NotFound, match=r"event 2 of `week/w10`: no event of kind `trial_slot\.painted`"):
            list(reader.events())
        with engine.begin() as connection:
            body = """{"v":8,"week":"w10","vehicles":1}"""
            connection.execute(
                sa.text("UPDATE event SET kind = 'trial_slot.opened', body = :body WHERE seq = 2"), {"body": body}
            )
        with pytest.raises(NotFound, match="known up to version 1, and this one is of version 8"):
            list(reader.events())
    engine.dispose()
    assert "event 2" in str(verify(ledger_url, TRIAL, PROJECTIONS).faults[0])
