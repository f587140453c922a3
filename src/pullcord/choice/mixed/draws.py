"""Which draws simulate a mixed logit, and how many of them each person gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from pullcord.base import InvalidInput, stream

from ..data import Floats, Integers
from .draw_kernels import HALTON, MLHS, PADDING, SOBOL, DrawTables, fill_for_python
from .quantiles import LONG, NORMAL, SHORT, table
from .sobol import BITS, directions, scrambled

Kind = Literal["halton", "mlhs", "sobol"]
_KINDS = {"halton": HALTON, "mlhs": MLHS, "sobol": SOBOL}
# A Halton table has a cell for each of the last digits of an index: enough cells that few are edges, few enough that
# those of several dimensions stay in a core's cache.
_CELLS_MIN, _CELLS_MAX = 600, 6000
_CELLS = 1024  # of a table that is read at any place


@dataclass(frozen=True, slots=True)
class Draws:
    """`count` draws for each person, from one of three kinds of sequence.

    halton : Halton's sequence in the bases 2, 3, 5, ..., one for each varying taste in the order of utility; the first
        `drop` points are left out, and one long sequence is cut into the persons' shares, so that what one person's
        draws miss the next one's cover. Nothing is left to chance unless it is `scrambled`: then the digits of each
        base are permuted at random and the whole is shifted, which many varying tastes need, for large bases are
        slow to mix. Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 9.3.3.
    mlhs : modified Latin hypercube sampling: for each person and taste, `count` evenly spaced points with a random
        shift, in random order. Source: Hess, Train and Polak (2006), Transportation Research Part B 40(2).
    sobol : Sobol's sequence, scrambled and shifted at random, cut into the persons' shares. Powers of 2 suit it best.
        Source: Czajkowski and Budzinski (2019), Journal of Choice Modelling 31.

    No draws are kept: kernels make each person's as they need them, the same every time.
    """

    kind: Kind = "halton"
    count: int = 500
    scrambled: bool = False
    drop: int = 100

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise InvalidInput(f"`{self.kind}` is no kind of draws", f"write one of {', '.join(_KINDS)}")
        if self.count < 1:
            raise InvalidInput(f"{self.count} draws", "take 1 or more; a few hundred are usual")
        if self.drop < 0:
            raise InvalidInput(f"{self.drop} points left out", "leave out 0 or more")

    def __str__(self) -> str:
        kind = {"halton": "Halton", "mlhs": "MLHS", "sobol": "Sobol"}[self.kind]
        return f"{self.count} {'scrambled ' if self.scrambled and self.kind == 'halton' else ''}{kind} draws"

    def tables(self, shapes: Sequence[int], seed: int, *, single: bool = False) -> DrawTables:
        """What kernels make the draws from.

        shapes : of the base draw of each dimension, see mixed_quantiles. single : for kernels in float32.
        """
        kind, accuracy = _KINDS[self.kind], SHORT if single else LONG
        bases = _primes(len(shapes))
        made = []
        for d, (shape, base) in enumerate(zip(shapes, bases, strict=True)):
            if kind != HALTON:
                made.append(_plain(shape, 0, accuracy))
            elif self.scrambled:
                rng = stream(seed, "choice.draws", kind, d)
                digits = rng.permutation(base).astype(np.int64)
                made.append(_halton_table(shape, base, digits, float(rng.random()), accuracy))
            else:
                made.append(_plain(shape, base, accuracy))
        floats, first = np.float32 if single else np.float64, _starts([one.edge for one in made])[:-1]
        words, shifts = np.zeros((len(shapes), BITS), np.uint32), np.zeros(len(shapes), np.uint32)
        if kind == SOBOL:
            words, shifts = scrambled(directions(len(shapes)), stream(seed, "choice.draws", kind))
        keys = stream(seed, "choice.draws", kind).integers(0, 2**63, size=len(shapes), dtype=np.uint64)
        return DrawTables(
            kind=kind,
            per_unit=self.count,
            drop=self.drop,
            degree=accuracy[0],
            shape=np.asarray(shapes, dtype=np.int64),
            base=np.asarray(bases, dtype=np.int64),
            cells=np.array([len(one.left) for one in made], dtype=np.int64),
            left=_joined([one.left for one in made], np.float64),
            left_at=_starts([one.left for one in made]),
            polynomial=_joined([one.polynomial for one in made], floats),
            polynomial_at=_starts([one.polynomial for one in made]),
            edge=_joined([one.edge for one in made], np.int64),
            edge_at=_starts([one.edge for one in made]),
            edge_of=_joined(
                [np.where(one.edge_of < 0, -1, one.edge_of + e) for one, e in zip(made, first, strict=True)], np.int64
            ),
            fine=_joined([one.fine.ravel() for one in made], floats),
            digit=_joined([one.digit for one in made], np.int64),
            digit_at=_starts([one.digit for one in made]),
            direction=words.ravel(),
            shift=shifts,
            key=keys,
        )

    def base_draws(self, dimensions: int, seed: int, *, first: int = 0, persons: int = 1) -> Floats:
        """float64[person, dimension, draw], standard normal: what kernels make for some persons, to look at."""
        tables = self.tables((NORMAL,) * dimensions, seed)
        stride = (self.count + 2 * PADDING) // PADDING * PADDING
        out = np.empty((persons, dimensions * stride))
        for person in range(persons):
            fill_for_python(tables, out[person], first + person, self.count, stride)
        return np.ascontiguousarray(out.reshape(persons, dimensions, stride)[:, :, : self.count])


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One dimension's; see DrawTables."""

    left: Floats
    polynomial: Floats
    edge: Integers
    edge_of: Integers
    fine: Floats
    digit: Integers


