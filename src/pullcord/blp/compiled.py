"""How the room compiles its inner loops, and the linear equations they share."""

from __future__ import annotations

from typing import Any

import numba

_compiler: Any = numba  # it has no types of its own
kernel = _compiler.njit(
    cache=True,
    nogil=True,
    # Sums may be regrouped, so that they run in vector registers; infinities and NaN keep their meaning.
    fastmath={"reassoc", "contract", "nsz", "arcp"},
)


@kernel
def solve(matrix, right):  # type: ignore[no-untyped-def]
    """right = matrix^-1 right, in place, by elimination with partial pivoting; False for a singular matrix."""
    size, columns = right.shape
    for step in range(size):
        pivot = step
        for row in range(step + 1, size):
            if abs(matrix[row, step]) > abs(matrix[pivot, step]):
                pivot = row
        if not abs(matrix[pivot, step]) > 0.0:
            return False
        if pivot != step:
            for column in range(step, size):
                matrix[step, column], matrix[pivot, column] = matrix[pivot, column], matrix[step, column]
            for column in range(columns):
                right[step, column], right[pivot, column] = right[pivot, column], right[step, column]
        top, top_right = matrix[step], right[step]
        inverse = 1.0 / top[step]
        for row in range(step + 1, size):
            factor = matrix[row, step] * inverse
            if factor != 0.0:
                below, below_right = matrix[row], right[row]
                for column in range(step + 1, size):
                    below[column] -= factor * top[column]
                for column in range(columns):
                    below_right[column] -= factor * top_right[column]
    for step in range(size - 1, -1, -1):
        row_right = right[step]
        for lower in range(step + 1, size):
            factor = matrix[step, lower]
            lower_right = right[lower]
            for column in range(columns):
                row_right[column] -= factor * lower_right[column]
        for column in range(columns):
            row_right[column] /= matrix[step, step]
    return True


def threads_at_hand() -> int:
    """How many threads compiled code may use; NUMBA_NUM_THREADS sets it."""
    return int(_compiler.get_num_threads())
