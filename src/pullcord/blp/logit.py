"""The logit on market shares: the log of each share over the outside share, regressed on what the product is like.

Sources: Berry (1994), RAND Journal of Economics 25(2), sec. 5 (logit) and eq. 28 (nested logit); Staiger and Stock
(1997), Econometrica 65(3), for the rule of 10 of the first stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput

from .data import MarketData
from .demand import Demand
from .gmm import Covariance, Gmm, demean, independent, moment_covariance, wald
from .inversion import Tastes, logit_delta
from .system import matching
from .terms import Floats, Integers, design, parse_terms

FIRST_STAGE_WEAK = 10.0


@dataclass(frozen=True, slots=True)
class ShareLogit:
    """Logit demand on market shares, by least squares or with instruments in two stages.

    linear : what enters utility, the price among it: `1 + hpwt + air + prices`.
    instruments : columns, by name or pattern, that move the price and not buyers' tastes. None takes the price as it
        is (OLS), which finds buyers too patient with prices wherever firms ask more for what buyers like.
    nest : a column or role whose groups of products are closer substitutes; adds `rho`, 0 for the plain logit, towards
        1 for buyers who hardly leave a nest. It needs instruments.
    absorb : a column or role whose fixed effects are taken out.
    """

    linear: str
    instruments: str | Sequence[str] | None = None
    nest: str | None = None
    absorb: str | None = None
    weighting: Covariance = "robust"

    def fit(self, data: MarketData) -> LogitFit:
        """The estimates. Raises InvalidInput with the names of collinear columns."""
        terms = parse_terms(self.linear)
        priced = [at for at, term in enumerate(terms) if data.price_name in term.columns()]
        if not priced:
            raise InvalidInput(f"`{self.linear}` has no price", f"add `{data.price_name}`")
        if self.nest is not None and self.instruments is None:
            raise InvalidInput("a nest's `rho` needs instruments", "name them: shares within nests are endogenous")
        regressors = design(terms, data.columns)
        names = [term.name for term in terms]
        endogenous = list(priced)
        if self.nest is not None:
            regressors = np.column_stack([regressors, np.log(share_within(data, data.groups(self.nest)))])
            names.append("rho")
            endogenous.append(len(names) - 1)
        outcome = logit_delta(data)
        columns = () if self.instruments is None else matching(self.instruments, data.columns)
        excluded = np.column_stack([np.zeros((data.rows, 0)), *(data.columns.column(c) for c in columns)])
        if self.absorb is not None:
            groups = data.groups(self.absorb)
            regressors, excluded, outcome = (demean(m, groups) for m in (regressors, excluded, outcome))
        own = [at for at in range(len(names)) if self.instruments is None or at not in endogenous]
        basis = independent(
            np.hstack([regressors[:, own], excluded]),
            [names[at] for at in own] + list(columns),
            "instruments of demand",
        )
        independent(regressors, names, "characteristics of demand")
        if basis.shape[1] < len(names):
            raise InvalidInput(
                f"there are {len(names)} parameters and only {basis.shape[1]} moments", "name more instruments"
            )
        cross = basis.T @ regressors / data.rows
        estimates: Floats = np.asarray(np.linalg.lstsq(cross, basis.T @ outcome / data.rows, rcond=None)[0])
        residuals = outcome - regressors @ estimates
        unadjusted, robust, clustered = (
            moment_covariance([residuals], [basis], data.cluster, kind)
            for kind in ("unadjusted", "robust", "clustered")
        )
        strength = None
        if columns:
            inside = [at for at in own if at not in endogenous]
            strength = first_stage(regressors[:, priced[0]], regressors[:, inside], excluded, data, self.weighting)
        slopes = [terms[at].slope(data.price_name) for at in priced]
        per_unit = [np.nan if slope is None else slope for slope in slopes]
        return LogitFit(
            model=self,
            data=data,
            gmm=Gmm(
                names=tuple(names),
                estimates=estimates,
                jacobian=-cross,
                weighting=np.eye(basis.shape[1]),
                moment_covariances=(unadjusted, robust, clustered),
                rows=data.rows,
                held=(),
                kind=self.weighting,
            ),
            xi=residuals,
            price_coefficient=float(estimates[priced] @ per_unit),
            first_stage=strength,
            notes=_notes(strength, estimates, names, priced[0]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class LogitFit:
    """Estimates of a logit on shares.

    xi : float64[row], the part of mean utility that no column explains. price_coefficient : utility per unit of price,
        NaN where it differs from row to row, as by `log(prices)` and `prices:space`; `demand` then answers nothing.
    first_stage : the F statistic of the instruments for the price, with the errors that the model asks for.
    """

    model: ShareLogit
    data: MarketData
    gmm: Gmm
    xi: Floats
    price_coefficient: float
    first_stage: float | None
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> float:
        """The estimate of a parameter by name. Raises NotFound."""
        return float(self.gmm.estimates[self.gmm.index(name)])

    def standard_errors(self, kind: Covariance | None = None) -> Floats:
        """float64[parameter]."""
        return self.gmm.standard_errors(kind)

    def demand(self) -> Demand:
        """The demand at the estimates. Raises InvalidInput for a nested logit, whose substitution is another."""
        if self.model.nest is not None:
            raise InvalidInput("a nested logit has no `Demand`", "give the nests random coefficients in a `BLP`")
        nothing = np.zeros((self.data.rows, 0))
        tastes = Tastes(nothing, np.zeros((self.data.markets, 0)), np.zeros((0, 3), dtype=np.int64), 0, np.zeros(0))
        return Demand(
            self.data.with_agents(None),
            logit_delta(self.data),
            tastes,
            np.zeros(0),
            np.full(self.data.markets, self.price_coefficient),
        )

    def __str__(self) -> str:
        how = "OLS" if self.model.instruments is None else "2SLS"
        nest = "" if self.model.nest is None else "nested "
        lines = [
            (
                f"{nest}logit on the shares of `{self.data.name}` by {how}: {self.data.markets} markets, "
                f"{self.data.rows} products, {self.gmm.kind} standard errors"
            ),
        ]
        if self.first_stage is not None:
            lines.append(f"first-stage F of the price: {self.first_stage:.1f}")
        lines += ["", *self.gmm.lines()]
        if self.notes:
            lines += ["", *(f"note: {note}" for note in self.notes)]
        return "\n".join(lines)


def share_within(data: MarketData, groups: Integers) -> Floats:
    """float64[row]: each product's share of the sales of its group in its market."""
    _, cell = np.unique(np.column_stack([data.market, groups]), axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    return np.asarray(data.share / np.bincount(cell, weights=data.share)[cell])


def first_stage(endogenous: Floats, exogenous: Floats, excluded: Floats, data: MarketData, kind: Covariance) -> float:
    """The F statistic of the excluded instruments in a regression of the endogenous column on all of them."""
    if exogenous.shape[1]:
        q, _ = np.linalg.qr(exogenous)
        endogenous, excluded = endogenous - q @ (q.T @ endogenous), excluded - q @ (q.T @ excluded)
    basis = independent(excluded, [str(k) for k in range(excluded.shape[1])], "excluded instruments")
    estimates = basis.T @ endogenous / data.rows
    covariance = moment_covariance([endogenous - basis @ estimates], [basis], data.cluster, kind) / data.rows
    return wald(estimates, covariance)


def _notes(strength: float | None, estimates: Floats, names: Sequence[str], price: int) -> tuple[str, ...]:
    notes = []
    if strength is not None and strength < FIRST_STAGE_WEAK:
        notes.append(weak_instruments(strength))
    if estimates[price] >= 0:
        notes.append(f"`{names[price]}` has a coefficient that is not below zero: buyers would like to pay")
    if "rho" in names and not 0 <= estimates[list(names).index("rho")] < 1:
        notes.append("`rho` is not between 0 and 1: no buyers who maximise utility choose like that")
    return tuple(notes)


def weak_instruments(strength: float) -> str:
    """The warning about a weak first stage, in words."""
    return (
        f"the instruments hardly move the price (first-stage F {strength:.1f}, below {FIRST_STAGE_WEAK:.0f}): "
        "estimates lean towards those without instruments, and standard errors are too small"
    )
