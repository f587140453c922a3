"""How well a model foretells the choices of persons it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullcord.base import InvalidInput, stream

from ..data import ChoiceData, Floats, Integers
from ..fit import Model
from ..table import aligned, wrapped
from .enumeration import choices_faced, offers
from .uncertainty import known_estimates


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Alternatives on offer with about the same probability: what was foretold, and what came.

    lowest, highest : of the probabilities in the bin. predicted, observed : mean probability and share chosen, by
    weight. offers : weight of the alternatives on offer in the bin.
    """

    lowest: float
    highest: float
    predicted: float
    observed: float
    offers: float


@dataclass(frozen=True, slots=True, eq=False)
class Validation:
    """What a model said of persons it was not fitted to; every person was held out once.

    log_likelihood : of all held-out choices, weights applied. null_log_likelihood : the same with equal shares.
    hit_rate : share of choices, by weight, that fell on the likeliest alternative; ties count in part.
    by_fold : log-likelihood of each fold. by_person : float64[person]. choices : weight of all choices.
    unconverged : folds whose fit did not converge; their say is in the sums all the same.
    """

    title: str
    data_name: str
    folds: int
    seed: int
    log_likelihood: float
    null_log_likelihood: float
    hit_rate: float
    choices: float
    by_fold: tuple[float, ...]
    by_person: Floats
    calibration: tuple[CalibrationBin, ...]
    unconverged: tuple[int, ...] = ()

    @property
    def per_choice(self) -> float:
        """Mean log-likelihood of a held-out choice; exp of it is the geometric mean of its probability."""
        return self.log_likelihood / self.choices

    @property
    def calibration_error(self) -> float:
        """Mean distance of foretold and observed shares over the bins, by the offers in them."""
        faced = np.array([one.offers for one in self.calibration])
        distance = np.array([abs(one.predicted - one.observed) for one in self.calibration])
        return float(faced @ distance / faced.sum())

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "title": self.title,
            "data": self.data_name,
            "folds": self.folds,
            "seed": self.seed,
            "log_likelihood": _or_none(self.log_likelihood),
            "null_log_likelihood": self.null_log_likelihood,
            "log_likelihood_per_choice": _or_none(self.per_choice),
            "hit_rate": self.hit_rate,
            "by_fold": [_or_none(value) for value in self.by_fold],
            "calibration": [
                {
                    "lowest": one.lowest,
                    "highest": one.highest,
                    "predicted": one.predicted,
                    "observed": one.observed,
                    "offers": one.offers,
                }
                for one in self.calibration
            ],
            "unconverged_folds": [fold + 1 for fold in self.unconverged],
        }

    def __str__(self) -> str:
        lines = wrapped(f"{self.title}, {self.data_name}: {self.folds} folds by person, seed {self.seed}")
        lines.append(
            f"held-out log-likelihood {self.log_likelihood:,.3f} (equal shares {self.null_log_likelihood:,.3f}), "
            f"{self.per_choice:.4f} a choice"
        )
        lines.append(f"hit rate {self.hit_rate:.3f}, calibration error {self.calibration_error:.4f}")
        rows = [("probability", "foretold", "observed", "offers")]
        rows += [
            (
                f"{one.lowest:.3f} to {one.highest:.3f}",
                f"{one.predicted:.4f}",
                f"{one.observed:.4f}",
                f"{one.offers:,.0f}",
            )
            for one in self.calibration
        ]
        lines += aligned(rows, rule_after=(0,))
        if self.unconverged:
            lines += wrapped(f"Folds that did not converge: {', '.join(str(fold + 1) for fold in self.unconverged)}.")
        return "\n".join(lines)


