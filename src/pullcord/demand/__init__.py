"""Demand: what buyers will choose, how many, where and when; and what the data cannot say."""

from .baselines import ForecastError, last_known, rolling_origin, seasonal_naive, wape
from .calibrate import Dropped, Market, ObservedShare, calibrate, observed_shares
from .events import ForecastPublished
from .evidence import CrossSection, cross_section_price_slope
from .forecast import (
    Forecast,
    Level,
    Signal,
    forecast_units,
    launch_profile,
    prior_mix,
    update_level,
    update_levels,
    update_mix,
)
from .latency import LagError, LatencyCurve, MonthErrors, latency_curve
from .logit import shares
from .model import ForecastCell, MonthlySales, Rival, Taste
from .panel import Panel, product_id, read_panel
from .predict import OUTSIDE, Interval, ShareDraws, SharePrediction, Source, draw_shares, predict_share
from .service import publish_forecast
from .store import FORECAST, PROJECTION, ForecastRow, current_forecast

__all__ = [
    "FORECAST",
    "OUTSIDE",
    "PROJECTION",
    "CrossSection",
    "Dropped",
    "Forecast",
    "ForecastCell",
    "ForecastError",
    "ForecastPublished",
    "ForecastRow",
    "Interval",
    "LagError",
    "LatencyCurve",
    "Level",
    "Market",
    "MonthErrors",
    "MonthlySales",
    "ObservedShare",
    "Panel",
    "Rival",
    "ShareDraws",
    "SharePrediction",
    "Signal",
    "Source",
    "Taste",
    "calibrate",
    "cross_section_price_slope",
    "current_forecast",
    "draw_shares",
    "forecast_units",
    "last_known",
    "latency_curve",
    "launch_profile",
    "observed_shares",
    "predict_share",
    "prior_mix",
    "product_id",
    "publish_forecast",
    "read_panel",
    "rolling_origin",
    "seasonal_naive",
    "shares",
    "update_level",
    "update_levels",
    "update_mix",
    "wape",
]
