"""From the end of a search to a fit: what the data can tell, how surely, and in words what they cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput

from .checks.findings import check_choices, refuse_unidentified
from .data import ChoiceData, Floats
from .fit import Convergence, Fit, Model
from .trust_region import Maximum
from .utility import Term

# Eigenvalues of information scaled to a unit diagonal: below this, columns are copies of each other.
_COPIES = 1e-11
# A direction that fewer choices than this inform, in effect, is one in which the estimates run away.
_CHOICES_MIN = 1e-3
# Weights that average less make every standard error so large that the search takes its start for the maximum.
_WEIGHT_MIN = 1e-6
# Of fewer persons than this, clustered standard errors are too small as a rule.
_CLUSTERS_MIN = 30
# A parameter belongs to a direction if its share in it is more than rounding.
_SHARE_MIN = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Identified:
    """What the information says of each parameter.

    unidentified : where they stand; information, meats : float64[parameter, parameter], of the others with the
        unidentified left free, NaN elsewhere; notes : why, in words.
    """

    unidentified: tuple[int, ...]
    information: Floats
    meats: tuple[Floats, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a fit says of its data; parts of data that lie apart add up to the whole.

    weights : lowest and highest. counted : whether choices are counts, of nobody knows whom.
    """

    name: str
    choices: int
    persons: int
    null_log_likelihood: float
    weights: tuple[float, float]
    counted: bool

    @classmethod
    def of(cls, data: ChoiceData) -> Sample:
        """Of data at hand."""
        weights = (float(data.weight.min()), float(data.weight.max()))
        faced = np.maximum.reduceat(data.weight, data.person_start[:-1]) > 0  # who weighs nothing is not in the sample
        persons = int(np.count_nonzero(faced))
        return cls(data.name, choices_made(data), persons, null_log_likelihood(data), weights, data.is_counts)

    def __add__(self, other: Sample) -> Sample:
        """Of other persons too."""
        return Sample(
            self.name,
            self.choices + other.choices,
            self.persons + other.persons,
            self.null_log_likelihood + other.null_log_likelihood,
            (min(self.weights[0], other.weights[0]), max(self.weights[1], other.weights[1])),
            self.counted or other.counted,
        )


def checked(data: ChoiceData, terms: Sequence[Term], x: Floats) -> list[str]:
    """What a modeller should know of the data before the fit, in words.

    Raises InvalidInput for what the data cannot identify, and for weights too small to search by.
    """
    average = float(data.weight.mean())
    if average < _WEIGHT_MIN:
        raise InvalidInput(
            f"the weights of `{data.name}` average {average:.3g}: rounding and the search's tolerance would decide",
            f"multiply them by {1 / average:.3g}, so that they average 1: estimates and robust errors stay as they are",
        )
    findings = check_choices(data, terms, x)
    refuse_unidentified(findings)
    return [f"{finding.words}; {finding.way_out}" for finding in findings]


