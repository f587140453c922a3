"""Mixed logit: tastes vary between persons, each person keeps to theirs, and the likelihood is simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from pullcord.base import InvalidInput

from ..checks.findings import check_choices, refuse_unidentified
from ..data import ChoiceData, Floats, Integers
from ..estimation import Sample
from ..fit import Fit
from ..trust_region import Point
from ..utility import Term, design_matrix, parse_utility
from .control import ControlFunction, corrected
from .draws import Draws
from .estimation import estimate
from .identification import untold_spreads
from .mixing import ErrorComponent, Mixing, mixing_of
from .objective import MixedObjective, in_pieces, shifter_values
from .parameters import Parameters, parameters
from .prediction import Offers, predict
from .scratch import prediction_scratch_for
from .start import starting_values


@dataclass(frozen=True, slots=True, eq=False)
class IndividualTastes:
    """What each person's choices say of their own tastes.

    names : of the tastes that vary. mean, sd : float64[person, taste], of the taste's distribution among those who
    would have chosen as the person did. Source: Revelt and Train (2000), Customer-specific taste parameters and mixed
    logit, UC Berkeley; Train (2009), ch. 11.
    """

    names: tuple[str, ...]
    person_ids: tuple[str, ...]
    mean: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class MixedLogit:
    """Tastes named in `mixing` vary between persons; all choices of a person are made with the same ones.

    mixing : a distribution for each term of utility that varies, or its name: "normal", "lognormal", "-lognormal",
        "triangular", "uniform", "truncated-normal", "censored-normal", "error-component". Parameters are called
        `price` (the mean; of a lognormal, of the logarithm) and `sd price`.
    correlated : True, or the names of those tastes, or False. Then `chol range.price` are elements of the Cholesky
        factor of their covariance (of the underlying normals), in the order of utility.
    shifters : characteristics of persons that shift a taste's mean (of a lognormal, that of the logarithm):
        {"price": ("income",)}, parameter `price:income`.
    draws : how many Halton draws for each person, or `Draws`.
    space : "preference", where coefficients are tastes; or "wtp", where utility is scale * (worths * attributes -
        price), coefficients are what attributes are worth in units of `price`, and the parameter `scale` stands in
        place of the price coefficient: it is lognormal if `price` is mixed, else the same for all.
    panel : whether a person keeps to the same draws in all choices. Without, each choice is by itself.
    control : a first stage for a price that answers to what is not seen; standard errors are corrected for it.

    Source: McFadden and Train (2000), Journal of Applied Econometrics 15(5); Train (2009), Discrete Choice Methods
    with Simulation, 2nd ed., ch. 6, 10, 11; Train and Weeks (2005), in Scarpa and Alberini (eds.), ch. 1, for wtp.

    >>> fit = MixedLogit("price + range_km/100", mixing={"range_km/100": "normal"}).fit(data)
    """

    utility: str
    mixing: Mapping[str, Mixing | str]
    correlated: bool | tuple[str, ...] = False
    shifters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    draws: Draws | int = 500
    space: Literal["preference", "wtp"] = "preference"
    price: str | None = None
    panel: bool = True
    control: ControlFunction | None = None

    def __post_init__(self) -> None:
        for written in self.mixing.values():
            mixing_of(written)
        if self.space not in ("preference", "wtp"):
            raise InvalidInput(f"`{self.space}` is no space", "write preference or wtp")
        if not self.mixing:
            raise InvalidInput("no taste varies", "name one in mixing=..., or fit Logit")
        if isinstance(self.draws, int):
            Draws(count=self.draws)

    @property
    def sequence(self) -> Draws:
        """The draws."""
        return Draws(count=self.draws) if isinstance(self.draws, int) else self.draws

    @property
    def title(self) -> str:
        """What a table calls the model."""
        space = "" if self.space == "preference" else ", willingness-to-pay space"
        return f"Mixed logit{space}, {'panel' if self.panel else 'cross-section'}, {self.sequence}"

    def parameters(self, data: ChoiceData) -> tuple[tuple[Term, ...], Parameters]:
        """The terms of utility, and the parameters.

        With a control function the data must hold its residual: `control.with_residual`. Raises InvalidInput, NotFound
        where model and data do not fit.
        """
        terms = parse_utility(self.utility, data)
        if self.control is not None and self.control.residual not in [term.name for term in terms]:
            if self.control.residual not in data.column_names:
                raise InvalidInput(f"`{data.name}` has no `{self.control.residual}`", "add it by control.with_residual")
            terms = (*terms, Term(self.control.residual, (self.control.residual,)))
        mixing = {name: mixing_of(written) for name, written in self.mixing.items()}
        return terms, parameters(terms, data, mixing, self.correlated, self.shifters, self.space, self.price)

    def objective(self, data: ChoiceData, *, seed: int = 0, first_unit: int = 0) -> MixedObjective:
        """The simulated likelihood on a shard of the data; see `MixedObjective.of` for first_unit."""
        terms, known = self.parameters(data)
        return MixedObjective.of(data, terms, known, self.sequence, seed=seed, panel=self.panel, first_unit=first_unit)

    def fit(
        self,
        data: ChoiceData,
        *,
        seed: int = 0,
        start: Floats | None = None,
        on_step: Callable[[int, Point], None] | None = None,
        check: bool = True,
    ) -> Fit:
        """Maximum simulated likelihood.

        seed : of draws that are left to chance; plain Halton draws are not. start : float64[parameter]; from a logit
        if not given. on_step : told of each step. check : whether data that cannot identify the means are refused
        beforehand; without it the fit says so.

        The information is exact, in float64 and over all draws, at the estimates. Raises InvalidInput, NotFound where
        model and data do not fit.
        """
        data = self._controlled(data)
        terms, known = self.parameters(data)
        names = known.names
        design = design_matrix(terms, data)
        held = _held(data, terms, known, design, check)
        objective = MixedObjective.of(data, terms, known, self.sequence, seed=seed, panel=self.panel, design=design)
        held += untold_spreads(objective, {at for at, _ in held})
        if start is not None and np.shape(start) != (len(names),):
            raise InvalidInput(f"the start has {np.size(start)} parameters", f"give one for each of {', '.join(names)}")
        begin = starting_values(data, terms, known) if start is None else np.asarray(start, dtype=np.float64)
        found = estimate(
            self,
            Sample.of(data),
            known,
            objective.evaluate,
            begin,
            draws=objective.draws.count,
            units=objective.units,
            seed=seed,
            held=held,
            on_step=on_step,
        )
        if self.control is None or self.control.residual in found.fit.unidentified:
            return found.fit
        return self._corrected(found.fit, self.control, data, objective)

    def _corrected(self, fit: Fit, control: ControlFunction, data: ChoiceData, objective: MixedObjective) -> Fit:
        estimates = _told(fit.estimates, objective.parameters)

        def derivatives(extended: ChoiceData, added: tuple[Term, ...]) -> tuple[Floats, Floats]:
            terms, _ = self.parameters(extended)
            mixing = {name: mixing_of(written) for name, written in self.mixing.items()}
            both = (*terms, *added)
            known = parameters(both, extended, mixing, self.correlated, self.shifters, self.space, self.price)
            whole = MixedObjective.of(extended, both, known, self.sequence, seed=fit.seed or 0, panel=self.panel)
            new = np.array([known.names.index(term.name) for term in added])
            old = np.array([known.names.index(name) for name in fit.names])
            theta = np.zeros(len(known.names))
            theta[old] = estimates
            found = whole.evaluate(theta, hessian=True)
            assert found.hessian is not None
            return found.hessian[np.ix_(old, new)], found.gradient[new]

        return corrected(
            fit,
            control,
            control.first_stage(data, self.utility),
            data,
            objective.scores(estimates),
            self._unit_start(data),
            objective.persons,
            derivatives,
        )

    def _controlled(self, data: ChoiceData) -> ChoiceData:
        return data if self.control is None else self.control.with_residual(data, self.utility)

    def probabilities(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[row]: each alternative's probability in its situation, knowing nothing of past choices."""
        data = self._controlled(data)
        terms, known = self.parameters(data)
        theta = known.to_kernel(_told(estimates, known))
        unit_start = self._unit_start(data)
        x = np.ascontiguousarray(design_matrix(terms, data)[:, known.columns]).ravel()
        offers = Offers(x, np.array(data.situation_start), unit_start, shifter_values(data, known, unit_start).ravel())
        tables = self.sequence.tables(known.shapes, seed)
        out = np.empty(data.rows)
        most = int(np.diff(data.situation_start).max())

        def piece(first: int, end: int) -> None:
            room = prediction_scratch_for(known.tastes, tables, theta, most)
            predict(offers, known.tastes, tables, theta, (first, end), room, out)

        in_pieces(piece, np.linspace(0, len(unit_start) - 1, min(len(unit_start), 9)).astype(int).tolist())
        return out

    def log_likelihoods(self, estimates: Floats, data: ChoiceData, *, seed: int = 0) -> Floats:
        """float64[person]: log-likelihood of all the person's choices, weights applied."""
        objective = self.objective(self._controlled(data), seed=seed)
        by_unit = objective.by_unit(_told(estimates, objective.parameters)) * objective.rows.weight
        return np.asarray(np.add.reduceat(by_unit, objective.persons[:-1]), dtype=np.float64)

    def individual_tastes(self, fit: Fit, data: ChoiceData) -> IndividualTastes:
        """Each person's own tastes, given what they chose. Raises InvalidInput without a panel."""
        if not self.panel:
            raise InvalidInput("without a panel choices say nothing of a person", "fit with panel=True")
        objective = self.objective(self._controlled(data), seed=fit.seed or 0)
        mean, sd = objective.tastes_given_choices(_told(fit.estimates, objective.parameters))
        varies = [e for e, how in enumerate(objective.parameters.mixed) if how is not None]
        names = tuple(objective.parameters.varying[e] for e in varies)
        return IndividualTastes(names, data.person_ids, mean[:, varies], sd[:, varies])

    def _unit_start(self, data: ChoiceData) -> Integers:
        return np.array(data.person_start) if self.panel else np.arange(data.situations + 1)


