"""Rows of alternatives in any order become `ChoiceData`: grouped, sorted, and refused where they make no choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..data import ChoiceData, Floats, Integers
from .attributes import as_columns
from .faults import Faults

_BLOCK = 16_384  # rows interleaved at a time, so that a block of all columns stays in the cache
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Stacked:
    """One row for every alternative of every situation, in any order, as a source tells it.

    row : int64[row], the source's row that each one came from.
    person : int64[row], equal where the person is the same; None where every situation is a person of its own.
    situation : int64[row], equal where the person's situation is the same.
    alternative : int64[row] into `alternatives`; None for the place within the situation: first, second, ...
    attributes : the source's columns, name and pl.Series[row] each.
    person_names : the names of persons, given a row of each. say : what a row's situation is called in a message.
    counts : whether `chosen` are counts, so that a situation may hold any number of choices above 0.
    """

    name: str
    row: Integers
    person: Integers | None
    situation: Integers
    alternative: Integers | None
    alternatives: tuple[str, ...]
    chosen: Floats
    weight: Floats | None
    available: Flags | None
    attributes: list[tuple[str, pl.Series]]
    person_names: Callable[[Integers], tuple[str, ...]]
    say: Callable[[int], str]
    counts: bool = False


def assemble(stacked: Stacked, faults: Faults) -> ChoiceData:
    """The data, persons in order of first appearance, then situations, then alternatives in their order.

    Raises InvalidInput with everything that is wrong, what `faults` holds already included.
    """
    rows = len(stacked.row)
    available = np.ones(rows, dtype=np.bool_) if stacked.available is None else stacked.available
    offered = stacked.row if stacked.available is None else stacked.row[available]
    attributes: list[tuple[str, Floats]] = []
    for name, series in stacked.attributes:
        values = series if stacked.available is None else series.filter(pl.Series(available))
        attributes += as_columns(name, values, offered, faults)
    if not rows:
        faults.whole("there is no row", "write one row for each alternative of each choice")
        faults.refuse()
    person, situation = _groups(stacked.person, stacked.situation)
    alternative, alternatives = stacked.alternative, stacked.alternatives
    if alternative is None:
        alternative = _place(situation)
        alternatives = alternatives or tuple(str(1 + i) for i in range(int(alternative.max()) + 1))
        if len(alternatives) <= alternative.max():
            late = np.flatnonzero(alternative >= len(alternatives))
            right = f"only {len(alternatives)} alternatives are named"
            faults.rows(stacked.row[late], lambda i: f"{stacked.say(int(late[i]))} has one alternative too many", right)
            faults.refuse()
    order = _order(situation * len(alternatives) + alternative, (int(situation.max()) + 1) * len(alternatives))
    if order is not None:
        situation, person = situation[order], person[order]
    starts = np.flatnonzero(np.concatenate([[True], situation[1:] != situation[:-1]]))
    _check(stacked, alternative, alternatives, available, order, situation, starts, faults)
    faults.refuse()
    taken = order if order is not None else np.arange(rows)
    first = taken[starts]
    if stacked.available is not None:
        sizes = np.add.reduceat(available[taken].astype(np.int64), starts)
        taken = taken[available[taken]]
    else:
        sizes = np.diff(np.append(starts, rows))
    offered_at = np.cumsum(available) - 1  # attributes were made of what is on offer alone
    plain = order is None and stacked.available is None
    columns = _interleaved([values if plain else values[offered_at[taken]] for _, values in attributes], len(taken))
    person_heads = np.flatnonzero(np.concatenate([[True], np.diff(person[starts]) != 0]))
    return ChoiceData(
        name=stacked.name,
        column_names=tuple(name for name, _ in attributes),
        alternatives=alternatives,
        columns=columns,
        alternative=alternative[taken],
        chosen=stacked.chosen[taken],
        situation_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        person_start=np.append(person_heads, len(starts)).astype(np.int64),
        weight=np.ones(len(starts)) if stacked.weight is None else stacked.weight[first],
        person_ids=stacked.person_names(first[person_heads]),
    )


def by_first_appearance(keys: Integers) -> Integers:
    """int64[key]: 0 for the key that comes first and its equals, 1 for the next new one, and so on."""
    n = len(keys)
    heads = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if n else np.zeros(0, dtype=np.int64)
    runs = keys[heads]
    low, high = (int(runs.min()), int(runs.max())) if n else (0, 0)
    if high - low < 4 * n + 1024:  # a table by key takes one pass where np.unique would sort
        first = np.full(high - low + 1, -1, dtype=np.int64)
        first[runs[::-1] - low] = np.arange(len(runs) - 1, -1, -1)  # the last to write is the first to appear
        codes = np.zeros(len(runs), dtype=np.int64)
        codes[first[first >= 0]] = 1
        by_run = (np.cumsum(codes) - 1)[first[runs - low]]
    else:
        _, first, back = np.unique(runs, return_index=True, return_inverse=True)
        by_run = np.argsort(np.argsort(first, kind="stable"), kind="stable")[back]
    return np.repeat(by_run, np.diff(np.append(heads, n)))


def _groups(person: Integers | None, situation: Integers) -> tuple[Integers, Integers]:
    """Persons by first appearance, and situations by person and first appearance: int64[row] each."""
    of_row = by_first_appearance(situation)
    if person is None:
        return of_row, of_row
    who = by_first_appearance(person)
    owner = np.zeros(int(of_row.max()) + 1, dtype=np.int64)
    owner[of_row] = who
    if np.any(owner[of_row] != who):  # situations are numbered anew for each person
        of_row = by_first_appearance(who * (int(of_row.max()) + 1) + of_row)
        owner = np.zeros(int(of_row.max()) + 1, dtype=np.int64)
        owner[of_row] = who
    if np.any(owner[1:] < owner[:-1]):
        rank = np.empty_like(owner)
        rank[np.argsort(owner, kind="stable")] = np.arange(len(owner))
        of_row = rank[of_row]
    return who, of_row


def _place(situation: Integers) -> Integers:
    """int64[row]: how many rows of the same situation come before."""
    order = np.argsort(situation, kind="stable")
    ordered = situation[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    place = np.empty_like(situation)
    place[order] = np.arange(len(situation)) - np.repeat(starts, np.diff(np.append(starts, len(situation))))
    return place


def _order(key: Integers, keys: int) -> Integers | None:
    """Rows sorted by key, equal ones as they come; None where they are in order already."""
    if not np.any(key[1:] < key[:-1]):
        return None
    if keys <= 4 * len(key):
        place = np.full(keys, -1, dtype=np.int64)
        place[key] = np.arange(len(key))
        order = place[place >= 0]
        if len(order) == len(key):  # no key twice
            return order
    return np.argsort(key, kind="stable")


def _check(
    stacked: Stacked,
    alternative: Integers,
    alternatives: tuple[str, ...],
    available: Flags,
    order: Integers | None,
    situation: Integers,
    starts: Integers,
    faults: Faults,
) -> None:
    """What must hold in every situation, noted at the line where it begins or where it goes wrong."""

    def note(at: Integers, wrong: Callable[[int], str], right: str) -> None:
        rows = at if order is None else order[at]
        faults.rows(stacked.row[rows], lambda i: f"{stacked.say(int(rows[i]))} {wrong(i)}", right)

    by_order = slice(None) if order is None else order
    placed, chosen, on_offer = alternative[by_order], stacked.chosen[by_order], available[by_order]
    twice = np.flatnonzero((np.diff(situation) == 0) & (np.diff(placed) == 0)) + 1
    note(twice, lambda i: f"has `{alternatives[int(placed[twice[i]])]}` twice", "write each alternative once")
    refused = np.flatnonzero((chosen > 0) & ~on_offer)
    note(
        refused,
        lambda i: f"has `{alternatives[int(placed[refused[i]])]}` chosen, which is not available",
        "mark it as available, or mend the choice",
    )
    totals = np.add.reduceat(chosen, starts)
    none = starts[totals == 0]
    note(none, lambda _: "has no chosen alternative", "mark the one that was chosen, or leave the situation out")
    if not stacked.counts:
        many = np.flatnonzero(totals > 1)
        note(starts[many], lambda i: f"has {totals[many[i]]:g} chosen alternatives", "mark exactly one as chosen")
    sizes = np.add.reduceat(on_offer.astype(np.int64), starts)
    few = np.flatnonzero(sizes < 2)
    note(
        starts[few],
        lambda i: "offers one alternative only" if sizes[few[i]] else "offers nothing",
        "leave it out: where there is no choice there is nothing to learn",
    )
    if stacked.weight is not None:
        weight = stacked.weight[by_order]
        below = starts[np.minimum.reduceat(weight, starts) < 0]
        note(below, lambda _: "has a weight below zero", "give a weight of 0 or more")
        mixed = starts[np.minimum.reduceat(weight, starts) != np.maximum.reduceat(weight, starts)]
        note(mixed, lambda _: "has different weights in its rows", "give all rows of a situation the same weight")


def _interleaved(columns: list[Floats], rows: int) -> Floats:
    """float64[row, column], C-contiguous."""
    matrix = np.empty((rows, len(columns)))
    for start in range(0, rows, _BLOCK):
        for j, column in enumerate(columns):
            matrix[start : start + _BLOCK, j] = column[start : start + _BLOCK]
    return matrix
