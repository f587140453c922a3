"""Observed choices, checked once: kernels and models may trust what stands in a `ChoiceData`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, NotFound

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceData:
    """Choice situations of persons, in long form: one row for every alternative that was on offer.

    Rows of one situation stand together, situations of one person stand together. Only what was available has a row,
    so that choice sets may differ in size (ragged). A cross-section has one situation for each person.

    columns : float64[row, column], what is known of each alternative on offer or of the person who faced it; text
        columns have been turned into indicators named `fuel=electric`.
    alternative : int64[row], which of `alternatives` the row is.
    chosen : float64[row], how often the row was chosen: 0 or 1 for observed choices, any count >= 0 for choices
        compressed to counts.
    situation_start : int64[situation + 1]; rows of situation s are situation_start[s] to situation_start[s + 1].
    person_start : int64[person + 1]; situations of person p are person_start[p] to person_start[p + 1].
    weight : float64[situation], how much the situation counts; 1 where the data have no weights.
    person_ids : one name for each person.
    """

    name: str
    column_names: tuple[str, ...]
    alternatives: tuple[str, ...]
    columns: Floats
    alternative: Integers
    chosen: Floats
    situation_start: Integers
    person_start: Integers
    weight: Floats
    person_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        rows, situations = len(self.columns), len(self.situation_start) - 1
        fits = (
            self.columns.shape == (rows, len(self.column_names))
            and len(self.alternative) == len(self.chosen) == rows
            and situations >= 1
            and self.situation_start[0] == self.person_start[0] == 0
            and self.situation_start[-1] == rows
            and self.person_start[-1] == situations == len(self.weight)
            and len(self.person_ids) == len(self.person_start) - 1
        )
        if not fits:
            raise InvalidInput(f"the arrays of `{self.name}` do not fit together", "read the data by `read_choices`")
        if len(set(self.column_names)) != len(self.column_names):
            raise InvalidInput(f"`{self.name}` names a column twice", "name each column once")
        if np.any(np.diff(self.situation_start) < 1) or np.any(np.diff(self.person_start) < 1):
            raise InvalidInput(f"`{self.name}` has an empty situation or person", "leave it out")
        if not np.all(np.isfinite(self.columns)):
            at = int(np.argmax(~np.isfinite(self.columns).all(axis=0)))
            raise InvalidInput(f"`{self.column_names[at]}` of `{self.name}` has gaps", "fill them or leave rows out")
        if not (np.all(np.isfinite(self.weight)) and np.all(self.weight >= 0) and self.weight.sum() > 0):
            raise InvalidInput(f"`{self.name}` has a weight below 0, or none above", "give weights >= 0")
        if not (np.all(np.isfinite(self.chosen)) and np.all(self.chosen >= 0)):
            raise InvalidInput(f"`{self.name}` has a count below 0", "count choices from 0 up")
        for array in (self.columns, self.alternative, self.chosen, self.situation_start, self.person_start):
            array.flags.writeable = False
        self.weight.flags.writeable = False

    @property
    def rows(self) -> int:
        """How many alternatives were on offer, over all situations."""
        return len(self.columns)

    @property
    def situations(self) -> int:
        """How many times somebody chose."""
        return len(self.situation_start) - 1

    @property
    def persons(self) -> int:
        """How many persons chose."""
        return len(self.person_start) - 1

    @property
    def is_panel(self) -> bool:
        """Whether somebody chose more than once."""
        return self.persons < self.situations

    @property
    def is_counts(self) -> bool:
        """Whether choices are counts, as after compression, and not one chosen row in each situation."""
        totals = np.add.reduceat(self.chosen, self.situation_start[:-1])
        return bool(np.any(totals != 1) or np.any((self.chosen != 0) & (self.chosen != 1)))

    def column(self, name: str) -> Floats:
        """float64[row]; `size=3` also reads as an indicator where `size` is a number. Raises NotFound."""
        if name in self.column_names:
            return self.columns[:, self.column_names.index(name)]
        base, _, level = name.partition("=")
        if level and base in self.column_names:
            try:
                return np.asarray(self.columns[:, self.column_names.index(base)] == float(level), dtype=np.float64)
            except ValueError:
                pass
        raise NotFound(f"`{self.name}` has no column `{name}`", f"it has {', '.join(self.column_names)}")

    def chosen_row(self) -> Integers:
        """int64[situation], the row that was chosen. Raises InvalidInput where choices are counts."""
        if self.is_counts:
            raise InvalidInput(
                f"`{self.name}` holds counts of choices", "fit it by a model that takes counts: Logit or NestedLogit"
            )
        return np.flatnonzero(self.chosen).astype(np.int64)

    def situation_of_row(self) -> Integers:
        """int64[row]."""
        return np.repeat(np.arange(self.situations), np.diff(self.situation_start))

    def person_of_situation(self) -> Integers:
        """int64[situation]."""
        return np.repeat(np.arange(self.persons), np.diff(self.person_start))

    def take_persons(self, persons: Sequence[int] | Integers) -> ChoiceData:
        """The data of some persons, in the order named; a person named twice counts twice (bootstrap)."""
        wanted = np.asarray(persons, dtype=np.int64)
        situations, person_start = _ranges(self.person_start, wanted)
        rows, situation_start = _ranges(self.situation_start, situations)
        return replace(
            self,
            columns=self.columns[rows],
            alternative=self.alternative[rows],
            chosen=self.chosen[rows],
            situation_start=situation_start,
            person_start=person_start,
            weight=self.weight[situations],
            person_ids=tuple(self.person_ids[p] for p in wanted),
        )

    def with_columns(self, **columns: Floats) -> ChoiceData:
        """The same choices with columns added or replaced; float64[row] each."""
        names = list(self.column_names) + [name for name in columns if name not in self.column_names]
        matrix = np.column_stack([columns[name] if name in columns else self.column(name) for name in names])
        return replace(self, column_names=tuple(names), columns=np.ascontiguousarray(matrix, dtype=np.float64))


def _ranges(start: Integers, wanted: Integers) -> tuple[Integers, Integers]:
    """The members of the wanted groups, and where each group now starts."""
    sizes = (start[1:] - start[:-1])[wanted]
    new_start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    members = np.repeat(start[:-1][wanted] - new_start[:-1], sizes) + np.arange(new_start[-1])
    return members.astype(np.int64), new_start
