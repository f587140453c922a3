"""Discrete choice: observed choices in, tastes with their uncertainty out."""

from .data import ChoiceData
from .fit import Convergence, Covariance, Fit, Model
from .trust_region import Maximum, Point, maximise
from .utility import Term, design_matrix, parse_utility

__all__ = [
    "ChoiceData",
    "Convergence",
    "Covariance",
    "Fit",
    "Maximum",
    "Model",
    "Point",
    "Term",
    "design_matrix",
    "maximise",
    "parse_utility",
]
