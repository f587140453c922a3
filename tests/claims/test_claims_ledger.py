"""Claims in the ledger: published after the check, taken back with the fact, with letters to who was exposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from claim_bench import LAUNCH, House, claim, house, program

from pullcord import claims
from pullcord.app import projections
from pullcord.base import Forbidden, InvalidInput, NotFound, PartyId
from pullcord.claims import ClaimPublished, ClaimUnpublished, Condition, NoticeDrafted
from pullcord.store import verify

DAY = date(2025, 11, 9)


@pytest.fixture(params=["sqlite", "postgresql"])
def open_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        url = request.getfixturevalue("postgres_schema")
    with house(url) as opened:
        yield opened


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(f"sqlite:///{tmp_path / 'ledger.db'}") as running:
        yield running


def public(opened: House, day: date = DAY) -> set[str]:
    with opened.ledger.reader() as reader:
        return {row.claim_id for row in claims.published(reader, day)}


def test_an_opened_program_has_published_what_it_says(opened: House) -> None:
    assert public(opened) == {c.claim_id for c in program().claims}
    kinds = [event.body for event in opened.ledger.events(kinds=[ClaimPublished])]
    price = next(body for body in kinds if body.claim.claim_id == "price-rental")
    assert [(rest.key, rest.value, rest.unit) for rest in price.rests] == [
        ("price/rental", "49900", "CNY"),
        ("monthly/rental", "399", "CNY"),
        ("cap/rental", "3000", "km/month"),
        ("overage/rental", "0.2", "CNY/km"),
        ("refund/after_lock", "no", ""),
        ("invoice/everywhere", "no", ""),
    ]


def test_a_changed_fact_takes_back_what_rests_on_it_and_names_who_was_exposed(open_house: House) -> None:
    opened = open_house
    opened.reserve("o-1", plan="rental")
    opened.reserve("o-2", plan="owned")
    opened.wait(days=2)
    opened.reserve("o-3", variant="grey", plan="rental")
    answer = opened.give(opened.desk.change_fact("cap/rental", "250", "the cap counts per year"))
    assert set(answer.unpublished) == {"mileage-cap", "monthly-fee", "overage", "price-rental"}
    assert answer.orders == 2
    assert {notice.orders for notice in answer.notices} == {2}
    assert public(opened) == {c.claim_id for c in program().claims} - set(answer.unpublished)
    notice = next(notice for notice in answer.notices if notice.claim_id == "monthly-fee")
    assert notice.condition == Condition(LAUNCH, LAUNCH + timedelta(days=2), None, ("rental",), None)
    with opened.ledger.reader() as reader:
        assert list(claims.exposed_orders(reader, notice.condition)) == ["o-1", "o-3"]
        assert len(claims.notices(reader)) == 4
        (kept,) = claims.notices(reader, "monthly-fee")
    assert (kept.condition, kept.orders, kept.text_en) == (notice.condition, 2, notice.text_en)
    for words in ("399 CNY a month for the battery.", "3,000 km a month", "250 km a month", "168 hours", "1,000"):
        assert words in notice.text_en, words
    for words in ("电池租金每月 399 元。", "3,000 公里/月", "250 公里/月", "168 小时"):
        assert words in notice.text_zh, words


def test_what_was_reserved_after_the_claim_fell_was_not_exposed(opened: House) -> None:
    opened.reserve("o-1")
    opened.wait(days=1)
    opened.give(opened.desk.change_fact("overage/rental", "0.30", "dearer"))
    opened.wait(days=1)
    opened.reserve("o-2")
    opened.wait(days=1)
    again = opened.give(opened.desk.change_fact("overage/rental", "0.40", "dearer still", attempt=2))
    assert (again.unpublished, again.notices, again.orders) == ((), (), 0)
    with opened.ledger.reader() as reader:
        (first,) = claims.notices(reader, "overage")
        assert list(claims.exposed_orders(reader, first.condition)) == ["o-1"]


def test_a_city_without_invoice_concerns_the_orders_of_that_city(opened: House) -> None:
    opened.reserve("o-1", city="shanghai")
    opened.reserve("o-2", city="beijing")
    opened.wait(hours=1)
    answer = opened.give(opened.desk.change_fact("invoice/shanghai", "no", "the licence is not there yet"))
    assert set(answer.unpublished) == {"invoice-cities", "price-rental", "price-owned"}  # prices lose their term
    (notice,) = answer.notices
    assert (notice.claim_id, notice.orders, notice.condition.cities) == ("invoice-cities", 1, ("shanghai",))
    assert "a local invoice is written in Shanghai: it was yes, and is now no" in notice.text_en


def test_an_option_that_is_no_longer_built_concerns_the_variants_that_have_it(opened: House) -> None:
    opened.reserve("o-1", variant="white-wrap")
    opened.reserve("o-2", variant="white")
    opened.wait(hours=1)
    answer = opened.give(opened.desk.change_fact("option/wrap.custom", "no", "the film is gone"))
    (notice,) = answer.notices
    assert (notice.claim_id, notice.orders) == ("wrap-package", 1)
    assert notice.condition.variants == ("white-wrap", "white-wrap-kit")


def test_a_fact_that_is_so_already_changes_nothing(opened: House) -> None:
    before = opened.ledger.head()
    answer = opened.give(opened.desk.change_fact("cap/rental", "3000", "to be sure"))
    assert answer.refused == "`cap/rental` is 3000 km/month already"
    assert public(opened) == {c.claim_id for c in program().claims}
    assert opened.ledger.head() == before + 1  # the question alone


def test_mended_claims_are_published_again_on_the_changed_facts(opened: House) -> None:
    opened.give(opened.desk.change_fact("cap/rental", "250", "per year"))
    stale = opened.give(opened.desk.publish_claim("mileage-cap", attempt=2))
    assert (stale.published, [told.rule for told in stale.refused][:1]) == ((), ["value-contradicts-fact"])
    mended = claim("mileage-cap", value="250", shown_en="Up to 250 km a month.", shown_zh="每月最多 250 公里。")
    again = opened.give(opened.desk.publish_claim(mended, attempt=3))
    assert (set(again.published), again.refused) == ({"mileage-cap", "overage"}, ())
    fee = opened.give(opened.desk.publish_claim("monthly-fee", attempt=2))
    assert set(fee.published) == {"monthly-fee", "mileage-cap", "overage"}


def test_a_refusal_is_an_answer_with_all_that_is_broken(opened: House) -> None:
    bad = replace(claim("range"), claim_id="range-2", value="600", unit="km", audience=(), mark="U")
    answer = opened.give(opened.desk.publish_claim(bad))
    assert answer.published == ()
    assert [told.rule for told in answer.refused] == [
        "audience-missing",
        "figure-without-source",
        "value-contradicts-fact",
    ]
    assert "range-2" not in public(opened)


def test_a_withdrawn_term_takes_with_it_what_may_not_stand_alone(opened: House) -> None:
    answer = opened.give(opened.desk.withdraw_claim("overage", "to be worded anew"))
    assert answer.unpublished[0] == "overage"
    assert set(answer.unpublished) == {"overage", "mileage-cap", "monthly-fee", "price-rental"}
    again = opened.give(opened.desk.withdraw_claim("overage", "twice", attempt=2))
    assert again.refused == "claim `overage` is not public"


def test_publishing_the_same_twice_writes_it_once(opened: House) -> None:
    count = len(list(opened.ledger.events(kinds=[ClaimPublished])))
    answer = opened.give(opened.desk.publish_claim("range", attempt=2))
    assert answer.published == ("range",)
    assert len(list(opened.ledger.events(kinds=[ClaimPublished]))) == count
    other = claim("range", shown_en="500 km (CLTC).")
    opened.give(opened.desk.publish_claim(other, attempt=3))
    assert [e.body.claim_id for e in opened.ledger.events(kinds=[ClaimUnpublished])] == ["range"]
    assert "range" in public(opened)


def test_a_claim_is_public_on_its_days_and_for_its_readers(opened: House) -> None:
    brief = replace(claim("range"), claim_id="range-today", valid_to=DAY)
    inside = replace(claim("range"), claim_id="range-partner", audience=("caes",))
    for made in (brief, inside):
        opened.give(opened.desk.publish_claim(made))
    assert "range-today" in public(opened, DAY)
    assert "range-today" not in public(opened, DAY + timedelta(days=1))
    assert "range-partner" not in public(opened)
    with opened.ledger.reader() as reader:
        names = {row.claim_id for row in claims.published(reader, DAY, reader_party="caes")}
    assert "range-partner" in names


@pytest.mark.parametrize(
    ("party", "key"),
    [
        ("jd", "cap/rental"),
        ("jd", "option/roof.steel"),
        ("gac_aion", "invoice/dazhou"),
        ("gac_aion", "test/swap_time_s"),
    ],
)
def test_only_the_owner_changes_a_fact(opened: House, party: str, key: str) -> None:
    with pytest.raises(Forbidden, match=r"may not give the command `claims\.change_fact`") as refusal:
        opened.desk.change_fact(key, "no", "because", party=PartyId(party))
    assert refusal.value.attempt is not None
    assert (refusal.value.attempt.party, refusal.value.attempt.command) == (party, "claims.change_fact")


def test_only_the_owner_or_the_platform_publishes_and_withdraws(opened: House) -> None:
    for give in (
        lambda party: opened.desk.publish_claim("swap-time", party=party),
        lambda party: opened.desk.withdraw_claim("swap-time", "why", party=party),
    ):
        with pytest.raises(Forbidden, match="may not give the command"):
            give(PartyId("gac_aion"))
        assert give(PartyId("jd")).party == "jd"
        assert give(None).party == "caes"


def test_names_that_are_none_are_told_before_the_ledger_hears_of_it(opened: House) -> None:
    with pytest.raises(NotFound, match="no claim `rnge`"):
        opened.desk.publish_claim("rnge")
    with pytest.raises(NotFound, match="no fact `cap/leased`"):
        opened.desk.change_fact("cap/leased", "1", "why")
    with pytest.raises(InvalidInput, match="without a reason"):
        opened.desk.withdraw_claim("range", " ")
    with pytest.raises(InvalidInput, match="without a reason"):
        opened.desk.change_fact("cap/rental", "1", "")


def test_a_replay_makes_the_same_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with house(url) as opened:
        opened.reserve("o-1")
        opened.wait(days=1)
        opened.give(opened.desk.change_fact("cap/rental", "250", "per year"))
        opened.give(opened.desk.withdraw_claim("range", "measured anew"))
        assert list(opened.ledger.events(kinds=[NoticeDrafted]))
    found = verify(url, program().program_id, projections())
    assert not found.faults
    assert all(digest == rebuilt for _, digest, rebuilt in found.tables.values())


def test_rows_for_display_have_evidence_in_both_languages(opened: House) -> None:
    before = claims.for_display(program(), program().folder)
    assert {row.claim_id for row in before} == {c.claim_id for c in program().claims}
    opened.give(opened.desk.change_fact("cap/rental", "250", "per year"))
    with opened.ledger.reader() as reader:
        now = claims.for_display(program(), program().folder, reader=reader, at=DAY)
        everything = claims.for_display(program(), program().folder, reader=reader, at=DAY, everything=True)
    assert {row.claim_id for row in now} == public(opened)
    assert all(row.evidence_en and row.evidence_zh and row.owner_name and row.where for row in now)
    fallen = next(row for row in everything if row.claim_id == "mileage-cap")
    assert (fallen.state, fallen.why) == ("unpublished", "`cap/rental` changed: per year")
    assert fallen.where.startswith("ledger event ")
    roof = next(row for row in now if row.claim_id == "roof-steel")
    assert roof.evidence_en == "Product model: Closed steel roof is built and on sale."
    assert roof.where == "options.csv:6"
