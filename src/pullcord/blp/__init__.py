"""Demand from market shares: random coefficients, firms' markups and costs, and what other prices would do."""

from .agents import grid_agents, normal_agents
from .automobiles import load_automobiles, load_cereals
from .calibrate import CalibratedTastes, SurveyTastes, calibrate_tastes, constants_for_tastes
from .data import Agents, MarketData
from .demand import Demand, Equilibrium, merger
from .fit import BLPFit, Search
from .gmm import Covariance, Gmm
from .instruments import characteristic_sums, differentiation_instruments, optimal_instruments
from .inversion import Inversion, Tastes, invert, logit_delta, mean_utilities
from .logit import LogitFit, ShareLogit
from .model import BLP
from .reading import read_markets
from .simulate import simulate
from .terms import Table

__all__ = [
    "BLP",
    "Agents",
    "BLPFit",
    "CalibratedTastes",
    "Covariance",
    "Demand",
    "Equilibrium",
    "Gmm",
    "Inversion",
    "LogitFit",
    "MarketData",
    "Search",
    "ShareLogit",
    "SurveyTastes",
    "Table",
    "Tastes",
    "calibrate_tastes",
    "characteristic_sums",
    "constants_for_tastes",
    "differentiation_instruments",
    "grid_agents",
    "invert",
    "load_automobiles",
    "load_cereals",
    "logit_delta",
    "mean_utilities",
    "merger",
    "normal_agents",
    "optimal_instruments",
    "read_markets",
    "simulate",
]
