"""Discrete choice: observed choices in, tastes with their uncertainty out."""

from .after.bootstrap import Bootstrap, bootstrap
from .after.comparison import (
    Comparison,
    LikelihoodRatio,
    NonNested,
    ben_akiva_swait_test,
    compare,
    likelihood_ratio_test,
)
from .after.elasticity import Responses, elasticities, marginal_effects
from .after.enumeration import market_shares, observed_shares
from .after.scenario import Add, Change, Remove, Scenario, market_of, scenario
from .after.simulation import MarketSimulation, Segment, simulate_market
from .after.uncertainty import Range, draw_estimates
from .after.validation import CalibrationBin, Validation, calibration_table, validate
from .after.willingness import willingness_to_pay
from .after.worths import WillingnessTable, WillingnessToPay
from .checks.data_report import DataReport, data_report
from .checks.findings import Finding, check_choices, refuse_unidentified
from .checks.separation import separating_direction
from .closed_form.latent_class import LatentClass
from .closed_form.multinomial import Logit
from .closed_form.nested import Dissimilarity, NestedLogit, dissimilarities
from .compiling import announce_compilation
from .data import ChoiceData
from .engines.engine import Engine, fit, fit_shards
from .fit import Convergence, Covariance, Fit, Model
from .mixed.control import ControlFunction
from .mixed.draws import Draws
from .mixed.mixing import (
    CensoredNormal,
    ErrorComponent,
    Lognormal,
    Normal,
    Triangular,
    TruncatedNormal,
    Uniform,
)
from .mixed.model import IndividualTastes, MixedLogit
from .reading.counts import choices_from_cells, count_cells, count_choices
from .reading.datasets import DATASETS, Dataset, load_dataset
from .reading.files import choices_from_table, read_choices
from .table import as_json, fit_table
from .trust_region import Maximum, Point, maximise
from .utility import Term, columns_in, design_matrix, parse_utility
from .warming import warm_up

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
    "columns_in",
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
