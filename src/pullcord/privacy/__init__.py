"""Privacy: counts of persons leave the house with noise, within a budget that the ledger keeps."""

from .coherent import Node, nodes, take_rates
from .events import CountsReleased
from .grid import Dimension, Grid
from .mechanism import measure, noise_scale
from .model import EPSILON_UNIT, Question, Refusal, Release, epsilon_micro, epsilon_text
from .noise import deviation, draw_noise, half_width
from .service import grid_of, release
from .store import PRIVACY_BUDGET, PRIVACY_RELEASE, PROJECTION, BudgetRow, ReleaseRow, budget_left

__all__ = [
    "EPSILON_UNIT",
    "PRIVACY_BUDGET",
    "PRIVACY_RELEASE",
    "PROJECTION",
    "BudgetRow",
    "CountsReleased",
    "Dimension",
    "Grid",
    "Node",
    "Question",
    "Refusal",
    "Release",
    "ReleaseRow",
    "budget_left",
    "deviation",
    "draw_noise",
    "epsilon_micro",
    "epsilon_text",
    "grid_of",
    "half_width",
    "measure",
    "nodes",
    "noise_scale",
    "release",
    "take_rates",
]
