"""Sobol's digital sequence: direction numbers for 40 dimensions, and their scrambling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

Words = NDArray[np.uint32]
BITS = 32

# Primitive polynomial, its first and last term included, and the first direction numbers of dimensions 2, 3, ...
# Source: Joe and Kuo (2008), SIAM Journal on Scientific Computing 30(5), table new-joe-kuo-6.21201.
_JOE_KUO = (
    "3:1 7:1,3 11:1,3,1 13:1,1,1 19:1,1,3,3 25:1,3,5,13 37:1,1,5,5,17 41:1,1,5,5,5 47:1,1,7,11,19 55:1,1,5,1,1 "
    "59:1,1,1,3,11 61:1,3,5,5,31 67:1,3,3,9,7,49 91:1,1,1,15,21,21 97:1,3,1,13,27,49 103:1,1,1,15,7,5 "
    "109:1,3,1,15,13,25 115:1,1,5,5,19,61 131:1,3,7,11,23,15,103 137:1,3,7,13,13,15,69 143:1,1,3,13,7,35,63 "
    "145:1,3,5,9,1,25,53 157:1,3,1,13,9,35,107 167:1,3,1,5,27,61,31 171:1,1,5,11,19,41,61 185:1,3,5,3,3,13,69 "
    "191:1,1,7,13,1,19,1 193:1,3,7,5,13,19,59 203:1,1,3,9,25,29,41 211:1,3,5,13,23,1,55 213:1,3,7,3,13,59,17 "
    "229:1,3,1,3,5,53,69 239:1,1,5,5,23,33,13 241:1,1,7,7,1,61,123 247:1,1,7,9,13,61,49 253:1,3,3,5,3,55,33 "
    "285:1,3,1,15,31,13,49,245 299:1,3,5,15,31,59,63,97 301:1,3,1,11,11,11,77,249"
)
DIMENSIONS_MAX = 1 + len(_JOE_KUO.split())


def directions(dimensions: int) -> Words:
    """uint32[dimension, bit]: what bit i of a point's number adds, modulo 2; the leftmost bit is worth 1/2.

    Raises InvalidInput beyond DIMENSIONS_MAX. Source: Bratley and Fox (1988), Algorithm 659, ACM TOMS 14(1).
    """
    if dimensions > DIMENSIONS_MAX:
        raise InvalidInput(
            f"Sobol draws for {dimensions} varying tastes", f"at most {DIMENSIONS_MAX} are known: take mlhs draws"
        )
    numbers = np.zeros((dimensions, BITS), dtype=np.uint32)
    numbers[0] = [1 << (BITS - 1 - i) for i in range(BITS)]
    for d, written in zip(range(1, dimensions), _JOE_KUO.split(), strict=False):
        first, _, rest = written.partition(":")
        polynomial, m = int(first), [int(word) for word in rest.split(",")]
        degree = polynomial.bit_length() - 1
        for i in range(degree, BITS):
            new = m[i - degree] ^ (m[i - degree] << degree)
            for k in range(1, degree):
                if (polynomial >> (degree - k)) & 1:
                    new ^= m[i - k] << k
            m.append(new)
        numbers[d] = [m[i] << (BITS - 1 - i) for i in range(BITS)]
    return numbers


def scrambled(numbers: Words, rng: np.random.Generator) -> tuple[Words, Words]:
    """The direction numbers after a random lower triangular matrix, uint32[dimension, bit], and a random digital
    shift, uint32[dimension]: each point is uniform, and any 2^k of them that stood evenly still do.

    Source: Matousek (1998), Journal of Complexity 14(4); Owen (2003), ACM TOMACS 13(4).
    """
    dimensions = len(numbers)
    result = np.zeros_like(numbers)
    for row in range(BITS):  # row 0 makes the leftmost bit; it may look at bits to its left, and keeps its own
        own = np.uint32(1 << (BITS - 1 - row))
        left = np.uint32((2**BITS - 1) ^ (2 ** (BITS - row) - 1))
        mask = (rng.integers(0, 2**BITS, size=dimensions, dtype=np.uint32) & left) | own
        parity = np.bitwise_count(numbers & mask[:, None]) & 1
        result |= parity.astype(np.uint32) << np.uint32(BITS - 1 - row)
    return result, rng.integers(0, 2**BITS, size=dimensions, dtype=np.uint32)
