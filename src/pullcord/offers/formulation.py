"""The first-choice problem written out whole for a solver: the plain form of what `best_ranked_line` decomposes."""

from __future__ import annotations

import numpy as np

from pullcord.solvers import Result, Rows, minimise

from .rankings import Floats, LineProblem


def solve_whole(problem: LineProblem, *, time_limit_s: float = 60.0, gap_max: float = 1e-6, seed: int = 0) -> Result:
    """The answer of HiGHS to the formulation of Bertsimas and Misic (2019), eq. 2, as one integer program.

    For small problems, and to hold other methods against. Costs are minus what a line earns; the first columns of the
    solution are the products. Instead of what a customer takes from each position, a column holds what is still to be
    taken behind it, w: then `takes = w before - w`, and every row has at most three entries. Sums over whole lists
    would need millions.
    """
    lists = problem.rankings
    products, entries = lists.products, len(lists.item)
    worth = lists.weight[lists.customer_of_entry] * problem.margin[lists.item]
    first = np.zeros(entries, dtype=np.bool_)
    first[lists.start[:-1][np.diff(lists.start) > 0]] = True
    entry = np.arange(entries)
    behind, before = products + entry, products + entry - 1
    later = ~first

    cost = np.zeros(products + entries)
    cost[:products] = problem.fixed_cost
    # Taken at an entry: (1 or w of the entry before) - w of the entry.
    cost[behind] += worth
    np.subtract.at(cost, before[later], worth[later])
    certain = float(worth[first].sum())

    rule, upper = problem.dense_rules()
    rule_row, rule_column = np.nonzero(rule)
    # Rows: taken <= x; taken >= 0; w <= 1 - x; the rules.
    row = [
        entry[later],
        entry,
        entry,
        entries + entry[later],
        entries + entry,
        2 * entries + entry,
        2 * entries + entry,
    ]
    column = [before[later], behind, lists.item, before[later], behind, behind, lists.item]
    sign = [1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0]
    values = [np.full(len(r), s) for r, s in zip(row, sign, strict=True)]
    row.append(3 * entries + rule_row)
    column.append(rule_column)
    values.append(rule[rule_row, rule_column])
    start: Floats = np.where(first, -1.0, 0.0)
    endless = np.full(entries, np.inf)
    result = minimise(
        cost,
        Rows.from_triplets(
            np.concatenate(row), np.concatenate(column), np.concatenate(values), 3 * entries + len(upper)
        ),
        np.concatenate([-endless, start, -endless, np.full(len(upper), -np.inf)]),
        np.concatenate([start, endless, np.ones(entries), upper]),
        upper=1.0,
        integer=np.arange(products + entries) < products,
        time_limit_s=time_limit_s,
        gap_max=gap_max,
        seed=seed,
    )
    return _less(result, certain)


def _less(result: Result, certain: float) -> Result:
    """The result with what every customer is worth at the first entry, a constant, taken off the cost."""
    objective = None if result.objective is None else result.objective - certain
    bound = None if result.bound is None else result.bound - certain
    gap = None if objective is None or bound is None else max(objective - bound, 0.0) / max(abs(objective), 1e-9)
    return Result(result.status, result.solution, bound, gap, result.seconds, None, None, objective)
