"""`pullcord campaign`: from the opening to the close, with a queue between."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typed import Told, Type

from small_house import FOLDER

CAMPAIGNS = """\
campaign_id,name,local_name,opens_at,closes_at,deposit_cny,refundable_until,refund_within_hours,pay_within_hours,\
queue_max,hold_hours,source,mark
rush,Rush,抢购,2025-06-03T10:00,2025-06-04T10:00,20,lock,,6,1,2,made up for tests,A
"""
QUOTAS = "campaign_id,variant_id,city_id,places,source,mark\nrush,*,*,1,made up for tests,A\n"
PRICES = """\
campaign_id,from_place,price_off_cny,source,mark
rush,1,50,made up for tests,A
rush,2,10,made up for tests,A
"""
WISH = ("--variant", "white", "--plan", "owned", "--city", "chengdu")


def at(hour: int) -> tuple[str, str]:
    return ("--at", f"2025-06-03T{hour:02d}:00+08:00")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small launch with a campaign of one place."""
    made = Path(shutil.copytree(FOLDER, tmp_path / "program"))
    for name, text in (("campaigns", CAMPAIGNS), ("campaign_quotas", QUOTAS), ("campaign_prices", PRICES)):
        (made / f"{name}.csv").write_text(text, encoding="utf-8")
    return made


def test_a_campaign_from_its_opening_to_its_close(pullcord: Type, folder: Path, tmp_path: Path) -> None:
    ledger = ("--ledger", tmp_path / "live.db")

    def campaign(verb: str, *words: object) -> Told:
        return pullcord("campaign", verb, folder, *words, *ledger)

    opened = campaign("open", "rush", *at(9))
    assert opened.out == "Rush takes reservations from 2025-06-03 02:00 UTC to 2025-06-04 02:00 UTC\n"
    assert "opens at" in campaign("reserve", "rush", "early", *WISH, *at(9)).err
    first = campaign("reserve", "rush", "a", *WISH, *at(10), "--json").json
    assert (first["state"], first["place_no"], first["price_off"]["minor"]) == ("reserved", 1, 50_00)
    second = campaign("reserve", "rush", "b", *WISH, *at(11))
    assert second.out.startswith("order b waits at position 1, with 0 before it")
    third = campaign("reserve", "rush", "c", *WISH, *at(12))
    assert (third.status, third.out) == (1, "")
    assert third.err.startswith("refused: Rush is sold out, and 1 wait already")
    assert campaign("accept", "rush", "b", *at(13)).status == 1
    assert campaign("sweep", *at(16), "--json").json == {"lapsed": 1}
    assert campaign("accept", "rush", "b", "--attempt", 2, *at(17), "--json").json["place_no"] == 2

    seen = campaign("show", "rush", *at(18), "--json").json
    assert (seen["open"], seen["given"], seen["held"], seen["waiting"]) == (True, 2, 1, 0)
    assert seen["quotas"] == [{"variant_id": "*", "city_id": "*", "places": 1, "remaining": 0}]
    assert {row["rung"]: row["count"] for row in seen["conversion"]}["reserve"] == 2
    drawn = campaign("show", "rush", *at(18)).out
    assert "Rush, 抢购: open" in drawn
    assert "10.00 CNY" in drawn

    assert campaign("close", "rush", *at(19), "--json").json == {"campaign_id": "rush", "waiting": 0}
    over = campaign("reserve", "rush", "d", *WISH, *at(20))
    assert (over.status, over.err) == (1, "refused: Rush is over\n")


def test_a_campaign_that_is_not_there_is_named(pullcord: Type, folder: Path, tmp_path: Path) -> None:
    ledger = ("--ledger", tmp_path / "live.db", *at(9))
    missing = pullcord("campaign", "open", folder, "double-11", *ledger)
    assert missing.status == 3
    assert "its campaigns are `rush`" in missing.err
    unopened = pullcord("campaign", "reserve", folder, "rush", "a", *WISH, *ledger)
    assert unopened.status == 3
    assert "was opened" in unopened.err
