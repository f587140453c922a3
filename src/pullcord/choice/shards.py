"""Data that lie apart: each shard keeps its persons and answers with sums; only parameters go out to it.

A log-likelihood is a sum over persons, and so are its gradient, its information and the outer products of scores. A
shard computes its part of each where the data are; the search adds the parts up, always in the order of the shards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

from .data import ChoiceData, Floats
from .estimation import Sample, conclude
from .fit import Fit, Model
from .logit_likelihood import LogitLikelihood
from .multinomial import Logit
from .reading import read_choices
from .trust_region import Point, maximise
from .utility import design_matrix, parse_utility

Hashes = NDArray[np.uint64]


class Objective(Protocol):
    """A shard's part of a model's likelihood."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters."""
        ...

    def point(self, theta: Floats, share_of_draws: float) -> Point:
        """Its part of log-likelihood, gradient and information, with all draws or only a share of them."""
        ...

    def score_products(self, theta: Floats) -> tuple[Floats, Floats]:
        """Its parts of the sums of outer products of the scores of choices, and of persons."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LogitObjective:
    """Of a logit, which has no draws."""

    names: tuple[str, ...]
    likelihood: LogitLikelihood

    @classmethod
    def of(cls, model: Logit, data: ChoiceData) -> LogitObjective:
        """On the data of a shard."""
        terms = parse_utility(model.utility, data)
        return cls(tuple(term.name for term in terms), LogitLikelihood.of(design_matrix(terms, data), data))

    def point(self, theta: Floats, share_of_draws: float) -> Point:
        """The exact information, whatever the share."""
        return self.likelihood.point(theta)

    def score_products(self, theta: Floats) -> tuple[Floats, Floats]:
        """Over choices and over persons."""
        return self.likelihood.score_products(theta)


@dataclass(frozen=True, slots=True)
class Common:
    """What shards must have in common: alternatives and columns, in one order."""

    alternatives: tuple[str, ...]
    columns: tuple[str, ...]


class Shard:
    """Some of the persons, kept where they are."""

    def __init__(self, data: ChoiceData) -> None:
        self.data = replace(data)  # built anew: arrays that came over a wire are closed for writing again
        self.objective: Objective | None = None

    @classmethod
    def read(cls, path: str, options: Mapping[str, Any]) -> Shard:
        """From a file that is read here and nowhere else; options as in `read_choices`."""
        return cls(read_choices(path, **options))

    def layout(self) -> Common:
        """What this shard has."""
        return Common(self.data.alternatives, self.data.column_names)

    def person_hashes(self) -> Hashes:
        """uint64[person]: a number for each name, to find the same person in two shards without sending names."""
        digests = (hashlib.blake2b(name.encode(), digest_size=8).digest() for name in self.data.person_ids)
        return np.frombuffer(b"".join(digests), dtype=np.uint64)

    def align(self, common: Common, name: str) -> Sample:
        """Take the alternatives and columns that all shards have between them; indicators that never were are 0."""
        columns = np.zeros((self.data.rows, len(common.columns)))
        for c, column in enumerate(common.columns):
            if column in self.data.column_names:
                columns[:, c] = self.data.column(column)
            elif "=" not in column:
                raise InvalidInput(f"`{self.data.name}` has no column `{column}`, which other files have", "add it")
        code = np.array([common.alternatives.index(alternative) for alternative in self.data.alternatives])
        self.data = replace(
            self.data,
            name=name,
            column_names=common.columns,
            alternatives=common.alternatives,
            columns=columns,
            alternative=code[self.data.alternative],
        )
        return Sample.of(self.data)

    def prepare(self, model: Model, first_person: int, seed: int) -> tuple[str, ...]:
        """Make ready for a model; `first_person` is how many persons stand in the shards before, so that each
        person's draws are what they would be in one piece. Returns the parameters' names."""
        self.objective = objective_of(model, self.data, first_person, seed)
        return self.objective.names

    def point(self, theta: Floats, share_of_draws: float) -> Point:
        """See `Objective`."""
        # A copy: an array that came over a wire cannot be written, which to numba is another type to compile for.
        return self._ready().point(np.array(theta), share_of_draws)

    def score_products(self, theta: Floats) -> tuple[Floats, Floats]:
        """See `Objective`."""
        return self._ready().score_products(np.array(theta))

    def _ready(self) -> Objective:
        if self.objective is None:
            raise InvalidInput("the shard has not been told of a model", "prepare it first")
        return self.objective


def objective_of(model: Model, data: ChoiceData, first_person: int, seed: int) -> Objective:
    """A model's likelihood on a shard. Raises InvalidInput for a model whose likelihood cannot lie apart here."""
    if isinstance(model, Logit):
        return LogitObjective.of(model, data)
    raise InvalidInput(f"{model.title} cannot be fitted in shards", "fit Logit or MixedLogit in shards, others locally")


