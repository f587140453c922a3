"""`pullcord bench orders`: its table can be read on a terminal of 80 columns."""

from __future__ import annotations

import io

from rich.console import Console

from pullcord.cli import bench_orders


def test_the_table_fits_into_80_columns() -> None:
    figures = {"orders_per_s": 12345.0, "p50_ms": 110.5, "p99_ms": 1234.5, "oversold": 0, "lost": 0, "duplicated": 0}
    figures |= {"fsync_per_s": 20123.0, "cpu_us": 1234.0, "stolen": 0.01}
    row = {"arrangement": bench_orders.ARRANGEMENTS["ours-postgresql"], **figures, "note": "40 times HTTP 409"}
    page = io.StringIO()
    bench_orders._draw(Console(file=page, width=80), [row])
    shown = page.getvalue()
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "…" not in shown
    for whole in ("ours-postgresql", "orders/s", "12,345", "1,234.5", "20,123", "0.01"):
        assert whole in shown
    assert "HTTP 409: the same key sent again while the first request was still in progress" in shown
