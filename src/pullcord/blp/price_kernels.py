"""Firms' prices in compiled code: Bertrand-Nash markups with their derivatives, and prices in equilibrium.

Notation as in `kernels`: in one market, s[i, j] is the probability that agent i buys product j, w[i] his weight, and
a[i] his taste for price, dV_ij / dp_j. Firm f sells the products M.

Sources: Berry, Levinsohn and Pakes (1995), Econometrica 63(4), sec. 3; Morrow and Skerlos (2011), Operations Research
59(2), sec. 3 (the fixed point in zeta); Conlon and Gortmaker (2020), RAND Journal of Economics 51(4), sec. 3.6.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel, solve


@kernel
def markups(  # type: ignore[no-untyped-def]
    share, firm, probability, weight, price_taste, price_drawn, traits, drawn, pairs, want_slopes, delta_slope, lift,
    markup, markup_slope,
):  # fmt: skip
    """Fills markup[j] of one market and, where wanted, markup_slope[j, p]; False where a firm's system is singular.

    A firm's markups m solve D m = s[M], where D_jk = -ds_k / dp_j = -1{j = k} Σ_i w_i a_i s_ij + Σ_i w_i a_i s_ij s_ik.
    Shares stay what was observed, so dm = -D^-1 dD m. The matrix dD is never formed: with T_i = Σ_k m_k s_ik,

        -(dD m)_j = Σ_i w_i [(da_i s_ij + a_i ds_ij) (m_j - T_i) - a_i s_ij dT_i].
    """
    agents, products = probability.shape
    parameters = markup_slope.shape[1]
    done = np.zeros(products, dtype=np.bool_)
    for lead in range(products):
        if done[lead]:
            continue
        members = np.flatnonzero(firm == firm[lead])
        size = len(members)
        matrix, own = np.zeros((size, size)), np.empty((agents, size))
        for i in range(agents):
            factor = weight[i] * price_taste[i]
            row = own[i]
            for a in range(size):
                row[a] = probability[i, members[a]]
            for a in range(size):
                matrix[a, a] -= factor * row[a]
                for b in range(size):
                    matrix[a, b] += factor * row[a] * row[b]
        answer = np.empty((size, 1))
        for a in range(size):
            done[members[a]] = True
            answer[a, 0] = share[members[a]]
        if not solve(matrix.copy(), answer):
            return False
        for a in range(size):
            markup[members[a]] = answer[a, 0]
        if not want_slopes:
            continue
        right = np.zeros((size, parameters))
        local, here, change = np.empty((len(traits), size)), np.empty((size, parameters)), np.empty(size)
        for a in range(size):
            local[:, a] = traits[:, members[a]]
            here[a] = delta_slope[members[a]]
        for i in range(agents):
            row, factor = own[i], weight[i] * price_taste[i]
            total = 0.0
            for a in range(size):
                total += answer[a, 0] * row[a]
            q = 0
            for p in range(parameters):
                for a in range(size):
                    change[a] = here[a, p] - lift[i, p]
                while q < len(pairs) and pairs[q, 0] == p:
                    taste = drawn[i, pairs[q, 2]]
                    for a in range(size):
                        change[a] += taste * local[pairs[q, 1], a]
                    q += 1
                total_change = 0.0
                for a in range(size):
                    change[a] *= row[a]
                    total_change += answer[a, 0] * change[a]
                price_change = weight[i] * price_drawn[i, p]
                for a in range(size):
                    right[a, p] += (price_change * row[a] + factor * change[a]) * (answer[a, 0] - total)
                    right[a, p] -= factor * row[a] * total_change
        if not solve(matrix, right):
            return False
        for a in range(size):
            markup_slope[members[a]] = right[a]
    return True


@kernel
def equilibrium_prices(  # type: ignore[no-untyped-def]
    first, last, start, agent_start, firm, weight, base, base_start, price_taste, cost, tolerance, iterations_max,
    price, share, report,
):  # fmt: skip
    """Prices of markets first to last at which no firm gains by changing its own, and the shares that follow.

    base : utility of every agent without its part in price, agent by agent; market t begins at base_start[t].
    price : float64[row], where to begin; left as the answer, as is share. report : float64[market, 2], iterations and
    the largest change of a price in the last of them, over the price.

    Iterates p = c + zeta(p), zeta_j = (Σ_i w_i a_i s_ij T_i - s_j) / L_j, with T_i = Σ_k (p_k - c_k) s_ik over the
    firm's products and L_j = Σ_i w_i a_i s_ij. The first-order conditions are L_j (p_j - c_j - zeta_j) = 0; that they
    be small is not asked, for those of a product that hardly sells always are.
    """
    for t in range(first, last):
        products, agents = start[t + 1] - start[t], agent_start[t + 1] - agent_start[t]
        p, c, who = price[start[t] : start[t + 1]], cost[start[t] : start[t + 1]], firm[start[t] : start[t + 1]]
        _, code = _codes(who)
        firms = code.max() + 1
        w, taste = weight[agent_start[t] : agent_start[t + 1]], price_taste[agent_start[t] : agent_start[t + 1]]
        utility = base[base_start[t] : base_start[t + 1]].reshape((agents, products))
        slope, gain, s = np.empty(products), np.empty(products), share[start[t] : start[t + 1]]
        row, total = np.empty(products), np.empty(firms)
        left, iteration = np.inf, 0
        while iteration < iterations_max:
            iteration += 1
            s[:], slope[:], gain[:] = 0.0, 0.0, 0.0
            for i in range(agents):
                most = 0.0
                for j in range(products):
                    row[j] = utility[i, j] + taste[i] * p[j]
                    most = max(most, row[j])
                denominator = np.exp(-most)
                for j in range(products):
                    row[j] = np.exp(row[j] - most)
                    denominator += row[j]
                total[:] = 0.0
                for j in range(products):
                    row[j] /= denominator
                    total[code[j]] += row[j] * (p[j] - c[j])
                for j in range(products):
                    bought = w[i] * row[j]
                    s[j] += bought
                    slope[j] += bought * taste[i]
                    gain[j] += bought * taste[i] * total[code[j]]
            left = 0.0
            for j in range(products):
                if slope[j] != 0.0:  # without any buyer in reach of a price, the price stays
                    better = c[j] + (gain[j] - s[j]) / slope[j]
                    left = max(left, abs(better - p[j]) / max(abs(p[j]), 1e-12))
                    p[j] = better
            if left < tolerance or not np.isfinite(left):
                break
        report[t, 0], report[t, 1] = iteration, left


@kernel
def _codes(values):  # type: ignore[no-untyped-def]
    """The distinct values in order of appearance, and which of them each is."""
    code = np.empty(len(values), dtype=np.int64)
    names = np.empty(len(values), dtype=np.int64)
    known = 0
    for at in range(len(values)):
        found = -1
        for earlier in range(known):
            if names[earlier] == values[at]:
                found = earlier
        if found < 0:
            names[known] = values[at]
            found = known
            known += 1
        code[at] = found
    return names[:known], code
