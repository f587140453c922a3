"""Sample enumeration: from the probabilities of each choice to the shares of a market.

Source: Ben-Akiva and Lerman (1985), Discrete Choice Analysis, sec. 6.3.
"""

from __future__ import annotations

import numpy as np

from ..data import ChoiceData, Floats


def choices_faced(data: ChoiceData) -> Floats:
    """float64[situation]: how many choices the situation stands for: its weight times the choices counted in it."""
    return np.asarray(np.add.reduceat(data.chosen, data.situation_start[:-1]) * data.weight, dtype=np.float64)


def offers(data: ChoiceData) -> Floats:
    """float64[row]: how many choices the alternative on offer was faced in."""
    return np.asarray(choices_faced(data)[data.situation_of_row()], dtype=np.float64)


def market_shares(probability: Floats, data: ChoiceData) -> Floats:
    """float64[alternative]: the share of all choices that each alternative is foretold, by weight.

    probability : float64[row]. An alternative that is nowhere on offer has a share of 0.
    """
    faced = offers(data)
    totals = np.bincount(data.alternative, faced * probability, minlength=len(data.alternatives))
    return np.asarray(totals / choices_faced(data).sum(), dtype=np.float64)


def observed_shares(data: ChoiceData) -> Floats:
    """float64[alternative]: the share of all choices that fell on each alternative, by weight."""
    counted = data.chosen * data.weight[data.situation_of_row()]
    totals = np.bincount(data.alternative, counted, minlength=len(data.alternatives))
    return np.asarray(totals / counted.sum(), dtype=np.float64)
