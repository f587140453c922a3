"""Who was turned away is noted before they are told; a sale's statement is printed for its order."""

from __future__ import annotations

from pathlib import Path

from typed import Type

from pullcord.alliance import REFUSAL
from small_house import small_house

AT = ("--at", "2025-06-03T09:00+08:00")
WISH = ("o-1", "--variant", "white", "--plan", "owned", "--city", "chengdu")


def refusals(ledger: Path) -> list[tuple[str, str | None, str]]:
    with small_house(f"sqlite:///{ledger}") as house, house.ledger.reader() as reader:
        return [(row.asked_by, row.role, row.command) for row in reader.select(REFUSAL)]


def test_each_refusal_is_noted_under_the_name_of_who_asked(small: Type, tmp_path: Path) -> None:
    assert small("order reserve", *WISH, "--party", "optics", *AT).status == 8
    assert small("finance settle", "--party", "maker", *AT).status == 8
    assert small("finance settle", "--party", "maker", *AT).status == 8
    told = small("production plan", "--party", "acme", *AT)
    assert told.status == 8
    assert "`acme` is no party of The small launch" in told.err
    assert refusals(tmp_path / "live.db") == [
        ("optics", "supplier", "orders.reserve"),
        ("maker", "carmaker", "finance.settle"),
        ("maker", "carmaker", "finance.settle"),
        ("acme", None, "production.plan"),
    ]
    assert small("order show", "o-1").status == 3, "nothing else was done"


def test_other_failures_are_no_refusals(small: Type, tmp_path: Path) -> None:
    assert small("order quote", "o-9", *AT).status == 3
    assert small("order reserve", "o-1", "--variant", "pink", "--plan", "owned", "--city", "chengdu", *AT).status == 3
    assert refusals(tmp_path / "live.db") == []


def test_the_statement_of_an_order_that_ended(small: Type) -> None:
    small("order reserve", *WISH, *AT)
    for step in ("quote", "deposit", "lock"):
        assert small(f"order {step}", "o-1", *AT).status == 0
    found = small("finance statement", "o-1", "--json").json
    assert found == {"paid": "0.00", "currency": "CNY", "lines": [], "parts": {}}
    assert small("order cancel", "o-1", *AT).status == 0
    found = small("finance statement", "o-1", "--json").json
    deposit = found["paid"]
    assert float(deposit) > 0
    assert found["lines"] == [{"party": "shop", "heading": "forfeit", "amount": deposit}]
    assert found["parts"] == {"shop": deposit}
    assert f"paid by the customer: {deposit} CNY" in small("finance statement", "o-1").out
    assert small("finance statement", "o-2").status == 3


def test_a_month_that_cannot_be_billed_says_why(small: Type) -> None:
    small("order reserve", *WISH, *AT)
    told = small("finance bill", "o-1", "--month", 1, "--km", 900, "--json", *AT)
    assert (told.status, told.json["refused"]) == (1, "its vehicle has not been handed over")
