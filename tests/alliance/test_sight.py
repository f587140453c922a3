"""Who may see what of the ledger: decided for every kind of event and every role, and nothing where it is not."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

import pullcord
from pullcord.alliance import Mode, Role, Seen, Standing, seller_role, sight_of, visible
from pullcord.base import CityId, Money, OrderId, PartyId, PersonId, VariantId, VehicleId
from pullcord.finance import Posting, Transferred
from pullcord.orders import OrderHandedOver, OrderReserved
from pullcord.store import Event, event_kinds, record_fields
from small_house import replay, small_house

NOW = datetime(2025, 11, 9, 12, tzinfo=UTC)


def event(kind: str, body: Any, stream: str = "order/o-1") -> Event[Any]:
    return Event(7, NOW, kind, stream, 1, PartyId("jd"), 6, body)


RESERVED = event(
    "order.reserved",
    OrderReserved(OrderId("o-1"), PersonId("p-wang"), VariantId("white"), "rental", CityId("dazhou"), None),
)


@pytest.fixture(scope="module", autouse=True)
def every_room() -> None:
    """All rooms are imported, so that all kinds of events are known."""
    for found in pkgutil.walk_packages(pullcord.__path__, "pullcord."):
        top = found.name.split(".")[1]
        if top not in ("cli", "api", "shop", "server", "web", "bench", "report") and "migrations" not in found.name:
            importlib.import_module(found.name)


@pytest.mark.parametrize("mode", Mode)
def test_each_kind_of_event_is_decided_for_every_role(mode: Mode) -> None:
    table = sight_of(mode)
    ours = {kind: body for kind, body in event_kinds().items() if body.__module__.startswith("pullcord.")}
    assert len(ours) > 40
    assert set(ours) - set(table) == set(), "say in alliance/sight.py who sees them"
    assert set(table) - set(ours) == set(), "no room has such an event"
    for kind, roles in table.items():
        assert set(roles) == set(Role)
        fields = set(record_fields(ours[kind]))
        for role, seen in roles.items():
            assert seen is None or set(seen.fields) <= fields, f"{role} would be shown fields that {kind} has not"


def all_seen(mode: Mode) -> Iterator[tuple[str, Role, Seen]]:
    for kind, roles in sight_of(mode).items():
        for role, seen in roles.items():
            if seen is not None:
                yield kind, role, seen


@pytest.mark.parametrize("mode", Mode)
def test_who_a_customer_is_only_the_seller_and_the_customer_may_know(mode: Mode) -> None:
    for kind, role, seen in all_seen(mode):
        if "person_id" in seen.fields:
            assert role in (seller_role(mode), Role.CUSTOMER), f"{role} would learn from {kind} who it is"


@pytest.mark.parametrize("mode", Mode)
def test_a_customer_sees_what_is_public_and_what_is_their_own(mode: Mode) -> None:
    public = {"program.opened", "campaign.opened", "campaign.closed", "claim.unpublished"}
    for kind, role, seen in all_seen(mode):
        if role is Role.CUSTOMER and kind not in public:
            assert seen.when is not None or seen.shape is not None, f"{kind} would be shown to every customer"


@pytest.mark.parametrize("mode", Mode)
def test_who_carries_or_keeps_a_vehicle_learns_no_price(mode: Mode) -> None:
    prices = {"price", "deposit", "amount", "fee", "per_km", "terms", "objective", "shadow_prices"}
    for kind, role, seen in all_seen(mode):
        if role in (Role.LOGISTICS, Role.SERVICE_SHOP) and kind != "campaign.opened":
            assert not prices & set(seen.fields), f"{role} would learn a price from {kind}"


def test_a_supplier_sees_call_offs_to_itself_and_little_else() -> None:
    seen = {kind for kind, role, _ in all_seen(Mode.DIRECT) if role is Role.SUPPLIER}
    assert seen == {
        "calloff.issued",
        "parts.received",
        "finance.transferred",
        "privacy.released",
        "right.refused",
        "program.opened",
        "campaign.opened",
        "campaign.closed",
        "claim.published",
        "claim.unpublished",
    }


def test_an_answer_to_a_command_is_seen_by_nobody_else() -> None:
    assert set(sight_of()["command.answered"].values()) == {None}


def test_a_wish_as_each_role_sees_it() -> None:
    def told(role: Role, standing: Standing = Standing(), mode: Mode = Mode.DIRECT) -> Any:
        seen = visible(PartyId("x"), role, RESERVED, standing, mode)
        return None if seen is None else seen["body"]

    plain = {"order_id": "o-1", "variant_id": "white", "plan": "rental", "city_id": "dazhou"}
    whole = plain | {"person_id": "p-wang", "campaign_id": None}
    assert told(Role.PLATFORM) == whole
    assert told(Role.CARMAKER) == told(Role.BATTERY_MAKER) == plain
    assert told(Role.SUPPLIER) is told(Role.LOGISTICS) is told(Role.FUNDER) is told(Role.SERVICE_SHOP) is None
    assert told(Role.CUSTOMER) is None
    assert told(Role.CUSTOMER, Standing(owns_order=lambda order: order == "o-1")) == whole
    assert told(Role.CUSTOMER, Standing(owns_order=lambda order: order == "o-2")) is None
    assert told(Role.CARMAKER, mode=Mode.TECHNOLOGY) == whole, "there it sells"
    assert told(Role.PLATFORM, mode=Mode.TECHNOLOGY) == plain


def test_what_is_told_besides_the_body() -> None:
    seen = visible(PartyId("gac"), Role.CARMAKER, RESERVED)
    assert seen is not None
    del seen["body"]
    assert seen == {
        "seq": 7,
        "recorded_at": NOW,
        "kind": "order.reserved",
        "stream": "order/o-1",
        "party": "jd",
        "cause": 6,
    }


def test_each_party_reads_its_own_lines_of_a_transfer() -> None:
    lines = (
        Posting("jd/cash", 100),
        Posting("jd/customer_deposits/o-1", 10),
        Posting("jd/payable/gac", -110),
        Posting("gac/receivable/jd", 110),
        Posting("gac/sales", -110),
    )
    sale = event("finance.transferred", Transferred("t-1", "sale of order o-1", lines, "CNY"))

    def accounts(party: str, role: Role, standing: Standing = Standing()) -> list[str] | None:
        seen = visible(PartyId(party), role, sale, standing)
        return None if seen is None else [line.account for line in seen["body"]["lines"]]

    assert accounts("gac", Role.CARMAKER) == ["gac/receivable/jd", "gac/sales"]
    assert accounts("jd", Role.PLATFORM) == ["jd/cash", "jd/customer_deposits/o-1", "jd/payable/gac"]
    assert accounts("ga", Role.SUPPLIER) is None, "a name that begins as another's is not that other"
    assert accounts("bank", Role.FUNDER) is None
    assert accounts("bank", Role.FUNDER, Standing(funds=frozenset({"gac"}))) == ["gac/receivable/jd"]
    assert accounts("p-1", Role.CUSTOMER) is None
    own = Standing(owns_order=lambda order: order == "o-1")
    assert accounts("p-1", Role.CUSTOMER, own) == ["jd/customer_deposits/o-1"]


def test_a_kind_that_nobody_decided_on_is_seen_by_nobody() -> None:
    for role in Role:
        assert visible(PartyId("jd"), role, event("secret.told", object())) is None


def test_the_lender_follows_the_orders_it_lends_for() -> None:
    body = OrderHandedOver(
        OrderId("o-1"), VehicleId("v"), "rental", CityId("dazhou"), date(2025, 12, 1), date(2025, 12, 1),
        Money(4_990_000, "CNY"), Money(9_900, "CNY"),
    )  # fmt: skip
    handed_over = event("order.handed_over", body)
    assert visible(PartyId("bank"), Role.FUNDER, handed_over) is None
    seen = visible(PartyId("bank"), Role.FUNDER, handed_over, mode=Mode.FUNDING)
    assert seen is not None
    assert seen["body"] == {"order_id": "o-1", "delivered_on": date(2025, 12, 1)}


def test_of_a_whole_launch_nobody_learns_what_is_not_theirs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every event of a launch as each party would receive it: searched for persons, foreign books and call-offs."""
    with small_house(tmp_path_factory.mktemp("sight")) as house:
        replay(house, every=25)
        events = list(house.ledger.events())
        parties = {party.party_id: party.role for party in house.program.parties}
        suppliers = {s.supplier_id: s.party_id for s in house.program.suppliers}
    persons = {e.body.person_id for e in events if isinstance(e.body, OrderReserved)}
    assert len(persons) > 10
    counts = dict.fromkeys(parties, 0)
    for party, role in parties.items():
        own = frozenset(name for name, owner in suppliers.items() if owner == party)
        for found in events:
            seen = visible(party, role, found, Standing(supplies_as=own))
            if seen is None:
                continue
            counts[party] += 1
            told = msgspec.json.encode(seen).decode()
            if role is not Role.PLATFORM:
                assert not any(f'"{person}"' in told for person in persons)
            if role is Role.SUPPLIER:
                assert not any(f'"{other}"' in told for other in suppliers if other not in own)
            if found.kind == "finance.transferred":
                assert {line.account.split("/")[0] for line in seen["body"]["lines"]} == {party}
    assert all(counts.values()), "everybody sees something"
    assert counts["shop"] > counts["carrier"] > counts["optics"]
