"""Both programs that come with the house are right, hold what they promise, and are named by their digest."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullcord.alliance import check_parties, check_shares
from pullcord.base import Money, NotFound
from pullcord.cli.program import app
from pullcord.product import BillOfMaterial
from pullcord.production import vehicles_per_week
from pullcord.program import Program, program_digest, read_program

ROOT = Path(__file__).parents[2]
FOLDERS = {name: ROOT / "programs" / name for name in ("peoples_car", "projector")}


@pytest.fixture(params=sorted(FOLDERS), scope="module")
def program(request: pytest.FixtureRequest) -> Program:
    return read_program(FOLDERS[request.param])


@pytest.fixture(scope="module")
def car() -> Program:
    return read_program(FOLDERS["peoples_car"])


def test_the_alliance_and_its_contract_hold(program: Program) -> None:
    assert check_parties(program.parties) == program.parties
    assert check_shares(program.settlement) == program.settlement
    assert {share.plan for share in program.settlement} == set(program.plans)


def test_every_variant_comes_down_to_parts_that_are_bought(program: Program) -> None:
    bill = BillOfMaterial(program.bom, program.product.options_by_family)
    assert bill.tops == (program.new_product_id,)
    bought = {part.part_id: part for part in program.parts}
    for variant in program.variants:
        pieces = bill.explode(dict(variant.choices))
        cost = sum(bought[part].unit_cost.minor * count for part, count in pieces.items())
        prices = [price.price.minor for price in program.prices if price.variant_id == variant.variant_id]
        assert 0.3 < cost / max(prices) < 1, f"{variant.variant_id}: parts cost {cost} of {max(prices)}"


def test_every_assumption_has_a_range_around_its_value_and_a_reason(program: Program) -> None:
    for assumption in program.assumptions.values():
        assert assumption.low <= assumption.value <= assumption.high
        assert len(assumption.reason) >= 10


def test_an_assumption_that_is_not_there_is_named_with_the_nearest(program: Program) -> None:
    assert program.assumed("transit_km_per_day") > 0
    with pytest.raises(NotFound, match="no assumption `transit_km_per_dya`") as caught:
        program.assumed("transit_km_per_dya")
    assert caught.value.hint == "did you mean `transit_km_per_day`?"


def test_the_price_card_of_the_peoples_car_is_the_published_one(car: Program) -> None:
    for price in car.prices:
        assert price.price == Money.of({"rental": 49900, "owned": 89900}[price.plan], "CNY")
        if price.plan == "rental":
            assert price.monthly == Money.of(399, "CNY")
            assert price.overage == Money.of("0.20", "CNY")
            assert price.cap_km_per_month == 3000
    assert car.assumptions["rental_cap_km_per_month"].low == 250  # read as 3,000 km a year
    pack = next(s.share for s in car.settlement if s.plan == "owned" and s.party_id == "caes")
    assert pack == Fraction(89900 - 49900, 89900)


def test_the_launch_of_the_peoples_car_is_the_published_one(car: Program) -> None:
    assert [(day.day, day.reservations_cumulative) for day in car.launch] == [
        (date(2025, 11, 9), 18000),
        (date(2025, 11, 25), 30000),
    ]


def test_the_plant_at_full_share_builds_what_is_published(car: Program) -> None:
    plant = car.plants[0]
    assert plant.takt_seconds == 53
    a_year = 50 * vehicles_per_week(plant, 52) / plant.share
    assert a_year == pytest.approx(200_000, rel=0.02)


def test_the_panel_has_what_the_latency_curve_needs(car: Program) -> None:
    months = {row.month for row in car.panel}
    assert (min(months), max(months)) == (date(2023, 12, 1), date(2026, 6, 1))
    xingyuan = [row.units for row in car.panel if row.model == "Xingyuan" and row.month.year == 2025]
    assert sum(xingyuan) == 465_775  # the full-year figure of the Chinese passenger-car association
    mini = [row.units for row in car.panel if row.model == "Hongguang Mini EV" and row.month.year == 2025]
    assert sum(mini) == 435_599


def test_rival_sales_are_the_panel_of_the_second_half_of_2025(car: Program) -> None:
    counted = Counter(row.month for row in car.rival_sales)
    assert sorted(counted) == [date(2025, month, 1) for month in range(7, 13)]
    panel = {(row.month, row.units, row.source) for row in car.panel}
    assert {(row.month, row.units, row.source) for row in car.rival_sales} <= panel
    assert {(row.month, row.units, row.source) for row in car.market_totals} <= panel


def test_deliveries_of_the_back_test_add_up(car: Program) -> None:
    yu7 = car.deliveries["xiaomi_yu7"]
    assert [row.units for row in yu7][:2] == [2234, 6042]
    assert sum(row.units for row in yu7) == 225_296
    assert yu7[-1].month == date(2026, 3, 1)


def test_the_cities_are_where_they_should_be(car: Program) -> None:
    cities = {city.city_id: city for city in car.cities}
    assert {"chengdu", "dazhou", "nanchong", "chongqing", "guangzhou", "changsha", "beijing", "shanghai"} <= set(cities)
    assert (cities["dazhou"].lat, cities["dazhou"].local_name) == (31.2106, "达州")
    assert {city.invoice for city in car.cities} == {True, False}  # some buyers must be told no


def test_a_program_ends_with_the_last_day_of_its_horizon(program: Program) -> None:
    last = program.starts_on + timedelta(days=7 * program.horizon_weeks - 1)
    assert all(program.starts_on <= day.day <= last for day in program.launch)


def test_the_digest_names_the_content_and_nothing_else(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDERS["projector"], tmp_path / "copy"))
    before = program_digest(folder)
    assert before == program_digest(FOLDERS["projector"]) == read_program(folder).digest
    (folder / "README.md").write_text("other words", encoding="utf-8")
    assert program_digest(folder) == before
    bom = folder / "bom.csv"
    bom.write_text(bom.read_text(encoding="utf-8").replace("fan,2", "fan,3"), encoding="utf-8")
    assert program_digest(folder) != before


def test_check_says_what_was_read(program: Program) -> None:
    result = CliRunner().invoke(app, ["check", str(program.folder), "--json"])
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["valid"], answer["digest"]) == (True, program.digest)
    assert answer["counts"]["variants"] == len(program.variants)
    spoken = CliRunner().invoke(app, ["check", str(program.folder)])
    assert spoken.exit_code == 0
    assert "is right" in spoken.stdout.replace("\n", " ")


def test_show_prints_the_price_card_and_what_it_rests_on(program: Program) -> None:
    result = CliRunner().invoke(app, ["show", str(program.folder)], env={"COLUMNS": "160"})
    assert result.exit_code == 0
    assert program.prices[0].variant_id in result.stdout
    assert "transit_km_per_day" in result.stdout
