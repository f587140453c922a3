"""Chance from named streams of one seed: a new use of chance disturbs none of the others."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, name: str, *indices: int) -> np.random.Generator:
    """A generator of its own for each (seed, name, indices), the same on every machine.

    Example: `stream(seed, "twin.arrivals", replication)`.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=16).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words, *indices])))
