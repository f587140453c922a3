"""The nested logit's likelihood with exact derivatives, choice by choice.

With y = V / lambda in a nest, I = ln sum exp(y) and U = lambda I, what was chosen has ln P = y - I + U - ln sum exp(U).
An alternative in no nest is alone with lambda = 1, and U = V.

Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 4.2, eqs. 4.4 and 4.5; the derivatives
follow from two log-sums, one inside the other.
"""

from __future__ import annotations

import math

import numpy as np

from ..compiling import REORDER, kernel
from ..data import Floats, Integers


@kernel(fastmath=REORDER)
def _situation(
    x: Floats,
    row: int,
    alternatives: int,
    nest: Integers,
    beta: Floats,
    dissimilarity: Floats,
    utility: Floats,
    within: Floats,
    inclusive: Floats,
    across: Floats,
) -> float:
    """within[alternative] <- probability in its nest, inclusive[nest] <- I, across[group] <- the group's probability.

    Groups are the nests and then the alternatives, each of which counts only if it is alone. Returns ln sum exp(U).
    """
    nests = len(dissimilarity)
    for m in range(nests):
        inclusive[m] = -np.inf
        across[m] = 0.0
    for j in range(alternatives):
        utility[j] = 0.0
        for k in range(len(beta)):
            utility[j] += beta[k] * x[row + j, k]
        across[nests + j] = 0.0
        m = nest[row + j]
        if m >= 0:  # the largest of the nest first: exp() then stays within range
            inclusive[m] = max(inclusive[m], utility[j] / dissimilarity[m])
    for j in range(alternatives):
        m = nest[row + j]
        within[j] = 1.0
        if m >= 0:
            within[j] = math.exp(utility[j] / dissimilarity[m] - inclusive[m])
            across[m] += within[j]
    highest = -np.inf
    for j in range(alternatives):
        m = nest[row + j]
        if m >= 0:
            within[j] /= across[m]
        else:
            highest = max(highest, utility[j])
    for m in range(nests):
        if across[m] > 0.0:
            inclusive[m] += math.log(across[m])
            highest = max(highest, dissimilarity[m] * inclusive[m])
    total = 0.0
    for m in range(nests):
        if across[m] > 0.0:
            across[m] = math.exp(dissimilarity[m] * inclusive[m] - highest)
            total += across[m]
    for j in range(alternatives):
        if nest[row + j] < 0:
            across[nests + j] = math.exp(utility[j] - highest)
            total += across[nests + j]
    for g in range(nests + alternatives):
        across[g] /= total
    return highest + math.log(total)


@kernel(fastmath=REORDER)
def _block(
    x: Floats,
    chosen: Floats,
    start: Integers,
    weight: Floats,
    person_start: Integers,
    nest: Integers,
    beta: Floats,
    dissimilarity: Floats,
    low: int,
    high: int,
    gradient: Floats,
    information: Floats,
    by_choice: Floats,
    by_person: Floats,
) -> float:
    """What `nested_blocks` says, for the persons from low to high; adds to its arguments and returns the value."""
    terms, nests = len(beta), len(dissimilarity)
    size = terms + nests
    widest = 0
    for s in range(person_start[low], person_start[high]):
        widest = max(widest, start[s + 1] - start[s])
    utility, within = np.empty(widest), np.empty(widest)
    inclusive, across = np.empty(nests), np.empty(nests + widest)
    chosen_in, mean_utility = np.empty(nests), np.empty(nests)
    mean = np.empty((nests, terms))  # of x, by the probabilities within the nest
    whole, score, person, difference = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    value = 0.0
    for n in range(low, high):
        person[:] = 0.0
        for s in range(person_start[n], person_start[n + 1]):
            row, alternatives, w = start[s], start[s + 1] - start[s], weight[s]
            log_sum = _situation(x, row, alternatives, nest, beta, dissimilarity, utility, within, inclusive, across)
            choices = 0.0
            mean[:] = 0.0
            mean_utility[:] = 0.0
            chosen_in[:] = 0.0
            for j in range(alternatives):
                count, m = chosen[row + j], nest[row + j]
                choices += count
                if m >= 0:
                    chosen_in[m] += count
                    mean_utility[m] += within[j] * utility[j]
                    for k in range(terms):
                        mean[m, k] += within[j] * x[row + j, k]
                    value += w * count * (utility[j] / dissimilarity[m] - (1 - dissimilarity[m]) * inclusive[m])
                else:
                    value += w * count * utility[j]
            value -= w * choices * log_sum
            # whole <- the gradient of ln sum exp(U); that of U is (mean, I - mean utility / lambda) in a nest
            whole[:] = 0.0
            for m in range(nests):
                for k in range(terms):
                    whole[k] += across[m] * mean[m, k]
                if across[m] > 0:
                    whole[terms + m] = across[m] * (inclusive[m] - mean_utility[m] / dissimilarity[m])
            for j in range(alternatives):
                for k in range(terms):
                    whole[k] += across[nests + j] * x[row + j, k]
            for j in range(alternatives):
                count, m = chosen[row + j], nest[row + j]
                if m >= 0:
                    scale = dissimilarity[m]
                    # of the choice: how y differs from its mean in the nest, and U from its mean over all
                    for k in range(terms):
                        difference[k] = (x[row + j, k] - mean[m, k]) / scale
                        score[k] = difference[k] + mean[m, k] - whole[k]
                    for m2 in range(nests):
                        difference[terms + m2] = 0.0
                        score[terms + m2] = -whole[terms + m2]
                    difference[terms + m] = -(utility[j] - mean_utility[m]) / scale**2
                    score[terms + m] += difference[terms + m] + inclusive[m] - mean_utility[m] / scale
                    expected = chosen_in[m] + scale * (choices * across[m] - chosen_in[m])
                    _add_square(information, difference, w * expected * within[j])
                else:
                    for k in range(terms):
                        score[k] = x[row + j, k] - whole[k]
                    for m2 in range(nests):
                        score[terms + m2] = -whole[terms + m2]
                    _add_square(information, score, w * choices * across[nests + j])
                if count != 0:
                    for k in range(size):
                        score[k] *= w
                        person[k] += count * score[k]
                        gradient[k] += count * score[k]
                    _add_square(by_choice, score, count)
            for m in range(nests):
                if across[m] == 0:
                    continue
                scale = dissimilarity[m]
                for k in range(terms):
                    difference[k] = mean[m, k] - whole[k]
                for m2 in range(nests):
                    difference[terms + m2] = -whole[terms + m2]
                difference[terms + m] += inclusive[m] - mean_utility[m] / scale
                _add_square(information, difference, w * choices * across[m])
                # The second derivatives of y itself, less those of what was chosen, and of U by lambda.
                excess = choices * across[m] - chosen_in[m]
                expected = chosen_in[m] + scale * excess
                at = terms + m
                for k in range(terms):
                    information[k, at] += w * (excess / scale - expected / scale**2) * mean[m, k]
                information[at, at] += w * (2 * expected / scale**3 - 2 * excess / scale**2) * mean_utility[m]
                for j in range(alternatives):
                    count = chosen[row + j]
                    if nest[row + j] == m and count != 0:
                        for k in range(terms):
                            information[k, at] += w * count * x[row + j, k] / scale**2
                        information[at, at] -= 2 * w * count * utility[j] / scale**3
        _add_square(by_person, person, 1.0)
    return value


