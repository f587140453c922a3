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

from ..closed_form.logit_likelihood import LogitLikelihood
from ..closed_form.multinomial import Logit
from ..data import ChoiceData, Floats
from ..estimation import Sample, conclude
from ..fit import Fit, Model
from ..mixed.estimation import estimate
from ..mixed.identification import untold_spreads
from ..mixed.model import MixedLogit
from ..mixed.objective import Evaluation, MixedObjective
from ..mixed.parameters import Parameters
from ..mixed.start import starting_values
from ..reading.files import read_choices
from ..trust_region import Point, maximise
from ..utility import design_matrix, parse_utility

Hashes = NDArray[np.uint64]
# So many persons show which spreads of tastes no data of their shape can tell.
_PERSONS_LEADING = 2000


@dataclass(frozen=True, slots=True)
class Common:
    """What shards must have in common: alternatives and columns, in one order."""

    alternatives: tuple[str, ...]
    columns: tuple[str, ...]


class Shard:
    """Some of the persons, kept where they are."""

    def __init__(self, data: ChoiceData) -> None:
        self.data = replace(data)  # built anew: arrays that came over a wire are closed for writing again
        self.logit: LogitLikelihood | None = None
        self.mixed: MixedObjective | None = None

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

    def align(self, common: Common, name: str) -> tuple[Sample, int, int]:
        """Take the alternatives and columns that all shards have between them; indicators that never were are 0.

        Returns what a fit says of the shard's data, and how many persons and situations there are, weighty or not.
        """
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
        return Sample.of(self.data), self.data.persons, self.data.situations

    def prepare(self, model: Model, first_person: int, first_situation: int, seed: int) -> tuple[str, ...]:
        """Make ready for a model, and return the names of its parameters.

        first_person, first_situation : how many stand in the shards before, so that each person's draws are what they
        would be in one piece. Raises InvalidInput for a model whose likelihood cannot lie apart here.
        """
        if isinstance(model, Logit):
            terms = parse_utility(model.utility, self.data)
            self.logit = LogitLikelihood.of(design_matrix(terms, self.data), self.data)
            return tuple(term.name for term in terms)
        if isinstance(model, MixedLogit) and model.control is not None:
            raise InvalidInput("a control function's first stage takes all data in one piece", "fit it locally")
        if isinstance(model, MixedLogit):
            first = first_person if model.panel else first_situation
            self.mixed = model.objective(self.data, seed=seed, first_unit=first)
            return self.mixed.parameters.names
        raise InvalidInput(
            f"{model.title} cannot be fitted in shards", "fit Logit or MixedLogit in shards, others here"
        )

    def lead(self, model: MixedLogit, seed: int) -> Lead:
        """Where the search for all shards begins, as far as this one can tell."""
        return lead_of(model, self.data, seed)

    def point(self, theta: Floats) -> Point:
        """The shard's part of a logit's log-likelihood, gradient and information."""
        if self.logit is None:
            raise InvalidInput("the shard has not been told of a logit", "prepare it first")
        # A copy: an array that came over a wire cannot be written, which to numba is another type to compile for.
        return self.logit.point(np.array(theta))

    def score_products(self, theta: Floats) -> tuple[Floats, Floats]:
        """Its parts of the sums of outer products of a logit's scores, of choices and of persons."""
        if self.logit is None:
            raise InvalidInput("the shard has not been told of a logit", "prepare it first")
        return self.logit.score_products(np.array(theta))

    def evaluate(self, theta: Floats, how: Mapping[str, Any]) -> Evaluation:
        """Its part of a mixed logit's simulated likelihood; how : as in `MixedObjective.evaluate`."""
        if self.mixed is None:
            raise InvalidInput("the shard has not been told of a mixed logit", "prepare it first")
        return self.mixed.evaluate(np.array(theta), **how)

    def units(self) -> int:
        """How many sets of draws a mixed logit has here."""
        return 0 if self.mixed is None else self.mixed.units


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """What a mixed logit's search starts from: parameters, a first guess at them, and those known to be untold."""

    parameters: Parameters
    start: Floats
    held: tuple[tuple[int, str], ...]


