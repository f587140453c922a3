"""The command that releases: whom it counts, whom it refuses, and that the ledger stays whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullcord.app import projections
from pullcord.base import InvalidInput, PersonId, ProgramId
from pullcord.catalogue import Catalogue
from pullcord.desk import Desk, quarter_of
from pullcord.outlook import Outlook
from pullcord.privacy import PRIVACY_RELEASE, Refusal, Release, epsilon_micro, grid_of, nodes
from pullcord.program import read_program
from pullcord.store import verify
from small_house import SmallHouse, small_house, small_program

SURE = epsilon_micro(1000)  # noise of a thousandth: counts are exact, and only a test may pay that


def reserve(house: SmallHouse, order: str, person: str, variant: str = "white", city: str = "chengdu") -> None:
    house.give(house.desk.reserve(order, person, variant, "owned", city))


def pay(house: SmallHouse, order: str) -> None:
    house.give(house.desk.quote(order))
    house.give(house.desk.deposit(order))


def persons(house: SmallHouse, period: str, counted: str, *by: str) -> dict[PersonId, tuple[str, ...]]:
    """Who would be counted, before the noise: the desk never shows it, and a test must look."""
    with house.ledger.reader() as reader:
        return house.desk._persons(reader, period, counted, by)


def test_a_person_counts_once_by_the_order_that_has_come_furthest(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        reserve(house, "a1", "ann")
        reserve(house, "a2", "ann", "black", "beijing")
        reserve(house, "a3", "ann", "black-tripod", "harbin")
        reserve(house, "b1", "bob")
        pay(house, "a2")
        assert persons(house, "2025Q2", "paid", "city", "stand") == {"ann": ("beijing", "none")}
        assert persons(house, "2025Q2", "reserved", "variant") == {"ann": ("black",), "bob": ("white",)}
        assert persons(house, "2025Q2", "reserved", "city", "colour", "plan")["bob"] == ("chengdu", "white", "owned")
        assert persons(house, "2025Q3", "reserved", "city") == {}
        house.give(house.desk.cancel("a2", "changed their mind"))
        assert persons(house, "2025Q2", "paid", "city") == {}
        assert persons(house, "2025Q2", "reserved", "city")["ann"] == ("harbin",), "a cancelled order counts least"
        assert persons(house, "2025Q2", "handed_over", "city") == {}


def test_a_person_belongs_to_the_quarter_of_the_first_reservation(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        reserve(house, "a1", "ann")
        house.wait(days=27, hours=23)  # the last hour of the second quarter, where the program is sold
        reserve(house, "b1", "bob")
        house.wait(hours=1)
        reserve(house, "a2", "ann")
        reserve(house, "c1", "cid")
        assert set(persons(house, "2025Q2", "reserved", "city")) == {"ann", "bob"}
        assert set(persons(house, "2025Q3", "reserved", "city")) == {"cid"}


def test_a_release_is_told_kept_and_survives_a_replay(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        for i in range(25):
            reserve(house, f"o-{i}", f"p-{i}", "black" if i % 5 == 0 else "white", "beijing" if i < 20 else "harbin")
        command = house.desk.release("first", "maker", ["city", "colour"], 900_000, period="2025Q2", counted="reserved")
        told = house.give(command)
        assert isinstance(told, Release)
        assert told.left_micro == 100_000
        head = house.ledger.head()
        house.wait(days=1)
        assert house.give(command) == told
        assert house.ledger.head() == head
        refused = house.give(house.desk.release("second", "maker", ["city"], 200_000, period="2025Q2"))
        assert isinstance(refused, Refusal)
        with house.ledger.reader() as reader:
            (row,) = reader.select(PRIVACY_RELEASE)
        assert [name for name, _ in row.dimensions] == ["city", "colour"]
        assert row.as_of.isoformat() == "2025-06-03"
        assert row.counted == "reserved"
    found = verify(f"sqlite:///{tmp_path / 'ledger.db'}", ProgramId("small_launch"), projections())
    assert found.ok, found.faults


def test_with_next_to_no_noise_the_counts_are_those_of_the_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pullcord.desk.Desk.privacy_budget_micro", SURE)
    with small_house(tmp_path) as house:
        for i in range(40):
            reserve(house, f"o-{i}", f"p-{i}", "black" if i % 4 == 0 else "white", "beijing" if i < 36 else "harbin")
        house.give(house.desk.release("r", "maker", ["city", "colour"], SURE, period="2025Q2", counted="reserved"))
        with house.ledger.reader() as reader:
            (row,) = reader.select(PRIVACY_RELEASE)
    told = {node.path: node.count for node in nodes(grid_of(row), row.noisy, row.scale, row.least_shown)}
    assert told[()] == 40
    assert told["beijing",] == 36
    assert told["beijing", "white"] == 27
    assert told["beijing", "black"] is None, "nine are fewer than ten"
    assert told["harbin",] is None
    assert told["shanghai",] is None


def test_what_stands_for_nothing_is_refused_by_name(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        for wrong, said in (
            ({"partner": "acme"}, "is no party"),
            ({"partner": "shop"}, "is the platform"),
            ({"by": ["size"]}, "cannot be counted by `size`"),
            ({"by": ["city", "city"]}, "names a dimension twice"),
            ({"period": "2025-4"}, "is no quarter"),
            ({"counted": "seen"}, "nobody is counted as `seen`"),
        ):
            good = {"partner": "maker", "by": ["city"], "period": "2025Q2", "counted": "paid"}
            asked = good | wrong
            with pytest.raises(InvalidInput, match=said):
                house.desk.release(
                    "r", asked["partner"], asked["by"], 1, period=asked["period"], counted=asked["counted"]
                )


def test_quarters() -> None:
    start = small_program().starts_on
    assert quarter_of(start) == "2025Q2"
    assert [quarter_of(start.replace(month=m)) for m in (1, 3, 4, 12)] == ["2025Q1", "2025Q1", "2025Q2", "2025Q4"]


def test_the_budget_is_the_programs_own(program_dir: Path) -> None:
    def budget() -> int:
        program = read_program(program_dir)
        return Desk(Catalogue(program), Outlook(program)).privacy_budget_micro

    assert budget() == 1_000_000, "where the program says nothing"
    header = program_dir / "program.toml"
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace("[policies]", "[policies]\nprivacy_epsilon_per_quarter = 0.3"), encoding="utf-8")
    assert budget() == 300_000
    header.write_text(text.replace("[policies]", '[policies]\nprivacy_epsilon_per_quarter = "=epsilon"'), "utf-8")
    assumptions = program_dir / "assumptions.csv"
    with assumptions.open("a", encoding="utf-8") as file:
        file.write("epsilon,0.75,epsilon,0.1,2,agreed by the partners\n")
    assert budget() == 750_000
    header.write_text(text.replace("[policies]", "[policies]\nprivacy_epsilon_per_quarter = -1"), encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        budget()
    assert any("privacy_epsilon_per_quarter" in str(problem) for problem in refused.value.problems)
