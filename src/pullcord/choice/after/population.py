"""The tastes of a whole population, as a mixed logit's estimates describe them: draws of every coefficient."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pullcord.base import InvalidInput, stream

from ..data import ChoiceData, Floats
from ..fit import Fit
from ..mixed.mixing import (
    CensoredNormal,
    ErrorComponent,
    Lognormal,
    Mixing,
    Normal,
    Triangular,
    TruncatedNormal,
    Uniform,
    mixing_of,
)
from ..mixed.model import MixedLogit
from ..mixed.parameters import SCALE
from ..table import group_of
from ..utility import Term

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Draws of persons; each stands for as many as any other.

    names : of the fit's parameters. terms : of utility, and the scale in willingness-to-pay space. mixing : of those
    that vary. uniform : float64[draw] of each that varies, evenly spread over (0, 1); normal : their normal quantiles.
    loads : the tastes that each correlated one is made of. traits : the taste that each shifter shifts, and
    float64[draw], by the parameter's name. price : in willingness-to-pay space, the term that the scale stands for.
    """

    names: tuple[str, ...]
    terms: tuple[str, ...]
    mixing: Mapping[str, Mixing]
    uniform: Mapping[str, Floats]
    normal: Mapping[str, Floats]
    loads: Mapping[str, tuple[str, ...]]
    traits: Mapping[str, tuple[str, Floats]]
    price: str | None

    @classmethod
    def of(cls, fit: Fit, draws: int = 4000, *, seed: int = 0, data: ChoiceData | None = None) -> Population:
        """What the fit of a mixed logit describes.

        data : whose persons shift tastes; needed where the model has shifters. Raises InvalidInput without it there,
        and for a fit of another model.
        """
        model = fit.model
        if not isinstance(model, MixedLogit):
            raise InvalidInput(f"tastes of {model.title} do not vary between persons", "fit MixedLogit")
        price = model.price if model.space == "wtp" else None
        shifters = {f"{taste}:{by}": (taste, by) for taste, all_by in model.shifters.items() for by in all_by}
        located = [n for n in fit.names if not group_of(n) and n not in shifters]
        alone = [n.removeprefix("sd ") for n in fit.names if n.startswith("sd ")]
        together = [n for n in fit.names if n.startswith("chol ")]
        random = list(dict.fromkeys([*located, *alone]))
        loads = {
            x: tuple(y for y in random if f"chol {x}.{y}" in together) for x in random if f"chol {x}.{x}" in together
        }
        random = [x for x in random if x in alone or x in loads]
        mixing = {x: Lognormal() if price and x == SCALE else _mixing_for(x, model.mixing) for x in random}
        uniform = {x: _spread_evenly(draws, seed, d) for d, x in enumerate(random)}
        normal = {x: np.array([_NORMAL.inv_cdf(u) for u in uniform[x]]) for x in random}
        traits = {}
        if shifters:
            if data is None:
                raise InvalidInput(
                    f"tastes are shifted by what persons are: {', '.join(shifters)}",
                    "give the data whose persons count",
                )
            rows = data.situation_start[data.person_start[:-1]][np.arange(draws) * data.persons // draws]
            for name, (taste, by) in shifters.items():
                factors = tuple(factor.strip() for factor in by.split(":"))
                traits[name] = (taste, Term(by, factors).values(data)[rows])
        terms = tuple(dict.fromkeys([*located, *random]))
        return cls(fit.names, terms, mixing, uniform, normal, loads, traits, price)

    def coefficients(self, estimates: Floats) -> dict[str, Floats]:
        """float64[draw] for each term: what it is multiplied with in utility. Of what does not vary, a constant."""
        at = dict(zip(self.names, np.nan_to_num(estimates), strict=True))
        draws = len(next(iter(self.uniform.values()))) if self.uniform else 1
        result = {}
        for term in self.terms:
            location = np.full(draws, at.get(term, 0.0))
            for name, (taste, values) in self.traits.items():
                if taste == term:
                    location += at[name] * values
            result[term] = self._taste(term, location, at) if term in self.mixing else location
        if self.price is not None:  # scale * (worth * attribute - price)
            scale = result.pop(SCALE)
            result = {term: scale * worth for term, worth in result.items()} | {self.price: -scale}
        return result

    def worths(self, estimates: Floats, price: str) -> dict[str, Floats]:
        """float64[draw] for each term but the price: minus its coefficient over the price's."""
        coefficients = self.coefficients(estimates)
        paid = coefficients.pop(price)
        with np.errstate(divide="ignore", invalid="ignore"):
            return {term: -values / paid for term, values in coefficients.items()}

    def _taste(self, term: str, location: Floats, at: Mapping[str, float]) -> Floats:
        mixing = self.mixing[term]
        if isinstance(mixing, TruncatedNormal):
            mean, sd = mixing.sign * location, max(abs(at[f"sd {term}"]), 1e-12)
            u = self.uniform[term] if at[f"sd {term}"] >= 0 else 1 - self.uniform[term]
            above = np.array([_NORMAL.cdf(m / sd) for m in mean])  # what the cut leaves
            tail = np.clip((1 - u) * above, 1e-300, 1 - 1e-16)
            return mixing.sign * np.maximum(mean - sd * np.array([_NORMAL.inv_cdf(t) for t in tail]), 0.0)
        if term in self.loads:
            eta = location + sum(at[f"chol {term}.{other}"] * self.normal[other] for other in self.loads[term])
        else:
            eta = location + at[f"sd {term}"] * self._base(term, mixing)
        if isinstance(mixing, Lognormal):
            return np.asarray(mixing.sign * np.exp(eta), dtype=np.float64)
        if isinstance(mixing, CensoredNormal):
            return np.asarray(mixing.sign * np.maximum(mixing.sign * eta, 0.0), dtype=np.float64)
        return np.asarray(eta, dtype=np.float64)

    def _base(self, term: str, mixing: Mixing) -> Floats:
        u = self.uniform[term]
        if isinstance(mixing, Triangular):
            half = np.where(u < 0.5, np.sqrt(2 * u) - 1, 1 - np.sqrt(2 * (1 - u)))
            return np.asarray(math.sqrt(6) * half, dtype=np.float64)
        if isinstance(mixing, Uniform):
            return np.asarray(math.sqrt(3) * (2 * u - 1), dtype=np.float64)
        return self.normal[term]


def means_are_tastes(mixing: Mixing | None) -> bool:
    """Whether the parameter named as the term is the taste's mean: not so where the normal is transformed."""
    return mixing is None or isinstance(mixing, Normal | Triangular | Uniform | ErrorComponent)


def _mixing_for(term: str, written: Mapping[str, Mixing | str]) -> Mixing:
    """How a term varies; `asc` and `time@each` are written once for all of theirs."""
    if term in written:
        return mixing_of(written[term])
    product, _, alternative = term.partition("@")
    for name, mixing in written.items():
        if name == f"{product}@each" or (product == "1" and alternative and re.fullmatch(r"asc(\(.+\))?", name)):
            return mixing_of(mixing)
    raise InvalidInput(f"the model does not say how `{term}` varies", f"it mixes {', '.join(written)}")


def _spread_evenly(draws: int, seed: int, dimension: int) -> Floats:
    """float64[draw] in (0, 1): one in each of as many equal parts, in random order."""
    chance = stream(seed, "choice.population", dimension)
    return np.asarray((chance.permutation(draws) + chance.random(draws)) / draws, dtype=np.float64)
