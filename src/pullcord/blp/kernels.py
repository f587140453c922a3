"""The inner loop of demand estimation in compiled code: mean utilities that reproduce shares, and their derivatives.

Notation: in one market, s[i, j] is the probability that agent i buys product j; w[i] his weight. Utility is
delta[j] + Σ_k x[k, j] b[i, k], the outside good's is 0; x are `traits`, b `tastes`. Tastes are linear in parameters:
theta[p] is multiplied with x[k, j] drawn[i, a] for every triple (p, k, a) of `pairs`, which are sorted by p.
`solve_markets` works on a range of markets and holds no lock of Python's, so that threads may share the markets.

Sources: Berry, Levinsohn and Pakes (1995), Econometrica 63(4), sec. 6 and appendix I; Varadhan and Roland (2008),
Scandinavian Journal of Statistics 35(2), scheme S3 (SQUAREM); Conlon and Gortmaker (2020), RAND Journal of Economics
51(4), sec. 3.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel, solve
from .price_kernels import markups

_ROUNDING = 1e-12  # an error of log shares below this that no longer falls is rounding
_PATIENCE = 60  # contractions before Newton steps, about the price of one such step
_FAR = 30.0  # how far delta may drift from where exp(utility) was taken


@kernel
def _exp_utilities(traits, tastes, delta, scaled, outside):  # type: ignore[no-untyped-def]
    """scaled[i, j] = exp(V_ij - m_i) and outside[i] = exp(-m_i), m_i being the largest of 0 and V_i: no overflow."""
    agents, products = scaled.shape
    for i in range(agents):
        row = scaled[i]
        for j in range(products):
            row[j] = delta[j]
        for k in range(len(traits)):
            taste = tastes[i, k]
            if taste != 0.0:
                for j in range(products):
                    row[j] += taste * traits[k, j]
        most = 0.0
        for j in range(products):
            most = max(most, row[j])
        for j in range(products):
            row[j] = np.exp(row[j] - most)
        outside[i] = np.exp(-most)


@kernel
def _log_misfit(log_share, weight, scaled, outside, moved, share, misfit):  # type: ignore[no-untyped-def]
    """misfit = log of observed over predicted shares; returns the largest in size, infinite where it is no number.

    moved[j] = exp(delta[j] - reference[j]) carries delta from where `scaled` was taken, so that no exp() of an agent is
    taken again; share[j] is left as the predicted share.
    """
    agents, products = scaled.shape
    for j in range(products):
        share[j] = 0.0
    for i in range(agents):
        row = scaled[i]
        total = outside[i]
        for j in range(products):
            total += row[j] * moved[j]
        factor = weight[i] / total
        for j in range(products):
            share[j] += factor * row[j]
    largest = 0.0
    for j in range(products):
        share[j] *= moved[j]
        if not share[j] > 0.0:
            return np.inf
        misfit[j] = log_share[j] - np.log(share[j])
        if not np.isfinite(misfit[j]):
            return np.inf
        largest = max(largest, abs(misfit[j]))
    return largest


@kernel
def _probabilities(scaled, outside, moved):  # type: ignore[no-untyped-def]
    """Turns `scaled` into s[i, j], in place."""
    agents, products = scaled.shape
    for i in range(agents):
        row = scaled[i]
        total = outside[i]
        for j in range(products):
            row[j] *= moved[j]
            total += row[j]
        for j in range(products):
            row[j] /= total


@kernel
def _share_slopes(probability, weight, slopes):  # type: ignore[no-untyped-def]
    """slopes[j, k] = ds_j / ddelta_k = 1{j = k} Σ_i w_i s_ij - Σ_i w_i s_ij s_ik."""
    agents, products = probability.shape
    slopes[:, :] = 0.0
    i = 0
    while i + 4 <= agents:  # four agents at a time: each sum is then read and written a quarter as often
        a, b, c, d = probability[i], probability[i + 1], probability[i + 2], probability[i + 3]
        for j in range(products):
            wa, wb, wc, wd = weight[i] * a[j], weight[i + 1] * b[j], weight[i + 2] * c[j], weight[i + 3] * d[j]
            row = slopes[j]
            for k in range(j + 1):
                row[k] -= wa * a[k] + wb * b[k] + wc * c[k] + wd * d[k]
        i += 4
    while i < agents:
        a = probability[i]
        for j in range(products):
            wa = weight[i] * a[j]
            row = slopes[j]
            for k in range(j + 1):
                row[k] -= wa * a[k]
        i += 1
    for j in range(products):
        for k in range(j):
            slopes[k, j] = slopes[j, k]
    for i in range(agents):
        for j in range(products):
            slopes[j, j] += weight[i] * probability[i, j]


@kernel
def _squarem(log_share, weight, traits, tastes, delta, tolerance, evaluations_max, scaled, outside):  # type: ignore[no-untyped-def]
    """Contractions of delta, in place, with an extrapolation after every second; returns evaluations and the misfit.

    Where an extrapolation makes matters much worse, the search goes back to the best delta it has seen.
    """
    products = len(delta)
    share, misfit, moved = np.empty(products), np.empty(products), np.empty(products)
    reference, before, first, best_delta = delta.copy(), delta.copy(), np.zeros(products), delta.copy()
    _exp_utilities(traits, tastes, delta, scaled, outside)
    evaluations, phase, quiet, step_max, best = 0, 0, 0, 1.0, np.inf
    while evaluations < evaluations_max:
        drift = 0.0
        for j in range(products):
            drift = max(drift, abs(delta[j] - reference[j]))
        if drift > _FAR:
            reference[:] = delta
            _exp_utilities(traits, tastes, delta, scaled, outside)
        for j in range(products):
            moved[j] = np.exp(delta[j] - reference[j])
        largest = _log_misfit(log_share, weight, scaled, outside, moved, share, misfit)
        evaluations += 1
        if not largest <= 100.0 * best:
            delta[:] = best_delta
            phase, step_max = 0, 1.0
            best *= 2.0  # so that a second failure from the same place ends elsewhere
            if not np.isfinite(best):
                break
            continue
        quiet = 0 if largest < 0.9 * best else quiet + 1
        if largest < best:
            best = largest
            best_delta[:] = delta
        if best < tolerance or (best < _ROUNDING and quiet >= 3):
            break
        if phase == 0:
            before[:] = delta
            first[:] = misfit
            delta += misfit
        elif phase == 1:
            along, bend = 0.0, 0.0
            for j in range(products):
                along += first[j] * first[j]
                bend += (misfit[j] - first[j]) ** 2
            step = min(max(np.sqrt(along / bend) if bend > 0.0 else 1.0, 1.0), step_max)
            if step == step_max:
                step_max *= 4.0
            for j in range(products):
                delta[j] = before[j] + 2.0 * step * first[j] + step * step * (misfit[j] - first[j])
        else:  # a plain contraction steadies the extrapolation
            delta += misfit
        phase = (phase + 1) % 3
    delta[:] = best_delta
    return evaluations, best


@kernel
def _newton(log_share, weight, traits, tastes, delta, tolerance, steps_max, scaled, outside):  # type: ignore[no-untyped-def]
    """Newton steps on log shares, in place, halved while they do harm; returns evaluations and the misfit."""
    products = len(delta)
    share, misfit, moved, here = np.empty(products), np.empty(products), np.ones(products), delta.copy()
    slopes, right = np.empty((products, products)), np.empty((products, 1))
    _exp_utilities(traits, tastes, delta, scaled, outside)
    largest = _log_misfit(log_share, weight, scaled, outside, moved, share, misfit)
    evaluations = 1
    while evaluations <= steps_max and largest >= tolerance and np.isfinite(largest):
        _probabilities(scaled, outside, moved)
        _share_slopes(scaled, weight, slopes)
        for j in range(products):
            right[j, 0] = share[j] * misfit[j]
        if not solve(slopes, right):
            break
        here[:] = delta
        factor, after = 1.0, np.inf
        while factor > 0.05:
            for j in range(products):
                delta[j] = here[j] + factor * right[j, 0]
            _exp_utilities(traits, tastes, delta, scaled, outside)
            after = _log_misfit(log_share, weight, scaled, outside, moved, share, misfit)
            evaluations += 1
            if after < largest or largest < _ROUNDING:
                break
            factor *= 0.5
        if not after < largest:
            delta[:] = here
            break
        largest = after
    return evaluations, largest


@kernel
def _invert(log_share, weight, traits, tastes, delta, tolerance, evaluations_max, scaled, outside):  # type: ignore[no-untyped-def]
    """delta of one market, in place: SQUAREM, Newton steps where that is slow, and SQUAREM again where those fail.

    Returns evaluations and the misfit of log shares; leaves s[i, j] in `scaled`.
    """
    first = min(_PATIENCE, evaluations_max)
    evaluations, largest = _squarem(log_share, weight, traits, tastes, delta, tolerance, first, scaled, outside)
    if largest >= _ROUNDING and evaluations_max > first:
        more, largest = _newton(log_share, weight, traits, tastes, delta, tolerance, 40, scaled, outside)
        evaluations += more
    if largest >= _ROUNDING and evaluations_max > evaluations:
        more, largest = _squarem(
            log_share, weight, traits, tastes, delta, tolerance, evaluations_max - evaluations, scaled, outside
        )
        evaluations += more
    _exp_utilities(traits, tastes, delta, scaled, outside)
    _probabilities(scaled, outside, np.ones(len(delta)))
    return evaluations, largest


@kernel
def _delta_slopes(probability, weight, traits, drawn, pairs, right, lift):  # type: ignore[no-untyped-def]
    """right[j, p] = ddelta_j / dtheta_p at constant shares: -(ds / ddelta)^-1 ds / dtheta, by the implicit function
    theorem.

    lift[i, p] is left as Σ_j s_ij dV_ij / dtheta_p, delta's own part included. False where the system is singular.
    """
    agents, products = probability.shape
    parameters = right.shape[1]
    right[:, :] = 0.0
    lift[:, :] = 0.0
    column, rise = np.empty(products), np.empty(products)
    q = 0
    for p in range(parameters):
        first = q
        while q < len(pairs) and pairs[q, 0] == p:
            q += 1
        if q == first:
            continue
        column[:] = 0.0
        for i in range(agents):
            row = probability[i]
            rise[:] = 0.0
            for triple in range(first, q):
                taste, trait = drawn[i, pairs[triple, 2]], traits[pairs[triple, 1]]
                for j in range(products):
                    rise[j] += taste * trait[j]
            mean = 0.0
            for j in range(products):
                mean += row[j] * rise[j]
            for j in range(products):
                column[j] -= weight[i] * row[j] * (rise[j] - mean)
            lift[i, p] = mean
        right[:, p] = column
    slopes = np.empty((products, products))
    _share_slopes(probability, weight, slopes)
    solved = solve(slopes, right)
    for i in range(agents):
        for j in range(products):
            for p in range(parameters):
                lift[i, p] += probability[i, j] * right[j, p]
    return solved


@kernel
def solve_markets(  # type: ignore[no-untyped-def]
    first, last, start, agent_start, log_share, share, firm, weight, attributes, drawn, tastes, price_taste,
    price_drawn, pairs, tolerance, evaluations_max, want_slopes, want_markups, delta, delta_slope, markup,
    markup_slope, report,
):  # fmt: skip
    """Mean utilities of markets first to last, and where wanted their derivatives, markups and theirs.

    start, agent_start : int64[market + 1]; log_share, share : float64[row]; firm : int64[row].
    weight, price_taste : float64[agent]; price_taste is dV_ij / dprice_j, and price_drawn[agent, parameter] what a
        parameter adds to it.
    attributes : float64[row, attribute]; drawn : float64[agent, drawn]; tastes : float64[agent, attribute].
    delta : float64[row], where to begin; left as the answer. delta_slope, markup_slope : float64[row, parameter];
        markup : float64[row]; all filled here.
    report : float64[market, 2], evaluations and the misfit of log shares, infinite where something was singular.
    """
    for t in range(first, last):
        rows, people = slice(start[t], start[t + 1]), slice(agent_start[t], agent_start[t + 1])
        products, agents = start[t + 1] - start[t], agent_start[t + 1] - agent_start[t]
        traits = attributes[rows].T.copy()
        probability, outside = np.empty((agents, products)), np.empty(agents)
        evaluations, misfit = _invert(
            log_share[rows], weight[people], traits, tastes[people], delta[rows], tolerance, evaluations_max,
            probability, outside,
        )  # fmt: skip
        report[t, 0], report[t, 1] = evaluations, misfit
        if not np.isfinite(misfit):
            continue
        lift = np.empty((agents, delta_slope.shape[1]))
        solved = True
        if want_slopes:
            solved = _delta_slopes(probability, weight[people], traits, drawn[people], pairs, delta_slope[rows], lift)
        if want_markups:
            solved = solved and markups(
                share[rows], firm[rows], probability, weight[people], price_taste[people], price_drawn[people], traits,
                drawn[people], pairs, want_slopes, delta_slope[rows], lift, markup[rows], markup_slope[rows],
            )  # fmt: skip
        if not solved:
            report[t, 1] = np.inf
