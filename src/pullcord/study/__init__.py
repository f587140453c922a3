"""The main job: everything a program says, run from the market to the road and measured."""

from .customers import Customer, draw_customers, reservations_by_day
from .prepare import Prepared, prepare_run
from .replay import LaunchReplay, Tally
from .run import Study, encode, run_study
from .two_worlds import twin_input

__all__ = [
    "Customer",
    "LaunchReplay",
    "Prepared",
    "Study",
    "Tally",
    "draw_customers",
    "encode",
    "prepare_run",
    "reservations_by_day",
    "run_study",
    "twin_input",
]
