"""The latent class logit's likelihood with exact derivatives, person by person."""

from __future__ import annotations

import math

import numpy as np

from ..compiling import REORDER, kernel
from ..data import Floats, Integers
from .logit_kernels import add_products


@kernel(fastmath=REORDER)
def _class_choices(
    x: Floats,
    chosen: Floats,
    start: Integers,
    first: int,
    last: int,
    beta: Floats,
    p: Floats,
    score: Floats,
) -> float:
    """Log-probability of what a member of a class chose in the situations from first to last.

    p[row - start[first]] <- the probabilities; score[term] <- the gradient by the tastes beta[term].
    """
    origin, terms = start[first], len(beta)
    value = 0.0
    for k in range(terms):
        score[k] = 0.0
    for s in range(first, last):
        highest = -np.inf
        for row in range(start[s], start[s + 1]):
            utility = 0.0
            for k in range(terms):
                utility += beta[k] * x[row, k]
            p[row - origin] = utility
            highest = max(highest, utility)
            if chosen[row] != 0:
                value += utility
        total = 0.0
        for row in range(start[s], start[s + 1]):
            p[row - origin] = math.exp(p[row - origin] - highest)
            total += p[row - origin]
        value -= highest + math.log(total)
        for row in range(start[s], start[s + 1]):
            p[row - origin] /= total
            surprise = chosen[row] - p[row - origin]
            for k in range(terms):
                score[k] += surprise * x[row, k]
    return value


@kernel(fastmath=REORDER)
def _add_class_information(
    x: Floats,
    start: Integers,
    first: int,
    last: int,
    p: Floats,
    factor: float,
    mean: Floats,
    columns: Floats,
    products: Floats,
) -> None:
    """products[term, term] += factor * the information that choices of probabilities p hold; its upper triangle.

    columns : scratch, float64[term, row] with a row of zeros more where the number of terms is odd.
    """
    origin, terms = start[first], x.shape[1]
    for s in range(first, last):
        for k in range(terms):
            mean[k] = 0.0
        for row in range(start[s], start[s + 1]):
            for k in range(terms):
                mean[k] += p[row - origin] * x[row, k]
        for row in range(start[s], start[s + 1]):
            root = math.sqrt(factor * p[row - origin])
            for k in range(terms):
                columns[k, row - origin] = root * (x[row, k] - mean[k])
    add_products(columns, start[last] - origin, products)


