"""Demand: what buyers will choose, how many, where and when; and what the data cannot say."""

from .calibrate import Dropped, Market, ObservedShare, calibrate, observed_shares
from .evidence import CrossSection, cross_section_price_slope
from .logit import shares
from .model import ForecastCell, MonthlySales, Rival, Taste
from .predict import OUTSIDE, Interval, SharePrediction, Source, predict_share

__all__ = [
    "OUTSIDE",
    "CrossSection",
    "Dropped",
    "ForecastCell",
    "Interval",
    "Market",
    "MonthlySales",
    "ObservedShare",
    "Rival",
    "SharePrediction",
    "Source",
    "Taste",
    "calibrate",
    "cross_section_price_slope",
    "observed_shares",
    "predict_share",
    "shares",
]