def conclude(
    model: Model,
    data: ChoiceData | Sample,
    names: Sequence[str],
    maximum: Maximum,
    *,
    meat_robust: Floats,
    meat_clustered: Floats,
    reference: Floats | None = None,
    seed: int | None = None,
    draws: int | None = None,
    notes: Sequence[str] = (),
) -> Fit:
    """The fit that a search has ended in, with what must be said about it.

    maximum.point.information : minus the Hessian at the estimates; meats : sums of outer products of scores;
    reference : float64[parameter, parameter], what one choice would tell before anything is known (see `identify`).
    """
    sample = data if isinstance(data, Sample) else Sample.of(data)
    found = identify(names, maximum.point.information, (meat_robust, meat_clustered), reference)
    estimates = maximum.estimates.copy()
    estimates[list(found.unidentified)] = np.nan
    spoken = [*found.notes, *notes]
    if not maximum.converged:
        spoken.insert(0, f"the search did not converge ({maximum.message}): do not rely on these figures")
    weighted = sample.weights != (1.0, 1.0)  # fives throughout would make five choices of one, and errors too small
    if weighted:
        spoken.append("choices are weighted: the classical covariance does not hold, the robust and the clustered do")
    apart = not np.allclose(meat_robust, meat_clustered, rtol=1e-8, atol=0, equal_nan=True)
    if sample.persons < min(sample.choices, _CLUSTERS_MIN) and apart and not sample.counted:
        spoken.append(_few_clusters(sample.persons, len(names) - len(found.unidentified)))
    return Fit(
        model=model,
        data_name=sample.name,
        names=tuple(names),
        estimates=estimates,
        information=found.information,
        meat_robust=found.meats[0],
        meat_clustered=found.meats[1],
        log_likelihood=maximum.point.value,
        null_log_likelihood=sample.null_log_likelihood,
        situations=sample.choices,
        persons=sample.persons,
        weighted=weighted,
        counted=sample.counted,
        convergence=Convergence(
            converged=maximum.converged,
            message=maximum.message,
            iterations=maximum.iterations,
            evaluations=maximum.evaluations,
            gradient_norm=maximum.decrement,
            condition=_condition(found.information),
        ),
        seed=seed,
        draws=draws,
        unidentified=tuple(names[i] for i in found.unidentified),
        notes=tuple(spoken),
    )


def identify(
    names: Sequence[str], information: Floats, meats: Sequence[Floats] = (), reference: Floats | None = None
) -> Identified:
    """Which parameters the data tell, and the information on them.

    information : minus the Hessian at the estimates. reference : the information of a single choice while all
    alternatives are equally likely; without it only copies are found. A direction that the reference does not know is
    one of columns that always move together. A direction in which all choices together tell less than a thousandth of
    what one told at the outset is one in which the model has become certain: the likelihood rises for ever.

    Source: Albert and Anderson (1984), Biometrika 71(1), for separation; Rao (1973), Linear Statistical Inference,
    2nd ed., sec. 4a, for what is estimable whatever the generalised inverse.
    """
    measure = information if reference is None else reference
    diagonal = np.abs(np.diag(measure))
    scale = np.sqrt(np.where(diagonal > 1e-300, diagonal, 1.0))
    values, vectors = np.linalg.eigh(measure / np.outer(scale, scale))
    if values[0] < -_COPIES:
        return Identified((), information, tuple(meats), (_NO_MAXIMUM,))
    known = values > _COPIES
    basis = vectors[:, known] / np.sqrt(values[known]) / scale[:, None]
    told = basis.T @ information @ basis
    powers, turn = np.linalg.eigh((told + told.T) / 2)
    if len(powers) and powers[0] < -_CHOICES_MIN:
        return Identified((), information, tuple(meats), (_NO_MAXIMUM,))
    certain = powers < (0.0 if reference is None else _CHOICES_MIN)
    copies = _reduced(vectors[:, ~known])
    runaways = _reduced(scale[:, None] * (basis @ turn[:, certain]))
    if not len(copies) and not len(runaways):
        return Identified((), information, tuple(meats), ())
    notes = [_copies_note(names, direction, scale) for direction in copies]
    notes += [_runaway_note(names, direction) for direction in runaways]
    gone = (np.abs(np.vstack([copies, runaways])) > _SHARE_MIN).any(axis=0)
    stay = np.ix_(~gone, ~gone)
    kept = basis @ turn[:, ~certain]
    inverse = kept @ np.diag(1 / powers[~certain]) @ kept.T  # its block of the estimable is the same for all inverses
    bread = np.linalg.inv(inverse[stay])
    blocks = [bread] + [bread @ (inverse @ meat @ inverse)[stay] @ bread for meat in meats]
    whole = []
    for block in blocks:
        whole.append(np.full(information.shape, np.nan))
        whole[-1][stay] = (block + block.T) / 2
    return Identified(tuple(int(i) for i in np.flatnonzero(gone)), whole[0], tuple(whole[1:]), tuple(notes))


