"""A hundred million choice events, compressed to counts by DuckDB and fitted: what no choice-model package reads.

An event says in which week and region a buyer of which segment chose which of 46 variants: 52 x 31 x 6 choice sets, of
which offers (price, range, and others by week, region and variant) make some 445,000 cells. Events are drawn by a logit
with known tastes from a named stream of the seed and written as Parquet in random order.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pullcord.base import stream
from pullcord.choice import Logit, choices_from_cells, count_cells

SEED = 20251109
WEEKS, REGIONS, SEGMENTS, VARIANTS = 52, 31, 6, 46
BLOCK = 5_000_000  # events in a file
YOUNG = "price/10000:segment=0"  # how much more the first segment minds the price
TASTES = {
    "price/10000": -0.3,
    "range_km/100": 0.6,
    "power_kw/100": 0.4,
    "wait_weeks": -0.05,
    "colour=red": 0.3,
    YOUNG: -0.1,
}
FORMULA = " + ".join(TASTES)
KEYS = ("week", "region", "segment")


def offers() -> pl.DataFrame:
    """One row for each week, region and variant."""
    rng = stream(SEED, "bench.choice_events.offers")
    base = {
        "price": rng.uniform(40_000, 160_000, VARIANTS).round(-2),
        "range_km": rng.choice([300.0, 400.0, 500.0, 600.0], VARIANTS),
        "power_kw": rng.uniform(50, 200, VARIANTS).round(),
    }
    places = WEEKS * REGIONS
    return pl.DataFrame(
        {
            "week": np.repeat(np.arange(WEEKS, dtype=np.int16), REGIONS * VARIANTS),
            "region": np.tile(np.repeat(np.arange(REGIONS, dtype=np.int16), VARIANTS), WEEKS),
            "variant": np.tile(np.arange(VARIANTS, dtype=np.int16), places),
            "price": np.tile(base["price"], places) * rng.uniform(0.9, 1.0, places * VARIANTS).round(3),
            "range_km": np.tile(base["range_km"], places),
            "power_kw": np.tile(base["power_kw"], places),
            "wait_weeks": rng.integers(0, 12, places * VARIANTS).astype(float),
            "colour": np.tile(np.array(["red", "white", "black"])[np.arange(VARIANTS) % 3], places),
        }
    )


def probabilities(offered: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """float64[week, region, segment, variant], each cell's share of all events."""
    price = offered["price"].to_numpy() / 10_000
    utility = (
        TASTES["price/10000"] * price
        + TASTES["range_km/100"] * offered["range_km"].to_numpy() / 100
        + TASTES["power_kw/100"] * offered["power_kw"].to_numpy() / 100
        + TASTES["wait_weeks"] * offered["wait_weeks"].to_numpy()
        + TASTES["colour=red"] * (offered["colour"] == "red").to_numpy()
    )
    by_segment = np.stack([utility + (TASTES[YOUNG] * price if s == 0 else 0) for s in range(SEGMENTS)])
    cells = by_segment.reshape(SEGMENTS, WEEKS, REGIONS, VARIANTS).transpose(1, 2, 0, 3)
    shares = np.exp(cells - cells.max(axis=-1, keepdims=True))
    total = shares.sum(axis=-1, keepdims=True) * (WEEKS * REGIONS * SEGMENTS)
    return np.asarray(shares / total, dtype=np.float64)


def generate(folder: Path, events: int) -> None:
    """Write offers and events, file by file; what is complete already is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"complete-{events}-{SEED}"
    if done.exists():
        return
    offered = offers()
    offered.write_parquet(folder / "offers.parquet")
    share = probabilities(offered).ravel()
    for block, first in enumerate(range(0, events, BLOCK)):
        rng = stream(SEED, "bench.choice_events.events", block)
        count = rng.multinomial(min(BLOCK, events - first), share / share.sum())
        cell = np.repeat(np.arange(len(share), dtype=np.int32), count)
        rng.shuffle(cell)
        place, variant = np.divmod(cell, VARIANTS)
        place, segment = np.divmod(place, SEGMENTS)
        week, region = np.divmod(place, REGIONS)
        columns = {"week": week, "region": region, "segment": segment, "variant": variant}
        table = pl.DataFrame({name: values.astype(np.int16) for name, values in columns.items()})
        table.write_parquet(folder / f"events-{block:03}.parquet")
    done.touch()


def compress_and_fit(folder: Path, memory: str = "4GB") -> dict[str, Any]:
    """One pass from events to estimates."""
    start, cpu_start = time.perf_counter(), time.process_time()
    cells = count_cells(str(folder / "events-*.parquet"), [*KEYS, "variant"], memory_limit=memory, spill_dir=folder)
    grouped = time.perf_counter()
    data = choices_from_cells(cells, folder / "offers.parquet", situation=KEYS, chosen="variant", alternative="variant")
    built = time.perf_counter()
    fit = Logit(FORMULA).fit(data)
    fitted = time.perf_counter()
    return {
        "group_s": grouped - start,
        "build_s": built - grouped,
        "fit_s": fitted - built,
        "total_s": fitted - start,
        "cpu_s": time.process_time() - cpu_start,
        "cells": cells.height,
        "situations": data.situations,
        "rows": data.rows,
        "events": int(data.chosen.sum()),
        "log_likelihood": fit.log_likelihood,
        "estimates": dict(fit.as_mapping()),
    }


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]))
