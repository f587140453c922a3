"""Whatever comes in whatever order: nothing is oversold, and nobody is served before somebody who came earlier."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rush import OPENS, Referee, Rush, rush, terms

from pullcord.app import projections
from pullcord.base import CampaignId, CityId, NotFound, OrderId, PersonId, ProgramId, VariantId
from pullcord.campaigns import CampaignOffered, CampaignQueued, PlaceState
from pullcord.store import verify
from small_house import small_program

VARIANTS, CITIES, PEOPLE = ("white", "black"), ("chengdu", "harbin"), tuple("abcdefgh")
QUOTAS = st.dictionaries(
    st.tuples(st.sampled_from(("*", *VARIANTS)), st.sampled_from(("*", *CITIES))), st.integers(0, 3), min_size=1
)
WISH = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(VARIANTS), st.sampled_from(CITIES))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), WISH),
        st.tuples(st.just("ask"), WISH),
        st.tuples(st.sampled_from(("cancel", "accept", "leave")), st.sampled_from(PEOPLE)),
        st.tuples(st.just("wait"), st.integers(1, 3)),
    ),
    max_size=25,
)


def play(running: Rush, steps: list[tuple[str, object]], referee: Referee) -> None:
    """Let everybody do what they want, and the referee look at each step's events."""
    orders: dict[str, str] = {}
    for number, (verb, what) in enumerate(steps):
        seen = running.house.ledger.head()
        if verb == "wait":
            running.house.wait(hours=what)
            running.sweep()
        elif verb == "ask":
            who, variant, city = what  # type: ignore[misc]
            place = running.ask(who, variant, city, order=f"{who}{number}")
            if place.state in (PlaceState.RESERVED, PlaceState.QUEUED):
                orders[who] = place.order_id
        elif what in orders:
            act(running, verb, str(what), orders[str(what)], number)
        referee.read(list(running.house.ledger.events(seen)))
        referee.at_rest()


def act(running: Rush, verb: str, who: str, order: str, number: int) -> None:
    desk = running.house.desk
    command = {
        "cancel": lambda: desk.cancel(order, "why"),
        "accept": lambda: desk.accept_offer(order, f"p-{who}", "rush", attempt=number),
        "leave": lambda: desk.leave_queue(order, f"p-{who}", "rush", attempt=number),
    }[verb]()
    with suppress(NotFound):  # nothing to cancel, or nobody who waits: the ledger hears nothing of it
        running.house.give(command)


@settings(max_examples=40)
@given(quotas=QUOTAS, steps=STEPS, queue_max=st.integers(0, 5), pay=st.one_of(st.none(), st.integers(1, 4)))
def test_nothing_is_oversold_and_nobody_is_passed_over(
    quotas: dict[tuple[str, str], int], steps: list[tuple[str, object]], queue_max: int, pay: int | None
) -> None:
    campaign = terms([(*cell, places) for cell, places in quotas.items()], queue_max=queue_max, pay_within_hours=pay)
    with TemporaryDirectory() as folder:
        with rush(Path(folder), campaign) as running:
            referee = Referee(campaign)
            play(running, steps, referee)
            standing = running.standing()
        assert {(q.variant_id, q.city_id): q.remaining for q in standing.quotas} == referee.left
        assert standing.waiting == len(referee.waiting) <= queue_max
        assert standing.held == len(referee.holding) + len(referee.offered)
        assert verify(f"sqlite:///{folder}/ledger.db", ProgramId("small_launch"), projections()).ok


def test_first_come_is_first_served(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 2)])) as running:
        answers = [running.ask(who).state for who in "abcd"]
    assert answers == ["reserved", "reserved", "queued", "queued"]


def test_a_place_that_comes_back_goes_to_the_first_whom_it_fits(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("white", "*", 1), ("black", "*", 1)])) as running:
        running.ask("a", "white")
        running.ask("b", "black")
        running.ask("c", "black")
        running.ask("d", "white")
        running.cancel("a")
        assert (running.state("c"), running.state("d")) == ("queued", "offered"), "c came first, but waits for black"
        running.cancel("b")
        assert running.state("c") == "offered"


def test_one_place_can_serve_two_who_waited_for_different_quotas(tmp_path: Path) -> None:
    quotas = [("white", "*", 1), ("*", "harbin", 1)]
    with rush(tmp_path, terms(quotas)) as running:
        assert running.ask("a", "white", "harbin").state == "reserved"
        assert running.ask("b", "white", "chengdu").state == "queued"
        assert running.ask("c", "black", "harbin").state == "queued"
        running.cancel("a")
        assert (running.state("b"), running.state("c")) == ("offered", "offered")


def test_an_offer_that_is_not_taken_passes_down_the_queue(tmp_path: Path) -> None:
    with rush(tmp_path, terms([("*", "*", 1)])) as running:
        for who in "abc":
            running.ask(who)
        running.cancel("a")
        running.house.wait(hours=1)
        assert running.sweep() == 0
        running.house.wait(hours=1)
        assert running.sweep() == 1
        assert (running.state("b"), running.state("c")) == (None, "offered")
        assert running.accept("c").state == "reserved"
        again = running.ask("b", order="b-again")
        assert (again.state, again.position) == ("queued", 3), "who let an offer lapse begins at the end"


def test_the_referee_sees_a_jumped_queue() -> None:
    """The referee itself can object: its judgement is not empty."""
    referee = Referee(terms([("*", "*", 1)]))
    rush_id, white, chengdu = CampaignId("rush"), VariantId("white"), CityId("chengdu")
    for position, who in enumerate("ab", start=1):
        referee.see(CampaignQueued(rush_id, position, OrderId(who), PersonId(who), white, "owned", chengdu))
    with pytest.raises(AssertionError, match="before"):
        referee.see(CampaignOffered(rush_id, 2, OrderId("b"), PersonId("b"), OPENS))


def test_a_rush_is_the_same_on_postgresql(tmp_path: Path, postgres_schema: str) -> None:
    campaign = terms([("*", "*", 3), ("black", "*", 1)], pay_within_hours=3)
    steps: list[tuple[str, object]] = [
        ("ask", ("a", "white", "chengdu")),
        ("ask", ("b", "black", "harbin")),
        ("ask", ("c", "black", "harbin")),
        ("ask", ("d", "white", "harbin")),
        ("ask", ("e", "white", "chengdu")),
        ("cancel", "b"),
        ("accept", "c"),
        ("cancel", "a"),
        ("wait", 2),
        ("ask", ("f", "white", "chengdu")),
        ("wait", 3),
        ("ask", ("g", "white", "chengdu")),
    ]
    told = {}
    for name, url in (("sqlite", f"sqlite:///{tmp_path / 'ledger.db'}"), ("postgresql", postgres_schema)):
        with rush(url, campaign) as running:
            referee = Referee(campaign)
            play(running, steps, referee)
            told[name] = ([(e.kind, e.stream) for e in running.house.events()], running.standing(), referee.served)
        assert verify(url, ProgramId(small_program().program_id), projections()).ok
    assert told["sqlite"] == told["postgresql"]
    assert told["sqlite"][2] == ["p-a", "p-b", "p-d", "p-c", "p-f", "p-g"]
