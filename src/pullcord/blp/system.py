"""A model written out on data: the moments and their derivatives at any parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from pullcord.base import InvalidInput, NotFound

from .data import MarketData
from .demand import one_agent
from .gmm import demean, independent
from .inversion import Tastes, invert
from .least_squares import Residuals
from .terms import Floats, Integers, Table, Term, design, parse_terms

if TYPE_CHECKING:
    from .model import BLP

CLIPPED_MAX = 0.05
"""The objective is no number where more than this part of marginal costs is below the floor.

Demand so flat that firms would have to lose money on every product explains costs perfectly: all of them are at the
floor. A search without this limit can end there.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """One side of the market.

    names : of the linear parameters. regressors : float64[row, k]; exogenous : those columns and others that are their
    own instruments. instruments : float64[row, m], orthogonal. excluded : float64[row, n], the instruments that are no
    regressors, as given, of the names `excluded_names`.
    """

    names: tuple[str, ...]
    regressors: Floats
    instruments: Floats
    exogenous: Floats
    excluded: Floats
    excluded_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Everything at one parameter vector.

    delta, xi, costs, markup, omega : float64[row]; costs and what follows from them are empty without a supply side.
    linear : float64[k], the linear parameters of demand, then those of costs.
    moments : float64[m], means; jacobian : float64[m, theta], linear parameters concentrated out.
    full_jacobian : float64[m, theta + linear].
    clipped : rows whose marginal cost fell below the floor. failed : markets without an answer.
    """

    theta: Floats
    delta: Floats
    xi: Floats
    omega: Floats
    costs: Floats
    markup: Floats
    linear: Floats
    moments: Floats
    jacobian: Floats
    full_jacobian: Floats
    xi_slope: Floats
    omega_slope: Floats
    clipped: Integers
    failed: Integers
    evaluations: int


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """The arrays of a model on data. `names` are the nonlinear parameters, in the order of theta."""

    data: MarketData
    tastes: Tastes
    names: tuple[str, ...]
    demand: Equation
    supply: Equation | None
    log_costs: bool
    cost_floor: float
    price_at: int | None  # where the mean taste for price stands in theta, if it stands there
    price_linear: int | None  # where it stands among the regressors of demand, if it stands there
    price_unit: float  # what a unit of price adds to the price term of `linear`, NaN where that depends on the row
    absorbed: Integers | None
    tolerance: float
    threads: int | None

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Demand, and supply where there is one."""
        return (self.demand,) if self.supply is None else (self.demand, self.supply)

    def without_means(self, values: Floats) -> Floats:
        """The values less their fixed effects, where those are absorbed."""
        return values if self.absorbed is None else demean(values, self.absorbed)

    def price_tastes(self, theta: Floats, linear: Floats) -> Floats:
        """float64[agent]: dV_ij / dprice_j."""
        mean = 0.0
        if self.price_at is not None:
            mean = float(theta[self.price_at]) * self.price_unit
        elif self.price_linear is not None:
            mean = float(linear[self.price_linear]) * self.price_unit
        return np.asarray(mean + self.tastes.tastes(theta) @ self.tastes.price_slopes)

    def cross(self) -> Floats:
        """float64[moment, linear]: mean products of instruments and regressors."""
        blocks = [e.instruments.T @ e.regressors / self.data.rows for e in self.equations]
        result = np.zeros((sum(len(b) for b in blocks), sum(b.shape[1] for b in blocks)))
        row = column = 0
        for block in blocks:
            result[row : row + len(block), column : column + block.shape[1]] = block
            row, column = row + len(block), column + block.shape[1]
        return result

    def evaluate(self, theta: Floats, root: Floats, *, delta: Floats | None = None, slopes: bool = True) -> Evaluation:
        """Moments at theta; linear parameters are those that are best under weighting root root'.

        root : float64[moment, moment], a square root of the weighting matrix. delta : where the inversion begins.
        """
        data, rows = self.data, self.data.rows
        drawn = self.tastes.price_drawn()
        if self.price_at is not None:
            drawn[:, self.price_at] += self.price_unit
        with_supply = self.supply is not None
        found = invert(
            data,
            self.tastes,
            theta,
            price_taste=self.price_tastes(theta, np.zeros(0)) if with_supply else None,
            price_drawn=drawn,
            delta=delta,
            slopes=slopes,
            markups=with_supply,
            tolerance=self.tolerance,
            threads=self.threads,
        )
        left, left_slope = found.delta, found.delta_slope
        if self.price_at is not None:
            left = left - theta[self.price_at] * self.price_unit * data.price
            left_slope = left_slope.copy()
            left_slope[:, self.price_at] -= self.price_unit * data.price
        outcomes, changes = [self.without_means(left)], [self.without_means(left_slope)]
        costs, clipped = np.zeros(0), np.zeros(0, dtype=np.int64)
        if with_supply:
            costs = data.price - found.markup
            cost_slope = -found.markup_slope
            if self.log_costs:
                low = ~(costs > self.cost_floor)
                clipped = np.flatnonzero(low)
                costs = np.where(low, self.cost_floor, costs)
                cost_slope = np.where(low[:, None], 0.0, cost_slope / costs[:, None])
                outcomes.append(np.log(costs))
            else:
                outcomes.append(costs)
            changes.append(cost_slope)
        pairs = list(zip(self.equations, outcomes, changes, strict=True))
        with np.errstate(invalid="ignore"):  # a market without an answer makes them no numbers, as it should
            observed = np.concatenate([e.instruments.T @ y for e, y, _ in pairs]) / rows
            moved = np.concatenate([e.instruments.T @ change for e, _, change in pairs]) / rows
        cross = self.cross()
        linear = np.zeros(0)
        moments, jacobian = observed, moved
        if cross.shape[1]:
            q, r = np.linalg.qr(root.T @ cross)
            linear = np.linalg.solve(r, q.T @ (root.T @ observed))
            moments = observed - cross @ linear
            jacobian = moved - cross @ np.linalg.solve(r, q.T @ (root.T @ moved))
        at, errors = 0, []
        for equation, outcome, _ in pairs:
            size = equation.regressors.shape[1]
            errors.append(outcome - equation.regressors @ linear[at : at + size])
            at += size
        return Evaluation(
            theta=np.array(theta),
            delta=found.delta,
            xi=errors[0],
            omega=errors[1] if with_supply else np.zeros(0),
            costs=costs,
            markup=found.markup,
            linear=linear,
            moments=moments,
            jacobian=jacobian,
            full_jacobian=np.hstack([moved, -cross]),
            xi_slope=changes[0],
            omega_slope=changes[1] if with_supply else np.zeros((0, len(theta))),
            clipped=clipped,
            failed=found.failed,
            evaluations=found.evaluations,
        )

    def residuals(self, evaluation: Evaluation, root: Floats) -> Residuals:
        """The moments as residuals: their square is rows times g'Wg."""
        scale = np.sqrt(self.data.rows)
        values = scale * (root.T @ evaluation.moments)
        wild = len(evaluation.clipped) > CLIPPED_MAX * self.data.rows
        if wild or len(evaluation.failed) or not np.all(np.isfinite(values)):
            values = np.full(len(values), np.inf)
        return Residuals(values, scale * (root.T @ evaluation.jacobian))


