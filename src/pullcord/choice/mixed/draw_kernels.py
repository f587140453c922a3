"""Kernels that make one person's draws, the same every time they are asked."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..data import Floats, Integers
from .lanes import LANES_32, LANES_64, inner, item, load, outer, store
from .quantiles import FINE, quantile

HALTON, MLHS, SOBOL = 0, 1, 2
PADDING = 32  # elements past the end that lanes may touch


class DrawTables(NamedTuple):
    """What draws are made from; a dimension's share of a flat array x is x[x_at[d]:x_at[d + 1]].

    per_unit : how many draws. degree : of polynomials. shape : int64[dimension], of the base draw. base, cells :
    int64[dimension], Halton's base and the size of the table. left : where each cell begins. polynomial : of each
    dimension, [power, cell + padding] for Halton draws, which read along cells, else [cell, power]; edge : cells where
    it is not to be trusted; fine : [edge, part, power]. edge_of : of each cell, which edge it is, or -1; only where
    cells are read at any place. digit : what stands for each digit of the base. direction : uint32[dimension * 32] and
    shift : uint32[dimension] of Sobol's sequence. key : uint64[dimension], of a Latin hypercube's chance.
    """

    kind: int
    per_unit: int
    drop: int
    degree: int
    shape: Integers
    base: Integers
    cells: Integers
    left: Floats
    left_at: Integers
    polynomial: Any
    polynomial_at: Integers
    edge: Integers
    edge_at: Integers
    edge_of: Integers
    fine: Any
    digit: Integers
    digit_at: Integers
    direction: Any
    shift: Any
    key: Any


def stride_for(tables: DrawTables, count: int) -> int:
    """Room for a dimension's draws, and for lanes that go past the last one; a multiple of any lanes."""
    room = tables.per_unit if tables.kind == MLHS else count
    return (room + 2 * PADDING) // PADDING * PADDING


compiled_stride_for = inner()(stride_for)


@outer()
def fill_for_python(tables: DrawTables, out: Floats, person: int, count: int, stride: int) -> None:
    """What `fill` does."""
    fill(tables, out, person, count, stride)


@inner()
def fill(tables: DrawTables, out: Floats, person: int, count: int, stride: int) -> None:
    """The first `count` base draws of a person.

    person : counted over all data, whatever part of them is at hand. out : float[dimension * stride], draws of a
    dimension in one piece, filled up to whole lanes with its first draws again; stride : as `stride_for` has it.
    """
    whole = (count + LANES_32 - 1) // LANES_32 * LANES_32
    for d in range(len(tables.shape)):
        start = d * stride
        if tables.kind == HALTON:
            _halton(tables, d, out, start, tables.drop + person * tables.per_unit, count)
        elif tables.kind == MLHS:
            _latin(tables, d, out, start, person, count)
        else:
            _sobol(tables, d, out, start, person * tables.per_unit, count)
        for i in range(count, whole):
            out[start + i] = out[start + i - count]


