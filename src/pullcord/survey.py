"""A program's tastes, fitted again on the survey that they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pullcord.base import InvalidInput, NotFound, PartnerFailure
from pullcord.choice import ChoiceData, Fit, Logit, load_dataset
from pullcord.demand import Taste
from pullcord.program import Program, Survey, SurveyTerm

DECIMALS = 5  # tastes.csv is written with as many: a run that fits and one that reads it give the same answer


@dataclass(frozen=True, slots=True)
class SurveyFit:
    """The fit of a survey, and the program's tastes as it gives them.

    `fitted` are the tastes that come from it, rounded to DECIMALS; tastes that survey.csv does not name stay as they
    stand. `notes` says in words where tastes.csv stands off from the fit, and where a line misfits its terms.
    """

    fit: Fit
    tastes: tuple[Taste, ...]
    fitted: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotAtHand:
    """The survey's data could not be had, and why; tastes.csv then holds what it held."""

    reason: str


def fit_where_at_hand(program: Program, *, data_dir: Path | None, cache: Path | None) -> SurveyFit | NotAtHand | None:
    """The fit of the program's survey, from the folder of public data, the cache, or its public address.

    None where the program names no survey. A survey that is not to be had is no fault of a run.
    """
    if program.survey is None:
        return None
    try:
        data = load_dataset(program.survey.data_set, data_dir=data_dir, cache=cache)
    except (NotFound, PartnerFailure) as absent:
        return NotAtHand(absent.message)
    return fit_survey(program, data)


def fit_survey(program: Program, data: ChoiceData) -> SurveyFit:
    """The tastes of a program, by plain logit on its survey, with standard errors clustered by person.

    A person answers many times, and one person's answers resemble each other: errors that take each answer for a
    person of its own are too small. Raises InvalidInput where the program names no survey, or the survey does not
    identify a term that survey.csv needs.
    """
    survey = program.survey
    if survey is None:
        raise InvalidInput(f"{program.name} names no survey", "add [survey] to program.toml, and survey.csv")
    fit = Logit(survey.utility).fit(data)
    notes: list[str] = []
    tastes = tuple(_taste(taste, survey, fit, notes) for taste in program.tastes)
    fitted = tuple(dict.fromkeys(term.attribute for term in survey.terms))
    return SurveyFit(fit, tastes, fitted, tuple(notes))


def _taste(taste: Taste, survey: Survey, fit: Fit, notes: list[str]) -> Taste:
    terms = [term for term in survey.terms if term.attribute == taste.attribute]
    if not terms:
        return taste
    mean, error = _slope(terms, fit, notes) if len(terms) > 1 else _coefficient(terms[0], fit)
    found = replace(taste, mean=round(mean, DECIMALS), standard_error=round(error, DECIMALS))
    if (found.mean, found.standard_error) != (taste.mean, taste.standard_error):
        notes.append(
            f"the fit gives {found.mean} ± {found.standard_error} for `{taste.attribute}`, tastes.csv"
            f" {taste.mean} ± {taste.standard_error}: the fit is used"
        )
    return found


def _coefficient(term: SurveyTerm, fit: Fit) -> tuple[float, float]:
    at = fit.index(term.term)
    error = float(np.sqrt(fit.covariance("clustered")[at, at]))
    return fit[term.term] * term.factor, error * abs(term.factor)


def _slope(terms: list[SurveyTerm], fit: Fit, notes: list[str]) -> tuple[float, float]:
    """The slope of the line through the coefficients, by generalised least squares, and its standard error.

    Source: Greene (2018), Econometric Analysis, 8th ed., sec. 9.3.
    """
    if len({term.factor for term in terms}) > 1:
        raise InvalidInput(
            f"the terms of `{terms[0].attribute}` have different factors", "one line has one slope: give one factor"
        )
    at = [fit.index(term.term) for term in terms]
    coefficients = np.array([fit[term.term] for term in terms])
    stands_at = np.array([np.nan if term.at is None else term.at for term in terms])
    line = np.column_stack([np.ones(len(terms)), stands_at])
    inverse = np.linalg.inv(fit.covariance("clustered")[np.ix_(at, at)])
    covariance = np.linalg.inv(line.T @ inverse @ line)
    found = covariance @ line.T @ inverse @ coefficients
    misfit = coefficients - line @ found
    if freedom := len(terms) - 2:
        notes.append(
            f"`{terms[0].attribute}` is a line through {len(terms)} terms; it misfits them by chi-square"
            f" {float(misfit @ inverse @ misfit):.1f} on {freedom} degree{'s' if freedom > 1 else ''} of freedom"
        )
    return float(found[1]) * terms[0].factor, float(np.sqrt(covariance[1, 1])) * abs(terms[0].factor)