def lead_of(model: MixedLogit, data: ChoiceData, seed: int) -> Lead:
    """From data at hand: all of them, or a shard."""
    terms, known = model.parameters(data)
    persons = min(data.persons, _PERSONS_LEADING)
    some = data if persons == data.persons else data.take_persons(np.arange(persons) * data.persons // persons)
    held = untold_spreads(model.objective(some, seed=seed), set())
    return Lead(known, starting_values(data, terms, known), tuple(held))


class Pool(Protocol):
    """Shards, wherever they are; what they are asked comes back in their order."""

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """The answer of every shard to the same question."""
        ...

    def ask_each(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answer of every shard to a question of its own."""
        ...

    def ask_first(self, method: str, *arguments: Any) -> Any:
        """The answer of the first shard."""
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

    def ask_first(self, method: str, *arguments: Any) -> Any:
        """See `Pool`."""
        return getattr(self._shards[0], method)(*arguments)


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
    pool: Pool,
    model: Model,
    *,
    name: str,
    seed: int,
    one_person_one_shard: bool = False,
    notes: Sequence[str] = (),
    lead: Lead | None = None,
) -> Fit:
    """The fit of a model to all shards of a pool together.

    one_person_one_shard : whether to make sure that no person lies in two shards. notes : what the fit shall say.
    lead : where a mixed logit's search begins; the first shard says so unless given.

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
    told: list[tuple[Sample, int, int]] = pool.ask("align", common, name)
    persons = np.cumsum([0, *(count for _, count, _ in told[:-1])])
    situations = np.cumsum([0, *(count for _, _, count in told[:-1])])
    each = [(model, int(p), int(s), seed) for p, s in zip(persons, situations, strict=True)]
    names: tuple[str, ...] = pool.ask_each("prepare", each)[0]
    sample = told[0][0]
    for other, _, _ in told[1:]:
        sample = sample + other
    if isinstance(model, MixedLogit):
        return _fit_mixed(pool, model, sample, seed, lead or pool.ask_first("lead", model, seed))
    return _fit_logit(pool, model, names, sample, notes)


def _fit_logit(pool: Pool, model: Model, names: tuple[str, ...], sample: Sample, notes: Sequence[str]) -> Fit:
    at_zero = _point(pool, np.zeros(len(names)))
    maximum = maximise(
        lambda theta: _point(pool, theta) if theta.any() else at_zero,
        np.zeros(len(names)),
        radius=1e3,
        tolerance=1e-7,
    )
    parts: list[tuple[Floats, Floats]] = pool.ask("score_products", maximum.estimates)
    by_choice, by_person = (np.sum(np.stack(each), axis=0) for each in zip(*parts, strict=True))
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


def _fit_mixed(pool: Pool, model: MixedLogit, sample: Sample, seed: int, lead: Lead) -> Fit:
    def evaluate(theta: Floats, **how: Any) -> Evaluation:
        parts: list[Evaluation] = pool.ask("evaluate", theta, how)
        total = parts[0]
        for part in parts[1:]:  # in the order of the shards, so that the sum is the same whoever answers first
            total = total + part
        return total

    return estimate(
        model,
        sample,
        lead.parameters,
        evaluate,
        lead.start,
        draws=model.sequence.count,
        units=sum(pool.ask("units")),
        seed=seed,
        held=lead.held,
    ).fit


def _point(pool: Pool, theta: Floats) -> Point:
    parts: list[Point] = pool.ask("point", theta)
    value, gradient, information = 0.0, np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
    for part in parts:
        value, gradient, information = value + part.value, gradient + part.gradient, information + part.information
    return Point(value, gradient, information)
