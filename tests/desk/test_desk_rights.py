"""Who may give which command: every command of the desk, tried by every party of the program."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from pullcord.alliance import RIGHTS, Role
from pullcord.base import CampaignId, ClaimId, Forbidden, Money, PartyId
from pullcord.campaigns import CampaignTerms, Quota, Refundable, SignalCount
from pullcord.catalogue import Catalogue
from pullcord.claims import PUBLIC, Claim, Evidence, Medium, Subject, SubjectKind
from pullcord.desk import Desk
from pullcord.outlook import Outlook
from pullcord.store import Command
from small_house import small_program

DAY = date(2025, 6, 3)
HOUR = (datetime(2025, 6, 3, 10, tzinfo=UTC), datetime(2025, 6, 3, 11, tzinfo=UTC))
CAMPAIGN = CampaignTerms(
    CampaignId("rush"),
    "Rush",
    "抢购",
    *HOUR,
    Money(100_00, "CNY"),
    Refundable.LOCK,
    queue_max=10,
    hold_hours=1,
    quotas=(Quota("*", "*", 5),),
)
CLAIM = Claim(
    ClaimId("white"),
    PartyId("maker"),
    Medium.PICTURE,
    Subject(SubjectKind.OPTION, "colour.white"),
    "option",
    "yes",
    "",
    "It comes in white.",
    "有白色可选。",
    Evidence.OPTION,
    "option/colour.white",
    (PUBLIC,),
    DAY,
    None,
    (),
    "",
    "A",
)
Given = Callable[[Desk, PartyId | None], Command[object]]

COMMANDS: dict[str, tuple[str, Given]] = {
    "open_program": ("shop", lambda desk, party: desk.open_program(party)),
    "open_stock": ("maker", lambda desk, party: desk.open_stock(party=party)),
    "reserve": ("shop", lambda desk, party: desk.reserve("o", "p", "white", "owned", "beijing", party=party)),
    "quote": ("shop", lambda desk, party: desk.quote("o", party=party)),
    "deposit": ("shop", lambda desk, party: desk.deposit("o", party=party)),
    "lock": ("shop", lambda desk, party: desk.lock("o", party=party)),
    "cancel": ("shop", lambda desk, party: desk.cancel("o", "why", party=party)),
    "lapse_due": ("shop", lambda desk, party: desk.lapse_due("noon", party=party)),
    "lock_due": ("shop", lambda desk, party: desk.lock_due("noon", party=party)),
    "open_campaign": ("shop", lambda desk, party: desk.open_campaign(CAMPAIGN, party=party)),
    "close_campaign": ("shop", lambda desk, party: desk.close_campaign("rush", "over", party=party)),
    "reserve_in_campaign": (
        "shop",
        lambda desk, party: desk.reserve_in_campaign("c", "p", "white", "owned", "beijing", "rush", party=party),
    ),
    "accept_offer": ("shop", lambda desk, party: desk.accept_offer("o", "p", "rush", party=party)),
    "leave_queue": ("shop", lambda desk, party: desk.leave_queue("o", "p", "rush", party=party)),
    "lapse_offers": ("shop", lambda desk, party: desk.lapse_offers("noon", party=party)),
    "count_signals": (
        "shop",
        lambda desk, party: desk.count_signals(HOUR, [SignalCount("view", 3, "white")], party=party),
    ),
    "forecast": ("shop", lambda desk, party: desk.forecast("f", 4, party=party)),
    "release": ("shop", lambda desk, party: desk.release("r", "maker", ["city"], 1, period="2025Q2", party=party)),
    "settle": ("shop", lambda desk, party: desk.settle("w", party=party)),
    "bill_month": ("shop", lambda desk, party: desk.bill_month("o", 1, 900, party=party)),
    "plan": ("maker", lambda desk, party: desk.plan("shenzhen", "r", party=party)),
    "change_capacity": ("maker", lambda desk, party: desk.change_capacity("shenzhen", DAY, 9, party=party)),
    "build": ("maker", lambda desk, party: desk.build("shenzhen", DAY, party=party)),
    "receive": ("maker", lambda desk, party: desk.receive(DAY, party=party)),
    "pay_suppliers": ("maker", lambda desk, party: desk.pay_suppliers(DAY, party=party)),
    "arrive": ("carrier", lambda desk, party: desk.arrive(DAY, party=party)),
    "publish_claims": ("shop", lambda desk, party: desk.publish_claims(party=party)),
    "publish_claim": ("maker", lambda desk, party: desk.publish_claim(CLAIM, party=party)),
    "withdraw_claim": ("shop", lambda desk, party: desk.withdraw_claim("roof", "why", party=party)),
    "change_fact": ("maker", lambda desk, party: desk.change_fact("option/colour.white", "no", "why", party=party)),
}

# Where several roles may give a command: those besides the one whose job it is.
ALSO: dict[str, tuple[Role, ...]] = {"publish_claim": (Role.PLATFORM,)}


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(Catalogue(small_program()), Outlook(small_program()))


def test_every_command_of_the_desk_is_tried_here() -> None:
    reading = {"counts", "open_orders", "on_the_road", "planned_builds", "menu", "terms"}
    reading |= {"dimension", "privacy_budget_micro", "local_date", "weeks_left", "plan_policy", "expected_builds"}
    reading |= {"campaign_terms", "refundable_in"}
    reading |= {"note_refusal"}  # the house's own: no party gives it
    assert {name for name in dir(Desk) if not name.startswith("_")} - reading == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_given_by_the_party_whose_job_it_is_and_by_no_other(desk: Desk, name: str) -> None:
    whose, give = COMMANDS[name]
    assert give(desk, None).party == whose
    assert give(desk, PartyId(whose)).party == whose
    for party in small_program().parties:
        if party.party_id != whose and party.role not in ALSO.get(name, ()):
            with pytest.raises(Forbidden, match="may not give the command"):
                give(desk, party.party_id)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_stranger_gives_no_command(desk: Desk, name: str) -> None:
    with pytest.raises(Forbidden, match="`acme` is no party of The small launch") as refusal:
        COMMANDS[name][1](desk, PartyId("acme"))
    assert refusal.value.attempt is not None
    assert refusal.value.attempt.party == "acme"


def test_no_right_is_handed_out_that_no_command_uses(desk: Desk) -> None:
    named = {give(desk, None).name for _, give in COMMANDS.values()}
    assert set().union(*(RIGHTS[role] for role in Role)) == named


def test_the_same_thing_asked_for_is_the_same_command(desk: Desk) -> None:
    for _, give in COMMANDS.values():
        first, again = give(desk, None), give(desk, None)
        assert (first.id, first.body, first.name) == (again.id, again.body, again.name)
    assert len({give(desk, None).id for _, give in COMMANDS.values()}) == len(COMMANDS)
