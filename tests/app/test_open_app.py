"""A program on its ledger: begun once, carried on as it was, closed to another input; and what a command is called."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pullcord.app import read_app, table_sizes
from pullcord.base import Conflict, NotFound
from pullcord.desk import ProgramOpened
from pullcord.orders import OrderReserved, State
from pullcord.procurement import PART_STOCK, StockAdjusted
from pullcord.production import BUILD_SLOT, SchedulePublished, SlotsOpened
from pullcord.program import read_program
from pullcord.promising import SparePartsCounted
from small_house import FOLDER, small_house


def test_a_new_ledger_opens_the_program_its_weeks_and_its_stock(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        kinds = [type(event.body) for event in house.events() if event.cause is not None]
        assert kinds == [ProgramOpened, SlotsOpened, StockAdjusted, SchedulePublished, SparePartsCounted]
        with house.ledger.reader() as reader:
            slots = reader.select(BUILD_SLOT)
            stock = {row.part_id: row.on_hand for row in reader.select(PART_STOCK)}
    assert len(slots) == house.program.horizon_weeks
    assert {slot.capacity_vehicles for slot in slots[1:]} == {72}
    assert slots[0].capacity_vehicles == 36, "the plant ramps up"
    assert stock == house.program.opening_stock


def test_opened_again_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.quoted("a")
        before = house.events()
    with small_house(tmp_path) as house:
        assert house.events() == before
        assert house.give(house.desk.deposit("a")).state is State.DEPOSITED


def test_a_folder_that_changed_does_not_go_on_with_the_old_ledger(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.reserve("a")
        head = house.ledger.head()
    folder = Path(shutil.copytree(FOLDER, tmp_path / "program"))
    prices = folder / "price_card.csv"
    prices.write_text(prices.read_text().replace("white,owned,299", "white,owned,298"))
    changed = read_program(folder)
    with pytest.raises(Conflict, match="begun with another input"), small_house(tmp_path, changed):
        pass
    with pytest.raises(Conflict), read_app(changed, f"sqlite:///{tmp_path / 'ledger.db'}"):
        pass
    with small_house(tmp_path) as house:
        assert house.ledger.head() == head


def test_a_ledger_that_was_never_begun_can_not_be_read(tmp_path: Path) -> None:
    program = read_program(FOLDER)
    with pytest.raises(NotFound), read_app(program, f"sqlite:///{tmp_path / 'ledger.db'}"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_command_asked_twice_has_one_effect_and_one_answer(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        first = house.reserve("a")
        quoted = house.give(house.desk.quote("a"))
        head = house.ledger.head()
        house.wait(hours=1)
        assert house.reserve("a") == first
        assert house.give(house.desk.quote("a")) == quoted
        assert house.ledger.head() == head
        assert len(house.events(OrderReserved)) == 1
        with pytest.raises(Conflict, match="reserve-a"):
            house.reserve("a", "black")
        assert house.ledger.head() == head


def test_commands_given_together_are_answered_one_by_one(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        commands = [house.desk.reserve(f"o-{i}", f"p-{i}", "white", "owned", "beijing") for i in range(20)]
        answers = house.ledger.execute_many([*commands, house.desk.quote("nobody"), house.desk.quote("o-3")])
        assert [answer.state for answer in answers[:20]] == [State.RESERVED] * 20
        assert isinstance(answers[20], NotFound), "one that fails takes no other with it"
        assert answers[21].state is State.QUOTED


def test_the_sizes_of_tables_are_counted_for_this_program_alone(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        house.reserve("a")
        with house.ledger.reader() as reader:
            sizes = table_sizes(reader)
    assert (sizes["customer_order"], sizes["build_slot"], sizes["leg"]) == (1, 12, 0)
