"""Demand: what buyers will choose, how many, where and when; and what the data cannot say."""

from .baselines import ForecastError, last_known, rolling_origin, seasonal_naive, wape
from .calibrate import Dropped, Market, ObservedShare, calibrate, observed_shares
from .drift import Change, ChangeDetector, ChangePolicy
from .events import ForecastPublished
from .evidence import CrossSection, cross_section_price_slope
from .forecast import (
    Forecast,
    Level,
    LevelBelief,
    Predictive,
    Signal,
    forecast_units,
    launch_profile,
    prior_mix,
    update_level,
    update_levels,
    update_mix,
)
from .hierarchy import Hierarchy, hierarchy
from .latency import LagError, LatencyCurve, MonthErrors, latency_curve
from .listening import CustomerSignal, Listening
from .logit import shares
from .model import ForecastCell, MonthlySales, Rival, Taste
from .panel import Panel, product_id, read_panel
from .pipeline import StreamBelief, StreamForecaster
from .predict import OUTSIDE, Interval, ShareDraws, SharePrediction, Source, draw_shares, predict_share
from .rungs import Ages, Hazards, Passage, Rung, RungConversion, conversion, mean_delay, registered_within
from .service import publish_forecast
from .store import FORECAST, PROJECTION, ForecastRow, current_forecast
from .streaming import Noticed, PersonAt, SignalStream, StreamState, merge

__all__ = [
    "FORECAST",
    "OUTSIDE",
    "PROJECTION",
    "Ages",
    "Change",
    "ChangeDetector",
    "ChangePolicy",
    "CrossSection",
    "CustomerSignal",
    "Dropped",
    "Forecast",
    "ForecastCell",
    "ForecastError",
    "ForecastPublished",
    "ForecastRow",
    "Hazards",
    "Hierarchy",
    "Interval",
    "LagError",
    "LatencyCurve",
    "Level",
    "LevelBelief",
    "Listening",
    "Market",
    "MonthErrors",
    "MonthlySales",
    "Noticed",
    "ObservedShare",
    "Panel",
    "Passage",
    "PersonAt",
    "Predictive",
    "Rival",
    "Rung",
    "RungConversion",
    "ShareDraws",
    "SharePrediction",
    "Signal",
    "SignalStream",
    "Source",
    "StreamBelief",
    "StreamForecaster",
    "StreamState",
    "Taste",
    "calibrate",
    "conversion",
    "cross_section_price_slope",
    "current_forecast",
    "draw_shares",
    "forecast_units",
    "hierarchy",
    "last_known",
    "latency_curve",
    "launch_profile",
    "mean_delay",
    "merge",
    "observed_shares",
    "predict_share",
    "prior_mix",
    "product_id",
    "publish_forecast",
    "read_panel",
    "registered_within",
    "rolling_origin",
    "seasonal_naive",
    "shares",
    "update_level",
    "update_levels",
    "update_mix",
    "wape",
]