@inner(inline=True)
def _halton(tables: DrawTables, d: int, out: Floats, start: int, index: int, count: int) -> None:
    """The last digits of an index choose the cell, the first ones the place within it, the same for a whole run."""
    cells, base = tables.cells[d], tables.base[d]
    left, digit, edge_end = tables.left_at[d], tables.digit_at[d], tables.edge_at[d + 1]
    row = cells + PADDING
    degree = tables.degree
    top = tables.polynomial_at[d] + degree * row
    lanes = LANES_64 if tables.polynomial.itemsize == 8 else LANES_32
    done = 0
    while done < count:
        low = (index + done) % cells
        high = np.uint32((index + done) // cells)
        size = min(count - done, cells - low)
        place, part = 0.0, 1.0 / base
        worth = part
        while high > 0:
            rest = high // np.uint32(base)
            place += tables.digit[digit + np.int64(high - rest * np.uint32(base))] * worth
            worth *= part
            high = rest
        place += tables.digit[digit] * worth * base / (base - 1.0)  # zeros without end, permuted
        t = place - 0.5
        for i in range(0, size, lanes):
            at = top + low + i
            value = load(tables.polynomial, at)
            for _ in range(degree):
                at -= row
                value = value * t + load(tables.polynomial, at)
            store(out, start + done + i, value)
        for e in range(tables.edge_at[d], edge_end):
            i = item(tables.edge, e) - low
            if 0 <= i < size:
                out[start + done + i] = _at_edge(tables, d, e, left + low + i, place)
        done += size


@inner(inline=True)
def _at_edge(tables: DrawTables, d: int, e: int, cell: int, place: float) -> float:
    """The quantile at a place, 0 to 1, within a cell at the edge. cell : where it stands in `tables.left`."""
    part = min(int(place * FINE), FINE - 1)
    at = (e * FINE + part) * (tables.degree + 1) + tables.degree
    t = place * FINE - part - 0.5
    value = np.float64(item(tables.fine, at))
    for _ in range(tables.degree):
        at -= 1
        value = value * t + item(tables.fine, at)
    if math.isnan(value):
        u = tables.left[cell] + place / tables.cells[d]
        return float(quantile(tables.shape[d], min(max(u - math.floor(u), 1e-16), 1.0 - 2.0**-53)))
    return value


@inner(inline=True)
def _read(tables: DrawTables, d: int, u: float) -> float:
    """The quantile at any place, from a table with cells in order."""
    cells = tables.cells[d]
    cell = int(u * cells)
    e = item(tables.edge_of, tables.left_at[d] + cell)
    if e >= 0:
        return _at_edge(tables, d, e, tables.left_at[d] + cell, u * cells - cell)
    t = u * cells - cell - 0.5
    at = tables.polynomial_at[d] + cell * (tables.degree + 1) + tables.degree
    value = np.float64(item(tables.polynomial, at))
    for _ in range(tables.degree):
        at -= 1
        value = value * t + item(tables.polynomial, at)
    return value


@inner()
def _mixed(word: Any) -> Any:
    """A random-looking word for each word. Source: Steele, Lea and Flood (2014), OOPSLA: SplitMix64."""
    z = np.uint64(word)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inner()
def _latin(tables: DrawTables, d: int, out: Floats, start: int, person: int, count: int) -> None:
    """One point in each of `tables.per_unit` slices, all at the same place in their slice, in random order."""
    slices = tables.per_unit
    golden = np.uint64(0x9E3779B97F4A7C15)
    state = _mixed(tables.key[d] ^ _mixed(np.uint64(person) * golden))
    state += golden
    place = (np.float64(_mixed(state) >> np.uint64(11)) + 0.5) * 2.0**-53
    for i in range(slices):
        out[start + i] = i
    for i in range(count):  # Fisher and Yates: the first `count` places are final
        state += golden
        j = i + np.int64(((_mixed(state) >> np.uint64(32)) * np.uint64(slices - i)) >> np.uint64(32))
        slice_of = np.float64(out[start + j])
        out[start + j] = out[start + i]
        out[start + i] = _read(tables, d, (slice_of + place) / slices)


@inner()
def _sobol(tables: DrawTables, d: int, out: Floats, start: int, index: int, count: int) -> None:
    """Points index, index + 1, ... in the order of Gray's code."""
    gray = index ^ (index >> 1)
    word = tables.shift[d]
    bit = 0
    while gray > 0:
        if gray & 1:
            word ^= tables.direction[d * 32 + bit]
        gray >>= 1
        bit += 1
    for i in range(count):
        out[start + i] = _read(tables, d, (np.float64(word) + 0.5) * 2.0**-32)
        changed, bit = index + i + 1, 0
        while changed & 1 == 0:
            changed >>= 1
            bit += 1
        word ^= tables.direction[d * 32 + bit]
