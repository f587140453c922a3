"""Ten thousand commands without the right to them: all refused, each noted once, and nothing else written."""

from __future__ import annotations

import dataclasses
import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pullcord import alliance
from pullcord.alliance import REFUSAL, Mode, Party, RightRefused, Role, rights_of
from pullcord.app import projections
from pullcord.base import Attempt, CampaignId, FixedClock, Forbidden, Money, PartyId, ProgramId, stream
from pullcord.campaigns import CampaignTerms, Quota, Refundable, SignalCount
from pullcord.catalogue import Catalogue
from pullcord.desk import Desk
from pullcord.journey import reactions
from pullcord.outlook import Outlook
from pullcord.program import Program, read_program
from pullcord.store import Command, CommandAnswered, Ledger, verify

ROOT = Path(__file__).resolve().parents[2]
ATTEMPTS = 10_000
STRANGERS = ("acme", "jd-", "JD", "root", "gac_aion2")
NOW = datetime(2025, 11, 9, 12, tzinfo=UTC)

Chance = np.random.Generator


def program_with(mode: Mode) -> Program:
    """The People's Car, with a shop and a customer among its parties, so that every role has somebody."""
    program = read_program(ROOT / "programs" / "peoples_car")
    parties = (
        *program.parties,
        Party(PartyId("shop_1"), "A service shop", Role.SERVICE_SHOP),
        Party(PartyId("p-1"), "A customer", Role.CUSTOMER),
    )
    return dataclasses.replace(program, mode=mode, parties=parties)


def commands(desk: type[Desk]) -> dict[str, Callable[..., Any]]:
    """Every method of the desk that makes a command of a party."""
    return {
        name: method
        for name, method in inspect.getmembers(desk, inspect.isfunction)
        if not name.startswith("_")
        and name != "note_refusal"
        and str(inspect.signature(method).return_annotation).startswith("Command[")
    }


def terms(chance: Chance) -> CampaignTerms:
    opens = NOW + timedelta(hours=int(chance.integers(100)))
    return CampaignTerms(
        CampaignId(f"c{chance.integers(100)}"),
        "Rush",
        "抢购",
        opens,
        opens + timedelta(days=1),
        Money(int(chance.integers(1, 10_000)), "CNY"),
        Refundable.LOCK,
        queue_max=10,
        hold_hours=1,
        quotas=(Quota("*", "*", 5),),
    )


def arguments(program: Program) -> dict[str, Callable[[Chance], Any]]:
    """For each name of a parameter, how to draw something that it could be."""

    def word(prefix: str) -> Callable[[Chance], str]:
        return lambda chance: f"{prefix}{chance.integers(10**6)}"

    def one_of(values: Any) -> Callable[[Chance], Any]:
        return lambda chance: values[int(chance.integers(len(values)))]

    def day(chance: Chance) -> date:
        return date(2025, 11, 9) + timedelta(days=int(chance.integers(180)))

    claims = [str(claim.claim_id) for claim in program.claims] or ["none"]
    prices = [(price.variant_id, price.plan) for price in program.prices]
    partners = [party.party_id for party in program.parties if party.role not in (Role.PLATFORM, Role.CARMAKER)]
    return {
        "order_id": word("o-"),
        "person_id": word("p-"),
        "variant_id": one_of([variant for variant, _ in prices]),
        "plan": one_of(sorted({plan for _, plan in prices})),
        "city_id": one_of([city.city_id for city in program.cities]),
        "plant_id": one_of([plant.plant_id for plant in program.plants]),
        "campaign_id": word("c"),
        "claim_id": one_of(claims),
        "claim": one_of(claims),
        "why": word("since "),
        "key": one_of([f"transit/{city.city_id}" for city in program.cities]),
        "value": lambda chance: str(chance.integers(1, 30)),
        "run_id": word("r-"),
        "release_id": word("release-"),
        "reason": word("because "),
        "moment": word("m-"),
        "period": one_of(["2025Q4", "2026Q1"]),
        "weeks": lambda chance: int(chance.integers(1, 27)),
        "month": lambda chance: int(chance.integers(1, 61)),
        "km": lambda chance: int(chance.integers(0, 6_000)),
        "epsilon_micro": lambda chance: int(chance.integers(1, 10**6)),
        "partner": one_of(partners),
        "by": lambda chance: ["city"],
        "on_date": day,
        "week_start": lambda chance: date(2025, 11, 10) + timedelta(weeks=int(chance.integers(20))),
        "vehicles": lambda chance: int(chance.integers(1, 500)),
        "built_on": day,
        "campaign": terms,
        "window": lambda chance: (NOW, NOW + timedelta(hours=1)),
        "counts": lambda chance: [SignalCount("view", int(chance.integers(1, 99)), prices[0][0])],
    }


@contextmanager
def empty_house(program: Program, folder: Path) -> Iterator[tuple[Desk, Ledger]]:
    """The desk, and a ledger in which nothing has happened."""
    house = Catalogue(program)
    with Ledger.open(
        f"sqlite:///{folder / 'ledger.db'}",
        ProgramId(program.program_id),
        clock=FixedClock(NOW),
        projections=projections(),
        reactions=reactions(house),
    ) as ledger:
        yield Desk(house, Outlook(program)), ledger


