"""M5 from a ledger: claims that people ordered under, and that turned out not to be so."""

from __future__ import annotations

from pathlib import Path

import pytest
from claim_bench import house, program

from pullcord.mismatch import claim_mismatch, read_claim_measure


def test_nothing_ordered_is_not_measured(tmp_path: Path) -> None:
    with house(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        assert read_claim_measure(opened.ledger.events()) is None


def test_a_claim_counts_when_somebody_ordered_under_it(tmp_path: Path) -> None:
    with house(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        opened.give(opened.desk.change_fact("option/wrap.custom", "no", "before anybody ordered"))
        for number in range(4):
            opened.reserve(f"o-{number}")
        clean = read_claim_measure(opened.ledger.events())
        assert clean is not None
        assert (clean.unsupported, clean.per_1000_orders, clean.orders) == (0, 0.0, 4)
        opened.wait(days=1)
        opened.give(opened.desk.withdraw_claim("range", "worded anew: no fact has changed"))
        opened.give(opened.desk.change_fact("cap/rental", "250", "per year"))
        found = read_claim_measure(opened.ledger.events())
        assert found is not None
        assert (found.unsupported, found.published, found.orders) == (4, len(program().claims), 4)
        assert found.per_1000_orders == 1_000


@pytest.mark.parametrize(("unsupported", "orders", "share"), [(8, 18_000, 4 / 9), (0, 10, 0.0), (3, 0, 0.0)])
def test_the_share_is_per_thousand_orders(unsupported: int, orders: int, share: float) -> None:
    assert claim_mismatch(unsupported, orders) == pytest.approx(share)