def _told(estimates: Floats, known: Parameters) -> Floats:
    """Estimates with an untold spread at 0. Raises InvalidInput where a mean is not known."""
    values = np.asarray(estimates, dtype=np.float64)
    if values.shape != (len(known.names),):
        raise InvalidInput(
            f"{values.size} estimates for {len(known.names)} parameters", f"give {', '.join(known.names)}"
        )
    spread = np.array([name.startswith(("sd ", "chol ")) for name in known.names])
    if unknown := [known.names[i] for i in np.flatnonzero(~np.isfinite(values) & ~spread)]:
        raise InvalidInput(f"no estimate of {', '.join(unknown)}", "fit a model without what the data cannot tell")
    return np.where(np.isfinite(values), values, 0.0)


def _held(
    data: ChoiceData, terms: tuple[Term, ...], known: Parameters, design: Floats, check: bool
) -> list[tuple[int, str]]:
    """Means that the data cannot tell, each with the reason; with `check`, InvalidInput instead."""
    centred = {name for name, how in zip(known.varying, known.mixed, strict=True) if isinstance(how, ErrorComponent)}
    chosen = [i for i, term in enumerate(terms) if term.name not in centred]
    if not chosen:
        return []
    findings = check_choices(data, [terms[i] for i in chosen], design[:, chosen] if centred else design)
    if check:
        refuse_unidentified(findings)
    refused = [finding for finding in findings if finding.severity == "refuse"]
    held: list[tuple[int, str]] = []
    for finding in refused:
        for name in finding.terms if finding.kind == "no_variation" else filter(None, [finding.redundant]):
            held.append((known.names.index(name), finding.words))
    return held
