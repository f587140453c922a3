"""Other packages fit the same case: same data, same attributes, same draws where the package lets one choose them."""

from __future__ import annotations

import collections
import collections.abc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pullcord.choice import ChoiceData, design_matrix, parse_utility

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fit that several packages are given: attributes in utility, which of them have normal tastes, and draws."""

    name: str
    data: ChoiceData
    utility: str
    random: tuple[str, ...] = ()  # names of terms with normal tastes; none is a plain logit
    draws: int = 0  # Halton, for each person

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms of utility, by name."""
        return tuple(term.name for term in parse_utility(self.utility, self.data))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a package came back with. `seconds` is the whole call of a user who has data and a model in mind."""

    seconds: float
    log_likelihood: float
    note: str = ""


def dense(problem: Problem) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """float64[situation, alt, term], bool[situation, alt] and int64[situation]: what was on offer, what was chosen.

    What was not on offer is filled with zeros.
    """
    data = problem.data
    matrix = design_matrix(parse_utility(problem.utility, data), data)
    alternatives = len(data.alternatives)
    x = np.zeros((data.situations, alternatives, matrix.shape[1]))
    available = np.zeros((data.situations, alternatives), dtype=np.bool_)
    situation = data.situation_of_row()
    x[situation, data.alternative] = matrix
    available[situation, data.alternative] = True
    return x, available, data.alternative[data.chosen_row()]


def halton_normals(persons: int, draws: int, dimensions: int) -> Floats:
    """float64[person, draw, dimension]: Halton by the first primes, the first 100 dropped, one sequence cut by person.

    Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 9.3.3.
    """
    special = import_module("scipy.special")
    primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37][:dimensions]
    index = np.arange(101, 101 + persons * draws)
    result = np.empty((persons, draws, dimensions))
    for at, prime in enumerate(primes):
        value, fraction, left = np.zeros(len(index)), 1.0, index.copy()
        while left.any():
            fraction /= prime
            value += fraction * (left % prime)
            left //= prime
        result[:, :, at] = special.ndtri(value).reshape(persons, draws)
    return result


def fit_xlogit(problem: Problem) -> Answer:
    """xlogit (Arteaga et al. 2022, Journal of Choice Modelling 42), with its own defaults and its own Halton draws."""
    xlogit = import_module("xlogit")
    x, available, chosen = dense(problem)
    situations, alternatives, terms = x.shape
    flat = {
        "X": x.reshape(-1, terms),
        "y": (np.arange(alternatives)[None, :] == chosen[:, None]).ravel(),
        "varnames": list(problem.terms),
        "alts": np.tile(np.arange(alternatives), situations),
        "ids": np.repeat(np.arange(situations), alternatives),
        "avail": None if available.all() else available.ravel(),
        "verbose": 0,
    }
    began = time.perf_counter()
    if problem.random:
        model = xlogit.MixedLogit()
        panels = np.repeat(problem.data.person_of_situation(), alternatives) if problem.data.is_panel else None
        model.fit(**flat, randvars=dict.fromkeys(problem.random, "n"), panels=panels, n_draws=problem.draws)
    else:
        model = xlogit.MultinomialLogit()
        model.fit(**flat)
    note = "" if model.convergence else "says that it did not converge"
    return Answer(time.perf_counter() - began, float(model.loglikelihood), note)


def fit_biogeme(problem: Problem) -> Answer:
    """Biogeme (Bierlaire 2023, technical report TRANSP-OR 230620), which compiles each model anew, by JAX."""
    biogeme, of, pd = (import_module(name) for name in ("biogeme.biogeme", "biogeme.expressions", "pandas"))
    models, native = import_module("biogeme.models"), import_module("biogeme.draws")
    databases, parameters = import_module("biogeme.database"), import_module("biogeme.parameters")
    x, available, chosen = dense(problem)
    _, alternatives, terms = x.shape
    table = {f"x{k}_{j}": x[:, j, k] for k in range(terms) for j in range(alternatives)}
    table |= {f"av_{j}": available[:, j].astype(float) for j in range(alternatives)}
    table |= {"chosen": chosen.astype(float), "person": problem.data.person_of_situation().astype(float)}
    frame = pd.DataFrame(table)
    normals = halton_normals(problem.data.persons, problem.draws, len(problem.random))
    began = time.perf_counter()
    database = databases.Database("case", frame)
    generators: dict[str, Any] = {}
    tastes: list[Any] = []
    for k, name in enumerate(problem.terms):
        taste = of.Beta(f"b{k}", 0, None, None, 0)
        if name in problem.random:
            at = problem.random.index(name)
            generators[f"HALTON{at}"] = native.RandomNumberGeneratorTuple(
                lambda n, r, at=at: normals[:n, :r, at], "Halton, by person"
            )
            taste = taste + of.Beta(f"s{k}", 0.1, None, None, 0) * of.Draws(f"d{k}", f"HALTON{at}")
        tastes.append(taste)
    utility = {j: sum(tastes[k] * of.Variable(f"x{k}_{j}") for k in range(terms)) for j in range(alternatives)}
    on_offer = {j: of.Variable(f"av_{j}") for j in range(alternatives)}
    settings: dict[str, Any] = {"save_iterations": False, "generate_html": False, "generate_yaml": False}
    if problem.random:
        probability = models.logit(utility, on_offer, of.Variable("chosen"))
        if problem.data.is_panel:
            database.panel("person")
            probability = of.PanelLikelihoodTrajectory(probability)
        formula = of.log(of.MonteCarlo(probability))
        settings["number_of_draws"] = problem.draws
    else:
        formula = models.loglogit(utility, on_offer, of.Variable("chosen"))
    model = biogeme.BIOGEME(
        database, formula, random_number_generators=generators or None, parameters=parameters.Parameters(), **settings
    )
    model.model_name = "case"
    result = model.estimate()
    note = "" if result.algorithm_has_converged else "says that it did not converge"
    return Answer(time.perf_counter() - began, float(result.final_log_likelihood), note)


def fit_pylogit(problem: Problem) -> Answer:
    """pylogit (Brathwaite and Walker 2018, Journal of Choice Modelling 29), from zero, with its own random draws."""
    # It is older than Python 3.10 and NumPy 2.4, and looks for these where they stood before.
    for name in ("Iterable", "Mapping", "Sequence"):
        setattr(collections, name, getattr(collections.abc, name))
    vars(np).setdefault("in1d", np.isin)
    pd, pylogit = import_module("pandas"), import_module("pylogit")
    x, available, chosen = dense(problem)
    situations, alternatives, terms = x.shape
    keep = available.ravel()
    table: dict[str, Any] = {f"x{k}": x[:, :, k].ravel()[keep] for k in range(terms)}
    table |= {
        "situation": np.repeat(np.arange(situations), alternatives)[keep] + 1,
        "alternative": np.tile(np.arange(alternatives), situations)[keep] + 1,
        "person": np.repeat(problem.data.person_of_situation(), alternatives)[keep] + 1,
        "chosen": (np.arange(alternatives)[None, :] == chosen[:, None]).ravel()[keep].astype(int),
    }
    frame = pd.DataFrame(table)
    specification = collections.OrderedDict((f"x{k}", "all_same") for k in range(terms))
    names = collections.OrderedDict((f"x{k}", f"x{k}") for k in range(terms))
    mixing: dict[str, Any] = {}
    if problem.random:
        mixing = {
            "mixing_id_col": "person",
            "mixing_vars": [f"x{k}" for k, name in enumerate(problem.terms) if name in problem.random],
        }
    began = time.perf_counter()
    model = pylogit.create_choice_model(
        data=frame,
        alt_id_col="alternative",
        obs_id_col="situation",
        choice_col="chosen",
        specification=specification,
        names=names,
        model_type="Mixed Logit" if problem.random else "MNL",
        **mixing,
    )
    start = np.concatenate([np.zeros(terms), np.full(len(problem.random), 0.1)])
    options: dict[str, Any] = {"num_draws": problem.draws, "seed": 1} if problem.random else {}
    model.fit_mle(start, print_res=False, **options)
    return Answer(time.perf_counter() - began, float(model.llf))


PEERS: Mapping[str, Callable[[Problem], Answer]] = {
    "xlogit": fit_xlogit,
    "biogeme": fit_biogeme,
    "pylogit": fit_pylogit,
}
"""The packages that a bench can run, by name; each is imported only when it is run."""
