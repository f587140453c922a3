"""Customers as lists: each takes the first product of the own list that is on offer, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput
from pullcord.solvers import Rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rankings:
    """What each customer prefers to buying nothing, best first.

    products : how many products there are.
    start : int64[customer + 1]; customer k's list is item[start[k]] to item[start[k + 1]].
    item : int64[entry], a product; no product stands twice in a list.
    weight : float64[customer], how much a customer counts, above zero.
    """

    products: int
    start: Integers
    item: Integers
    weight: Floats

    def __post_init__(self) -> None:
        customers = len(self.start) - 1
        if (
            customers < 1
            or self.start[0] != 0
            or self.start[-1] != len(self.item)
            or np.any(np.diff(self.start) < 0)
            or len(self.weight) != customers
        ):
            raise InvalidInput("the lists of the customers do not fit together", "one start for each, and one weight")
        if len(self.item) and not 0 <= int(self.item.min()) <= int(self.item.max()) < self.products:
            raise InvalidInput(f"a list names a product outside 0 to {self.products - 1}", "products count from 0")
        if not (np.all(np.isfinite(self.weight)) and np.all(self.weight > 0)):
            raise InvalidInput("a customer weighs nothing, or less", "leave such customers out")
        pair = self.customer_of_entry * self.products + self.item
        if len(np.unique(pair)) != len(pair):
            raise InvalidInput("a customer's list names a product twice", "name each product once")

    @property
    def customers(self) -> int:
        """How many lists there are."""
        return len(self.weight)

    @property
    def customer_of_entry(self) -> Integers:
        """int64[entry]."""
        return np.repeat(np.arange(self.customers, dtype=np.int64), np.diff(self.start))

    @classmethod
    def from_utilities(cls, utility: Floats, outside: Floats, weight: Floats | None = None) -> Rankings:
        """Lists of persons who rank by utility; equal utilities stand in the products' order.

        utility : float64[person, product]; outside : float64[person], that of buying nothing; weight : float64[person],
        equal and 1 together if left out.
        """
        persons, products = utility.shape
        if outside.shape != (persons,) or not (np.all(np.isfinite(utility)) and np.all(np.isfinite(outside))):
            raise InvalidInput("utilities must be numbers, one row for each person", "check tastes and attributes")
        order = np.argsort(-utility, axis=1, kind="stable")
        wanted = np.take_along_axis(utility, order, axis=1) > outside[:, None]
        start = np.concatenate([[0], np.cumsum(wanted.sum(axis=1))]).astype(np.int64)
        even = np.full(persons, 1.0 / persons)
        return cls(products, start, order[wanted].astype(np.int64), even if weight is None else weight)

    def keep(self, products: Integers) -> Rankings:
        """The lists over some products only, which are numbered anew in the order given."""
        place = np.full(self.products, -1, dtype=np.int64)
        place[products] = np.arange(len(products))
        kept = place[self.item] >= 0
        counts = np.bincount(self.customer_of_entry[kept], minlength=self.customers)
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Rankings(len(products), start, place[self.item[kept]], self.weight)


@dataclass(frozen=True, slots=True, eq=False)
class LineProblem:
    """Which products to offer to customers who take the first of their list.

    margin : float64[product], what one sale earns, not below zero: a product sold at a loss only takes buyers away.
    fixed_cost : float64[product], what offering it costs.
    size_max : at most so many products; None for no limit.
    rules, rule_upper : further rows rules x <= rule_upper over products, as from `line_rules`; None for none.
    """

    rankings: Rankings
    margin: Floats
    fixed_cost: Floats
    size_max: int | None = None
    rules: Rows | None = None
    rule_upper: Floats | None = None

    def __post_init__(self) -> None:
        products = self.rankings.products
        if self.margin.shape != (products,) or self.fixed_cost.shape != (products,):
            raise InvalidInput(f"margins and fixed costs must be given for {products} products", "one number for each")
        if not (np.all(np.isfinite(self.margin)) and np.all(self.margin >= 0)):
            raise InvalidInput("a margin is below zero", "leave products out that are sold at a loss")
        if not (np.all(np.isfinite(self.fixed_cost)) and np.all(self.fixed_cost >= 0)):
            raise InvalidInput("a fixed cost is below zero", "give what offering the product costs")
        if self.size_max is not None and self.size_max < 0:
            raise InvalidInput(f"a line of at most {self.size_max} products", "give a number of at least 0")
        if (self.rules is None) != (self.rule_upper is None):
            raise InvalidInput("rules come with their upper sides", "give both or none")
        if self.rules is not None and self.rule_upper is not None:
            if len(self.rule_upper) != self.rules.count:
                raise InvalidInput(f"{self.rules.count} rules have {len(self.rule_upper)} sides", "give one for each")
            if len(self.rules.indices) and int(self.rules.indices.max()) >= products:
                raise InvalidInput("a rule names a product that is not there", "products count from 0")

    @property
    def most(self) -> int:
        """The largest line there can be."""
        products = self.rankings.products
        return products if self.size_max is None else min(self.size_max, products)

    def dense_rules(self) -> tuple[Floats, Floats]:
        """All rows over products, the limit on the size first: float64[rule, product] and float64[rule]."""
        products = self.rankings.products
        matrix, upper = [np.ones((1, products))], [np.array([float(self.most)])]
        if self.rules is not None and self.rule_upper is not None:
            more = np.zeros((self.rules.count, products))
            more[self.rules.row_of_entry, self.rules.indices] = self.rules.values
            matrix.append(more)
            upper.append(np.asarray(self.rule_upper, dtype=np.float64))
        return np.ascontiguousarray(np.vstack(matrix)), np.concatenate(upper)

    def allows(self, offered: Bools) -> bool:
        """Whether a line keeps every rule."""
        matrix, upper = self.dense_rules()
        return bool(np.all(matrix @ offered.astype(np.float64) <= upper + 1e-9))

    def keep(self, products: Integers) -> LineProblem:
        """The same question with only some products left to choose from."""
        rules = None
        if self.rules is not None:
            place = np.full(self.rankings.products, -1, dtype=np.int64)
            place[products] = np.arange(len(products))
            kept = place[self.rules.indices] >= 0
            rules = Rows.from_triplets(
                self.rules.row_of_entry[kept],
                place[self.rules.indices[kept]],
                self.rules.values[kept],
                self.rules.count,
            )
        return LineProblem(
            self.rankings.keep(products),
            self.margin[products],
            self.fixed_cost[products],
            self.size_max,
            rules,
            self.rule_upper,
        )
