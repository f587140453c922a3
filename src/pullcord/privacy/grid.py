"""The cells that a release counts persons in: fixed and public before anybody is counted, empty ones among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from pullcord.base import InvalidInput

NODES_MAX = 200_000


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that cells differ in, such as the city, with every value that it can have."""

    name: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.values or len(set(self.values)) < len(self.values):
            raise InvalidInput(f"`{self.name}` has no values, or one of them twice", "give each value once")


@dataclass(frozen=True, slots=True)
class Grid:
    """A tree of counts: all persons, then by the first dimension, then within that by the second, and so on.

    A node is named by its path, the values of the first so many dimensions; the root's is empty. Nodes stand level by
    level, and within a level in the order of the values.
    """

    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        names = [dimension.name for dimension in self.dimensions]
        if len(set(names)) < len(names):
            raise InvalidInput(f"a release by {', '.join(names)} names a dimension twice", "name each once")
        if self.size > NODES_MAX:
            raise InvalidInput(
                f"a release by {', '.join(names)} has {self.size:,} counts",
                "leave a dimension out: counts so fine would be noise and nothing else",
            )

    @property
    def levels(self) -> int:
        """How many counts one person stands in: one on each level."""
        return len(self.dimensions) + 1

    def width(self, level: int) -> int:
        """How many nodes a level has; level 0 is the root."""
        return prod(len(dimension.values) for dimension in self.dimensions[:level])

    def start(self, level: int) -> int:
        """Where the nodes of a level begin."""
        return sum(self.width(above) for above in range(level))

    @property
    def size(self) -> int:
        """How many nodes there are in all."""
        return self.start(self.levels)

    def paths(self) -> list[tuple[str, ...]]:
        """Every node's path, in the order of the nodes."""
        return [
            path
            for level in range(self.levels)
            for path in product(*(dimension.values for dimension in self.dimensions[:level]))
        ]

    def nodes_of(self, cell: Sequence[str]) -> list[int]:
        """The nodes that a person in this cell stands in, one for each level. Raises InvalidInput off the grid."""
        if len(cell) != len(self.dimensions):
            raise InvalidInput(f"the cell {tuple(cell)} has {len(cell)} values", f"give {len(self.dimensions)}")
        at, found = 0, [0]
        for level, (dimension, value) in enumerate(zip(self.dimensions, cell, strict=True), start=1):
            if value not in dimension.values:
                raise InvalidInput(f"`{dimension.name}` cannot be `{value}`", f"it is one of {dimension.values[:20]}")
            at = at * len(dimension.values) + dimension.values.index(value)
            found.append(self.start(level) + at)
        return found