def validate(
    model: Model,
    data: ChoiceData,
    *,
    folds: int = 5,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Validation:
    """How the model foretells persons it has not seen: fitted `folds` times, each time without a share of them.

    Persons are held out whole: a choice is never foretold from other choices of the same person, so that a panel does
    not flatter the model. Probabilities know nothing of a person's own choices; the log-likelihood of a panel model is
    that of all choices of a person together.

    progress : called with folds done and folds in all.
    Raises InvalidInput for fewer than 2 folds or more than persons, and where a fold leaves a parameter unidentified
    that all data identify.

    >>> held = validate(Logit("price + fast"), data, folds=4, seed=1)
    >>> held.log_likelihood > held.null_log_likelihood
    True
    """
    if not 2 <= folds <= data.persons:
        raise InvalidInput(
            f"{folds} folds do not suit {data.persons} persons", "ask for 2 or more, at most one for each person"
        )
    fold_of_person = np.empty(data.persons, dtype=np.int64)
    fold_of_person[stream(seed, "choice.validate").permutation(data.persons)] = np.arange(data.persons) % folds
    by_person = np.empty(data.persons)
    predicted = np.empty(data.rows)
    person_of_row = data.person_of_situation()[data.situation_of_row()]
    by_fold: list[float] = []
    unconverged: list[int] = []
    unidentified: dict[int, tuple[str, ...]] = {}
    for fold in range(folds):
        held = np.flatnonzero(fold_of_person == fold)
        test = data.take_persons(held)
        try:
            fit = model.fit(data.take_persons(np.flatnonzero(fold_of_person != fold)), seed=seed)
        except InvalidInput as failure:
            said = f"without the persons of fold {fold + 1}: {failure.message}"
            raise InvalidInput(said, failure.hint, failure.problems) from failure
        if fit.unidentified:
            unidentified[fold] = fit.unidentified
        if not fit.convergence.converged:
            unconverged.append(fold)
        estimates = known_estimates(fit)
        by_person[held] = model.log_likelihoods(estimates, test, seed=seed)
        predicted[fold_of_person[person_of_row] == fold] = model.probabilities(estimates, test, seed=seed)
        by_fold.append(float(by_person[held].sum()))
        if progress is not None:
            progress(fold + 1, folds)
    if unidentified and len(set(unidentified.values())) + (len(unidentified) < folds) > 1:
        fold, names = next(iter(unidentified.items()))
        raise InvalidInput(
            f"without the persons of fold {fold + 1} the data do not identify {', '.join(names)}",
            "take fewer or other folds, or leave the term out",
        )
    weight = data.weight[data.situation_of_row()]
    chosen = weight * data.chosen
    return Validation(
        model.title,
        data.name,
        folds,
        seed,
        float(by_person.sum()),
        _null_log_likelihood(data),
        float(chosen @ _hits(predicted, data) / chosen.sum()),
        float(chosen.sum()),
        tuple(by_fold),
        by_person,
        calibration_table(predicted, data),
        tuple(unconverged),
    )


def calibration_table(predicted: Floats, data: ChoiceData, bins: int = 10) -> tuple[CalibrationBin, ...]:
    """Alternatives on offer by their probability, in bins of about the same size: share foretold and share chosen.

    predicted : float64[row]. Alternatives with the same probability share a bin, so that there may be fewer bins.
    """
    faced = offers(data)
    # Situations nobody faced (weight 0) say nothing.
    kept = np.flatnonzero(faced > 0)
    order = kept[np.argsort(predicted[kept], kind="stable")]
    ranks = np.cumsum(faced[order]) / faced[order].sum()
    number = np.minimum((ranks * bins * (1 - 1e-12)).astype(np.int64), bins - 1)
    first_of_value = np.unique(predicted[order], return_index=True)[1]
    number = np.repeat(number[first_of_value], np.diff(np.append(first_of_value, len(order))))
    chosen = (data.weight[data.situation_of_row()] * data.chosen)[order]
    result = []
    for one in np.unique(number):
        rows = np.flatnonzero(number == one)
        total = float(faced[order][rows].sum())
        probabilities = predicted[order][rows]
        result.append(
            CalibrationBin(
                float(probabilities[0]),
                float(probabilities[-1]),
                float(probabilities @ faced[order][rows] / total),
                float(chosen[rows].sum() / total),
                total,
            )
        )
    return tuple(result)


def _hits(predicted: Floats, data: ChoiceData) -> Floats:
    """float64[row]: 1 for the likeliest alternative of its situation, parts of 1 where several are likeliest."""
    starts: Integers = data.situation_start[:-1]
    situation = data.situation_of_row()
    best = np.maximum.reduceat(predicted, starts)[situation]
    likeliest = (predicted >= best * (1 - 1e-12)).astype(np.float64)
    return np.asarray(likeliest / np.add.reduceat(likeliest, starts)[situation], dtype=np.float64)


def _null_log_likelihood(data: ChoiceData) -> float:
    return float(-choices_faced(data) @ np.log(np.diff(data.situation_start)))


def _or_none(value: float) -> float | None:
    """A number, or None for one that JSON has no word for: choices that a model held impossible."""
    return float(value) if np.isfinite(value) else None