@lru_cache(maxsize=128)
def _plain(shape: int, base: int, accuracy: tuple[int, float]) -> _Table:
    """Without chance, and so the same in every fit. base : 0 for cells in order, to be read at any place."""
    if base:
        return _halton_table(shape, base, np.arange(base), 0.0, accuracy)
    return _table(shape, np.arange(_CELLS) / _CELLS, np.zeros(0, dtype=np.int64), accuracy)


def _halton_table(shape: int, base: int, digits: Integers, shift: float, accuracy: tuple[int, float]) -> _Table:
    """Cells in the order in which Halton's sequence comes to them."""
    cells = base
    while cells < _CELLS_MIN and cells * base <= _CELLS_MAX:
        cells *= base
    return _table(shape, (_inverses(base, cells, digits) + shift) % 1.0, digits, accuracy)


def _table(shape: int, left: Floats, digits: Integers, accuracy: tuple[int, float]) -> _Table:
    made = table(shape, left, 1 / len(left), accuracy)
    along = len(digits) > 0
    rows = np.pad(made.coefficients, ((0, 0), (0, PADDING))) if along else made.coefficients.T
    edge_of = np.full(0 if along else len(left), -1, dtype=np.int64)
    if not along:
        edge_of[made.edge] = np.arange(len(made.edge))
    return _Table(left, np.ascontiguousarray(rows).ravel(), made.edge, edge_of, made.fine, digits)


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _inverses(base: int, cells: int, permuted: Integers) -> Floats:
    """float64[cell]: the radical inverse of 0, 1, ..., each with as many digits as the last one has."""
    numbers, result, worth = np.arange(cells), np.zeros(cells), 1 / base
    while worth * cells > 0.5:
        result += permuted[numbers % base] * worth
        numbers, worth = numbers // base, worth / base
    return result


def _joined(parts: Sequence[np.ndarray], kind: type) -> np.ndarray:
    return np.ascontiguousarray(np.concatenate(parts) if parts else np.zeros(0), dtype=kind)


def _starts(parts: Sequence[np.ndarray]) -> Integers:
    return np.cumsum([0, *(len(part) for part in parts)]).astype(np.int64)
