"""The commands of those who make and move: one order brought from its plan to the settlement, at the prompt."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from typed import Type

from small_house import small_house

DAY = date(2025, 6, 3)


def at(day: date, hour: int) -> tuple[str, str]:
    return ("--at", f"{day}T{hour:02}:00+08:00")


def locked(small: Type, order_id: str = "o-1", variant: str = "black") -> None:
    small("order reserve", order_id, "--variant", variant, "--plan", "owned", "--city", "chengdu", *at(DAY, 9))
    for step in ("quote", "deposit", "lock"):
        assert small(f"order {step}", order_id, *at(DAY, 9)).status == 0


def test_one_order_from_the_plan_to_the_settlement(small: Type) -> None:
    locked(small)
    assert small("demand forecast", "--weeks", 4, "--json", *at(DAY, 23)).json["units"] > 0
    planned = small("production plan", "--json", *at(DAY, 23)).json
    assert (planned["status"], planned["conflicts"]) == ("optimal", [])
    promised = date.fromisoformat(small("order show", "o-1", "--json").json["deliver_on"])
    pegs = small("procurement peg", "--order", "o-1", "--json", *at(DAY, 23)).json["pegs"]
    assert {peg["part_id"] for peg in pegs} == {"lens", "lamp", "board", "fan", "housing_black", "box"}
    assert {(peg["source"], peg["late"]) for peg in pegs} == {("stock", False)}

    day = DAY
    while (state := small("order show", "o-1", "--json").json["state"]) == "locked":
        day += timedelta(days=1)
        assert day < promised, "the vehicle is built in time"
        small("production plan", *at(day, 1))
        small("production build", *at(day, 20))
    assert state == "shipped"
    again = small("production build", "--json", *at(day, 20))
    assert (again.status, again.json["count"]) == (0, 1), "the same report of the same minute, and its answer"
    assert small("production build", "--json", *at(day, 21)).json["count"] == 0, "nothing is left"

    assert small("logistics arrive", "--json", *at(day, 21)).json == {"arrived": 0}
    assert small("logistics arrive", "--json", *at(promised, 6)).json == {"arrived": 1}
    assert small("order show", "o-1", "--json").json["state"] == "handed_over"
    assert small("finance settle", "--json", *at(promised, 23)).json == {"payments": 1}
    books = small("finance balances", "--json").json
    assert books["trial_balance_minor"] == 0
    assert {row["account"]: row["amount"] for row in books["accounts"]}["maker/cash"] == "277.98", "0.9297 of 299.00"


def test_parts_come_when_they_are_due_and_suppliers_are_paid_later(small: Type, tmp_path: Path) -> None:
    """More orders than the stock has boards for: the rest is called off, received and, three weeks later, paid."""
    with small_house(f"sqlite:///{tmp_path / 'live.db'}") as house:
        for number in range(34):
            house.locked(f"o-{number}", "black")
    week = timedelta(weeks=1)
    received: list[tuple[date, int]] = []
    paid: dict[date, int] = {}
    for monday in (DAY + timedelta(days=6) + w * week for w in range(7)):
        assert small("production plan", *at(monday, 1)).status == 0
        received.append((monday, small("procurement receive", "--json", *at(monday, 2)).json["call_offs"]))
        paid[monday] = small("finance pay", "--json", *at(monday, 3)).json["payments"]
    came = [monday for monday, call_offs in received if call_offs]
    assert came, "what the stock lacks was called off"
    assert paid[came[0]] == 0, "not due yet"
    assert paid[came[0] + 3 * week] > 0


def test_a_plan_is_the_makers_and_a_settlement_the_platforms(small: Type) -> None:
    told = small("production plan", "--party", "shop", *at(DAY, 9))
    assert (told.status, told.out) == (8, "")
    assert "hint: ask the carmaker" in told.err
    assert small("finance settle", "--party", "maker", *at(DAY, 9)).status == 8
    assert small("production plan", "--party", "maker", *at(DAY, 9)).status == 0


def test_a_plant_nobody_has_is_named(small: Type) -> None:
    for command in ("production plan", "production build"):
        told = small(command, "--plant", "shenzen", *at(DAY, 9))
        assert (told.status, "did you mean `shenzhen`?" in told.err) == (3, True)


EVERY_COMMAND = [
    ("demand forecast",),
    ("production plan",),
    ("production build",),
    ("procurement receive",),
    ("procurement peg",),
    ("logistics arrive",),
    ("finance settle",),
    ("finance pay",),
    ("finance balances",),
    ("order show", "o-1"),
    ("order quote", "o-1"),
    ("order deposit", "o-1"),
    ("order lock", "o-1"),
    ("order cancel", "o-1"),
]


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=lambda words: words[0])
def test_every_command_has_a_human_and_a_json_answer_on_stdout_and_nothing_on_stderr(
    small: Type, words: tuple[str, ...]
) -> None:
    small("order reserve", "o-1", "--variant", "black", "--plan", "owned", "--city", "chengdu", *at(DAY, 9))
    needed = {"order deposit": ["quote"], "order lock": ["quote", "deposit"]}.get(words[0], [])
    for step in needed:
        small(f"order {step}", "o-1", *at(DAY, 9))
    timeless = words[0] in ("order show", "finance balances")
    when = () if timeless else at(DAY, 10)
    as_json = small(words[0], *words[1:], "--json", *when)
    assert (as_json.status, as_json.err) == (0, "")
    assert isinstance(as_json.json, dict)
    human = small(words[0], *words[1:], *when)
    assert (human.status, human.err) == (0, "")
    assert human.out.strip()
