"""Markets with their products and buyers, checked once: estimators may trust what stands in a `MarketData`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pullcord.base import InvalidInput, NotFound, Problem

from .terms import Floats, Integers, Table

SHARE_SMALLEST = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Agents:
    """Who buys, in every market: draws of tastes with weights, and what is known of people.

    start : int64[market + 1]; agents of market t are start[t] to start[t + 1].
    weight : float64[agent]. They need not sum to one: with importance sampling they do not.
    nodes : float64[agent, node], draws of unobserved taste, standard normal by custom, one for each random coefficient.
    demographics : columns such as income, float64[agent, column].
    """

    start: Integers
    weight: Floats
    nodes: Floats
    demographics: Table

    def __post_init__(self) -> None:
        agents = len(self.weight)
        if not (
            self.start[0] == 0
            and self.start[-1] == agents
            and self.nodes.ndim == 2
            and len(self.nodes) == len(self.demographics.values) == agents
            and np.all(np.diff(self.start) >= 1)
        ):
            raise InvalidInput("the arrays of the agents do not fit together", "give each market at least one agent")
        if not (np.all(np.isfinite(self.weight)) and np.all(np.isfinite(self.nodes))):
            raise InvalidInput("a weight or node of the agents is no number", "fill the gap or leave the agent out")
        if not np.all(np.isfinite(self.demographics.values)):
            at = int(np.argmax(~np.isfinite(self.demographics.values).all(axis=0)))
            raise InvalidInput(f"`{self.demographics.names[at]}` of the agents has gaps", "fill them or leave rows out")
        for array in (self.start, self.weight, self.nodes, self.demographics.values):
            array.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class MarketData:
    """Products and their shares in markets (a city, a year), in long form: one row for each product of each market.

    start : int64[market + 1]; products of market t are start[t] to start[t + 1]. Markets may differ in size (ragged).
    product, firm, cluster : int64[row], which of `product_names`, `firm_names`, `cluster_names` the row is. The
        cluster says within which rows errors may hang together; by default the product over all markets.
    share : float64[row], of all who could have bought: those of a market sum to less than 1.
    price : float64[row], above zero, in any one unit of money.
    columns : characteristics, instruments and cost shifters, the price among them under the name `price_name`.
    """

    name: str
    market_names: tuple[str, ...]
    product_names: tuple[str, ...]
    firm_names: tuple[str, ...]
    cluster_names: tuple[str, ...]
    start: Integers
    product: Integers
    firm: Integers
    cluster: Integers
    share: Floats
    price: Floats
    price_name: str
    columns: Table
    agents: Agents | None = None

    def __post_init__(self) -> None:
        rows = len(self.share)
        if not (
            self.start[0] == 0
            and self.start[-1] == rows
            and len(self.start) == len(self.market_names) + 1
            and all(len(array) == rows for array in (self.product, self.firm, self.cluster, self.price))
            and len(self.columns.values) == rows
        ):
            raise InvalidInput(f"the arrays of `{self.name}` do not fit together", "read the data by `read_markets`")
        if problems := self._faults():
            shown = "; ".join(problem.wrong for problem in problems[:5])
            more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise InvalidInput(f"`{self.name}` cannot be used: {shown}{more}", problems[0].right, problems)
        for array in (self.start, self.product, self.firm, self.cluster, self.share, self.price, self.columns.values):
            array.flags.writeable = False

    @property
    def rows(self) -> int:
        """How many products there are, counted in every market."""
        return len(self.share)

    @property
    def markets(self) -> int:
        """How many markets there are."""
        return len(self.market_names)

    @property
    def market(self) -> Integers:
        """int64[row]."""
        return np.repeat(np.arange(self.markets), np.diff(self.start))

    @property
    def outside_share(self) -> Floats:
        """float64[market]: who bought none of the products."""
        return 1.0 - np.add.reduceat(self.share, self.start[:-1])

    def market_index(self, name: str) -> int:
        """Where a market stands. Raises NotFound."""
        if name not in self.market_names:
            raise NotFound(f"`{self.name}` has no market `{name}`", f"it has {', '.join(self.market_names[:20])}")
        return self.market_names.index(name)

    def rows_of(self, market: str) -> slice:
        """The rows of a market. Raises NotFound."""
        at = self.market_index(market)
        return slice(int(self.start[at]), int(self.start[at + 1]))

    def with_columns(self, **columns: Floats) -> MarketData:
        """The same markets with columns added or replaced; float64[row] each. The price cannot be replaced so."""
        if self.price_name in columns:
            raise InvalidInput(f"`{self.price_name}` is the price", "give a new price by `with_outcome`")
        return replace(self, columns=_with(self.columns, columns))

    def with_agents(self, agents: Agents | None) -> MarketData:
        """The same markets with other buyers."""
        return replace(self, agents=agents)

    def with_outcome(self, price: Floats, share: Floats) -> MarketData:
        """The same products at other prices and shares: float64[row] each."""
        columns = _with(self.columns, {self.price_name: price})
        return replace(self, price=np.array(price), share=np.array(share), columns=columns)

    def groups(self, role: str) -> Integers:
        """int64[row]: rows of one number belong together; by `product`, `firm`, `market`, `cluster` or a column."""
        if role in ("product", "firm", "market", "cluster"):
            return np.asarray(getattr(self, role), dtype=np.int64)
        _, codes = np.unique(self.columns.column(role), return_inverse=True)
        return codes.astype(np.int64)

    def _faults(self) -> list[Problem]:
        """Everything that is wrong, not only the first."""
        faults: list[Problem] = []

        def say(wrong: str, right: str) -> None:
            faults.append(Problem(self.name, 0, wrong, right))

        bad = ~(np.isfinite(self.share) & (self.share > SHARE_SMALLEST) & (self.share < 1))
        for row in np.flatnonzero(bad)[:20]:
            say(
                f"{self._row(int(row))}: a share of {self.share[row]:g} is not between 0 and 1",
                "divide sales by all who could have bought; leave out what sold nothing: it has no mean utility",
            )
        for at, name in enumerate(self.market_names):
            rows = slice(self.start[at], self.start[at + 1])
            if rows.start == rows.stop:
                say(f"market {name} has no product", "leave the market out")
                continue
            total = float(self.share[rows].sum())
            if not bad[rows].any() and total >= 1:
                say(
                    f"the shares of market {name} sum to {total:.6g}", "count those who bought none: the sum is below 1"
                )
            if len(np.unique(self.product[rows])) < rows.stop - rows.start:
                twice = np.flatnonzero(np.bincount(self.product[rows]) > 1)[:3]
                names = ", ".join(self.product_names[p] for p in twice)
                say(f"market {name} names {names} more than once", "give one row for each product of a market")
        for row in np.flatnonzero(~(np.isfinite(self.price) & (self.price > 0)))[:20]:
            say(f"{self._row(int(row))}: a price of {self.price[row]:g} is not above 0", "give what buyers pay")
        for name, values in zip(self.columns.names, self.columns.values.T, strict=True):
            if not np.all(np.isfinite(values)) and name != self.price_name:
                row = int(np.argmin(np.isfinite(values)))
                say(f"`{name}` has no number at {self._row(row)}", "fill the gap or leave the column out")
        if self.agents is not None and len(self.agents.start) != self.markets + 1:
            say(
                f"there are {self.markets} markets, and agents for {len(self.agents.start) - 1}",
                "give agents for every market",
            )
        return faults

    def _row(self, row: int) -> str:
        at = int(np.searchsorted(self.start, row, side="right")) - 1
        return f"{self.product_names[self.product[row]]} in market {self.market_names[at]}"


def _with(table: Table, columns: dict[str, Floats]) -> Table:
    names = list(table.names) + [name for name in columns if name not in table.names]
    matrix = np.column_stack([columns[name] if name in columns else table.column(name) for name in names])
    return Table(table.of, tuple(names), np.ascontiguousarray(matrix, dtype=np.float64))


def groups_of(values: object) -> tuple[tuple[str, ...], Integers]:
    """The distinct values as text in order of appearance, and which of them each row is."""
    texts = [str(value) for value in np.asarray(values).tolist()]
    first: dict[str, int] = {}
    codes = np.array([first.setdefault(text, len(first)) for text in texts], dtype=np.int64)
    return tuple(first), codes
