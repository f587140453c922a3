"""The fits that packages are given side by side: public data sets, and seeded markets of a size that hurts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pullcord.base import stream
from pullcord.choice import DATASETS, ChoiceData, load_dataset
from pullcord.settings import read_settings

from .peers import Problem

SEED = 20251109
MEANS = (-1.0, 0.8, 0.5, -0.6, 0.3, 0.4, -0.5, 0.2, -0.3, 0.6)  # of the made-up tastes
DEVIATIONS = (0.5, 0.8, 0.4, 0.6, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0)
VARYING = 5  # the first so many tastes differ between persons


@dataclass(frozen=True, slots=True)
class Case:
    """A fit for several packages. `repeat` says whether ours is short enough to be timed three times."""

    title: str
    build: Callable[[], Problem] | None  # None for events
    peers: tuple[str, ...]
    repeat: bool = True
    alone: str = ""  # why no peer runs it
    events: int = 0  # choice events in files, compressed to counts before the fit


def build_case(name: str) -> Problem:
    """The problem of a case: its data are read or made here."""
    build = CASES[name].build
    assert build is not None, "events have no problem that could be handed to a peer"
    return build()


def _public(name: str, data_set: str, random: tuple[str, ...] = (), draws: int = 0) -> Callable[[], Problem]:
    def build() -> Problem:
        data = load_dataset(data_set, data_dir=read_settings().data_dir)
        return Problem(name, data, DATASETS[data_set].formula, random, draws)

    return build


def _made(name: str, persons: int, draws: int) -> Callable[[], Problem]:
    def build() -> Problem:
        columns = tuple(f"x{k}" for k in range(len(MEANS)))
        data = made_market(persons, situations=10, alternatives=8)
        return Problem(name, data, " + ".join(columns), columns[:VARYING] if draws else (), draws)

    return build


def made_market(persons: int, situations: int, alternatives: int) -> ChoiceData:
    """Persons with normal tastes who choose among random alternatives, each several times; seeded."""
    rng = stream(SEED, "bench.made_market", persons, situations, alternatives)
    rows = persons * situations * alternatives
    columns = rng.standard_normal((rows, len(MEANS)))
    tastes = np.array(MEANS) + np.array(DEVIATIONS) * rng.standard_normal((persons, len(MEANS)))
    utility = np.empty(rows)
    a_person = situations * alternatives
    for first in range(0, persons, 1000):  # in pieces: the tastes of all rows at once would need as much as the data
        last = min(first + 1000, persons)
        at = slice(first * a_person, last * a_person)
        utility[at] = (columns[at] * np.repeat(tastes[first:last], a_person, axis=0)).sum(axis=1)
    utility += rng.gumbel(size=rows)
    best = utility.reshape(-1, alternatives).argmax(axis=1)
    chosen = np.zeros(rows)
    chosen[np.arange(len(best)) * alternatives + best] = 1.0
    return ChoiceData(
        name=f"made, {persons:,} persons x {situations} x {alternatives}",
        column_names=tuple(f"x{k}" for k in range(len(MEANS))),
        alternatives=tuple(f"a{j}" for j in range(alternatives)),
        columns=columns,
        alternative=np.tile(np.arange(alternatives, dtype=np.int64), persons * situations),
        chosen=chosen,
        situation_start=np.arange(0, rows + 1, alternatives, dtype=np.int64),
        person_start=np.arange(0, persons * situations + 1, situations, dtype=np.int64),
        weight=np.ones(persons * situations),
        person_ids=tuple(map(str, range(persons))),
    )


ALL = ("xlogit", "biogeme", "pylogit")
TOO_LARGE = "no peer: persons x alternatives x draws arrays of this case do not fit into 24 GB"

CASES: Mapping[str, Case] = {
    "swissmetro-logit": Case("Swissmetro, logit", _public("swissmetro-logit", "swissmetro"), ALL),
    "mcfadden-train-logit": Case(
        "McFadden and Train's car survey, logit, 21 terms", _public("mcfadden-train-logit", "mcfadden-train"), ALL
    ),
    "electricity-mixed": Case(
        "Electricity, panel, six normal tastes, 600 Halton draws",
        _public("electricity-mixed", "electricity", ("pf", "cl", "loc", "wk", "tod", "seas"), 600),
        ALL,
    ),
    "mcfadden-train-mixed": Case(
        "McFadden and Train's car survey, four normal tastes, 500 Halton draws",
        _public("mcfadden-train-mixed", "mcfadden-train", ("size/10", "space", "fuel=electric", "fuel=cng"), 500),
        ALL,
    ),
    "panel-mixed": Case(
        "20,000 choices by 2,000 persons x 8 alternatives x 10 attributes, five normal tastes, 500 Halton draws",
        _made("panel-mixed", 2_000, 500),
        ALL,
    ),
    "million-logit": Case(
        "a million choices x 8 alternatives x 10 attributes, logit", _made("million-logit", 100_000, 0), ("xlogit",)
    ),
    "million-mixed": Case(
        "a million choices by 100,000 persons x 8 alternatives x 10 attributes, five normal tastes, 500 Halton draws",
        _made("million-mixed", 100_000, 500),
        (),
        repeat=False,
        alone=TOO_LARGE,
    ),
    "events-100m": Case(
        "100 million choice events in Parquet, grouped to counts and fitted by logit",
        None,
        (),
        alone="no peer: none reads events that do not fit into memory",
        events=100_000_000,
    ),
}
