"""Demand: what buyers will choose, how many, where and when; and what the data cannot say."""

from .backtest import LEVELS, Backtest, Comparison, Forecaster, Foretold, KnownPanel, Score, backtest
from .baselines import ForecastError, last_known, rolling_origin, seasonal_naive, wape
from .calibrate import Dropped, Market, ObservedShare, calibrate, observed_shares
from .drift import Change, ChangeDetector, ChangePolicy
from .events import ForecastPublished, ForecastRevised
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
from .naive import LAST_KNOWN, SEASONAL_GROWTH, SEASONAL_NAIVE, Naive
from .panel import Panel, product_id, read_panel
from .peers import StatsForecast
from .pipeline import StreamBelief, StreamForecaster
from .pooled import CHINA_MONTHS, Pooled, Scales, fit_scales
from .predict import OUTSIDE, Interval, ShareDraws, SharePrediction, Source, draw_shares, predict_share
from .rungs import Ages, Hazards, Passage, Rung, RungConversion, conversion, mean_delay, registered_within
from .service import publish_forecast, revise_forecast
from .store import (
    FORECAST,
    FORECAST_LEVEL,
    ORDERS,
    PROJECTION,
    ForecastLevelRow,
    ForecastRow,
    current_forecast,
    revised_scale,
)
from .streaming import Noticed, PersonAt, SignalStream, StreamState, merge

__all__ = [
    "CHINA_MONTHS",
    "FORECAST",
    "FORECAST_LEVEL",
    "LAST_KNOWN",
    "LEVELS",
    "ORDERS",
    "OUTSIDE",
    "PROJECTION",
    "SEASONAL_GROWTH",
    "SEASONAL_NAIVE",
    "Ages",
    "Backtest",
    "Change",
    "ChangeDetector",
    "ChangePolicy",
    "Comparison",
    "CrossSection",
    "CustomerSignal",
    "Dropped",
    "Forecast",
    "ForecastCell",
    "ForecastError",
    "ForecastLevelRow",
    "ForecastPublished",
    "ForecastRevised",
    "ForecastRow",
    "Forecaster",
    "Foretold",
    "Hazards",
    "Hierarchy",
    "Interval",
    "KnownPanel",
    "LagError",
    "LatencyCurve",
    "Level",
    "LevelBelief",
    "Listening",
    "Market",
    "MonthErrors",
    "MonthlySales",
    "Naive",
    "Noticed",
    "ObservedShare",
    "Panel",
    "Passage",
    "PersonAt",
    "Pooled",
    "Predictive",
    "Rival",
    "Rung",
    "RungConversion",
    "Scales",
    "Score",
    "ShareDraws",
    "SharePrediction",
    "Signal",
    "SignalStream",
    "Source",
    "StatsForecast",
    "StreamBelief",
    "StreamForecaster",
    "StreamState",
    "Taste",
    "backtest",
    "calibrate",
    "conversion",
    "cross_section_price_slope",
    "current_forecast",
    "draw_shares",
    "fit_scales",
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
    "revise_forecast",
    "revised_scale",
    "rolling_origin",
    "seasonal_naive",
    "shares",
    "update_level",
    "update_levels",
    "update_mix",
    "wape",
]
