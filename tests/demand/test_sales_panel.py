"""Reading a panel: what is in the file, and every fault in it by line."""

from __future__ import annotations

from datetime import date

import pytest

from pullcord.base import InvalidInput
from pullcord.demand import read_panel

GOOD = """month,brand,model,units,source,mark
2025-01,Geely,Xingyuan,28146,made up,A
2025-01,(all),(all battery-electric cars),500000,made up,A
"""


def test_named_products_and_the_market_total_are_kept_apart(tmp_path):
    file = tmp_path / "panel.csv"
    file.write_text(GOOD)
    panel = read_panel(file)
    assert [(s.product_id, s.month, s.units) for s in panel.sales] == [("geely-xingyuan", date(2025, 1, 1), 28146)]
    assert [(s.product_id, s.units) for s in panel.market] == [("(all)", 500_000)]
    assert panel.names == (("geely-xingyuan", "Geely Xingyuan"),)


def test_all_faults_are_told_at_once(tmp_path):
    file = tmp_path / "panel.csv"
    file.write_text(
        GOOD + "2025-13,Geely,Xingyuan,5,s,A\n2025-01,Geely,Xingyuan,6,s,A\n2025-02,BYD,Dolphin,many,s,A\n2025\n"
    )
    with pytest.raises(InvalidInput) as caught:
        read_panel(file)
    assert [(p.line, p.wrong) for p in caught.value.problems] == [
        (4, "`2025-13` is no month"),
        (5, "Geely Xingyuan in 2025-01 repeats line 2"),
        (6, "`many` is no number of units"),
        (7, "1 fields"),
    ]


def test_missing_columns_and_files_are_named(tmp_path):
    file = tmp_path / "panel.csv"
    file.write_text("month,units\n")
    with pytest.raises(InvalidInput, match="the columns are month,units"):
        read_panel(file)
    with pytest.raises(InvalidInput, match="there is no panel"):
        read_panel(tmp_path / "none.csv")
