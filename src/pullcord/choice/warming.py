"""Compiling all kernels of the room beforehand, so that no fit has to wait for it and no benchmark counts it in."""

from __future__ import annotations

import numpy as np

from .closed_form.latent_class import LatentClass
from .closed_form.multinomial import Logit
from .closed_form.nested import NestedLogit
from .data import ChoiceData
from .fit import Model
from .mixed.draws import Draws
from .mixed.model import MixedLogit

_MODELS: tuple[Model, ...] = (
    Logit("price + speed"),
    NestedLogit("price + speed", nests={"two": ("a", "b")}),
    LatentClass("price + speed", membership="age", starts=1),
    MixedLogit("price + speed", mixing={"price": "normal"}, draws=Draws("halton", 32)),
)


def warm_up() -> None:
    """Fit every model to a few made-up choices: what is not on the disk yet is compiled, the rest is loaded."""
    data = _choices()
    for model in _MODELS:
        fit = model.fit(data)
        model.probabilities(np.nan_to_num(fit.estimates, nan=0.5), data)
        model.log_likelihoods(np.nan_to_num(fit.estimates, nan=0.5), data)


def _choices(persons: int = 20, times: int = 3, alternatives: int = 3) -> ChoiceData:
    """Choices that prove nothing, and yet have a logit."""
    situations = persons * times
    rows = np.arange(situations * alternatives)
    situation = rows // alternatives
    price, speed = np.sin(rows * 1.7), np.cos(rows * 2.9)
    utility = (price - speed + 2 * np.sin(rows * 12.3)).reshape(situations, alternatives)
    return ChoiceData(
        name="warm-up",
        column_names=("price", "speed", "age"),
        alternatives=("a", "b", "c"),
        columns=np.column_stack([price, speed, situation // times % 7]).astype(np.float64),
        alternative=rows % alternatives,
        chosen=(utility == utility.max(axis=1, keepdims=True)).ravel().astype(np.float64),
        situation_start=np.arange(situations + 1) * alternatives,
        person_start=np.arange(persons + 1) * times,
        weight=np.ones(situations),
        person_ids=tuple(str(person) for person in range(persons)),
    )