_NO_MAXIMUM = (
    "the search ended where the log-likelihood curves upwards: this is no maximum, and standard errors do not hold"
)


def _reduced(directions: Floats) -> Floats:
    """float64[direction, parameter]: the same space by directions with as few members each as elimination finds."""
    rows = directions.T.copy()
    for i in range(len(rows)):
        row, column = divmod(int(np.argmax(np.abs(rows[i:]))), rows.shape[1])
        rows[[i, i + row]] = rows[[i + row, i]]
        rows[i] /= rows[i, column]
        for other in range(len(rows)):
            if other != i:
                rows[other] -= rows[other, column] * rows[i]
    return rows


def _copies_note(names: Sequence[str], direction: Floats, scale: Floats) -> str:
    members = [int(i) for i in np.flatnonzero(np.abs(direction) > _SHARE_MIN)]
    if len(members) == 1:
        return f"`{names[members[0]]}` is not identified: it is the same for all alternatives of every choice"
    # In units of the columns themselves, the first named with a factor of 1.
    factors = direction[members] / scale[members]
    factors = factors / factors[0]
    relation = " ".join(
        f"{'-' if factor < 0 else '+'} {'' if abs(abs(factor) - 1) < 1e-6 else f'{abs(factor):.4g} '}`{names[i]}`"
        for factor, i in zip(factors, members, strict=True)
    ).removeprefix("+ ")
    return f"{relation} is the same for all alternatives of every choice: leave one of them out"


def _runaway_note(names: Sequence[str], direction: Floats) -> str:
    members = ", ".join(f"`{names[int(i)]}`" for i in np.flatnonzero(np.abs(direction) > _SHARE_MIN))
    return (
        f"no finite estimate of {members}: where the search ended nothing tells of it any more, as when what was chosen"
        " follows from it without exception (separation)"
    )


def _few_clusters(persons: int, parameters: int) -> str:
    """What to think of errors clustered by so few. Source: Cameron and Miller (2015), Journal of Human Resources 50(2),
    sec. VI."""
    if persons <= parameters:
        return (
            f"{persons} {'person' if persons == 1 else 'persons'} for {parameters} parameters: there are no clustered "
            "standard errors, and others take one person's choices for independent"
        )
    return f"{persons} persons are few: clustered standard errors are too small as a rule"


def _condition(information: Floats) -> float:
    """Of the identified part, scaled to a unit diagonal; infinite where it is no information."""
    known = np.isfinite(np.diag(information))
    if not known.any():
        return float("nan")
    block = information[np.ix_(known, known)]
    if np.any(np.diag(block) <= 0):
        return float("inf")
    scale = np.sqrt(np.diag(block))
    values = np.linalg.eigvalsh(block / np.outer(scale, scale))
    return float(values[-1] / values[0]) if values[0] > 0 else float("inf")


def null_log_likelihood(data: ChoiceData) -> float:
    """The log-likelihood while every available alternative is equally likely, weights applied."""
    chosen = np.add.reduceat(data.chosen, data.situation_start[:-1])
    return -float(np.sum(data.weight * chosen * np.log(np.diff(data.situation_start))))


def choices_made(data: ChoiceData) -> int:
    """How many choices the data hold: situations, or the sum of counts; those of weight 0 are none."""
    if data.weight.min() > 0:
        return round(float(data.chosen.sum()))
    return round(float(data.chosen @ (data.weight > 0)[data.situation_of_row()]))


def finite(estimates: Floats, names: Sequence[str]) -> Floats:
    """The estimates, where all are known. Raises InvalidInput for those that the data could not tell."""
    values = np.asarray(estimates, dtype=np.float64)
    if values.shape != (len(names),):
        raise InvalidInput(f"{values.size} estimates for {len(names)} parameters", f"give {', '.join(names)}")
    if unknown := [name for name, value in zip(names, values, strict=True) if not np.isfinite(value)]:
        raise InvalidInput(f"no estimate of {', '.join(unknown)}", "fit a model without what the data cannot tell")
    return values
