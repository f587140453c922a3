"""What privacy tells the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pullcord.base import PartyId
from pullcord.store import event


@event("privacy.released")
@dataclass(frozen=True, slots=True)
class CountsReleased:
    """Noisy counts were made for a partner and paid for from its budget: one event, so that neither is without the
    other. `noisy` lists every node of the grid; what it was before the noise is kept nowhere."""

    release_id: str
    partner: PartyId
    period: str
    counted: str
    dimensions: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]  # of each dimension
    as_of: date
    mechanism: str
    scale: float
    epsilon_micro: int
    budget_micro: int  # of the partner for the period, all releases together
    least_shown: int
    noisy: tuple[int, ...]
