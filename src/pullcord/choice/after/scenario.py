"""What if: the same choosers before other alternatives, at other prices, with something new or something gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pullcord.base import InvalidInput, NotFound

from ..data import ChoiceData, Floats, Integers
from .enumeration import choices_faced


@dataclass(frozen=True, slots=True)
class Change:
    """A column takes another value: `to`, or else what it was, times `times`, plus `plus`.

    An indicator set to 1 (`fuel=electric`) sets the others of its kind (`fuel=petrol`) to 0, as in `Add`.
    alternative : of which alternative; None for all. where : only for rows whose columns have these values, such as
    {"region=north": 1}.
    """

    column: str
    to: float | None = None
    times: float = 1.0
    plus: float = 0.0
    alternative: str | None = None
    where: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remove:
    """An alternative is no longer on offer."""

    alternative: str


@dataclass(frozen=True, slots=True)
class Add:
    """Something new is on offer wherever `like` is.

    It shares everything with `like` that the model knows by name: constant, tastes of that alternative alone, nest.
    What the model knows by columns is copied from `like`, unless `columns` says otherwise; an indicator set to 1
    (`fuel=electric`) sets the other indicators of its kind (`fuel=petrol`) to 0.
    """

    name: str
    like: str
    columns: Mapping[str, float] = field(default_factory=dict)


ScenarioChange = Change | Remove | Add


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """What is on offer after changes. `data.alternative` is what the model takes a row for; `offer` what it is.

    data : the choosers of before, situation by situation; its `chosen` is a placeholder, for nobody has chosen yet.
    names : what is on offer, alternatives of before first, in their order; what was removed keeps its place.
    offer : int64[row], which of `names`. faced : float64[situation], how many choices each situation stands for.
    """

    data: ChoiceData
    names: tuple[str, ...]
    offer: Integers
    faced: Floats


def scenario(data: ChoiceData, changes: Sequence[ScenarioChange] = ()) -> Scenario:
    """The choosers of the data before what the changes leave on offer, one change after the other.

    Raises NotFound for columns or alternatives that are not there, InvalidInput for a name that is taken and for a
    chooser who is left without anything.

    >>> tomorrow = scenario(labelled, [Change("price", times=0.9, alternative="electric"), Remove("petrol")])
    >>> tomorrow.names, sorted({tomorrow.names[o] for o in tomorrow.offer})
    (('petrol', 'hybrid', 'electric'), ['electric', 'hybrid'])
    """
    result = Scenario(data, data.alternatives, data.alternative, choices_faced(data))
    for change in changes:
        if isinstance(change, Change):
            result = _change(result, change)
        elif isinstance(change, Remove):
            result = _remove(result, change)
        else:
            result = _add(result, change)
    return result


def _rows_of(name: str, now: Scenario) -> Integers:
    """The rows on which something is on offer. Raises NotFound where it never is."""
    rows = np.flatnonzero(now.offer == now.names.index(name)) if name in now.names else np.empty(0, dtype=np.int64)
    if not len(rows):
        on_offer = [known for i, known in enumerate(now.names) if np.any(now.offer == i)]
        raise NotFound(f"`{name}` is not on offer in `{now.data.name}`", f"on offer are {', '.join(on_offer[:20])}")
    return rows


def _change(now: Scenario, change: Change) -> Scenario:
    before = now.data.column(change.column)
    if change.column not in now.data.column_names:
        raise NotFound(f"`{change.column}` is no column of `{now.data.name}`", "change the column it is taken from")
    if change.to is not None and (change.times != 1 or change.plus != 0):
        raise InvalidInput(f"`{change.column}` cannot be set and moved at once", "give `to`, or `times` and `plus`")
    rows = np.ones(now.data.rows, dtype=np.bool_)
    if change.alternative is not None:
        rows[:] = False
        rows[_rows_of(change.alternative, now)] = True
    for column, value in change.where.items():
        rows &= now.data.column(column) == value
    after = np.where(rows, change.to if change.to is not None else before * change.times + change.plus, before)
    changed = {change.column: after}
    if change.to == 1:
        for kin in _kin(change.column, now.data):
            changed[kin] = np.where(rows, 0.0, now.data.column(kin))
    return replace(now, data=now.data.with_columns(**changed))


def _kin(column: str, data: ChoiceData) -> list[str]:
    """The other indicators of an indicator's kind; none for what is no indicator."""
    kind, sign, _ = column.partition("=")
    return [name for name in data.column_names if sign and name.startswith(f"{kind}=") and name != column]


