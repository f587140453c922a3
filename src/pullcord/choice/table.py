"""A fit as people and programs read it: the journals' table in plain text, models side by side, and JSON."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pullcord.base import InvalidInput

from .data import Floats
from .tails import two_sided_p

if TYPE_CHECKING:  # a fit prints itself by this module, which therefore must not need it to be read first
    from .fit import Covariance, Fit

WIDTH = 100
LEGEND = "*** p < 0.001, ** p < 0.01, * p < 0.05"
KINDS: tuple[Literal["classical", "robust", "clustered"], ...] = ("classical", "robust", "clustered")
NOT_IDENTIFIED = "not identified"

# What a parameter's name opens with says which part of a taste's distribution it is.
_GROUPS = (
    ("sd ", "Standard deviations"),
    ("spread ", "Spreads"),
    ("chol ", "Cholesky factor of the tastes' covariance"),
    ("lambda(", "Dissimilarity of nests, z against 1"),
)
_CLASS = re.compile(r"class (\d+)( membership)?: ")


def figure(value: float) -> str:
    """A number with four decimals; fewer where it is large, four figures where it is small."""
    if not math.isfinite(value):
        return "."
    size = abs(value)
    if value == 0 or 0.01 <= size < 100:
        return f"{value:.4f}"
    if 100 <= size < 1e9:
        return f"{value:,.2f}" if size < 10_000 else f"{value:,.0f}"
    return f"{value:.{3 - math.floor(math.log10(size))}f}" if 1e-4 <= size < 1 else f"{value:.3e}"


def probability(p: float) -> str:
    """A p value; what is smaller than can be told apart says so."""
    if not math.isfinite(p):
        return "."
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def stars(p: float) -> str:
    """Three, two, one or no stars, by `LEGEND`."""
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""


def aligned(rows: Sequence[Sequence[str]], *, left: int = 1, rule_after: Sequence[int] = ()) -> list[str]:
    """Lines of a table: the first `left` columns to the left, the others to the right, a rule after some rows.

    A row with one cell is a heading over what follows and widens nothing. Cut at `WIDTH` in the first column.
    """
    full = [row for row in rows if len(row) > 1]
    widths = [max(len(row[i]) for row in full) for i in range(max(map(len, full)))]
    over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
    if over > 0:
        widths[0] = max(widths[0] - over, 12)
    lines = []
    for number, row in enumerate(rows):
        if len(row) == 1:
            lines.append(row[0])
        else:
            cells = [
                _cut(cell, width).ljust(width) if i < left else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        if number in rule_after:
            lines.append("-" * min(sum(widths) + 2 * (len(widths) - 1), WIDTH))
    return lines


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def wrapped(text: str, *, indent: str = "") -> list[str]:
    """A sentence within `WIDTH`."""
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False)


def group_of(name: str) -> str:
    """The heading a parameter stands under; empty for tastes, which come first."""
    if found := _CLASS.match(name):
        return f"Class {found[1]}" if not found[2] else f"Membership of class {found[1]}"
    return next((heading for opening, heading in _GROUPS if name.startswith(opening)), "")


def _tested_against(name: str) -> float:
    """What a parameter is if it changes nothing: a dissimilarity of 1 makes a nest a logit."""
    return 1.0 if name.startswith("lambda(") else 0.0


def careful_standard_errors(fit: Fit, kind: Covariance) -> Floats:
    """float64[parameter]; NaN where there is none: not identified, or the information has no inverse."""
    try:
        with np.errstate(invalid="ignore"):
            return np.asarray(fit.standard_errors(kind), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full(len(fit.names), np.nan)


def covariance_in_words(fit: Fit, kind: Covariance) -> str:
    """Which standard errors they are, and why these."""
    if kind == "clustered":
        return f"clustered by person ({fit.persons:,} persons), who may choose more than once"
    if kind == "robust":
        return "robust (sandwich over choices)" + (", for choices are weighted" if fit.weighted else "")
    return "classical (inverse of the information)"


def one_table(fit: Fit, covariance: Covariance | None = None) -> str:
    """The fit as the journals print it; standard errors of the fit's default kind unless another is asked for."""
    kind = covariance or fit.default_covariance
    errors = careful_standard_errors(fit, kind)
    rows: list[tuple[str, ...]] = [("", "estimate", "std. error", "z", "p", "")]
    heading = ""
    for name, estimate, error in zip(fit.names, fit.estimates, errors, strict=True):
        if group_of(name) != heading:
            heading = group_of(name)
            rows.append((heading,))
        if name in fit.unidentified:
            rows.append((name, NOT_IDENTIFIED, "", "", "", ""))
            continue
        z = (estimate - _tested_against(name)) / error if error > 0 else math.nan
        p = two_sided_p(z) if math.isfinite(z) else math.nan
        mark = stars(p).ljust(3)
        rows.append(
            (name, figure(estimate), figure(error), f"{z:.2f}" if math.isfinite(z) else ".", probability(p), mark)
        )
    body = aligned(rows, rule_after=(0, len(rows) - 1))
    rule = body[1]
    lines = [*wrapped(fit.model.title), *wrapped(_sample(fit)), rule, *body]
    lines += wrapped(f"{LEGEND}. Standard errors: {covariance_in_words(fit, kind)}.")
    if any(group_of(name) in ("Standard deviations", "Spreads") for name in fit.names):
        lines += wrapped(
            "A z of a standard deviation tests a value at the edge of what is possible: prefer a ratio test."
        )
    lines += ["", *_summary(fit), *_ending(fit)]
    return "\n".join(lines)


