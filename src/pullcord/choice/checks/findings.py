"""What data cannot tell, said before a fit: terms that do not vary, that move together, that decide every choice.

    findings = check_choices(data, "price + range_km/100 + income")
    for finding in findings:
        print(finding)          # refuse: `income` is the same for all alternatives of every choice; ...
    refuse_unidentified(findings)

A look at a few thousand rows proves most data sound, for what varies, differs and overlaps there does so in the whole;
only what stays in doubt is asked of every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, Problem

from ..data import ChoiceData, Floats, Integers
from ..reading.faults import listed
from ..utility import Term, design_matrix, parse_utility
from .kernels import within_pass
from .separation import separating_direction

Kind = Literal["no_variation", "collinear", "nearly_collinear", "separated", "few_choices", "thin", "badly_scaled"]

_LOOK_ROWS, _LOOK_ROWS_PER_TERM = 2_000, 80
_COPY = 1e-10  # 1 - R^2 of a term on others: below this it is a copy of them
_CLOSE = 1e-4  # below this its standard error is a hundred times what it would be alone
_SOUND = 1e-2  # smallest eigenvalue of correlations above which nothing can be close
_TOLD_MIN = 10  # choices in which a term varies; fewer tell little
_CHOICES_PER_TERM = 10
_SPAN_MIN, _SPAN_MAX = 1e-3, 1e3


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a modeller should know before a fit.

    severity : `refuse` where no estimate exists, `warn` where it will be poor. terms : those that take part.
    redundant : the one whose leaving out mends it, the later in the formula; None where none does.
    """

    severity: Literal["refuse", "warn"]
    kind: Kind
    terms: tuple[str, ...]
    words: str
    way_out: str
    redundant: str | None = None
    data_name: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {self.words}; {self.way_out}"


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What `within_pass` saw, its products made symmetric."""

    products: Floats
    span: Floats
    told: Floats
    against: Floats
    choices: float


def check_choices(
    data: ChoiceData, utility: str | Sequence[Term], design: Floats | None = None, *, thorough: bool = False
) -> tuple[Finding, ...]:
    """What the data cannot tell of a utility, and what they tell poorly; refusals first, then in the formula's order.

    Refused: a term that is the same for all alternatives of every situation; a term that is a combination of others,
    with its coefficients; a term that is always highest or always lowest for what was chosen, such as the constant of
    an alternative that nobody chose. Warned of: terms nearly combinations of others, few choices for each parameter,
    terms that vary in few choices, terms whose unit makes coefficients unreadable.

    design : float64[row, term], if it is at hand. thorough : look for separation by several terms together, too, by a
    linear program that costs as much as a fit; a fit that does not converge is the occasion.

    Source: Albert and Anderson (1984), Biometrika 71(1), 1-10, for separation; Belsley, Kuh and Welsch (1980),
    Regression Diagnostics, ch. 3, for collinearity.
    """
    terms = parse_utility(utility, data) if isinstance(utility, str) else tuple(utility)
    x = design_matrix(terms, data) if design is None else design
    names = tuple(term.name for term in terms)
    seen = _look(data, x, _some(data, len(terms)))
    if not _is_sound(seen):
        seen = _look(data, x, np.arange(data.situations))
    findings = _no_variation(names, seen)
    varying = seen.told > 0
    findings += _collinear(names, seen, varying)
    separated = _separated(names, seen, data, x)
    findings += separated
    if thorough and not separated:
        direction = separating_direction(data, x[:, varying])
        if direction is not None:
            findings.append(_direction([n for n, v in zip(names, varying, strict=True) if v], direction))
    findings += _poor(terms, seen, data, len(terms))
    ordered = sorted(findings, key=lambda finding: finding.severity != "refuse")
    return tuple(_of(finding, data.name) for finding in ordered)


def refuse_unidentified(findings: Sequence[Finding]) -> None:
    """Raise one InvalidInput that lists everything for which no estimate exists; return where there is nothing."""
    refused = [finding for finding in findings if finding.severity == "refuse"]
    if not refused:
        return
    if len(refused) == 1:
        raise InvalidInput(refused[0].words, refused[0].way_out, _problems(refused))
    first, *others = (finding.words for finding in refused)
    raise InvalidInput(
        f"{len(refused)} things that the data cannot tell: {'; '.join((first, *others))}",
        "; ".join(dict.fromkeys(finding.way_out for finding in refused)),
        _problems(refused),
    )


def _problems(refused: Sequence[Finding]) -> list[Problem]:
    return [Problem(finding.data_name, 0, finding.words, finding.way_out) for finding in refused]


def _of(finding: Finding, name: str) -> Finding:
    return Finding(
        finding.severity, finding.kind, finding.terms, finding.words, finding.way_out, finding.redundant, name
    )


def _some(data: ChoiceData, terms: int) -> Integers:
    """Situations spread evenly over the data, enough of them to show that terms vary, differ and overlap."""
    rows = max(_LOOK_ROWS, _LOOK_ROWS_PER_TERM * terms)
    count = min(data.situations, max(1, rows * data.situations // data.rows))
    return np.arange(count, dtype=np.int64) * data.situations // count


def _look(data: ChoiceData, x: Floats, situations: Integers) -> _Seen:
    products, span, told, against, choices = within_pass(x, data.chosen, data.situation_start, data.weight, situations)
    return _Seen(np.triu(products) + np.triu(products, 1).T, span, told, against, float(choices))


def _is_sound(seen: _Seen) -> bool:
    """Whether a part of the data proves that all is well with the whole."""
    if seen.told.min(initial=np.inf) < _TOLD_MIN or seen.against.min(initial=np.inf) == 0:
        return False
    scale = np.sqrt(np.diag(seen.products))
    return bool(np.linalg.eigvalsh(seen.products / np.outer(scale, scale))[0] > _SOUND) if len(scale) else True


def _no_variation(names: Sequence[str], seen: _Seen) -> list[Finding]:
    return [
        Finding(
            "refuse",
            "no_variation",
            (names[i],),
            f"`{names[i]}` is the same for all alternatives of every choice",
            f"multiply it with something that differs, as in `{names[i]}:price`, or leave it out",
            names[i],
        )
        for i in np.flatnonzero(seen.told == 0).tolist()
    ]


def _collinear(names: Sequence[str], seen: _Seen, varying: NDArray[np.bool_]) -> list[Finding]:
    """Each term against those before it: its combination of independent ones is the only one there is."""
    there = np.flatnonzero(varying).tolist()
    scale = np.sqrt(np.diag(seen.products)[there])
    correlation = seen.products[np.ix_(there, there)] / np.outer(scale, scale)
    if not len(there) or np.linalg.eigvalsh(correlation)[0] > _CLOSE:
        return []
    basis: list[int] = []
    findings = []
    for j in range(len(there)):
        along = correlation[basis, j]
        weights = np.linalg.solve(correlation[np.ix_(basis, basis)], along) if basis else along
        left = 1.0 - float(along @ weights)
        if left < _CLOSE:
            is_copy = left < _COPY
            weighty = np.flatnonzero(np.abs(weights) > (1e-5 if is_copy else 1e-2)).tolist()
            members = [(names[there[basis[i]]], float(weights[i] * scale[j] / scale[basis[i]])) for i in weighty]
            findings.append(_copy(names[there[j]], members, left, is_copy))
        if left >= _COPY:
            basis.append(j)
    return findings


def _copy(name: str, members: list[tuple[str, float]], left: float, is_copy: bool) -> Finding:
    terms = (name, *(member for member, _ in members))
    relation = f"`{name}` moves as {combination(members)} within every choice set"
    if is_copy:
        way_out = f"leave one of {listed(terms)} out: it becomes the base of the others"
        return Finding("refuse", "collinear", terms, relation, way_out, name)
    words = f"{relation}, almost: only {left:.1g} of its variance is its own"
    way_out = f"leave one of {listed(terms)} out, or expect wide standard errors"
    return Finding("warn", "nearly_collinear", terms, words, way_out, name)


def _separated(names: Sequence[str], seen: _Seen, data: ChoiceData, x: Floats) -> list[Finding]:
    findings = []
    for i in np.flatnonzero((seen.told > 0) & (seen.against.min(axis=0) == 0)).tolist():
        grows = seen.against[0, i] == 0
        column = x[:, i]
        if np.all((column == 0) | (column == 1)) and not grows and not np.any(column[data.chosen > 0]):
            words = f"nobody chose where `{names[i]}` holds, though {seen.told[i]:,.0f} could have"
            way_out = "leave that alternative out of the data, join it with another, or leave the term out"
        else:
            words = f"what was chosen always has the {'highest' if grows else 'lowest'} `{names[i]}` of its choice set"
            way_out = "leave the term out, or see whether it was recorded after the choice"
        growing = "grow" if grows else "fall"
        words += f": its coefficient would {growing} without end (separation)"
        findings.append(Finding("refuse", "separated", (names[i],), words, way_out, names[i]))
    return findings


def _direction(names: Sequence[str], weights: Floats) -> Finding:
    members = [(names[i], float(weights[i])) for i in np.flatnonzero(weights).tolist()]
    terms = tuple(name for name, _ in members)
    return Finding(
        "refuse",
        "separated",
        terms,
        f"what was chosen always has the highest {combination(members)} of its choice set: these coefficients would "
        "grow without end (separation)",
        f"leave one of {listed(terms)} out, or see whether one was recorded after the choice",
        terms[-1],
    )


def _poor(terms: Sequence[Term], seen: _Seen, data: ChoiceData, parameters: int) -> list[Finding]:
    findings = []
    choices = float(data.chosen.sum())
    if choices < _CHOICES_PER_TERM * parameters:
        words = f"there are {choices:,.0f} choices for {parameters} parameters"
        way_out = f"gather more, or leave terms out: {_CHOICES_PER_TERM} choices for each are few already"
        findings.append(Finding("warn", "few_choices", (), words, way_out))
    for i, term in enumerate(terms):
        if 0 < seen.told[i] < min(_TOLD_MIN, choices):
            words = f"`{term.name}` varies in {seen.told[i]:.0f} of {choices:,.0f} choices only"
            way_out = "expect a wide standard error, or leave it out"
            findings.append(Finding("warn", "thin", (term.name,), words, way_out))
        if seen.span[i] > 0 and not _SPAN_MIN < seen.span[i] < _SPAN_MAX:
            unit = 10.0 ** np.floor(np.log10(seen.span[i]))
            written = f"{unit:.0f}" if unit >= 1 else f"{unit:.12f}".rstrip("0")
            plain = len(term.factors) == 1 and not any(mark in term.name for mark in "/(=")
            way_out = f"write `{term.factors[0]}/{written}`" if plain else f"divide one of its factors by {written}"
            words = f"`{term.name}` differs by up to {seen.span[i]:.3g} within a choice: a coefficient hard to read"
            findings.append(Finding("warn", "badly_scaled", (term.name,), words, way_out))
    return findings


def combination(members: Sequence[tuple[str, float]]) -> str:
    """A weighted sum in words: 2 `a` - `b`."""
    parts = []
    for name, weight in members:
        size = abs(weight)
        amount = "" if abs(size - 1) < 1e-6 else f"{round(size) if abs(size - round(size)) < 1e-6 else f'{size:.4g}'} "
        parts.append(f"{'-' if weight < 0 else '+'} {amount}`{name}`")
    return " ".join(parts).removeprefix("+ ")