@kernel(fastmath=REORDER)
def _block(
    x: Floats,
    chosen: Floats,
    start: Integers,
    person_start: Integers,
    weight: Floats,
    attributes: Floats,
    tastes: Floats,
    membership: Floats,
    low: int,
    high: int,
    derive: bool,
    gradient: Floats,
    information: Floats,
    complete: Floats,
    scores: Floats,
    likelihoods: Floats,
    prior: Floats,
    posterior: Floats,
) -> None:
    """What `latent_class_blocks` says, for the persons from low to high; adds to its arguments."""
    classes, terms = tastes.shape
    traits = attributes.shape[1]
    size = len(gradient)
    rows = 0
    for n in range(low, high):
        rows = max(rows, start[person_start[n + 1]] - start[person_start[n]])
    even = terms + terms % 2
    p = np.empty((classes, rows))
    columns, products = np.zeros((even, rows | 1)), np.zeros((classes, even, even))
    squares = np.zeros((classes, terms, terms))
    score, mean = np.empty((classes, terms)), np.empty(terms)
    whole = np.empty(size)
    for n in range(low, high):
        first, last = person_start[n], person_start[n + 1]
        # Prior and joint log-probabilities, each shifted by the largest.
        highest = -np.inf
        for c in range(classes):
            prior[n, c] = 0.0
            if c > 0:
                for q in range(traits):
                    prior[n, c] += membership[c - 1, q] * attributes[n, q]
            highest = max(highest, prior[n, c])
        total = 0.0
        for c in range(classes):
            total += math.exp(prior[n, c] - highest)
        shift = highest + math.log(total)
        highest = -np.inf
        for c in range(classes):
            posterior[n, c] = prior[n, c] - shift
            prior[n, c] = math.exp(posterior[n, c])
            posterior[n, c] += _class_choices(x, chosen, start, first, last, tastes[c], p[c], score[c])
            highest = max(highest, posterior[n, c])
        total = 0.0
        for c in range(classes):
            posterior[n, c] = math.exp(posterior[n, c] - highest)
            total += posterior[n, c]
        for c in range(classes):
            posterior[n, c] /= total
        likelihoods[n] = weight[n] * (highest + math.log(total))
        if not derive:
            continue
        w = weight[n]
        for c in range(classes):
            for k in range(terms):
                whole[c * terms + k] = posterior[n, c] * score[c, k]
        for c in range(1, classes):
            at = classes * terms + (c - 1) * traits
            for q in range(traits):
                whole[at + q] = (posterior[n, c] - prior[n, c]) * attributes[n, q]
        for k in range(size):
            gradient[k] += w * whole[k]
            if len(scores):
                scores[n, k] = w * whole[k]
            scaled = w * whole[k]
            for m in range(k, size):
                information[k, m] += scaled * whole[m]
        # Less the class's own squared scores, plus its information, as far as the person belongs to it.
        for c in range(classes):
            own = w * posterior[n, c]
            at = c * terms
            if own > 1e-14 * w:  # what is left of a class that the person is not of is lost in rounding
                _add_class_information(x, start, first, last, p[c], own, mean, columns, products[c])
            for k in range(terms):
                scaled = own * score[c, k]
                for m in range(k, terms):
                    squares[c, k, m] += scaled * score[c, m]
                for d in range(1, classes):
                    to = classes * terms + (d - 1) * traits
                    apart = scaled * ((1.0 if d == c else 0.0) - prior[n, d])
                    for q in range(traits):
                        information[at + k, to + q] -= apart * attributes[n, q]
        for d in range(1, classes):
            for e in range(d, classes):
                same = 1.0 if d == e else 0.0
                h, g = posterior[n, d], posterior[n, e]
                a, b = prior[n, d], prior[n, e]
                if d == e:
                    for q in range(traits):
                        at = classes * terms + (d - 1) * traits + q
                        complete[at] += w * a * (1 - a) * attributes[n, q] ** 2
                factor = w * (same * (a - h) - a * b + h * b + a * g - a * b)
                _add_traits(
                    information, attributes[n], factor, classes * terms + (d - 1) * traits,
                    classes * terms + (e - 1) * traits,
                )  # fmt: skip
    for c in range(classes):
        for k in range(terms):
            for m in range(k, terms):
                information[c * terms + k, c * terms + m] += products[c, k, m] - squares[c, k, m]
            complete[c * terms + k] = products[c, k, k]


@kernel(fastmath=REORDER)
def _add_traits(information: Floats, traits: Floats, factor: float, row: int, column: int) -> None:
    for q in range(len(traits)):
        for r in range(len(traits)):
            information[row + q, column + r] += factor * traits[q] * traits[r]


@kernel()
def latent_class_blocks(
    x: Floats,
    chosen: Floats,
    start: Integers,
    person_start: Integers,
    weight: Floats,
    attributes: Floats,
    tastes: Floats,
    membership: Floats,
    derive: bool,
    low: int,
    high: int,
    gradients: Floats,
    information: Floats,
    complete: Floats,
    scores: Floats,
    likelihoods: Floats,
    prior: Floats,
    posterior: Floats,
) -> None:
    """For the blocks of persons from low to high add up gradients[block, parameter], information[block, parameter,
    parameter] and complete[block, parameter], the diagonal of what the information would be were classes observed;
    and fill likelihoods[person], the weighted log-likelihood, prior[person, class] and posterior[person, class].

    x : float64[row, term]; chosen : float64[row], one 1 in each situation; start : int64[situation + 1]; person_start :
    int64[person + 1]; weight : float64[person]; attributes : float64[person, trait]; tastes : float64[class, term];
    membership : float64[class - 1, trait], of all classes but the first. Parameters are the tastes class by class,
    then memberships class by class. derive : whether gradient and information are wanted; scores :
    float64[person, parameter], filled, or empty. Of the information the upper triangle is filled.

    Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sec. 14.3; Louis (1982), Journal of the
    Royal Statistical Society B 44(2), eq. 3.2, for the information.
    """
    persons, blocks = len(person_start) - 1, len(gradients)
    for block in range(low, high):
        begin, end = block * persons // blocks, (block + 1) * persons // blocks
        _block(
            x, chosen, start, person_start, weight, attributes, tastes, membership, begin, end, derive,
            gradients[block], information[block], complete[block], scores, likelihoods, prior, posterior,
        )  # fmt: skip
