"""Every rule refuses what it is for, and nothing else: one change to a claim that holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from claim_bench import breaches, claim, program

from pullcord.base import InvalidInput, Money, PartyId
from pullcord.claims import (
    RULES,
    Evidence,
    FactBook,
    Medium,
    Place,
    Subject,
    SubjectKind,
    check_claims,
    fact_key,
    terms_of,
)


def value_of(book: FactBook, key: str) -> str | None:
    fact = book.find(key)
    return fact and fact.value


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("range", "owner-missing", {"owner": None}),
    ("range", "owner-missing", {"owner": PartyId("acme")}),
    ("range", "audience-missing", {"audience": ()}),
    ("range", "audience-missing", {"audience": ("public", "acme")}),
    ("range", "evidence-missing", {"evidence": None}),
    ("range", "evidence-missing", {"reference": ""}),
    ("range", "evidence-unknown", {"reference": "test/none"}),
    ("range", "evidence-unknown", {"reference": "test/swap_time_s"}),
    ("range", "evidence-unknown", {"evidence": Evidence.CONTRACT}),
    ("range", "figure-without-source", {"source": " "}),
    ("range", "figure-without-source", {"mark": "U"}),
    ("range", "figure-without-source", {"mark": ""}),
    ("range", "subject-unknown", {"subject": Subject(SubjectKind.PRODUCT, "byd-seagull")}),
    ("price-owned", "subject-unknown", {"subject": Subject(SubjectKind.PLAN, "leased")}),
    ("roof-steel", "subject-unknown", {"subject": Subject(SubjectKind.OPTION, "doors.four")}),
    ("invoice-cities", "subject-unknown", {"subject": Subject(SubjectKind.PROGRAM, "projector")}),
    ("range", "unowned-fact", {"owner": PartyId("jd")}),
    ("swap-time", "unowned-fact", {"owner": PartyId("gac_aion")}),
    ("mileage-cap", "unowned-fact", {"owner": PartyId("jd")}),
    ("range", "unit-wrong", {"unit": "miles"}),
    ("mileage-cap", "unit-wrong", {"unit": "km/year"}),
    ("range", "value-contradicts-fact", {"value": "510"}),
    ("monthly-fee", "value-contradicts-fact", {"value": "299"}),
    ("screen", "value-contradicts-fact", {"value": "2"}),
    ("battery-by", "value-contradicts-fact", {"value": "catl"}),
    ("roof-steel", "not-buildable", {"value": "no"}),
    ("refund-locked", "refund-contradicts-policy", {"value": "yes"}),
    ("refund-open", "refund-contradicts-policy", {"value": "no"}),
    ("lock-time", "refund-contradicts-policy", {"value": "24"}),
    ("deposit", "refund-contradicts-policy", {"value": "99"}),
    ("price-owned", "terms-missing", {"beside": ()}),
    ("refund-open", "terms-missing", {"beside": ()}),
    ("range", "beside-unknown", {"beside": ("nobody",)}),
    ("range", "expired", {"valid_from": None}),
    ("range", "expired", {"valid_to": date(2025, 11, 8)}),
    ("range", "expired", {"valid_from": date(2026, 1, 1), "valid_to": date(2025, 12, 1)}),
]


@pytest.mark.parametrize(("claim_id", "rule", "change"), CASES)
def test_one_slip_is_one_breach(claim_id: str, rule: str, change: dict[str, Any]) -> None:
    assert [breach.rule for breach in breaches(claim(claim_id, **change))] == [rule]


def test_every_rule_is_tried() -> None:
    tried = {rule for _, rule, _ in CASES} | {"scope-too-wide"}  # the replay tries this one
    assert tried == set(RULES)


def test_the_program_holds_without_a_slip() -> None:
    assert check_claims(program(), program().claims).hold


@pytest.mark.parametrize(("claim_id", "value"), [("overage", "0.2"), ("overage", "0.200"), ("range", "500.0")])
def test_the_same_figure_written_otherwise_holds(claim_id: str, value: str) -> None:
    assert breaches(claim(claim_id, value=value)) == []


def test_a_false_term_beside_a_price_tells_nothing() -> None:
    wrong = claim("mileage-cap", value="30000")
    found = breaches(wrong, claim("monthly-fee"))
    assert {(breach.claim_id, breach.rule) for breach in found} == {
        ("mileage-cap", "value-contradicts-fact"),
        ("monthly-fee", "terms-missing"),
    }


def test_where_every_city_has_its_invoice_nothing_need_be_said_of_it() -> None:
    everywhere = replace(program(), cities=tuple(replace(city, invoice=True) for city in program().cities))
    price = claim("price-owned", beside=("refund-locked",))
    others = [claim("refund-locked"), claim("lock-time")]
    assert check_claims(everywhere, [price, *others]).hold
    assert [b.rule for b in breaches(price)] == ["terms-missing"]


def test_without_a_deposit_no_refund_need_be_told() -> None:
    free = replace(program(), policies=replace(program().policies, deposit=Money(0, "CNY")))
    book = FactBook(free)
    assert "refund/after_lock" not in terms_of(book, "price/owned")
    assert "refund/after_lock" in terms_of(FactBook(program()), "price/owned")


def test_an_option_that_a_rule_forbids_everywhere_is_not_built() -> None:
    rule = program().product.rules[0]
    product = replace(program().product, rules=(replace(rule, condition="", requires="!wrap=custom"),))
    variants = tuple(v for v in program().variants if ("wrap", "custom") not in v.choices)
    book = FactBook(replace(program(), product=product, variants=variants, bom=program().bom))
    assert value_of(book, "option/wrap.custom") == "no"


@pytest.mark.parametrize(
    ("kind", "subject", "attribute", "key"),
    [
        (SubjectKind.VARIANT, "white", "price.rental", "price/rental@white"),
        (SubjectKind.VARIANT, "white-kit", "part.accessories_kit", "part/accessories_kit@white-kit"),
        (SubjectKind.CITY, "dazhou", "invoice", "invoice/dazhou"),
        (SubjectKind.CITY, "dazhou", "transit_days", "transit/dazhou"),
        (SubjectKind.OPTION, "colour.green", "per_week", "limit/colour.green"),
        (SubjectKind.PRODUCT, "gac-aion-ut-super", "power_kw", "figure/power_kw"),
        (SubjectKind.PRODUCT, "gac-aion-ut-super", "charm", None),
        (SubjectKind.PLAN, "rental", "joy", None),
    ],
)
def test_a_subject_and_its_attribute_name_one_fact(
    kind: SubjectKind, subject: str, attribute: str, key: str | None
) -> None:
    named = claim("range", subject=Subject(kind, subject), attribute=attribute)
    assert fact_key(FactBook(program()), named) == key


def test_a_part_of_some_variants_is_no_part_of_every_car() -> None:
    kit = claim("screen", attribute="part.accessories_kit", reference="part/accessories_kit")
    (breach,) = breaches(kit)
    assert (breach.rule, breach.facts[0].value) == ("value-contradicts-fact", "0-1")


def test_a_member_that_changes_moves_its_sum() -> None:
    book = FactBook(program())
    place = Place("ledger", (("event", "7"),))
    after = book.changed([("invoice/shanghai", "no", place)])
    assert book.differing(after) == ["invoice/shanghai", "invoice/cities"]
    assert value_of(after, "invoice/cities") == "42"
    dearer = book.changed([("price/rental", "51900", place)])
    assert len(book.differing(dearer)) == 1 + len(program().variants)


@pytest.mark.parametrize(
    ("key", "value"),
    [("invoice/everywhere", "yes"), ("invoice/atlantis", "no"), ("cap/rental", "many"), ("invoice/dazhou", "maybe")],
)
def test_a_fact_cannot_become_what_it_cannot_be(key: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        FactBook(program()).changed([(key, value, Place("ledger"))])


def test_what_can_never_be_a_claim_is_no_claim() -> None:
    for change in ({"shown_zh": " "}, {"mark": "X"}, {"beside": ("range",)}, {"shown_en": ""}):
        with pytest.raises(InvalidInput):
            claim("range", **change)


def test_a_picture_needs_no_source_and_a_figure_does() -> None:
    assert breaches(claim("roof-steel", source="", mark="")) == []
    assert claim("roof-steel").medium is Medium.PICTURE