def attempts(desk: Desk, count: int) -> list[Attempt]:
    """So many commands that no right allows, each asked for at the desk: what every refusal says was tried."""
    program, rights = desk.program, rights_of(desk.program.mode)
    drawn, known = arguments(program), commands(Desk)
    givers: list[tuple[str, Role | None]] = [(party.party_id, party.role) for party in program.parties]
    givers += [(name, None) for name in STRANGERS]
    chance = stream(20251109, "tests.forbidden")
    names = sorted(known)
    asks = {
        name: [p.name for p in list(inspect.signature(method).parameters.values())[1:] if p.default is p.empty]
        for name, method in known.items()
    }
    unknown = {parameter for parameters in asks.values() for parameter in parameters} - set(drawn)
    assert not unknown, "say in `arguments` what they could be"
    found: list[Attempt] = []
    tried: Counter[str] = Counter()
    while len(found) < count:
        giver, role = givers[int(chance.integers(len(givers)))]
        name = names[int(chance.integers(len(names)))]
        asked = {parameter: drawn[parameter](chance) for parameter in asks[name]}
        attempt = _refused(lambda: known[name](desk, **asked, party=PartyId(giver)))  # noqa: B023
        if isinstance(attempt, Attempt):
            assert attempt.party == giver
            found.append(attempt)
            tried[name] += 1
        else:
            assert role is not None, f"{giver} is a stranger and may {name}"
            assert attempt.name in rights[role], f"{giver}, a {role}, may {name}"
    assert set(tried) == set(names), "every command of the desk was tried by somebody without the right"
    return found


def _refused(give: Callable[[], Command[Any]]) -> Attempt | Command[Any]:
    """What was tried, if it was refused; otherwise the command."""
    try:
        return give()
    except Forbidden as refused:
        return refused.attempt or Attempt("", "the refusal forgets what was tried", "")


@pytest.mark.parametrize("mode", [Mode.DIRECT, Mode.TECHNOLOGY])
def test_all_are_refused_and_all_are_noted(tmp_path: Path, mode: Mode) -> None:
    program = program_with(mode)
    with empty_house(program, tmp_path) as (desk, ledger):
        refused = attempts(desk, ATTEMPTS)
        assert ledger.head() == 0, "a refusal alone writes nothing"
        answers = ledger.execute_many([desk.note_refusal(attempt) for attempt in refused])
        assert [answer.count for answer in answers if not isinstance(answer, Exception)] == [1] * ATTEMPTS
        events = list(ledger.events())
        with ledger.reader() as reader:
            rows = reader.select(REFUSAL)

    kinds = Counter(event.kind for event in events)
    assert kinds == {"right.refused": ATTEMPTS, "command.answered": ATTEMPTS}
    assert {e.body.name for e in events if isinstance(e.body, CommandAnswered)} == {alliance.NOTED}
    noted = [event for event in events if isinstance(event.body, RightRefused)]
    assert [(e.body.asked_by, e.body.command, e.body.command_id) for e in noted] == [
        (attempt.party, attempt.command, attempt.command_id) for attempt in refused
    ]
    roles = {party.party_id: party.role for party in program.parties}
    for event in noted:
        assert event.body.role is roles.get(event.body.asked_by)
        assert event.party == (event.body.asked_by if event.body.asked_by in roles else "jd")
    assert len(rows) == ATTEMPTS
    assert {row.refused_at for row in rows} == {NOW}
    assert {e.body.asked_by for e in noted} >= set(roles) - {"jd"} | set(STRANGERS)

    found = verify(f"sqlite:///{tmp_path / 'ledger.db'}", ProgramId(program.program_id), projections())
    assert found.ok, found.faults


def test_the_same_attempt_made_twice_is_noted_twice(tmp_path: Path) -> None:
    with empty_house(program_with(Mode.DIRECT), tmp_path) as (desk, ledger):
        for _ in range(2):
            with pytest.raises(Forbidden) as refused:
                desk.settle("2025-W48", party=PartyId("catl"))
            assert refused.value.attempt is not None
            ledger.execute(desk.note_refusal(refused.value.attempt))
        with ledger.reader() as reader:
            rows = reader.select(REFUSAL)
    assert [(row.asked_by, row.role, row.command, row.command_id) for row in rows] == [
        ("catl", "supplier", "finance.settle", "settle-2025-W48")
    ] * 2


def test_a_name_that_can_be_no_name_is_not_kept(tmp_path: Path) -> None:
    body = "my name is Wang, +86 138 0000 0000\n" * 50
    with empty_house(program_with(Mode.DIRECT), tmp_path) as (desk, ledger):
        with pytest.raises(Forbidden) as refused:
            desk.cancel("o-1", body, party=PartyId(body))
        assert refused.value.attempt is not None
        ledger.execute(desk.note_refusal(refused.value.attempt))
        (event,) = ledger.events(kinds=[RightRefused])
    assert (event.body.asked_by, event.party, event.stream) == ("unnamed", "jd", "refusals/unnamed")
    kept = (tmp_path / "ledger.db").read_bytes() + b"".join(f.read_bytes() for f in tmp_path.glob("ledger.db-wal"))
    assert b"Wang" not in kept
