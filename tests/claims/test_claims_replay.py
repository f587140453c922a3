"""The launch's own claims: which of them are refused, by which rule and fact, and what would have mended each."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from claim_bench import FOLDER, as_launched, program
from typer.testing import CliRunner

from pullcord.base import ClaimId
from pullcord.claims import RULES, Claim, check_claims
from pullcord.cli.claims import app

REFUSED = {
    "picture-sunroof": {
        "evidence-missing": ["option/roof.sunroof"],
        "not-buildable": ["option/roof.sunroof", "option/roof"],
    },
    "price-rental": {"terms-missing": ["cap/rental", "overage/rental", "refund/after_lock", "invoice/everywhere"]},
    "price-owned": {"terms-missing": ["refund/after_lock", "invoice/everywhere"]},
    "monthly-fee": {"terms-missing": ["cap/rental", "overage/rental"]},
    "order-and-lock": {"terms-missing": ["refund/after_lock"]},
    "sold-everywhere": {
        "scope-too-wide": [
            "invoice/everywhere",
            "invoice/cities",
            "invoice/huizhou",
            "invoice/linyi",
            "invoice/baoding",
        ]
    },
    "daily-commuting": {"evidence-missing": []},
    "four-attributes": {"evidence-missing": []},
}
TRUE = {
    "wrap-package",
    "accessories-package",
    "screen",
    "driver-aids",
    "range",
    "swap-time",
    "charge-time",
    "wheelbase",
    "sold-by",
    "built-by",
    "battery-by",
}


def test_exactly_these_are_refused_by_these_rules_and_facts() -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for breach in check_claims(program(), as_launched()).broken:
        found.setdefault(breach.claim_id, {})[breach.rule] = [fact.key for fact in breach.facts]
    assert found == REFUSED


def test_what_was_true_may_be_published() -> None:
    checked = check_claims(program(), as_launched())
    assert {found.claim.claim_id for found in checked.claims if found.holds} == TRUE
    assert len(checked.claims) == len(REFUSED) + len(TRUE)


def own(*claim_ids: str) -> list[Claim]:
    return [found for found in program().claims if found.claim_id in claim_ids]


TERMS = ("monthly-fee", "mileage-cap", "overage", "refund-locked", "lock-time", "invoice-cities")


@pytest.mark.parametrize("claim_id", ["price-rental", "price-owned", "monthly-fee", "order-and-lock"])
def test_a_price_passes_once_its_terms_stand_beside_it(claim_id: str) -> None:
    (bare,) = (found for found in as_launched() if found.claim_id == claim_id)
    beside = [found for found in own(*TERMS) if found.claim_id != claim_id]
    told = replace(bare, beside=tuple(found.claim_id for found in beside))
    assert check_claims(program(), [told, *beside]).hold


def test_each_term_is_needed_by_itself() -> None:
    (price,) = own("price-rental")
    for left_out in price.beside:
        beside = tuple(name for name in price.beside if name != left_out)
        checked = check_claims(program(), [replace(price, beside=beside), *own(*TERMS)]).of("price-rental")
        assert checked is not None
        assert [breach.rule for breach in checked.broken] == ["terms-missing"], left_out


def test_the_sunroof_passes_as_the_roof_that_is_built() -> None:
    (picture,) = (found for found in as_launched() if found.claim_id == "picture-sunroof")
    (steel,) = own("roof-steel")
    mended = replace(picture, subject=steel.subject, evidence=steel.evidence, reference=steel.reference)
    assert check_claims(program(), [mended]).hold


def test_the_scope_passes_as_the_number_of_cities() -> None:
    (wide,) = (found for found in as_launched() if found.claim_id == "sold-everywhere")
    (narrow,) = own("invoice-cities")
    mended = replace(wide, attribute=narrow.attribute, value=narrow.value, unit=narrow.unit, reference=narrow.reference)
    assert check_claims(program(), [mended]).hold


def test_evidence_of_something_else_mends_nothing() -> None:
    (boast,) = (found for found in as_launched() if found.claim_id == "daily-commuting")
    (good,) = own("range")
    mended = replace(boast, evidence=good.evidence, reference=good.reference)
    assert [breach.rule for breach in check_claims(program(), [mended]).broken] == ["evidence-unknown"]


def test_the_shipped_claims_hold_and_say_so_with_status_0() -> None:
    told = CliRunner().invoke(app, ["check", str(FOLDER), "--json"])
    answer = json.loads(told.stdout)
    assert told.exit_code == 0
    assert (answer["valid"], answer["broken"], answer["claims"]) == (True, [], len(program().claims))


def test_the_launch_claims_are_named_with_status_2() -> None:
    told = CliRunner().invoke(app, ["check", str(FOLDER / "claims_as_launched"), "--json"])
    answer = json.loads(told.stdout)
    assert told.exit_code == 2
    assert {breach["claim_id"] for breach in answer["broken"]} == set(REFUSED)
    (picture,) = (b for b in answer["broken"] if b["rule"] == "not-buildable")
    assert picture["rule_says"] == RULES["not-buildable"]
    assert picture["facts"][0] == {
        "key": "option/roof.sunroof",
        "value": "no",
        "unit": "",
        "owner": "gac_aion",
        "where": "families.csv:3",
    }


def test_people_read_the_same_in_a_table() -> None:
    told = CliRunner().invoke(app, ["check", str(FOLDER / "claims_as_launched")], env={"COLUMNS": "200"})
    assert told.exit_code == 2
    for claim_id in REFUSED:
        assert claim_id in told.stdout
    assert "cap/rental = 3000 km/month, price_card.csv:2" in told.stdout


def test_a_claim_of_an_unknown_neighbour_is_refused() -> None:
    (fee,) = own("monthly-fee")
    alone = replace(fee, beside=(ClaimId("nowhere"),))
    rules = [breach.rule for breach in check_claims(program(), [alone]).broken]
    assert rules == ["beside-unknown", "terms-missing"]
