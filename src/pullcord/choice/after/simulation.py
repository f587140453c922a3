"""A market before and after a change: shares, who changes over, and what it is worth to those who choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, NotFound

from ..data import ChoiceData, Floats
from ..fit import Covariance, Fit
from ..table import aligned, figure, wrapped
from .enumeration import choices_faced
from .scenario import Scenario, ScenarioChange, scenario
from .surplus import worth_of
from .uncertainty import Range, draw_estimates, known_estimates, percentile_range, through_model

Flags = NDArray[np.bool_]
EVERYONE = "everyone"
SEGMENTS_MAX = 50


@dataclass(frozen=True, slots=True)
class Segment:
    """What a change does among some of those who choose.

    choices : how many choices they make, by weight. before, after, change : the share of each alternative, and what it
    gains, in the order of `MarketSimulation.names`. surplus : mean worth of the change to one choice, in units of
    price; None where no price was named or `surplus_note` of the simulation says why.
    """

    name: str
    choices: float
    before: tuple[Range, ...]
    after: tuple[Range, ...]
    change: tuple[Range, ...]
    surplus: Range | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MarketSimulation:
    """Shares before and after a change, for everyone and for each segment, with intervals at a level.

    The intervals say how sure the tastes are; not whether the model is right, nor whether the choosers are those of
    the market.
    """

    title: str
    data_name: str
    names: tuple[str, ...]
    segments: tuple[Segment, ...]
    level: float
    draws: int
    price: str | None = None
    surplus_note: str = ""

    def __getitem__(self, segment: str) -> Segment:
        """A segment by name; `everyone` is all. Raises NotFound."""
        for one in self.segments:
            if one.name == segment:
                return one
        raise NotFound(f"there is no segment `{segment}`", f"there are {', '.join(s.name for s in self.segments)}")

    def share(self, alternative: str, segment: str = EVERYONE) -> tuple[Range, Range]:
        """An alternative's share before and after. Raises NotFound."""
        if alternative not in self.names:
            raise NotFound(f"`{alternative}` is not in the market", f"on offer are {', '.join(self.names)}")
        at = self.names.index(alternative)
        return self[segment].before[at], self[segment].after[at]

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""

        def one(held: Range) -> dict[str, float | None]:
            return {"estimate": held.estimate, "lower": held.lower, "upper": held.upper}

        return {
            "title": self.title,
            "data": self.data_name,
            "level": self.level,
            "draws": self.draws,
            "segments": {
                segment.name: {
                    "choices": segment.choices,
                    "shares": {
                        name: {
                            "before": one(segment.before[i]),
                            "after": one(segment.after[i]),
                            "change": one(segment.change[i]),
                        }
                        for i, name in enumerate(self.names)
                    },
                    "surplus_per_choice": one(segment.surplus) if segment.surplus else None,
                }
                for segment in self.segments
            },
            "surplus_note": self.surplus_note,
        }

    def __str__(self) -> str:
        lines = wrapped(f"Market simulation, {self.title}, {self.data_name}: shares in per cent")
        for segment in self.segments:
            rows: list[tuple[str, ...]] = [("", "before", "after", "change")]
            rows += [
                (name, *(_percent(column[i]) for column in (segment.before, segment.after, segment.change)))
                for i, name in enumerate(self.names)
            ]
            lines += ["", f"{segment.name}, {segment.choices:,.6g} choices", *aligned(rows, rule_after=(0,))]
            if segment.surplus is not None:
                ends = ", ".join(
                    "unbounded" if e is None else figure(e) for e in (segment.surplus.lower, segment.surplus.upper)
                )
                lines += wrapped(
                    f"Consumer surplus: {figure(segment.surplus.estimate)} [{ends}] a choice, in units of {self.price}"
                )
        lines += ["", *wrapped(f"In brackets: {self.level:.0%} intervals from {self.draws:,} draws of the estimates.")]
        return "\n".join(lines + wrapped(self.surplus_note))


def _percent(held: Range) -> str:
    if held.lower is None or held.upper is None:
        return f"{100 * held.estimate:.2f}"
    return f"{100 * held.estimate:.2f} [{100 * held.lower:.2f}, {100 * held.upper:.2f}]"


