"""Releases made up for tests: noisy counts of persons whose true cells are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pullcord.base import PartyId, PersonId
from pullcord.privacy import Dimension, Grid, ReleaseRow, half_width, measure

SURE = 1_000_000_000  # an epsilon of 1,000: next to no noise, which only a test may have


def made_release(
    dimensions: Sequence[Dimension],
    cells: Sequence[tuple[str, ...]],
    *,
    epsilon_micro: int = SURE,
    name: str = "r-1",
    period: str = "2025Q4",
    as_of: date = date(2025, 12, 31),
    counted: str = "paid",
    seq: int = 1,
) -> ReleaseRow:
    """A release as the ledger would keep it."""
    grid = Grid(tuple(dimensions))
    persons = {PersonId(f"p-{i}"): cell for i, cell in enumerate(cells)}
    noisy, scale = measure(grid, persons.values(), epsilon_micro)
    return ReleaseRow(
        release_id=name,
        partner=PartyId("gac_aion"),
        period=period,
        counted=counted,
        dimensions=[[d.name, list(d.values)] for d in dimensions],
        as_of=as_of,
        mechanism="discrete Laplace on counts, OpenDP",
        scale=scale,
        epsilon_micro=epsilon_micro,
        least_shown=max(10, half_width(scale) + 1),
        noisy=list(noisy),
        seq=seq,
    )