def square_root(weighting: Floats) -> Floats:
    """float64[m, m] with root root' = weighting, which may be singular by rounding."""
    values, vectors = np.linalg.eigh(weighting)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def build(model: BLP, data: MarketData) -> System:
    """The system of a model on data. Raises InvalidInput and NotFound with what does not fit."""
    price = data.price_name
    linear = parse_terms(model.linear)
    absorbed = None if model.absorb is None else data.groups(model.absorb)
    tastes, taste_names = taste_terms(model, data)
    if tastes.parameters and data.agents is None:
        raise InvalidInput(
            f"`{data.name}` has no agents", "give draws of tastes: `read_markets(agents=)`, `normal_agents`"
        )
    if data.agents is None:
        data = data.with_agents(one_agent(data.markets))
        tastes = Tastes(tastes.attributes, np.zeros((data.markets, 0)), tastes.pairs, 0, tastes.price_slopes)
    priced = [term for term in linear if price in term.columns()]
    price_at = price_linear = None
    unit = 0.0
    if priced:
        slope = priced[0].slope(price) if len(priced) == 1 else None
        unit = np.nan if slope is None else slope
    concentrated = list(linear)
    if model.costs is not None:
        if np.isnan(unit) or np.any(np.isnan(tastes.price_slopes)):
            raise InvalidInput(
                f"with a supply side, `{price}` must enter each term of demand linearly and alone", f"write `{price}`"
            )
        if not unit and not np.any(tastes.price_slopes):
            raise InvalidInput(f"`{price}` enters no term of demand: markups would be endless", f"add `{price}`")
        if priced:  # markups depend on it, so that it cannot be concentrated out
            concentrated = [term for term in linear if term is not priced[0]]
            price_at = tastes.parameters
            taste_names += (f"beta {priced[0].name}",)
            tastes = replace(tastes, parameters=tastes.parameters + 1)
    elif priced:
        price_linear = concentrated.index(priced[0])
    demand = _equation(
        data, tuple(concentrated), [t for t in linear if t not in priced], model.demand_instruments, absorbed, "demand"
    )
    supply = None
    if model.costs is not None:
        shifters = parse_terms(model.costs)
        if any(price in term.columns() for term in shifters):
            raise InvalidInput(
                f"`{model.costs}` makes cost depend on `{price}`", "costs come before prices: leave it out"
            )
        supply = _equation(data, shifters, list(shifters), model.supply_instruments, None, "supply")
    moments = demand.instruments.shape[1] + (0 if supply is None else supply.instruments.shape[1])
    unknown = tastes.parameters + len(demand.names) + (0 if supply is None else len(supply.names))
    if moments < unknown:
        raise InvalidInput(
            f"there are {unknown} parameters and only {moments} moments",
            "name more instruments, such as `differentiation_instruments` give",
        )
    return System(
        data=data,
        tastes=tastes,
        names=taste_names,
        demand=demand,
        supply=supply,
        log_costs=model.cost_form == "log",
        cost_floor=model.cost_floor,
        price_at=price_at,
        price_linear=price_linear,
        price_unit=unit,
        absorbed=absorbed,
        tolerance=model.tolerance,
        threads=model.threads,
    )