def _sample(fit: Fit) -> str:
    choosers = f"{fit.situations:,} choices"
    if fit.counted:  # nobody knows whose they are
        choosers += f", counted in {fit.persons:,} choice sets"
    elif fit.persons:
        choosers += f" by {fit.persons:,} persons"
    return f"Data: {fit.data_name}, {choosers}" + (", weighted" if fit.weighted else "")


def _summary(fit: Fit) -> list[str]:
    left = (
        ("Log-likelihood", f"{fit.log_likelihood:,.4f}"),
        ("  of equal shares", f"{fit.null_log_likelihood:,.4f}"),
        ("Rho-squared", f"{fit.rho_squared:.4f}"),
        ("  adjusted", f"{fit.adjusted_rho_squared:.4f}"),
    )
    right = (
        ("AIC", f"{fit.aic:,.2f}"),
        ("BIC", f"{fit.bic:,.2f}"),
        ("Parameters", f"{fit.parameters}"),
        ("Condition number", _condition(fit.convergence.condition)),
    )
    return [f"{a:<18}{b:>16}    {c:<18}{d:>16}" for (a, b), (c, d) in zip(left, right, strict=True)]


def _condition(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) and value < 1e7 else f"{value:.1e}"


def _ending(fit: Fit) -> list[str]:
    """How the search ended and what else there is to say, in words."""
    end = fit.convergence
    word = "Converged" if end.converged else "NOT CONVERGED"
    lines = wrapped(f"{word} after {end.iterations} steps and {end.evaluations} evaluations: {end.message}.")
    if not end.converged:
        lines += wrapped("These are no maximum-likelihood estimates, and their standard errors mean little.")
    if fit.draws is not None:
        lines += wrapped(f"Simulated with {fit.draws:,} draws, seed {fit.seed}.")
    lines += wrapped(_mixing_in_words(fit), indent="  ")
    for note in fit.notes:
        lines += wrapped(f"Note: {note}", indent="  ")
    return lines


def _mixing_in_words(fit: Fit) -> str:
    """How tastes vary, where the model says so; of a logarithm nobody should take the mean for the taste's."""
    mixing: Mapping[str, object] = getattr(fit.model, "mixing", {})
    words = []
    for name, how in mixing.items():
        kind = how if isinstance(how, str) else type(how).__name__
        of_log = " (mean and standard deviation of its logarithm)" if "lognormal" in kind.lower() else ""
        words.append(f"{name} {kind}{of_log}")
    return f"Tastes that vary between persons: {', '.join(words)}." if words else ""


def fit_table(fits: Sequence[Fit], *, titles: Sequence[str] | None = None, covariance: Covariance | None = None) -> str:
    """Several fits side by side, as papers print them: estimates with stars, standard errors in brackets below.

    titles : one for each fit, `(1)`, `(2)`, ... with a legend unless given. covariance : one kind for all; each fit's
    default unless given, and a line says which. Models that do not fit beside each other within 100 columns continue
    below. Raises InvalidInput for no fits, or titles that are not as many.

    >>> print(fit_table([price_only, logit]).partition("range")[0].rstrip())
                         (1)          (2)
    ----------------------------------------
    price            -0.8128***   -0.9290***
                    (0.0592)     (0.0638)
    """
    if not fits:
        raise InvalidInput("there is no fit to show", "give one or more")
    names = [f"({i + 1})" for i in range(len(fits))] if titles is None else list(titles)
    if len(names) != len(fits):
        raise InvalidInput(f"{len(names)} titles do not suit {len(fits)} fits", "give one for each")
    kinds = [covariance or fit.default_covariance for fit in fits]
    lines: list[str] = []
    start = 0
    while start < len(fits):  # as many columns as the width takes, one at the least
        count = len(fits) - start
        while True:
            chosen = slice(start, start + count)
            block = _side_by_side(fits[chosen], names[chosen], kinds[chosen])
            if count == 1 or max(map(len, block)) <= WIDTH:
                break
            count -= 1
        lines += ([""] if lines else []) + block
        start += count
    lines += wrapped(f"{LEGEND}. Standard errors in brackets.")
    for name, fit, kind in zip(names, fits, kinds, strict=True):
        state = "" if fit.convergence.converged else "NOT CONVERGED; "
        lines += wrapped(
            f"{name}: {state}{fit.model.title}, {fit.data_name}; {covariance_in_words(fit, kind)}.", indent="  "
        )
    return "\n".join(lines)


