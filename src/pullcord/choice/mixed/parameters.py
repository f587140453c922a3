"""The parameters of a mixed logit: what each is called, and where kernels look for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput

from ..data import ChoiceData, Floats, Integers
from ..utility import Term, parse_utility
from .mixing import (
    CensoredNormal,
    ErrorComponent,
    Lognormal,
    Mixing,
    Triangular,
    TruncatedNormal,
    Uniform,
)
from .quantiles import NORMAL, RAW, TRIANGULAR, UNIFORM
from .tastes import CENSORED, EXPONENTIAL, IDENTITY, TRUNCATED, Tastes

SCALE = "scale"
"""What the price coefficient is called in willingness-to-pay space."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """The parameters as a user sees them, and as kernels do.

    names : one for each parameter: means in the order of utility, shifters, standard deviations or elements of the
        Cholesky factor. place : int64[parameter], where each stands among those of the kernels.
    columns : int64[attribute], terms of utility in the kernels' order: those whose tastes vary first.
    varying : names of the tastes that kernels treat as varying, in their order; mixed : which mixing each has, None
        for one that is the same for all. shapes : of the base draws of each dimension.
    shifters : characteristics by name, in the order of `tastes.shift_of`.
    """

    names: tuple[str, ...]
    place: Integers
    columns: Integers
    varying: tuple[str, ...]
    mixed: tuple[Mixing | None, ...]
    tastes: Tastes
    shapes: tuple[int, ...]
    shifters: tuple[Term, ...]

    def opened(self) -> tuple[Tastes, Integers]:
        """Fixed tastes as tastes that vary by nothing: the same model, for kernels that then know no fixed ones.

        Returns the tastes, and int64[kernel parameter], where each parameter stands among theirs.
        """
        t = self.tastes
        varying, fixed, count = len(t.transform), int(t.fixed), self.kernel_count
        tastes = t._replace(
            fixed=0,
            transform=np.concatenate([t.transform, np.full(fixed, IDENTITY)]),
            sign=np.concatenate([t.sign, np.ones(fixed)]),
            pair_start=np.concatenate([t.pair_start, np.full(fixed, t.pair_start[-1])]),
        )
        place = np.arange(count)
        place[:fixed] = varying + np.arange(fixed)
        place[fixed : fixed + varying] = np.arange(varying)
        return tastes, place

    @property
    def kernel_count(self) -> int:
        """How many parameters kernels know; some, such as an error component's mean, are always 0."""
        t = self.tastes
        return int(t.fixed + len(t.transform) + len(t.pair_row) + len(t.shift_of))

    def to_kernel(self, estimates: Floats) -> Floats:
        """float64[kernel parameter]; what is not identified is held at 0."""
        theta = np.zeros(self.kernel_count)
        theta[self.place] = np.nan_to_num(estimates, nan=0.0)
        return theta

    def upright(self, estimates: Floats) -> Floats:
        """The same distribution of tastes with standard deviations of at least 0: draws are turned round."""
        theta = self.to_kernel(estimates)
        t, first = self.tastes, int(self.tastes.fixed + len(self.tastes.transform))
        for dimension in range(len(self.shapes)):
            column = np.flatnonzero(t.pair_column == dimension)
            if theta[first + column[0]] < 0:  # the diagonal: rows stand in order
                theta[first + column] *= -1
        result = theta[self.place]
        result[np.isnan(estimates)] = np.nan
        return np.asarray(result, dtype=np.float64)

    def spreads(self) -> Integers:
        """int64[dimension], which parameter is the standard deviation, or the diagonal of the Cholesky factor."""
        t = self.tastes
        first = int(t.fixed + len(t.transform))
        diagonal = [int(np.flatnonzero(t.pair_column == d)[0]) + first for d in range(len(self.shapes))]
        return np.array([int(np.flatnonzero(self.place == at)[0]) for at in diagonal], dtype=np.int64)


