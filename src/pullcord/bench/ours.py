"""Our own fit of a bench's problem, by the same calls that a user makes."""

from __future__ import annotations

import time

from pullcord.choice import Draws, Logit, MixedLogit

from .peers import Answer, Problem


def model_of(problem: Problem) -> Logit | MixedLogit:
    """The model that the problem asks for."""
    if not problem.random:
        return Logit(problem.utility)
    return MixedLogit(
        problem.utility, mixing=dict.fromkeys(problem.random, "normal"), draws=Draws("halton", problem.draws)
    )


def fit_ours(problem: Problem) -> Answer:
    """The whole call: checks before the fit and three kinds of standard errors after it are in the time."""
    model = model_of(problem)
    began = time.perf_counter()
    fit = model.fit(problem.data)
    fit.standard_errors("robust")
    seconds = time.perf_counter() - began
    return Answer(seconds, fit.log_likelihood, "" if fit.convergence.converged else "says that it did not converge")


def warm_up(problem: Problem) -> None:
    """The same model on a few persons: all kernels are compiled then, or read from where they were kept."""
    few = problem.data.take_persons(range(min(problem.data.persons, 60)))
    model_of(problem).fit(few, check=False)
