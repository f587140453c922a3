"""Demand at known parameters: who would switch to what, what firms earn on a product, and what other prices would do.

Sources: Berry, Levinsohn and Pakes (1995), Econometrica 63(4); Small and Rosen (1981), Econometrica 49(1), for surplus;
Morrow and Skerlos (2011), Operations Research 59(2), for prices; Conlon and Mortimer (2021), RAND Journal of Economics
52(4), for diversion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput, NotFound

from .data import Agents, MarketData
from .inversion import Tastes, in_threads
from .price_kernels import equilibrium_prices
from .terms import Floats, Integers, Table


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """Prices at which no firm gains by changing its own.

    price, share, cost : float64[row]. unsettled : names of markets in which the search for prices did not end.
    """

    price: Floats
    share: Floats
    cost: Floats
    unsettled: tuple[str, ...]

    @property
    def profit(self) -> Floats:
        """float64[row]: for each of all who could have bought, in units of price."""
        return (self.price - self.cost) * self.share


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """A demand system at known parameters; prices are those of `data` unless others are given.

    delta : float64[row], mean utility at the data's prices. tastes, theta : how agents differ.
    taste_for_price : float64[agent], utility per unit of price.
    """

    data: MarketData
    delta: Floats
    tastes: Tastes
    theta: Floats
    taste_for_price: Floats

    def __post_init__(self) -> None:
        if len(self.delta) != self.data.rows:
            raise InvalidInput("mean utilities and products differ in number", "give one for each row of the data")

    @property
    def agents(self) -> Agents:
        """Those of the data, or one for each market."""
        return one_agent(self.data.markets) if self.data.agents is None else self.data.agents

    def probabilities(self, market: str, price: Floats | None = None) -> Floats:
        """float64[agent, product] in one market; price is float64[product of the market]."""
        at = self.data.market_index(market)
        utility = self._utility(at)
        if price is not None:
            utility = utility + np.outer(self._price_tastes(at), price - self.data.price[self._rows(at)])
        most = np.maximum(utility.max(axis=1, keepdims=True), 0.0)
        scaled = np.exp(utility - most)
        return np.asarray(scaled / (np.exp(-most) + scaled.sum(axis=1, keepdims=True)))

    def shares(self, price: Floats | None = None) -> Floats:
        """float64[row], at other prices float64[row] if given."""
        return np.concatenate(
            [
                self._weight(at) @ self.probabilities(name, None if price is None else price[self._rows(at)])
                for at, name in enumerate(self.data.market_names)
            ]
        )

    def slopes(self, market: str) -> Floats:
        """float64[product, product]: ds_j / dp_k in one market."""
        at = self.data.market_index(market)
        s = self.probabilities(market)
        weighted = (self._weight(at) * self._price_tastes(at))[:, None] * s
        return np.asarray(np.diag(weighted.sum(axis=0)) - weighted.T @ s)

    def elasticities(self, market: str) -> Floats:
        """float64[product, product]: per cent change of the share of j when the price of k rises by one per cent."""
        rows = self.data.rows_of(market)
        share = self._weight(self.data.market_index(market)) @ self.probabilities(market)
        return self.slopes(market) * self.data.price[rows][None, :] / share[:, None]

    def own_elasticities(self) -> Floats:
        """float64[row]."""
        return np.concatenate([np.diag(self.elasticities(name)) for name in self.data.market_names])

    def diversion(self, market: str) -> Floats:
        """float64[product, product + 1]: of the buyers that j loses when it grows dearer, the part that takes k.

        The last column is the outside good; the diagonal is 0 and each row sums to 1.
        """
        slopes = self.slopes(market).T  # now [j, k] = ds_k / dp_j
        own = np.diag(slopes).copy()
        parts = -slopes / own[:, None]
        np.fill_diagonal(parts, 0.0)
        return np.column_stack([parts, slopes.sum(axis=1) / own])

    def markups(self, firm: Integers | None = None) -> Floats:
        """float64[row]: price less marginal cost if firms set prices as Bertrand would have them, in units of price.

        firm : int64[row], who owns the product; by default as in the data. Raises InvalidInput where demand leaves no
        best price.
        """
        owner = self.data.firm if firm is None else np.asarray(firm, dtype=np.int64)
        result = np.empty(self.data.rows)
        for at, name in enumerate(self.data.market_names):
            rows = self._rows(at)
            share = self._weight(at) @ self.probabilities(name)
            same = owner[rows][:, None] == owner[rows][None, :]
            try:
                result[rows] = np.linalg.solve(np.where(same, -self.slopes(name).T, 0.0), share)
            except np.linalg.LinAlgError:
                raise InvalidInput(
                    f"no price is best in market {name}", "see whether buyers dislike high prices at all"
                ) from None
        return result

    def costs(self, firm: Integers | None = None) -> Floats:
        """float64[row]: the marginal costs at which the data's prices are firms' best answers to each other."""
        return self.data.price - self.markups(firm)

    def surplus(self, price: Floats | None = None) -> Floats:
        """float64[market]: what buyers gain from the products being there, in units of price, over all weights.

        Σ_i w_i log(1 + Σ_j exp V_ij) / -a_i. Only changes of it have a meaning.
        """
        result = np.empty(self.data.markets)
        for at in range(self.data.markets):
            tastes = self._price_tastes(at)
            if np.any(tastes >= 0):
                raise InvalidInput("an agent's taste for price is not below zero", "surplus has no unit of money then")
            utility = self._utility(at)
            if price is not None:
                rows = self._rows(at)
                utility = utility + np.outer(tastes, price[rows] - self.data.price[rows])
            most = np.maximum(utility.max(axis=1), 0.0)
            inclusive = most + np.log(np.exp(-most) + np.exp(utility - most[:, None]).sum(axis=1))
            result[at] = self._weight(at) @ (inclusive / -tastes)
        return result

    def equilibrium(
        self,
        costs: Floats | None = None,
        *,
        firm: Integers | None = None,
        start: Floats | None = None,
        tolerance: float = 1e-12,
        iterations_max: int = 5_000,
    ) -> Equilibrium:
        """Prices and shares when firms answer each other, by the fixed point in zeta.

        There may be several: among a few hundred agents, a dear product can also live off the richest one alone. The
        search ends at one near `start`.

        costs : float64[row], marginal; by default those that explain the data's prices. firm : int64[row], who owns the
        product: `merger` gives it. start : float64[row], by default the data's prices.
        tolerance : largest change of a price in the last iteration, over the price.
        """
        data, agents = self.data, self.agents
        cost = self.costs() if costs is None else np.asarray(costs, dtype=np.float64)
        price = np.array(data.price if start is None else start, dtype=np.float64)
        share, report = np.empty(data.rows), np.empty((data.markets, 2))
        owner = np.array(data.firm if firm is None else firm, dtype=np.int64)
        pieces = [
            self._utility(at) - np.outer(self._price_tastes(at), data.price[self._rows(at)])
            for at in range(data.markets)
        ]
        base = np.concatenate([piece.ravel() for piece in pieces])
        base_start = np.concatenate([[0], np.cumsum([piece.size for piece in pieces])]).astype(np.int64)
        taste = self._all_price_tastes()

        def work(first: int, last: int) -> None:
            equilibrium_prices(
                first, last, data.start, agents.start, owner, agents.weight, base, base_start, taste, cost, tolerance,
                iterations_max, price, share, report,
            )  # fmt: skip

        in_threads(work, np.array([piece.size for piece in pieces], dtype=np.float64), None)
        unsettled = tuple(data.market_names[t] for t in np.flatnonzero(~(report[:, 1] < max(1e-8, tolerance))))
        return Equilibrium(price, share, cost, unsettled)

    def _rows(self, at: int) -> slice:
        return slice(int(self.data.start[at]), int(self.data.start[at + 1]))

    def _people(self, at: int) -> slice:
        return slice(int(self.agents.start[at]), int(self.agents.start[at + 1]))

    def _weight(self, at: int) -> Floats:
        return self.agents.weight[self._people(at)]

    def _all_price_tastes(self) -> Floats:
        if not np.all(np.isfinite(self.taste_for_price)):
            raise InvalidInput(
                f"the taste for `{self.data.price_name}` differs from product to product",
                f"write `{self.data.price_name}` alone and linearly to ask what prices do",
            )
        return self.taste_for_price

    def _price_tastes(self, at: int) -> Floats:
        return self._all_price_tastes()[self._people(at)]

    def _utility(self, at: int) -> Floats:
        rows, people = self._rows(at), self._people(at)
        spread = self.tastes.tastes(self.theta)[people]
        return np.asarray(self.delta[rows][None, :] + spread @ self.tastes.attributes[rows].T)


def one_agent(markets: int) -> Agents:
    """One agent for each market, like all others: the plain logit."""
    start = np.arange(markets + 1, dtype=np.int64)
    return Agents(start, np.ones(markets), np.zeros((markets, 0)), Table("agents", (), np.zeros((markets, 0))))


def merger(data: MarketData, *firms: str) -> Integers:
    """int64[row]: owners after the firms named become one. Raises NotFound."""
    if unknown := [name for name in firms if name not in data.firm_names]:
        raise NotFound(f"`{data.name}` has no firm {', '.join(unknown)}", f"it has {', '.join(data.firm_names[:40])}")
    owner = data.firm.copy()
    codes = [data.firm_names.index(name) for name in firms]
    owner[np.isin(owner, codes)] = codes[0]
    return owner