class Pool(Protocol):
    """Shards, wherever they are; what they are asked comes back in their order."""

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """The answer of every shard to the same question."""
        ...

    def ask_each(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answer of every shard to a question of its own."""
        ...


class LocalPool:
    """Shards in this process, one after the other."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._shards = tuple(shards)

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """See `Pool`."""
        return [getattr(shard, method)(*arguments) for shard in self._shards]

    def ask_each(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """See `Pool`."""
        return [getattr(shard, method)(*own) for shard, own in zip(self._shards, arguments, strict=True)]


def cut(data: ChoiceData, shards: int) -> list[ChoiceData]:
    """The data in pieces of whole persons, in order, of about as many rows each."""
    if not 1 <= shards <= data.persons:
        raise InvalidInput(
            f"{shards} shards do not suit {data.persons} persons", "ask for 1 or more, one a person at most"
        )
    rows_before = data.situation_start[data.person_start]
    at = np.searchsorted(rows_before, np.arange(1, shards) * data.rows / shards)
    edges = [0, *(int(edge) for edge in at), data.persons]
    for i in range(1, shards):  # every shard has a person, however uneven they are
        edges[i] = min(max(edges[i], edges[i - 1] + 1), data.persons - (shards - i))
    return [data.take_persons(np.arange(low, high)) for low, high in pairwise(edges)]


def fit_pool(
    pool: Pool, model: Model, *, name: str, seed: int, one_person_one_shard: bool = False, notes: Sequence[str] = ()
) -> Fit:
    """The fit of a model to all shards of a pool together.

    one_person_one_shard : whether to make sure that no person lies in two shards. notes : what the fit shall say.

    Raises InvalidInput where one does, where shards do not have the same columns, and for other models.
    """
    layouts: list[Common] = pool.ask("layout")
    common = Common(
        tuple(dict.fromkeys(one for layout in layouts for one in layout.alternatives)),
        tuple(dict.fromkeys(one for layout in layouts for one in layout.columns)),
    )
    if one_person_one_shard:
        hashes = np.concatenate(pool.ask("person_hashes"))
        if len(np.unique(hashes)) < len(hashes):
            raise InvalidInput("a person stands in two shards", "keep all choices of a person in one file")
    samples: list[Sample] = pool.ask("align", common, name)
    before = np.cumsum([0, *(sample.persons for sample in samples[:-1])])
    names = pool.ask_each("prepare", [(model, int(first), seed) for first in before])[0]
    sample = samples[0]
    for other in samples[1:]:
        sample = sample + other
    return _search(pool, model, names, sample, notes)


def _search(pool: Pool, model: Model, names: tuple[str, ...], sample: Sample, notes: Sequence[str]) -> Fit:
    at_zero = _point(pool, np.zeros(len(names)), 1.0)
    maximum = maximise(
        lambda theta: at_zero if not theta.any() else _point(pool, theta, 1.0),
        np.zeros(len(names)),
        radius=1e3,
        tolerance=1e-7,
    )
    by_choice, by_person = _sums(pool.ask("score_products", maximum.estimates))
    return conclude(
        model,
        sample,
        names,
        maximum,
        meat_robust=by_choice,
        meat_clustered=by_person,
        reference=at_zero.information / sample.choices,
        notes=notes,
    )


def _point(pool: Pool, theta: Floats, share_of_draws: float) -> Point:
    parts: list[Point] = pool.ask("point", theta, share_of_draws)
    value, gradient, information = 0.0, np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
    for part in parts:  # in the order of the shards, so that the sum is the same whoever answers first
        value, gradient, information = value + part.value, gradient + part.gradient, information + part.information
    return Point(value, gradient, information)


def _sums(parts: Sequence[tuple[Floats, ...]]) -> tuple[Floats, ...]:
    return tuple(np.sum(np.stack(each), axis=0) for each in zip(*parts, strict=True))
