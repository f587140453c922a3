"""How the room compiles its inner loops: once on each machine, kept on disk, with no lock of Python's held."""

from __future__ import annotations

from typing import Any

import numba

_compiler: Any = numba  # it has no types of its own
kernel = _compiler.njit(cache=True, nogil=True)