def _remove(now: Scenario, change: Remove) -> Scenario:
    gone = _rows_of(change.alternative, now)
    kept = np.setdiff1d(np.arange(now.data.rows), gone)
    sizes = np.bincount(now.data.situation_of_row()[kept], minlength=now.data.situations)
    if np.any(sizes == 0):
        at = int(np.argmax(sizes == 0))
        raise InvalidInput(
            f"without `{change.alternative}` {int(np.sum(sizes == 0)):,} choosers are left with nothing, the first "
            f"at situation {at + 1}",
            "add an outside alternative, or leave them out of the data",
        )
    return _with_rows(now, kept, sizes, now.offer[kept], {})


def _add(now: Scenario, change: Add) -> Scenario:
    if change.name in now.names:
        raise InvalidInput(f"`{change.name}` is on offer already", "give what is new a name of its own")
    if unknown := [column for column in change.columns if column not in now.data.column_names]:
        raise NotFound(
            f"`{now.data.name}` has no column {', '.join(unknown)}", f"it has {', '.join(now.data.column_names)}"
        )
    situation = now.data.situation_of_row()
    like = _rows_of(change.like, now)
    like = like[np.unique(situation[like], return_index=True)[1]]  # one newcomer for each chooser
    rows = np.concatenate([np.arange(now.data.rows), like])
    order = np.argsort(situation[rows], kind="stable")
    new = (np.arange(len(rows)) >= now.data.rows)[order]
    offer = np.where(new, len(now.names), now.offer[rows[order]])
    values = dict(change.columns)
    for column, value in change.columns.items():
        if value == 1:
            values |= {kin: 0.0 for kin in _kin(column, now.data) if kin not in change.columns}
    sizes = np.bincount(situation[rows], minlength=now.data.situations)
    changed = {name: (np.flatnonzero(new), value) for name, value in values.items()}
    after = _with_rows(now, rows[order], sizes, offer.astype(np.int64), changed)
    return replace(after, names=(*now.names, change.name))


def _with_rows(
    now: Scenario, rows: Integers, sizes: Integers, offer: Integers, changed: Mapping[str, tuple[Integers, float]]
) -> Scenario:
    columns = now.data.columns[rows]
    for name, (at, value) in changed.items():
        columns[at, now.data.column_names.index(name)] = value
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    chosen = np.zeros(len(rows))
    chosen[start[:-1]] = 1.0  # a placeholder: models ask that somebody chose something
    data = replace(
        now.data, columns=columns, alternative=now.data.alternative[rows], chosen=chosen, situation_start=start
    )
    return Scenario(data, now.names, offer, now.faced)


def market_of(data: ChoiceData, products: Mapping[str, Mapping[str, float]], *, name: str = "market") -> ChoiceData:
    """Every person of the data once, before the same products: for shares of real offers from a survey's tastes.

    products : the columns of each product by name. What is the same for all alternatives of a person's first situation
    (income, region) stays as it is; every column that differs between alternatives must be given, but for indicators
    (`fuel=electric`), which are 0 unless given. `chosen` is a placeholder, for nobody has chosen yet.

    Raises InvalidInput for no products and for columns that are missing; NotFound for columns the data do not have.

    >>> cars = {"city": {"price": 2.0, "range_km": 200, "fast": 0, "fuel=electric": 1}, "none": {"price": 0,
    ...     "range_km": 0, "fast": 0}}
    >>> market_of(data, cars).alternatives
    ('city', 'none')
    """
    if not products:
        raise InvalidInput("a market needs something on offer", "give products by name, with their columns")
    if unknown := sorted({c for given in products.values() for c in given if c not in data.column_names}):
        raise NotFound(f"`{data.name}` has no column {', '.join(unknown)}", f"it has {', '.join(data.column_names)}")
    starts = data.situation_start[:-1]
    same = np.all(np.minimum.reduceat(data.columns, starts) == np.maximum.reduceat(data.columns, starts), axis=0)
    first_situation = data.person_start[:-1]
    persons = data.columns[data.situation_start[first_situation]]
    columns = np.repeat(persons[:, None, :], len(products), axis=1)
    for p, (product, given) in enumerate(products.items()):
        for c, column in enumerate(data.column_names):
            if column in given:
                columns[:, p, c] = given[column]
            elif not same[c] and "=" in column:
                columns[:, p, c] = 0.0
            elif not same[c]:
                raise InvalidInput(f"`{product}` has no `{column}`", "give every column in which alternatives differ")
    rows = data.persons * len(products)
    chosen = np.zeros((data.persons, len(products)))
    chosen[:, 0] = 1.0
    return ChoiceData(
        name=name,
        column_names=data.column_names,
        alternatives=tuple(products),
        columns=columns.reshape(rows, -1),
        alternative=np.tile(np.arange(len(products)), data.persons),
        chosen=chosen.ravel(),
        situation_start=np.arange(0, rows + 1, len(products)),
        person_start=np.arange(data.persons + 1),
        weight=data.weight[first_situation],
        person_ids=data.person_ids,
    )
