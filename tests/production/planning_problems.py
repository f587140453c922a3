"""Small planning questions for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from pullcord.production import Limits, Problem

MONDAY = date(2025, 12, 1)


def week(number: int) -> date:
    return MONDAY + timedelta(weeks=number)


def limits(names: Sequence[str], use: Sequence[Sequence[float]], supply: Sequence[Sequence[float]]) -> Limits:
    """Limits of the first plant."""
    return Limits(
        tuple(names),
        np.zeros(len(names), dtype=np.int64),
        np.array(use, dtype=np.float64),
        np.array(supply, dtype=np.float64),
    )


def question(demand: Sequence[Sequence[int]], capacity: Sequence[float], **changes: Any) -> Problem:
    """One plant that can build everything, costs 10 late, 1 early, 100 unbuilt; `changes` replace what they name."""
    wanted = np.array(demand, dtype=np.int64)
    items, weeks = wanted.shape
    fields: dict[str, Any] = {
        "plants": ("GZ",),
        "weeks": tuple(week(t) for t in range(weeks)),
        "items": tuple(f"v{i}" for i in range(items)),
        "demand": wanted,
        "late_cost": np.full(items, 10.0),
        "early_cost": np.full(items, 1.0),
        "unbuilt_cost": np.full(items, 100.0),
        "can_build": np.ones((items, 1), dtype=bool),
        "capacity": np.array([capacity], dtype=np.float64),
        "options": Limits.none(items, weeks),
        "parts": Limits.none(items, weeks),
    }
    return Problem(**(fields | changes))


@st.composite
def questions(draw: st.DrawFn, items: int = 3, weeks: int = 4) -> Problem:
    """Feasible questions over two plants with scarce options and parts, some demand early, some late."""
    many, far = draw(st.integers(1, items)), draw(st.integers(1, weeks))
    plants = draw(st.integers(1, 2))

    def array(low: int, high: int, *shape: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        size = int(np.prod(shape))
        drawn = draw(st.lists(st.integers(low, high), min_size=size, max_size=size))
        return np.array(drawn, dtype=np.int64).reshape(shape)

    option_count, part_count = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return Problem(
        plants=tuple(f"P{p}" for p in range(plants)),
        weeks=tuple(week(t) for t in range(far)),
        items=tuple(f"v{i}" for i in range(many)),
        demand=array(0, 6, many, far),
        late_cost=array(1, 20, many).astype(float),
        early_cost=array(0, 3, many).astype(float),
        unbuilt_cost=array(0, 50, many).astype(float),
        can_build=array(0, 3, many, plants) > 0,
        capacity=array(0, 9, plants, far).astype(float),
        options=Limits(
            tuple(f"o{n}" for n in range(option_count)),
            array(0, plants - 1, option_count),
            array(0, 1, option_count, many).astype(float),
            array(0, 6, option_count, far).astype(float),
        ),
        parts=Limits(
            tuple(f"m{n}" for n in range(part_count)),
            array(0, plants - 1, part_count),
            array(0, 3, part_count, many).astype(float),
            array(0, 12, part_count, far).astype(float),
        ),
        early_weeks_max=draw(st.integers(0, 2)),
    )