def matching(patterns: str | Sequence[str], table: Table) -> tuple[str, ...]:
    """The columns that the patterns name, `demand_instruments*` as in a shell, numbers in their order."""
    found: list[str] = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        hits = [name for name in table.names if fnmatchcase(name, pattern)]
        if not hits:
            raise NotFound(f"no column is named `{pattern}`", f"the {table.of} have {', '.join(table.names)}")
        found += [name for name in sorted(hits, key=_by_number) if name not in found]
    return tuple(found)


def _by_number(name: str) -> tuple[str, int]:
    matched = re.fullmatch(r"(.*?)(\d*)", name)
    return (matched[1], int(matched[2] or 0)) if matched else (name, 0)


def _interactions(written: Mapping[str, str]) -> list[tuple[Term, Term]]:
    pairs: list[tuple[Term, Term]] = []
    for characteristic, people in written.items():
        terms = parse_terms(characteristic)
        if len(terms) != 1:
            raise InvalidInput(f"`{characteristic}` is not one term", "name one characteristic for each interaction")
        pairs += [(terms[0], person) for person in parse_terms(people)]
    return pairs


def taste_terms(model: BLP, data: MarketData) -> tuple[Tastes, tuple[str, ...]]:
    """How tastes depend on parameters, and the parameters' names."""
    random, interactions = parse_terms(model.random), _interactions(model.interactions)
    terms: list[Term] = list(random)
    terms += [term for k, (term, _) in enumerate(interactions) if term not in terms + [t for t, _ in interactions[:k]]]
    attributes = design(tuple(terms), data.columns)
    slopes = np.array([np.nan if s is None else s for s in (t.slope(data.price_name) for t in terms)], dtype=np.float64)
    names = tuple(f"sigma {term.name}" for term in random)
    names += tuple(f"pi {term.name} x {person.name}" for term, person in interactions)
    triples = [(k, k, k) for k in range(len(random))]
    columns: list[Floats] = []
    if data.agents is not None:
        nodes = data.agents.nodes
        if nodes.shape[1] < len(random):
            raise InvalidInput(
                f"there are {len(random)} random coefficients and {nodes.shape[1]} columns of draws",
                "give one column of draws for each: nodes0, nodes1, ... or `normal_agents`",
            )
        columns = [nodes[:, k] for k in range(len(random))]
        columns += [person.values(data.agents.demographics) for _, person in interactions]
    for at, (term, _) in enumerate(interactions):
        triples.append((len(random) + at, terms.index(term), len(random) + at))
    drawn = np.column_stack(columns) if columns else np.zeros((0, len(triples)))
    return (
        Tastes(
            attributes,
            np.ascontiguousarray(drawn),
            np.array(triples, dtype=np.int64).reshape(len(triples), 3),
            len(names),
            slopes,
        ),
        names,
    )


def _within(matrix: Floats, absorbed: Integers) -> Floats:
    """The matrix less the means of groups, with zero and not rounding where a column is constant within groups."""
    left = demean(matrix, absorbed)
    constant = np.abs(left).max(axis=0, initial=0.0) <= 1e-12 * np.abs(matrix).max(axis=0, initial=0.0)
    return np.where(constant, 0.0, left)


def _equation(
    data: MarketData,
    terms: tuple[Term, ...],
    exogenous: list[Term],
    patterns: str | Sequence[str],
    absorbed: Integers | None,
    side: str,
) -> Equation:
    columns = matching(patterns, data.columns) if patterns else ()
    regressors, own = design(terms, data.columns), design(tuple(exogenous), data.columns)
    excluded = np.column_stack([data.columns.column(c) for c in columns]) if columns else np.zeros((data.rows, 0))
    if absorbed is not None:
        regressors, own, excluded = (_within(matrix, absorbed) for matrix in (regressors, own, excluded))
    names = [term.name for term in exogenous] + list(columns)
    instruments = independent(np.hstack([own, excluded]), names, f"instruments of {side}")
    independent(regressors, [term.name for term in terms], f"characteristics of {side}")
    prefix = "beta" if side == "demand" else "gamma"
    return Equation(tuple(f"{prefix} {term.name}" for term in terms), regressors, instruments, own, excluded, columns)