@kernel(fastmath=REORDER)
def _add_square(products: Floats, vector: Floats, factor: float) -> None:
    """products += factor * vector vector', its upper triangle."""
    for k in range(len(vector)):
        scaled = factor * vector[k]
        for m in range(k, len(vector)):
            products[k, m] += scaled * vector[m]


@kernel()
def nested_blocks(
    x: Floats,
    chosen: Floats,
    start: Integers,
    weight: Floats,
    person_start: Integers,
    nest: Integers,
    beta: Floats,
    dissimilarity: Floats,
    low: int,
    high: int,
    values: Floats,
    gradients: Floats,
    information: Floats,
    by_choice: Floats,
    by_person: Floats,
) -> None:
    """Add up, for the blocks of persons from low to high: log-likelihood float64[block], gradient
    float64[block, parameter], information and outer products of the scores of choices and of persons
    float64[block, parameter, parameter], their upper triangles.

    x : float64[row, term]; chosen : float64[row]; start : int64[situation + 1]; weight : float64[situation];
    person_start : int64[person + 1]; nest : int64[row], -1 for an alternative alone; beta : float64[term];
    dissimilarity : float64[nest]. Parameters are the tastes, then the dissimilarities.
    """
    persons, blocks = len(person_start) - 1, len(values)
    for block in range(low, high):
        begin, end = block * persons // blocks, (block + 1) * persons // blocks
        values[block] += _block(
            x, chosen, start, weight, person_start, nest, beta, dissimilarity, begin, end,
            gradients[block], information[block], by_choice[block], by_person[block],
        )  # fmt: skip


@kernel()
def nested_log_probabilities(x: Floats, start: Integers, nest: Integers, beta: Floats, dissimilarity: Floats) -> Floats:
    """float64[row]: the logarithm of each alternative's probability in its situation."""
    nests, widest = len(dissimilarity), 0
    for s in range(len(start) - 1):
        widest = max(widest, start[s + 1] - start[s])
    utility, within = np.empty(widest), np.empty(widest)
    inclusive, across = np.empty(nests), np.empty(nests + widest)
    result = np.empty(len(x))
    for s in range(len(start) - 1):
        alternatives = start[s + 1] - start[s]
        log_sum = _situation(x, start[s], alternatives, nest, beta, dissimilarity, utility, within, inclusive, across)
        for j in range(alternatives):
            m = nest[start[s] + j]
            result[start[s] + j] = utility[j] - log_sum
            if m >= 0:
                result[start[s] + j] = utility[j] / dissimilarity[m] - (1 - dissimilarity[m]) * inclusive[m] - log_sum
    return result