def parameters(
    terms: tuple[Term, ...],
    data: ChoiceData,
    mixing: Mapping[str, Mixing],
    correlated: bool | tuple[str, ...],
    shifters: Mapping[str, tuple[str, ...]],
    space: str,
    price: str | None,
) -> Parameters:
    """The parameters of a model on data. Raises InvalidInput where mixing, utility and space do not agree."""
    names = [term.name for term in terms]
    by_term = _by_term(mixing, names, data)
    wtp = space == "wtp"
    if wtp:
        if price is None or price not in names:
            raise InvalidInput(f"`{price}` is no term of utility", "name the price of willingness to pay: price=...")
        if not isinstance(by_term.get(price, Lognormal()), Lognormal):
            raise InvalidInput(f"the scale, `{price}`, can be lognormal or fixed", "mix it by lognormal, or not at all")
        order = [i for i, name in enumerate(names) if name != price] + [names.index(price)]
        varying = order
    else:
        varying = [i for i, name in enumerate(names) if name in by_term]
        order = varying + [i for i, name in enumerate(names) if name not in by_term]
    shown = {i: SCALE if wtp and names[i] == price else names[i] for i in range(len(names))}
    mixed = [by_term.get(names[i]) for i in varying]
    if wtp and mixed[-1] is not None:
        mixed[-1] = Lognormal(1)
    random = sorted(i for i in varying if names[i] in by_term)  # base draws in the order of utility
    dimension = {i: d for d, i in enumerate(random)}
    together = _together(correlated, names, random, by_term, price if wtp else None)
    pairs = [
        (e, dimension[j])
        for e, i in enumerate(varying)
        if i in dimension
        for j in (sorted((k for k in together if varying.index(k) <= e), key=varying.index) if i in together else [i])
    ]
    shift = [(varying.index(names.index(taste)), taste, by) for taste, by in _shifts(shifters, names, by_term)]
    tastes = Tastes(
        fixed=len(names) - len(varying),
        transform=np.array([_transform(m) for m in mixed], dtype=np.int64),
        sign=np.array([float(getattr(m, "sign", 1)) for m in mixed]),
        pair_row=np.array([row for row, _ in pairs], dtype=np.int64),
        pair_column=np.array([column for _, column in pairs], dtype=np.int64),
        pair_start=np.searchsorted([row for row, _ in pairs], np.arange(len(varying) + 1)).astype(np.int64),
        shift_of=np.array([e for e, _, _ in shift], dtype=np.int64),
        wtp=int(wtp),
    )
    fixed, count = tastes.fixed, len(varying)
    position = {i: fixed + e for e, i in enumerate(varying)} | {i: f for f, i in enumerate(order[count:])}
    listed = [
        (shown[i], position[i]) for i in range(len(names)) if not isinstance(by_term.get(names[i]), ErrorComponent)
    ]
    listed += [(f"{taste}:{by.name}", fixed + count + len(pairs) + m) for m, (_, taste, by) in enumerate(shift)]
    of_dimension = {d: i for i, d in dimension.items()}
    spread = []
    for c, (e, d) in enumerate(pairs):
        i, j = varying[e], of_dimension[d]
        name = f"chol {shown[i]}.{shown[j]}" if i in together else f"sd {shown[i]}"
        spread.append((i in together, i if i not in together else e, name, fixed + count + c))
    listed += [(name, at) for _, _, name, at in sorted(spread, key=lambda one: one[:2])]
    return Parameters(
        names=tuple(name for name, _ in listed),
        place=np.array([at for _, at in listed], dtype=np.int64),
        columns=np.array(order, dtype=np.int64),
        varying=tuple(shown[i] for i in varying),
        mixed=tuple(mixed),
        tastes=tastes,
        shapes=tuple(_shape(by_term[names[i]]) for i in random),
        shifters=tuple(by for _, _, by in shift),
    )


def _by_term(mixing: Mapping[str, Mixing], names: Sequence[str], data: ChoiceData) -> dict[str, Mixing]:
    """Mixing by the names of terms; `asc` and `time@each` stand for all of theirs."""
    result: dict[str, Mixing] = {}
    for written, how in mixing.items():
        for term in parse_utility(written, data) if written not in names else (Term(written, ()),):
            if term.name not in names:
                raise InvalidInput(f"`{written}` is mixed, but is no term of utility", f"it has {', '.join(names)}")
            if term.name in result:
                raise InvalidInput(f"`{term.name}` is mixed twice", "name each taste once")
            result[term.name] = how
    return result


def _together(
    correlated: bool | tuple[str, ...],
    names: Sequence[str],
    random: Sequence[int],
    mixing: Mapping[str, Mixing],
    price: str | None,
) -> set[int]:
    """Which terms' tastes are correlated."""
    if correlated is False or correlated == ():
        return set()
    if correlated is True:
        chosen = list(random)
    else:
        wanted = [price if price is not None and name == SCALE else name for name in correlated]
        if missing := [name for name in wanted if name not in names or names.index(name) not in random]:
            raise InvalidInput(f"`{missing[0]}` is correlated, but does not vary", "name tastes that are mixed")
        chosen = [names.index(name) for name in wanted]
    for i in chosen:
        if isinstance(mixing[names[i]], Triangular | Uniform | TruncatedNormal):
            raise InvalidInput(
                f"`{names[i]}` is {type(mixing[names[i]]).__name__} and correlated",
                "only what is made of normals can be: normal, lognormal, censored normal, error component",
            )
    if len(chosen) < 2:
        raise InvalidInput("one taste alone cannot be correlated", "name two or more")
    return set(chosen)


def _shifts(
    shifters: Mapping[str, tuple[str, ...]], names: Sequence[str], mixing: Mapping[str, Mixing]
) -> list[tuple[str, Term]]:
    result = []
    for taste, characteristics in shifters.items():
        if taste not in names or taste not in mixing:
            raise InvalidInput(
                f"`{taste}` is shifted, but does not vary",
                f"mix it, or write `{taste}:{characteristics[0]}` in utility",
            )
        for written in characteristics:
            factors = tuple(factor.strip() for factor in written.split(":"))
            result.append((taste, Term(":".join(factors), factors)))
    return result


def _transform(mixed: Mixing | None) -> int:
    if isinstance(mixed, Lognormal):
        return EXPONENTIAL
    if isinstance(mixed, CensoredNormal):
        return CENSORED
    return TRUNCATED if isinstance(mixed, TruncatedNormal) else IDENTITY


def _shape(mixed: Mixing) -> int:
    if isinstance(mixed, Triangular):
        return TRIANGULAR
    if isinstance(mixed, Uniform):
        return UNIFORM
    return RAW if isinstance(mixed, TruncatedNormal) else NORMAL
