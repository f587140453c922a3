"""Discrete choice: observed choices in, tastes with their uncertainty out."""

from .bootstrap import Bootstrap, bootstrap
from .checks import Finding, check_choices, refuse_unidentified
from .comparison import (
    Comparison,
    LikelihoodRatio,
    NonNested,
    ben_akiva_swait_test,
    compare,
    likelihood_ratio_test,
)
from .compiling import announce_compilation
from .counts import choices_from_cells, count_cells, count_choices
from .data import ChoiceData
from .data_report import DataReport, data_report
from .datasets import DATASETS, Dataset, load_dataset
from .draws import Draws
from .elasticity import Responses, elasticities, marginal_effects
from .engines import Engine, fit, fit_shards
from .enumeration import market_shares, observed_shares
from .fit import Convergence, Covariance, Fit, Model
from .latent_class import LatentClass
from .mixed import IndividualTastes, MixedLogit
from .mixed_control import ControlFunction
from .mixing import (
    CensoredNormal,
    ErrorComponent,
    Lognormal,
    Normal,
    Triangular,
    TruncatedNormal,
    Uniform,
)
from .multinomial import Logit
from .nested import Dissimilarity, NestedLogit, dissimilarities
from .reading import choices_from_table, read_choices
from .scenario import Add, Change, Remove, Scenario, market_of, scenario
from .separation import separating_direction
from .simulation import MarketSimulation, Segment, simulate_market
from .table import as_json, fit_table
from .trust_region import Maximum, Point, maximise
from .uncertainty import Range, draw_estimates
from .utility import Term, design_matrix, parse_utility
from .validation import CalibrationBin, Validation, calibration_table, validate
from .warming import warm_up
from .willingness import willingness_to_pay
from .worths import WillingnessTable, WillingnessToPay

__all__ = [
    "DATASETS",
    "Add",
    "Bootstrap",
    "CalibrationBin",
    "CensoredNormal",
    "Change",
    "ChoiceData",
    "Comparison",
    "ControlFunction",
    "Convergence",
    "Covariance",
    "DataReport",
    "Dataset",
    "Dissimilarity",
    "Draws",
    "Engine",
    "ErrorComponent",
    "Finding",
    "Fit",
    "IndividualTastes",
    "LatentClass",
    "LikelihoodRatio",
    "Logit",
    "Lognormal",
    "MarketSimulation",
    "Maximum",
    "MixedLogit",
    "Model",
    "NestedLogit",
    "NonNested",
    "Normal",
    "Point",
    "Range",
    "Remove",
    "Responses",
    "Scenario",
    "Segment",
    "Term",
    "Triangular",
    "TruncatedNormal",
    "Uniform",
    "Validation",
    "WillingnessTable",
    "WillingnessToPay",
    "announce_compilation",
    "as_json",
    "ben_akiva_swait_test",
    "bootstrap",
    "calibration_table",
    "check_choices",
    "choices_from_cells",
    "choices_from_table",
    "compare",
    "count_cells",
    "count_choices",
    "data_report",
    "design_matrix",
    "dissimilarities",
    "draw_estimates",
    "elasticities",
    "fit",
    "fit_shards",
    "fit_table",
    "likelihood_ratio_test",
    "load_dataset",
    "marginal_effects",
    "market_of",
    "market_shares",
    "maximise",
    "observed_shares",
    "parse_utility",
    "read_choices",
    "refuse_unidentified",
    "scenario",
    "separating_direction",
    "simulate_market",
    "validate",
    "warm_up",
    "willingness_to_pay",
]
