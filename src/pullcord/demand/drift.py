"""Whether the stream of arrivals has changed its rate: found as it happens, with the chance that it is so.

Between two changes arrivals are Poisson around one rate with a gamma belief. After each tick the detector holds, for
every possible number of ticks since the last change, how probable it is. Counts that scatter more than Poisson are
divided, and their exposure with them, by their dispersion (quasi-likelihood).

Source: Adams and MacKay (2007), Bayesian Online Changepoint Detection, arXiv:0710.3742, algorithm 1, with the gamma-
Poisson pair; Wedderburn (1974), Biometrika 61(3) (quasi-likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput

from .forecast import Level

Floats = NDArray[np.float64]
_lgamma = np.frompyfunc(lgamma, 1, 1)


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """When a change is believed, and what was thought of changes before.

    expected_gap : ticks between two changes, on average. alarm_at : probability that a change happened within the
    last `window` ticks at which it is reported. memory : ticks since a change that are told apart; older ones are one.
    spread : how far a new rate may lie from what was believed of rates in general, as the deviation of its prior
    relative to its mean.
    """

    expected_gap: float = 365.0
    alarm_at: float = 0.95
    window: int = 14
    memory: int = 120
    spread: float = 1.0

    def __post_init__(self) -> None:
        if not (self.expected_gap > 1 and 0 < self.alarm_at < 1 and self.spread > 0):
            raise InvalidInput(
                f"changes every {self.expected_gap} ticks, believed at {self.alarm_at}, with spread {self.spread}",
                "give a gap above 1, a probability below 1 and a spread above zero",
            )
        if not 1 <= self.window < self.memory:
            raise InvalidInput(
                f"a window of {self.window} ticks within a memory of {self.memory}", "give 1 <= window < memory"
            )


@dataclass(frozen=True, slots=True)
class Change:
    """A change of rate that was reported: when it was noticed, when it most likely began, and from what to what.

    Rates are arrivals a tick at exposure 1; `probability` is that of a change within the policy's window.
    """

    noticed_tick: int
    began_tick: int
    rate_before: float
    rate_after: float
    probability: float


class ChangeDetector:
    """Follows one series of counts; `add` takes a tick's count and exposure, and says whether the rate has changed."""

    __slots__ = ("_fresh", "_log_run", "_rate", "_shape", "_tick", "policy")

    def __init__(self, prior: Level, policy: ChangePolicy) -> None:
        self.policy = policy
        shape = 1 / policy.spread**2
        self._fresh = (shape, shape / prior.mean)  # a rate after a change: the prior's mean, with the policy's spread
        # Position r belongs to "the last change was r ticks ago"; the first rate has the prior that was given.
        self._log_run = np.zeros(1)
        self._shape = np.array([prior.shape])
        self._rate = np.array([prior.rate])
        self._tick = -1

    def add(self, count: float, exposure: float, dispersion: float = 1.0) -> Change | None:
        """The change that this tick's count makes probable enough to report, if any.

        After a report the detector starts anew from what was seen since the change: one change is reported once.
        """
        self._tick += 1
        if exposure <= 0:
            return None  # nothing could have come, so nothing is learned
        count, exposure = count / dispersion, exposure / dispersion
        predictive = self._log_predictive(count, exposure)
        hazard = 1 / self.policy.expected_gap
        stayed = self._log_run + predictive + log(1 - hazard)
        fresh_shape, fresh_rate = self._fresh
        changed = float(_log_negative_binomial(np.array([fresh_shape]), np.array([fresh_rate]), count, exposure)[0])
        changed += log(hazard)  # the run lengths add up to 1
        run = np.concatenate([[changed], stayed])
        shape = np.concatenate([[fresh_shape], self._shape]) + count
        rate = np.concatenate([[fresh_rate], self._rate]) + exposure
        if run.size > self.policy.memory:  # the oldest two become one
            run[-2] = np.logaddexp(run[-2], run[-1])
            shape[-2], rate[-2] = shape[-1], rate[-1]
            run, shape, rate = run[:-1], shape[:-1], rate[:-1]
        run = run - np.logaddexp.reduce(run)
        self._log_run, self._shape, self._rate = run, shape, rate
        return self._report()

    def level(self) -> Level:
        """The rate since the last change, as believed over all moments at which that may have been.

        One gamma with the mixture's mean and variance.
        """
        weight = np.exp(self._log_run)
        means = self._shape / self._rate
        mean = float(weight @ means)
        variance = float(weight @ (self._shape / self._rate**2 + (means - mean) ** 2))
        return Level.from_moments(mean, variance**0.5)

    def change_probability(self) -> float:
        """The probability that the rate has changed within the policy's window."""
        return float(np.exp(self._log_run[: self.policy.window]).sum()) if self._known_start() else 0.0

    def _known_start(self) -> bool:
        return self._log_run.size > self.policy.window

    def _log_predictive(self, count: float, exposure: float) -> Floats:
        return _log_negative_binomial(self._shape, self._rate, count, exposure)

    def _report(self) -> Change | None:
        probability = self.change_probability()
        if probability < self.policy.alarm_at:
            return None
        ticks_ago = int(np.argmax(self._log_run[: self.policy.window]))
        before = int(np.argmax(self._log_run[self.policy.window :])) + self.policy.window
        # The longer run counts the ticks since the change too: take them out to see the rate before.
        shape = self._shape[before] - (self._shape[ticks_ago] - self._fresh[0])
        rate = self._rate[before] - (self._rate[ticks_ago] - self._fresh[1])
        change = Change(
            noticed_tick=self._tick,
            began_tick=self._tick - ticks_ago,
            rate_before=float(max(shape, 0.0) / rate) if rate > 0 else float("nan"),
            rate_after=float(self._shape[ticks_ago] / self._rate[ticks_ago]),
            probability=probability,
        )
        self._log_run = np.zeros(1)
        self._shape = self._shape[ticks_ago : ticks_ago + 1].copy()
        self._rate = self._rate[ticks_ago : ticks_ago + 1].copy()
        return change


def _log_negative_binomial(shape: Floats, rate: Floats, count: float, exposure: float) -> Floats:
    """float64[run]: log-probability of a Poisson count whose rate is gamma; counts need not be whole."""
    gammas = np.asarray(_lgamma(shape + count) - _lgamma(shape), dtype=np.float64) - lgamma(count + 1)
    return np.asarray(
        gammas + shape * np.log(rate / (rate + exposure)) + count * np.log(exposure / (rate + exposure)),
        dtype=np.float64,
    )
