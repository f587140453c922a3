"""Each kind of fact has one owner, and nobody else may state it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullcord.alliance import FACTS, Mode, Party, Role, may_state, owner_of, owners_of, owning_party
from pullcord.base import NotFound, PartyId
from pullcord.catalogue import Catalogue
from pullcord.program import read_program

ROOT = Path(__file__).resolve().parents[2]

PARTIES = (
    Party(PartyId("shop"), "Shop", Role.PLATFORM),
    Party(PartyId("maker"), "Maker", Role.CARMAKER),
    Party(PartyId("one"), "One", Role.SUPPLIER),
    Party(PartyId("two"), "Two", Role.SUPPLIER),
)


@pytest.mark.parametrize("mode", Mode)
def test_each_kind_of_fact_has_exactly_one_owner(mode: Mode) -> None:
    assert set(owners_of(mode)) == set(FACTS)
    for fact in FACTS:
        assert [role for role in Role if may_state(role, fact, mode)] == [owner_of(fact, mode)]


@pytest.mark.parametrize(
    ("fact", "owner"),
    [
        ("part/seat_a@white", Role.CARMAKER),
        ("option/roof.glass", Role.CARMAKER),
        ("capacity", Role.CARMAKER),
        ("test", Role.CARMAKER),
        ("price/rental", Role.PLATFORM),
        ("cap/rental", Role.BATTERY_MAKER),
        ("overage/rental@white", Role.BATTERY_MAKER),
        ("pack", Role.BATTERY_MAKER),
        ("invoice/dazhou", Role.PLATFORM),
        ("deposit/amount", Role.PLATFORM),
        ("customer", Role.PLATFORM),
        ("transit/dazhou", Role.LOGISTICS),
        ("lead_time", Role.SUPPLIER),
    ],
)
def test_the_owner_of_a_fact(fact: str, owner: Role) -> None:
    assert owner_of(fact) is owner
    assert may_state(owner, fact)


def test_what_the_customer_pays_and_who_they_are_belongs_to_the_seller() -> None:
    for fact in ("price", "deposit", "refund", "invoice", "customer", "campaign"):
        assert owner_of(fact, Mode.DIRECT) is Role.PLATFORM
        assert owner_of(fact, Mode.TECHNOLOGY) is owner_of(fact, Mode.FUNDING) is Role.CARMAKER
    assert owner_of("forecast", Mode.TECHNOLOGY) is Role.PLATFORM


def test_what_is_no_fact_nobody_may_state() -> None:
    with pytest.raises(NotFound, match="nobody owns facts of the kind `sunroof`"):
        owner_of("sunroof/glass")
    assert not any(may_state(role, "sunroof") for role in Role)


def test_the_party_that_owns_a_fact() -> None:
    assert owning_party(PARTIES, "price/owned").party_id == "shop"
    assert owning_party(PARTIES, "price/owned", Mode.TECHNOLOGY).party_id == "maker"
    assert owning_party(PARTIES, "transit/dazhou").party_id == "maker", "nobody carries: the carmaker answers"
    with pytest.raises(NotFound, match="may be a fact of `one`, `two`"):
        owning_party(PARTIES, "lead_time/seat_a")


def test_the_facts_that_claims_rest_on_are_their_owners() -> None:
    """Every fact of the People's Car that a claim may cite is stated by a party of the role that owns its kind."""
    program = read_program(ROOT / "programs" / "peoples_car")
    house = Catalogue(program)
    roles = {party.party_id: party.role for party in program.parties}
    stated = list(house.facts)
    assert len({fact.key.partition("/")[0] for fact in stated}) > 10
    for fact in stated:
        # A test record and the part that a party plays name the party themselves.
        if not fact.key.startswith(("test/", "party/")):
            assert roles[fact.owner] is owner_of(fact.key, program.mode), fact.key
