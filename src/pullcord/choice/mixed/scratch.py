"""Room that kernels work in: made once for a piece of the data, so that the kernels themselves make nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data import Floats, Integers
from .draw_kernels import DrawTables, stride_for
from .lanes import LANES_32, LANES_64
from .tastes import Tastes

if TYPE_CHECKING:
    from .kernels import Rows

LINE = 64  # bytes of a line of the cache


class Scratch(NamedTuple):
    """Room for one unit, or one block of its draws; `float` is the kind computed with.

    z : float[dimension * z_stride], base draws. apart : float64[row * attribute], of the rows that were not chosen,
    minus those of the chosen one. x : float[row * taste], the same times log2(e); base : float[row], what fixed tastes
    make of utility, likewise; span : float[taste], largest |x|. p : float[row * lanes],
    probabilities. tau, slope, reach, alpha, gradient : float[taste * lanes]. mask : float[lanes], 0 past the last draw.
    held : float[sum * lanes], sums over blocks. start : int64[situation + 1], rows. core, score : float64, a unit's
    derivatives before and after shifters.
    """

    z: Floats
    apart: Floats
    x: Floats
    base: Floats
    span: Floats
    p: Floats
    tau: Floats
    slope: Floats
    reach: Floats
    alpha: Floats
    gradient: Floats
    mask: Floats
    location: Floats
    factor: Floats
    held: Floats
    start: Integers
    core: Floats
    score: Floats


class SecondScratch(NamedTuple):
    """More room, for second derivatives; see `curvature`."""

    x: Floats
    squares: Floats
    fixed_x: Floats
    mean: Floats
    m: Floats
    y: Floats
    work: Floats
    weight: Floats
    shares: Floats
    padded_x: Floats
    by_fixed: Floats
    by_random: Floats


class PredictionScratch(NamedTuple):
    """Room for one unit's predictions: base : float64[row]; v, sums : float64[row * lanes]; the others as above."""

    z: Floats
    base: Floats
    v: Floats
    sums: Floats
    tau: Floats
    slope: Floats
    reach: Floats
    alpha: Floats
    mask: Floats
    location: Floats
    factor: Floats


def aligned(size: int, kind: type) -> Any:
    """Zeros that begin where a line of the cache does, so that lanes cross no line."""
    width = np.dtype(kind).itemsize
    raw: Any = np.zeros(size + LINE // width, dtype=kind)
    skip = -raw.ctypes.data % LINE // width
    return raw[skip : skip + size]


def scratch_for(
    rows: Rows, tastes: Tastes, draws: DrawTables, theta: Floats, count: int, *, kind: type, moments: bool, second: bool
) -> Scratch:
    """For `likelihood`. kind : of float to compute with. moments, second : whether those sums are kept, too."""
    varying, fixed, pairs = len(tastes.transform), int(tastes.fixed), len(tastes.pair_row)
    lanes = LANES_64 if kind is np.float64 else LANES_32
    most_rows, most_situations, most_held = (int(most) for most in rows.most)
    kept = varying + pairs + 1 + (most_rows if fixed else 0) + (2 * varying if moments else 0)
    return Scratch(
        z=aligned(len(draws.shape) * stride_for(draws, count), kind),
        apart=np.zeros(most_rows * (varying + fixed) + 1),
        x=np.zeros(most_rows * varying + 1, kind),
        base=np.zeros(most_rows + 1, kind),
        span=np.zeros(varying, kind),
        p=aligned(most_rows * lanes + lanes, kind),
        tau=aligned(varying * lanes, kind),
        slope=aligned(varying * lanes, kind),
        reach=aligned(varying * lanes, kind),
        alpha=aligned(varying * lanes, kind),
        gradient=aligned(varying * lanes, kind),
        mask=_mask(count, lanes, kind),
        location=np.zeros(varying, kind),
        factor=theta[fixed + varying : fixed + varying + pairs].astype(kind),
        held=aligned((kept + (most_held if second else 0)) * lanes, kind),
        start=np.zeros(most_situations + 1, np.int64),
        core=np.zeros(fixed + varying + pairs),
        score=np.zeros(len(theta)),
    )


def second_scratch_for(rows: Rows, tastes: Tastes) -> SecondScratch:
    """For the second derivatives in `likelihood`, always in float64."""
    varying, fixed, random = len(tastes.transform), int(tastes.fixed), len(tastes.transform) + len(tastes.pair_row)
    most_rows, most_situations, _ = (int(most) for most in rows.most)
    products, wide = varying * (varying + 1) // 2, -(-fixed // LANES_64) * LANES_64
    return SecondScratch(
        x=np.zeros(most_rows * varying + 1),
        squares=np.zeros(most_rows * products + 1),
        fixed_x=np.zeros(most_rows * fixed + 1),
        mean=aligned(most_situations * varying * LANES_64, np.float64),
        m=aligned(products * LANES_64, np.float64),
        y=aligned(max(random, fixed) * LANES_64, np.float64),
        work=aligned(max(varying * LANES_64, most_rows * wide), np.float64),
        weight=aligned(LANES_64, np.float64),
        shares=np.zeros(most_rows),
        padded_x=aligned(most_rows * wide + 1, np.float64),
        by_fixed=aligned((fixed + random) * wide + 1, np.float64),
        by_random=np.zeros(random * random),
    )


def prediction_scratch_for(tastes: Tastes, draws: DrawTables, theta: Floats, most: int) -> PredictionScratch:
    """For `predict`. most : rows of the largest situation."""
    varying, fixed, pairs = len(tastes.transform), int(tastes.fixed), len(tastes.pair_row)
    lanes = LANES_64
    return PredictionScratch(
        z=aligned(len(draws.shape) * stride_for(draws, draws.per_unit), np.float64),
        base=np.zeros(most),
        v=aligned(most * lanes, np.float64),
        sums=aligned(most * lanes, np.float64),
        tau=aligned(varying * lanes, np.float64),
        slope=aligned(varying * lanes, np.float64),
        reach=aligned(varying * lanes, np.float64),
        alpha=aligned(varying * lanes, np.float64),
        mask=_mask(draws.per_unit, lanes, np.float64),
        location=np.zeros(varying),
        factor=theta[fixed + varying : fixed + varying + pairs].copy(),
    )


def _mask(count: int, lanes: int, kind: type) -> Any:
    """1 for the last block's draws, 0 past the last one."""
    mask = aligned(lanes, kind)
    mask[: (count - 1) % lanes + 1] = 1
    return mask
