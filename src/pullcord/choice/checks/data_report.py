"""What choice data hold, before any model: who chose what, among how many, and how attributes range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pullcord.base import InvalidInput

from ..data import ChoiceData, Floats

Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class AlternativeUse:
    """How often an alternative was on offer and chosen, choices weighted. `share` is of all choices,
    `share_on_offer` of those in which it was on offer; NaN where it never was."""

    name: str
    offered: float
    chosen: float
    share: float
    share_on_offer: float


@dataclass(frozen=True, slots=True)
class AttributeRange:
    """A column over all rows, and within choice sets: `deviation_within` is the standard deviation there, `varies`
    the share of situations in which alternatives differ in it."""

    name: str
    lowest: float
    mean: float
    highest: float
    deviation_within: float
    varies: float


@dataclass(frozen=True, slots=True)
class Dominated:
    """Choices of an alternative that another one on offer beat in every attribute named, strictly in one."""

    attributes: Mapping[str, Better]
    choices: float
    share: float


@dataclass(frozen=True, slots=True)
class DataReport:
    """See the fields. `set_sizes` : situations by number of alternatives; `panel_lengths` : persons by number of
    situations; `dominated` is None where nobody said which attributes are better."""

    name: str
    choices: float
    situations: int
    persons: int
    weighted: bool
    alternatives: tuple[AlternativeUse, ...]
    set_sizes: Mapping[int, int]
    panel_lengths: Mapping[int, int]
    attributes: tuple[AttributeRange, ...]
    dominated: Dominated | None

    def lines(self) -> tuple[str, ...]:
        """The report as text, a line each."""
        told = [
            f"{self.name}: {self.choices:,.10g} choices in {self.situations:,} situations of {self.persons:,} persons"
            + (", weighted" if self.weighted else ""),
            "alternatives on offer: " + _sizes(self.set_sizes, "situations"),
            "situations for each person: " + _sizes(self.panel_lengths, "persons"),
        ]
        told += [
            f"{a.name}: on offer in {a.offered:,.10g}, chosen in {a.chosen:,.10g} ({a.share:.1%}; where on offer "
            f"{a.share_on_offer:.1%})"
            for a in self.alternatives
        ]
        told += [
            f"{a.name}: {a.lowest:.6g} to {a.highest:.6g}, mean {a.mean:.6g}, "
            + (f"varies in {a.varies:.1%} of situations" if a.varies else "the same for all alternatives")
            for a in self.attributes
        ]
        if self.dominated is not None:
            named = ", ".join(f"{better} {name}" for name, better in self.dominated.attributes.items())
            told.append(f"dominated by {named}: {self.dominated.choices:,.10g} choices ({self.dominated.share:.1%})")
        return tuple(told)


def data_report(data: ChoiceData, *, better: Mapping[str, Better] | None = None) -> DataReport:
    """What the data hold; several passes over all rows.

    better : which way attributes are better, to count dominated choices: `{"price": "less", "range": "more"}`. A few
    are no fault, for there is more to a car than its attributes; many tell of a swapped label or a wrong sign.
    """
    start = data.situation_start[:-1]
    sizes = np.diff(data.situation_start)
    weight = np.repeat(data.weight, sizes)
    made = np.add.reduceat(data.chosen, start)
    chosen = np.bincount(data.alternative, weight * data.chosen, len(data.alternatives))
    offered = np.bincount(data.alternative, weight * np.repeat(made, sizes), len(data.alternatives))
    total = float(chosen.sum())
    uses = tuple(
        AlternativeUse(name, o, c, c / total if total else float("nan"), c / o if o else float("nan"))
        for name, o, c in zip(data.alternatives, offered.tolist(), chosen.tolist(), strict=True)
    )
    return DataReport(
        name=data.name,
        choices=float(data.chosen.sum()),
        situations=data.situations,
        persons=data.persons,
        weighted=bool(np.any(data.weight != 1)),
        alternatives=uses,
        set_sizes=_counted(sizes),
        panel_lengths=_counted(np.diff(data.person_start)),
        attributes=tuple(_range(data, i) for i in range(len(data.column_names))),
        dominated=None if not better else _dominated(data, better, total),
    )


def _range(data: ChoiceData, i: int) -> AttributeRange:
    values, start = data.columns[:, i], data.situation_start[:-1]
    low, high = np.minimum.reduceat(values, start), np.maximum.reduceat(values, start)
    sizes = np.diff(data.situation_start)
    within = values - np.repeat(np.add.reduceat(values, start) / sizes, sizes)
    varies = low != high
    return AttributeRange(
        data.column_names[i],
        float(low.min()),
        float(values.mean()),
        float(high.max()),
        float(np.sqrt(np.mean(within**2))) if varies.any() else 0.0,
        float(np.mean(varies)),
    )


def _dominated(data: ChoiceData, better: Mapping[str, Better], total: float) -> Dominated:
    for name, way in better.items():
        if way not in ("more", "less"):
            raise InvalidInput(f"`{name}` is better when `{way}`?", "say more or less")
    signed: list[Floats] = [data.column(name) * (1 if way == "more" else -1) for name, way in better.items()]
    values = np.column_stack(signed)
    picked = np.flatnonzero(data.chosen > 0)
    situation = data.situation_of_row()[picked]
    sizes = np.diff(data.situation_start)[situation]
    begins = np.cumsum(sizes) - sizes
    within = np.arange(int(sizes.sum())) - np.repeat(begins, sizes)
    rivals = np.repeat(data.situation_start[situation], sizes) + within
    gap = values[rivals] - values[np.repeat(picked, sizes)]
    beaten = np.logical_or.reduceat((gap >= 0).all(axis=1) & (gap > 0).any(axis=1), begins)
    choices = float(np.sum(data.weight[situation[beaten]] * data.chosen[picked[beaten]]))
    return Dominated(dict(better), choices, choices / total)


def _counted(sizes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[int, int]:
    values, counts = np.unique(sizes, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _sizes(counted: Mapping[int, int], what: str) -> str:
    if len(counted) > 6:
        return f"{min(counted)} to {max(counted)}"
    return ", ".join(f"{size} ({count:,} {what})" for size, count in counted.items())
