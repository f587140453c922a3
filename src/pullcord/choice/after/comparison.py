"""Which of several models the data speak for: ratio tests, tests of models that do not nest, and tables of criteria."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pullcord.base import InvalidInput

from ..fit import Fit
from ..table import aligned, group_of, probability, wrapped
from ..tails import chi_squared_tail, normal_tail

if TYPE_CHECKING:
    from .validation import Validation


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """How surprising the larger model's gain were, if the smaller were true.

    statistic : twice the difference of log-likelihoods. degrees : parameters that the larger has more.
    p_value : against chi-squared with that many degrees. boundary : how many of the additional parameters are
    standard deviations, which the smaller model sets at the edge of what is possible, 0. p_boundary : against the
    mixture that this calls for, None where there are none; exact for one, the upper bound for several.
    """

    small: str
    large: str
    statistic: float
    degrees: int
    p_value: float
    boundary: int = 0
    p_boundary: float | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = wrapped(f"Likelihood ratio of {self.large} over {self.small}", indent="  ")
        lines.append(
            f"  chi-squared({self.degrees}) = {self.statistic:,.3f}, p {_is(self.p_value)}"
            + (f"; mixture at the boundary: p {_is(self.p_boundary)}" if self.p_boundary is not None else "")
        )
        return "\n".join(lines + [line for note in self.notes for line in wrapped(f"  {note}", indent="  ")])


def likelihood_ratio_test(small: Fit, large: Fit) -> LikelihoodRatio:
    """Whether the larger of two nested models fits better than chance lets it.

    Where the larger model adds standard deviations of tastes, the smaller puts them at 0, the edge of what they can
    be, and chi-squared makes p too large. For one the right reference is half and half chi-squared with one degree
    fewer and with all; for several this is an upper bound of p.

    Raises InvalidInput where the fits are not of the same data, the larger has no more parameters, weights make the
    ratio none of likelihoods, or the larger ends clearly below the smaller: then it has not found its maximum.

    Source: Self and Liang (1987), JASA 82(398), cases 5 and 6; Kodde and Palm (1986), Econometrica 54(5).

    >>> test = likelihood_ratio_test(price_only, logit)
    >>> test.degrees, test.p_value < 0.001
    (3, True)
    """
    _same_data(small, large)
    if small.weighted or large.weighted:
        raise InvalidInput(
            f"the choices of {small.data_name} are weighted: their ratio is none of likelihoods",
            "fit without weights, or compare what `validate` gives for each",
        )
    degrees = large.parameters - small.parameters
    if degrees < 1:
        raise InvalidInput(
            f"{large.model.title} has {large.parameters} parameters, no more than {small.parameters}",
            "name the smaller model first; compare models that do not nest by `ben_akiva_swait_test`",
        )
    statistic = 2 * (large.log_likelihood - small.log_likelihood)
    if statistic < -1e-6 * max(abs(small.log_likelihood), 1.0):
        raise InvalidInput(
            f"the larger model ends at {large.log_likelihood:,.4f}, below the smaller's {small.log_likelihood:,.4f}",
            "it is not nested, has not found its maximum, or was simulated with too few draws",
        )
    statistic = max(statistic, 0.0)
    notes: list[str] = []
    if absent := [name for name in small.names if name not in large.names]:
        notes.append(
            f"{', '.join(absent)} of the smaller model {'stands' if len(absent) == 1 else 'stand'} in the larger by no "
            "such name: the test holds only if the larger becomes the smaller for some values of its parameters."
        )
    if None not in (small.draws, large.draws) and (small.draws, small.seed) != (large.draws, large.seed):
        notes.append("Not both log-likelihoods were simulated with the same draws: a small difference may be noise.")
    if large.default_covariance == "clustered":
        notes.append(
            "Both models take a person's choices for independent and count them as more evidence than they are: p is "
            "too small."
        )
    if not (small.convergence.converged and large.convergence.converged):
        notes.append("Not both fits converged: the statistic is no ratio of maxima.")
    if any(group_of(name).startswith("Class ") for name in large.names):
        notes.append("A further class is no restriction that chi-squared can test: compare BIC or held-out choices.")
    added = [name for name in large.names if name not in small.names and name not in large.unidentified]
    boundary = min(sum(group_of(name) == "Standard deviations" for name in added), degrees)
    p_boundary = None
    if boundary:
        # For 0 the statistic lies on the boundary and says nothing at all against the smaller model.
        p_boundary = 0.5 * (chi_squared_tail(statistic, degrees - 1) + chi_squared_tail(statistic, degrees))
        if boundary == 1:
            notes.append("A standard deviation of 0 is the edge of what is possible: read the mixture's p.")
        else:
            notes.append(
                f"{boundary} standard deviations of 0 are at the edge of what is possible: the mixture's p is an upper "
                "bound."
            )
    if any(group_of(name).startswith("Cholesky") for name in added):
        notes.append(
            "Covariances vanish with their standard deviations, at the edge of what is possible: p is too large rather "
            "than too small."
        )
    return LikelihoodRatio(
        *_told_apart(small, large),
        statistic,
        degrees,
        chi_squared_tail(statistic, degrees),
        boundary,
        p_boundary,
        tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class NonNested:
    """How likely so large a lead in adjusted rho-squared were, if the model that is behind were true."""

    ahead: str
    behind: str
    lead: float  # of adjusted rho-squared
    p_value: float  # an upper bound

    def __str__(self) -> str:
        lines = wrapped(f"{self.ahead} leads {self.behind} by {self.lead:.5f} of adjusted rho-squared", indent="  ")
        return "\n".join([*lines, f"  Ben-Akiva and Swait: p at most {_is(self.p_value)}"])


def ben_akiva_swait_test(first: Fit, second: Fit) -> NonNested:
    """Whether the model that is ahead in adjusted rho-squared is so by more than chance; the models need not nest.

    p is the upper bound Phi(-sqrt(-2 z L(0) + K_ahead - K_behind)), z the lead of adjusted rho-squared. Raises
    InvalidInput where the fits are not of the same data.

    Source: Ben-Akiva and Swait (1986), Transportation Science 20(2); Ben-Akiva and Lerman (1985), sec. 7.3.

    >>> test = ben_akiva_swait_test(price_only, logit)
    >>> test.lead > 0, test.p_value < 0.001
    (True, True)
    """
    _same_data(first, second)
    ahead, behind = first, second
    if second.adjusted_rho_squared > first.adjusted_rho_squared:
        ahead, behind = second, first
    lead = ahead.adjusted_rho_squared - behind.adjusted_rho_squared
    inside = -2 * lead * ahead.null_log_likelihood + ahead.parameters - behind.parameters
    # inside is twice the lead in log-likelihood less the difference in parameters; below 0 the bound says nothing.
    p_value = normal_tail(math.sqrt(inside)) if inside > 0 and lead > 0 else 1.0
    return NonNested(*_told_apart(ahead, behind), lead, p_value)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Several models of the same choices, in the order given. `held_out` is empty where none was given."""

    fits: tuple[Fit, ...]
    held_out: tuple[Validation, ...]
    notes: tuple[str, ...]

    @property
    def best_by_bic(self) -> Fit:
        """The fit with the lowest BIC."""
        return min(self.fits, key=lambda fit: fit.bic)

    @property
    def best_held_out(self) -> Fit | None:
        """The fit whose model foretold held-out choices best; None where none was validated."""
        if not self.held_out:
            return None
        at = max(range(len(self.fits)), key=lambda i: self.held_out[i].log_likelihood)
        return self.fits[at]

    def as_json(self) -> dict[str, object]:
        """Plain values for JSON: a record for each model; None for what is not finite."""
        return {
            "models": [
                {
                    "title": fit.model.title,
                    "log_likelihood": _or_none(fit.log_likelihood),
                    "parameters": fit.parameters,
                    "aic": _or_none(fit.aic),
                    "bic": _or_none(fit.bic),
                    "adjusted_rho_squared": _or_none(fit.adjusted_rho_squared),
                    "converged": fit.convergence.converged,
                    "held_out_log_likelihood": _or_none(held.log_likelihood) if held else None,
                    "hit_rate": held.hit_rate if held else None,
                }
                for fit, held in zip(self.fits, self.held_out or (None,) * len(self.fits), strict=True)
            ],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        head = ["", "log-likelihood", "parameters", "AIC", "BIC", "adj. rho-sq."]
        rows = [tuple(head + (["held-out", "hit rate"] if self.held_out else []))]
        for i, fit in enumerate(self.fits):
            row = [
                f"({i + 1}) {fit.model.title}" + ("" if fit.convergence.converged else " (not converged)"),
                f"{fit.log_likelihood:,.2f}",
                f"{fit.parameters}",
                f"{fit.aic:,.1f}",
                f"{fit.bic:,.1f}",
                f"{fit.adjusted_rho_squared:.4f}",
            ]
            if self.held_out:
                row += [f"{self.held_out[i].log_likelihood:,.2f}", f"{self.held_out[i].hit_rate:.3f}"]
            rows.append(tuple(row))
        lines = wrapped(f"{self.fits[0].data_name}, {self.fits[0].situations:,} choices")
        lines += aligned(rows, rule_after=(0, len(rows) - 1))
        for i, fit in enumerate(self.fits):
            lines += wrapped(f"({i + 1}) {fit.model.utility}", indent="    ")
        lines.append(f"Lowest BIC: ({self.fits.index(self.best_by_bic) + 1}).")
        if best := self.best_held_out:
            lines.append(f"Foretells held-out choices best: ({self.fits.index(best) + 1}).")
        return "\n".join(lines + [line for note in self.notes for line in wrapped(f"Note: {note}", indent="  ")])


def compare(fits: Sequence[Fit], held_out: Sequence[Validation] = ()) -> Comparison:
    """A table of models of the same choices: log-likelihood, parameters, AIC, BIC, and how they foretell.

    held_out : what `validate` gave for each model, with the same folds and seed; or none.
    Raises InvalidInput where the fits are not of the same data, or validations are not as many.

    >>> print(compare([price_only, logit]).best_by_bic.model.utility)
    price + range_km/100 + fast + fuel=electric
    """
    if not fits:
        raise InvalidInput("there is no fit to compare", "give two or more")
    for other in fits[1:]:
        _same_data(fits[0], other)
    if held_out and len(held_out) != len(fits):
        raise InvalidInput(f"{len(held_out)} validations do not suit {len(fits)} fits", "give one for each, or none")
    if len({(held.folds, held.seed) for held in held_out}) > 1:
        raise InvalidInput("the validations held out different choices", "validate all with the same folds and seed")
    notes = []
    if any(fit.draws is not None for fit in fits):
        notes.append("Simulated log-likelihoods move with draws and seed; differences of a few tenths may be noise.")
    if any(fit.weighted for fit in fits):
        notes.append("With weights these are pseudo-likelihoods: AIC and BIC rank models, their scale means little.")
    return Comparison(tuple(fits), tuple(held_out), tuple(notes))


def _same_data(first: Fit, second: Fit) -> None:
    """Raises InvalidInput where two fits cannot be of the same choices."""
    for what, one, other in (
        ("data", first.data_name, second.data_name),
        ("choices", first.situations, second.situations),
        ("persons", first.persons, second.persons),
    ):
        if one != other:
            raise InvalidInput(
                f"the fits are not of the same {what}: {one} and {other}", "fit both to the same choices"
            )
    if not math.isclose(first.null_log_likelihood, second.null_log_likelihood, rel_tol=1e-9):
        raise InvalidInput(
            f"equal shares give {first.null_log_likelihood:,.4f} for one fit and {second.null_log_likelihood:,.4f} for "
            "the other: choice sets or weights differ",
            "fit both to the same choices",
        )


def _told_apart(first: Fit, second: Fit) -> tuple[str, str]:
    """What to call two models: by title, or by utility too where they are of a kind."""
    if first.model.title != second.model.title:
        return first.model.title, second.model.title
    return f"{first.model.title} of {first.model.utility}", f"{second.model.title} of {second.model.utility}"


def _is(p: float) -> str:
    shown = probability(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
