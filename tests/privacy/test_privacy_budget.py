"""The budget in the ledger: never overspent, not even by many at once; the same release is drawn once and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pullcord.base import CommandId, Conflict, FixedClock, PartyId, PersonId, ProgramId
from pullcord.privacy import (
    PRIVACY_BUDGET,
    PRIVACY_RELEASE,
    PROJECTION,
    CountsReleased,
    Dimension,
    Grid,
    Question,
    Refusal,
    Release,
    epsilon_micro,
    grid_of,
    nodes,
    release,
)
from pullcord.store import Command, Ledger, Transaction, verify

GRID = Grid((Dimension("city", ("chengdu", "beijing")), Dimension("plan", ("rent", "buy"))))
PERSONS = {PersonId(f"p-{i}"): ("chengdu", "rent") for i in range(300)}
BUDGET = epsilon_micro(1)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with Ledger.open(url, ProgramId("p"), clock=FixedClock(NOON), projections=(PROJECTION,)) as opened:
        yield opened


def asked(
    name: str, epsilon: str, *, partner: str = "maker", period: str = "2025Q4", command: str = ""
) -> Command[Release | Refusal]:
    question = Question(name, PartyId(partner), period, "paid", GRID, epsilon_micro(epsilon), date(2026, 1, 5))

    def decide(tx: Transaction) -> Release | Refusal:
        return release(tx, question, lambda: PERSONS, BUDGET)

    body = [name, epsilon, partner, period]
    return Command(
        CommandId(command or f"release-{name}"), PartyId("shop"), "demand.release", body, decide, Release | Refusal
    )


def test_a_release_spends_and_what_would_overspend_is_refused(ledger: Ledger) -> None:
    first, second, third = (ledger.execute(asked(f"r{i}", "0.4")) for i in range(3))
    assert isinstance(first, Release)
    assert first.left_micro == epsilon_micro("0.6")
    assert isinstance(second, Release)
    assert second.left_micro == epsilon_micro("0.2")
    assert third == Refusal(
        "r2", "`maker` has 0.2 of its 1 left for 2025Q4, and this would cost 0.4", epsilon_micro("0.2")
    )
    exact = ledger.execute(asked("r3", "0.2"))
    assert isinstance(exact, Release), "what is left may be spent to the last millionth"
    assert exact.left_micro == 0
    assert isinstance(ledger.execute(asked("r4", "0.000001")), Refusal)
    assert len(list(ledger.events(kinds=[CountsReleased]))) == 3


def test_nobody_is_counted_for_what_is_refused_or_was_told_before(ledger: Ledger) -> None:
    def nobody() -> dict[PersonId, tuple[str, ...]]:
        raise AssertionError("somebody was counted")

    ledger.execute(asked("r", "0.7"))
    kept = Question("r", PartyId("maker"), "2025Q4", "paid", GRID, epsilon_micro("0.7"), date(2026, 2, 1))
    dear = Question("s", PartyId("maker"), "2025Q4", "paid", GRID, epsilon_micro("0.7"), date(2026, 2, 1))
    for name, question, answer in (("again", kept, Release), ("refused", dear, Refusal)):
        command = Command(
            CommandId(name), PartyId("shop"), "demand.release", name,
            lambda tx, question=question: release(tx, question, nobody, BUDGET), Release | Refusal,
        )  # fmt: skip
        assert isinstance(ledger.execute(command), answer)


def test_partners_and_periods_have_budgets_of_their_own(ledger: Ledger) -> None:
    assert isinstance(ledger.execute(asked("a", "1")), Release)
    assert isinstance(ledger.execute(asked("b", "1", partner="bank")), Release)
    assert isinstance(ledger.execute(asked("c", "1", period="2026Q1")), Release)
    assert isinstance(ledger.execute(asked("d", "0.1")), Refusal)


def test_the_same_release_asked_twice_is_the_same_answer_and_costs_once(ledger: Ledger) -> None:
    first = ledger.execute(asked("r", "0.4"))
    assert ledger.execute(asked("r", "0.4")) == first, "the same command"
    assert ledger.execute(asked("r", "0.4", command="by-another-way")) == first, "another command, the same release"
    with ledger.reader() as reader:
        (budget,) = reader.select(PRIVACY_BUDGET)
        (row,) = reader.select(PRIVACY_RELEASE)
    assert (budget.spent_micro, budget.releases) == (epsilon_micro("0.4"), 1)
    assert grid_of(row) == GRID
    root = nodes(GRID, row.noisy, row.scale, row.least_shown)[0]
    assert root.count is not None
    assert abs(root.count - 300) < 200


def test_a_name_stands_for_one_question(ledger: Ledger) -> None:
    ledger.execute(asked("r", "0.4"))
    with pytest.raises(Conflict):
        ledger.execute(asked("r", "0.3"))
    with pytest.raises(Conflict, match="the name of another release"):
        ledger.execute(asked("r", "0.3", command="by-another-way"))
    assert len(list(ledger.events(kinds=[CountsReleased]))) == 1


def test_many_at_once_spend_no_more_than_there_is(ledger: Ledger) -> None:
    answers: list[Release | Refusal] = []

    def ask(who: int) -> None:
        for i in range(4):
            answers.append(ledger.execute(asked(f"r-{who}-{i}", "0.15")))

    threads = [threading.Thread(target=ask, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 32
    assert sum(isinstance(answer, Release) for answer in answers) == 6  # 6 x 0.15 = 0.9, a seventh would be 1.05
    with ledger.reader() as reader:
        (budget,) = reader.select(PRIVACY_BUDGET)
    assert budget.spent_micro == epsilon_micro("0.9")


def test_many_in_one_group_spend_no_more_than_there_is(ledger: Ledger) -> None:
    answers = ledger.execute_many([asked(f"r{i}", "0.3") for i in range(10)])
    assert [isinstance(answer, Release) for answer in answers] == [True] * 3 + [False] * 7


def test_a_replay_makes_the_same_release_without_drawing_again(ledger: Ledger, tmp_path: Path) -> None:
    ledger.execute(asked("r", "0.4"))
    ledger.execute(asked("s", "0.4"))
    ledger.close()
    found = verify(f"sqlite:///{tmp_path / 'ledger.db'}", ProgramId("p"), (PROJECTION,))
    assert not found.faults
    assert found.events >= 4


def test_nobody_but_the_noise_is_in_the_ledger(ledger: Ledger) -> None:
    """What is kept names no person and no count that was not noised: all of it may leave."""
    ledger.execute(asked("r", "0.4"))
    (event,) = ledger.events(kinds=[CountsReleased])
    assert not any(person in str(event.body) for person in ("p-0", "p-299"))
    assert set(event.body.__slots__) == {
        "release_id", "partner", "period", "counted", "dimensions", "values", "as_of", "mechanism", "scale",
        "epsilon_micro", "budget_micro", "least_shown", "noisy",
    }  # fmt: skip


def test_the_threshold_is_at_least_ten_and_at_least_the_noise(ledger: Ledger) -> None:
    coarse, fine = ledger.execute(asked("a", "0.2")), ledger.execute(asked("b", "0.8"))
    assert isinstance(coarse, Release)
    assert isinstance(fine, Release)
    assert coarse.least_shown == coarse.half_width + 1 > 10
    assert fine.least_shown == max(10, fine.half_width + 1)
