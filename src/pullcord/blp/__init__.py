"""Demand from market shares: random coefficients, firms' markups and costs, and what other prices would do."""

from .automobiles import load_automobiles, load_cereals
from .data import Agents, MarketData
from .demand import Demand, Equilibrium, merger
from .fit import BLPFit, Search
from .gmm import Covariance, Gmm
from .inversion import Inversion, Tastes, invert, logit_delta, mean_utilities
from .logit import LogitFit, ShareLogit
from .model import BLP
from .reading import read_markets
from .terms import Table

__all__ = [
    "BLP",
    "Agents",
    "BLPFit",
    "Covariance",
    "Demand",
    "Equilibrium",
    "Gmm",
    "Inversion",
    "LogitFit",
    "MarketData",
    "Search",
    "ShareLogit",
    "Table",
    "Tastes",
    "invert",
    "load_automobiles",
    "load_cereals",
    "logit_delta",
    "mean_utilities",
    "merger",
    "read_markets",
]
