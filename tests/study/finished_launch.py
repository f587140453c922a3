"""A finished run of the small launch: its results, and its ledger open to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pullcord.store import Event, LedgerReader
from pullcord.study import Study


@dataclass(frozen=True, slots=True)
class FinishedLaunch:
    """What a run left behind."""

    study: Study
    ledger: LedgerReader
    events: tuple[Event[Any], ...]

    def of(self, *kinds: type) -> list[Event[Any]]:
        """The events of some kinds, in order."""
        return [event for event in self.events if isinstance(event.body, kinds)]