def _side_by_side(fits: Sequence[Fit], titles: Sequence[str], kinds: Sequence[Covariance]) -> list[str]:
    errors = [careful_standard_errors(fit, kind) for fit, kind in zip(fits, kinds, strict=True)]
    order = _union([fit.names for fit in fits])
    rows: list[tuple[str, ...]] = [("", *(f"{title}   " for title in titles))]
    heading = ""
    headings = list(dict.fromkeys(["", *(group_of(name) for name in order)]))
    for name in sorted(order, key=lambda n: headings.index(group_of(n))):
        if group_of(name) != heading:
            heading = group_of(name)
            rows.append((heading,))
        cells, below = [], []
        for fit, error in zip(fits, errors, strict=True):
            cell, bracket = _cell(fit, error, name)
            cells.append(cell)
            below.append(bracket)
        rows += [(name, *cells), ("", *below)]
    last = len(rows) - 1
    for label, values in (
        ("Log-likelihood", [f"{fit.log_likelihood:,.2f}   " for fit in fits]),
        ("Parameters", [f"{fit.parameters}   " for fit in fits]),
        ("AIC", [f"{fit.aic:,.2f}   " for fit in fits]),
        ("BIC", [f"{fit.bic:,.2f}   " for fit in fits]),
        ("Rho-squared", [f"{fit.rho_squared:.4f}   " for fit in fits]),
        ("  adjusted", [f"{fit.adjusted_rho_squared:.4f}   " for fit in fits]),
        ("Choices", [f"{fit.situations:,}   " for fit in fits]),
        ("Persons", ["   " if fit.counted else f"{fit.persons:,}   " for fit in fits]),
        ("Draws", ["   " if fit.draws is None else f"{fit.draws:,}   " for fit in fits]),
    ):
        if any(value.strip() for value in values):
            rows.append((label, *values))
    return aligned(rows, rule_after=(0, last, len(rows) - 1))


def _cell(fit: Fit, errors: Floats, name: str) -> tuple[str, str]:
    if name not in fit.names:
        return "", ""
    if name in fit.unidentified:
        return NOT_IDENTIFIED + "   ", ""
    at = fit.index(name)
    estimate, error = float(fit.estimates[at]), float(errors[at])
    p = two_sided_p((estimate - _tested_against(name)) / error) if error > 0 else math.nan
    return figure(estimate) + stars(p).ljust(3), f"({figure(error)})   "


def _union(names: Sequence[tuple[str, ...]]) -> list[str]:
    """Every name once, those of the first fit first."""
    return list(dict.fromkeys(name for one in names for name in one))


def as_json(fit: Fit) -> dict[str, Any]:
    """The fit as plain values for JSON; what has no finite value is None, and `reasons` says why.

    `standard_errors` holds the classical, robust and clustered ones by name; `default_covariance` says which of them
    the printed table shows.
    """
    reasons: dict[str, str] = {}

    def number(value: float, place: str, why: str) -> float | None:
        if math.isfinite(value):
            return float(value)
        reasons[place] = why
        return None

    def why_none(name: str) -> str:
        if name in fit.unidentified:
            return "the data do not identify it"
        return "the information at the estimates has no inverse that is a covariance"

    end = fit.convergence
    return {
        "title": fit.model.title,
        "utility": fit.model.utility,
        "data": fit.data_name,
        "choices": fit.situations,
        "persons": None if fit.counted else fit.persons,
        "counted": fit.counted,
        "weighted": fit.weighted,
        "log_likelihood": number(fit.log_likelihood, "log_likelihood", "the search left the model's domain"),
        "null_log_likelihood": number(fit.null_log_likelihood, "null_log_likelihood", "a situation offers nothing"),
        "rho_squared": number(fit.rho_squared, "rho_squared", "a log-likelihood is not finite"),
        "adjusted_rho_squared": number(
            fit.adjusted_rho_squared, "adjusted_rho_squared", "a log-likelihood is not finite"
        ),
        "parameters": fit.parameters,
        "aic": number(fit.aic, "aic", "the log-likelihood is not finite"),
        "bic": number(fit.bic, "bic", "the log-likelihood is not finite"),
        "estimates": {
            name: number(float(value), f"estimates.{name}", why_none(name))
            for name, value in zip(fit.names, fit.estimates, strict=True)
        },
        "default_covariance": fit.default_covariance,
        "standard_errors": {
            kind: {
                name: number(float(value), f"standard_errors.{kind}.{name}", why_none(name))
                for name, value in zip(fit.names, careful_standard_errors(fit, kind), strict=True)
            }
            for kind in KINDS
        },
        "unidentified": list(fit.unidentified),
        "convergence": {
            "converged": end.converged,
            "message": end.message,
            "iterations": end.iterations,
            "evaluations": end.evaluations,
            "gradient_norm": number(end.gradient_norm, "convergence.gradient_norm", "the information has no inverse"),
            "condition": number(end.condition, "convergence.condition", "the information is singular"),
        },
        "draws": fit.draws,
        "seed": fit.seed,
        "notes": list(fit.notes),
        "reasons": reasons,
    }