def simulate_market(
    fit: Fit,
    market: ChoiceData,
    change: ChoiceData | Sequence[ScenarioChange] = (),
    *,
    segment: str | None = None,
    price: str | None = None,
    level: float = 0.95,
    draws: int = 200,
    seed: int = 0,
    covariance: Covariance | None = None,
) -> MarketSimulation:
    """Shares of a market before and after a change, with intervals from how sure the tastes are.

    market : who chooses, before what: choice data as the model was fitted to, or `market_of` for real offers; what was
    chosen in it does not matter. change : `Change`, `Remove` and `Add`, one after the other; or another market.
    segment : a column of persons by which shares are also given: its values, or its indicators (`region` for
    `region=north`, `region=south`). price : the price column, for the change's worth to those who choose, in its
    units. draws : of the estimates, for intervals at `level`; each draw computes the whole market twice.

    Raises InvalidInput for a segment that differs within a choice or has more than 50 values, and where surplus has no
    formula; NotFound for what market or model do not know.

    Source: Train (2009), secs. 2.5 and 3.5; Krinsky and Robb (1986), Review of Economics and Statistics 68(4).

    >>> dearer = simulate_market(cars, labelled, [Change("price", times=1.1, alternative="petrol")], price="price")
    >>> before, after = dearer.share("petrol")
    >>> after.estimate < before.estimate, dearer["everyone"].surplus.upper < 0
    (True, True)
    """
    before = scenario(market)
    after = _after(market, change)
    names = tuple(dict.fromkeys((*before.names, *after.names)))
    sides = tuple((one, np.array([names.index(n) for n in one.names])[one.offer]) for one in (before, after))
    labels, groups_before = _segments(before, segment)
    groups_after = groups_before if after.data.situations == market.situations else _segments(after, segment)[1]
    if len(groups_after) != len(groups_before):
        raise InvalidInput(f"`{segment}` has other values after than before", "compare the same kinds of choosers")
    worth = None if price is None else worth_of(fit, price, before.data, after.data, seed=seed)
    faced = before.faced

    def shares_at(estimates: Floats) -> Floats:
        """float64[side, segment, name]."""
        result = np.empty((2, len(labels), len(names)))
        for side, ((one, offer), groups) in enumerate(zip(sides, (groups_before, groups_after), strict=True)):
            probability = fit.model.probabilities(estimates, one.data, seed=fit.seed or 0)
            counted = probability * one.faced[one.data.situation_of_row()]
            row_of = one.data.situation_of_row()
            for g, group in enumerate(groups):
                inside = group[row_of]
                result[side, g] = np.bincount(offer[inside], counted[inside], minlength=len(names))
                result[side, g] /= one.faced[group].sum()
        return result

    def surplus_at(estimates: Floats) -> Floats:
        """float64[segment]."""
        if worth is None:
            return np.full(len(labels), np.nan)
        each = worth.change(estimates)
        return np.array([each[group] @ faced[group] / faced[group].sum() for group in groups_before])

    estimates = known_estimates(fit)
    centre, gain = shares_at(estimates), surplus_at(estimates)
    sample = draw_estimates(fit, draws, seed=seed, covariance=covariance)
    both, refused = through_model(sample, lambda one: np.concatenate([shares_at(one).ravel(), surplus_at(one)]))
    drawn = both[:, : centre.size].reshape(-1, *centre.shape)
    gains = both[:, centre.size :]
    note = _surplus_note(gain, gains, price, level)
    segments = []
    for g, (label, group) in enumerate(zip(labels, groups_before, strict=True)):
        ranges = [
            tuple(percentile_range(centre[side, g, i], drawn[:, side, g, i], level) for i in range(len(names)))
            for side in (0, 1)
        ]
        moved = tuple(
            percentile_range(centre[1, g, i] - centre[0, g, i], drawn[:, 1, g, i] - drawn[:, 0, g, i], level)
            for i in range(len(names))
        )
        surplus = (
            None if price is None or note else percentile_range(gain[g], gains[np.isfinite(gains[:, g]), g], level)
        )
        segments.append(Segment(label, float(faced[group].sum()), ranges[0], ranges[1], moved, surplus))
    return MarketSimulation(fit.model.title, market.name, names, tuple(segments), level, draws - refused, price, note)


def _after(market: ChoiceData, change: ChoiceData | Sequence[ScenarioChange]) -> Scenario:
    if not isinstance(change, ChoiceData):
        return scenario(market, change)
    after = scenario(change)
    if change.situations == market.situations:  # the same choosers: what they now choose is what is asked
        return Scenario(after.data, after.names, after.offer, choices_faced(market))
    return after


def _segments(now: Scenario, segment: str | None) -> tuple[tuple[str, ...], list[Flags]]:
    """Names of the segments, everyone first, and bool[situation] for each: who belongs to it."""
    everyone = np.ones(now.data.situations, dtype=np.bool_)
    if segment is None:
        return (EVERYONE,), [everyone]
    starts = now.data.situation_start[:-1]
    if segment in now.data.column_names:
        columns = {segment: now.data.column(segment)}
    else:
        columns = {name: now.data.column(name) for name in now.data.column_names if name.startswith(f"{segment}=")}
    if not columns:
        raise NotFound(f"`{now.data.name}` has no column `{segment}`", f"it has {', '.join(now.data.column_names)}")
    labels: list[str] = [EVERYONE]
    groups: list[Flags] = [everyone]
    for name, values in columns.items():
        if np.any(np.minimum.reduceat(values, starts) != np.maximum.reduceat(values, starts)):
            raise InvalidInput(f"`{name}` differs between the alternatives of a choice", "segment by what persons are")
        of_situation = values[starts]
        if name != segment:
            labels.append(name)
            groups.append(of_situation == 1)
            continue
        found = np.unique(of_situation)
        if len(found) > SEGMENTS_MAX:
            raise InvalidInput(f"`{segment}` has {len(found)} values", f"group it into {SEGMENTS_MAX} or fewer")
        labels += [f"{segment}={value:g}" for value in found]
        groups += [of_situation == value for value in found]
    kept = [i for i, group in enumerate(groups) if now.faced[group].sum() > 0]
    return tuple(labels[i] for i in kept), [groups[i] for i in kept]


def _surplus_note(gain: Floats, gains: Floats, price: str | None, level: float) -> str:
    """Why there is no surplus; empty where there is one, or none was asked for."""
    if price is None:
        return ""
    wrong = float(np.mean(~np.isfinite(gains).all(axis=1)))
    if np.all(np.isfinite(gain)) and wrong <= (1 - level) / 2:
        return ""
    return (
        f"No consumer surplus: the taste for {price} is not below 0 beyond doubt ({wrong:.1%} of its draws are not): "
        "money has no sure worth here."
    )
