"""Other packages beside us: the same fits in one run, with seconds, log-likelihood and memory of each."""

from .cases import CASES, Case, build_case, made_market
from .events import TASTES as EVENT_TASTES
from .events import compress_and_fit
from .ours import fit_ours
from .peers import PEERS, Answer, Problem, halton_normals
from .race import Row, race

__all__ = [
    "CASES",
    "EVENT_TASTES",
    "PEERS",
    "Answer",
    "Case",
    "Problem",
    "Row",
    "build_case",
    "compress_and_fit",
    "fit_ours",
    "halton_normals",
    "made_market",
    "race",
]
