"""What a rung is worth: closed forms, censoring, and intervals that cover the truth."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from launch_crowd import AGES, crowd, hear, listening, true_conversions, true_hazards

from pullcord.base import InvalidInput
from pullcord.demand import Ages, Hazards, Passage, Rung, SignalStream, conversion, mean_delay, registered_within

FOLLOWED = Ages.doubling(200)


def ladder(reserve: float, lock: float, delay: float = 5.0) -> Hazards:
    passages = [
        Passage(Rung.RESERVE, Rung.LOCK, reserve, delay),
        Passage(Rung.LOCK, Rung.REGISTRATION, lock, 2 * delay),
    ]
    return Hazards.prior(passages, 50, Ages(tuple(range(1, 301)), 300))


@given(reserve=st.floats(0.01, 1), lock=st.floats(0.01, 1), delay=st.floats(1, 10))
def test_shares_multiply_and_delays_add_up_along_the_ladder(reserve, lock, delay):
    belief = ladder(reserve, lock, delay)
    worth = conversion(belief.mean(), belief.ages)
    assert worth[Rung.LOCK] == pytest.approx(lock, rel=1e-4)
    assert worth[Rung.RESERVE] == pytest.approx(reserve * lock, rel=1e-4)
    assert worth[Rung.VIEW] == 0
    waits = mean_delay(belief.mean(), belief.ages)
    assert waits[Rung.RESERVE] == pytest.approx(3 * delay, rel=1e-3)
    assert np.isnan(waits[Rung.VIEW])


def test_all_who_register_do_so_within_the_ages_that_are_followed():
    belief = ladder(0.5, 0.8)
    within = registered_within(belief.mean(), belief.ages, 600)
    worth = conversion(belief.mean(), belief.ages)
    assert within[Rung.RESERVE, 0, 600] == pytest.approx(worth[Rung.RESERVE], rel=1e-6)
    assert np.all(np.diff(within, axis=-1) >= -1e-12)
    # Who has waited long without moving is worth less than who has just come.
    assert within[Rung.RESERVE, 60, 600] < 0.1 * within[Rung.RESERVE, 0, 600]


def test_the_first_tick_is_the_first_hazard():
    single = Ages(tuple(range(1, AGES.last + 1)), AGES.last)
    hazards = true_hazards()
    within = registered_within(hazards, single, 8)
    assert within[Rung.LOCK, 6, 1] == pytest.approx(0.2)
    assert within[Rung.LOCK, 0, 5] == 0
    assert within[Rung.LOCK, 0, 6] == pytest.approx(0.995**5 * 0.2)


@pytest.mark.parametrize("seed", range(3))
def test_hazards_are_learned_from_signals(seed):
    told = crowd(seed, 60, views=150, reserves=30)
    heard = hear(SignalStream(listening()), told)
    heard.advance_to(heard.tick + 1)
    worth, true = conversion(heard.hazards.mean(), AGES), true_conversions()
    for rung in (Rung.VIEW, Rung.CONFIGURE, Rung.RESERVE, Rung.DEPOSIT, Rung.LOCK):
        assert worth[rung] == pytest.approx(true[rung], rel=0.15)


def test_intervals_cover_the_truth_though_many_persons_have_not_moved_yet():
    """Right censoring: persons of the last days are still standing. 40 crowds of which 90 % should be covered, for each
    of 4 rungs: 133 of 160 is 2.9 standard deviations below 144 if rungs were independent."""
    true, covered, cut = true_conversions(), 0, timedelta(days=42)
    for seed in range(40):
        ears = listening()
        now = (ears.begins_at + cut).timestamp()
        heard = hear(SignalStream(ears), (x for x in crowd(seed, 42, views=40, reserves=8) if x[0] < now))
        heard.advance_to(42)
        told = heard.hazards.conversions(level=0.9, draws=400, seed=seed)
        rungs = (Rung.VIEW, Rung.RESERVE, Rung.DEPOSIT, Rung.LOCK)
        covered += sum(told[r].interval.low <= true[r] <= told[r].interval.high for r in rungs)
    assert 133 <= covered <= 160


def test_who_has_only_just_come_lowers_no_conversion():
    ears = listening()
    heard = hear(SignalStream(ears), crowd(1, 42, views=40, reserves=8))
    heard.advance_to(80)
    before = conversion(heard.hazards.mean(), AGES)
    for i in range(5_000):
        heard.hear_at(ears.begins_at.timestamp() + 86_400 * 80, f"new{i}", int(Rung.RESERVE), 0)
    heard.advance_to(81)
    np.testing.assert_array_equal(conversion(heard.hazards.mean(), AGES), before)


def test_the_prior_yields_to_persons():
    weak = Hazards.prior([Passage(Rung.RESERVE, Rung.REGISTRATION, 0.9, 2)], 5, FOLLOWED)
    trials, moves = np.zeros_like(weak.trials), np.zeros_like(weak.moves)
    trials[Rung.RESERVE, :] = 1e5
    moves[Rung.RESERVE, Rung.REGISTRATION, 0] = 1e4
    learned = weak.plus(Hazards(FOLLOWED, trials, moves))
    assert conversion(learned.mean(), FOLLOWED)[Rung.RESERVE] == pytest.approx(0.1, abs=0.01)
    told = learned.conversions(draws=200)[Rung.RESERVE]
    assert told.interval.low < told.share < told.interval.high
    assert told.interval.high - told.interval.low < 0.01


def test_discounted_evidence_says_the_same_less_surely():
    belief = ladder(0.5, 0.5)
    faded = belief.times(0.1)
    np.testing.assert_allclose(faded.mean(), belief.mean())
    sure, unsure = (b.conversions(draws=400)[Rung.RESERVE].interval for b in (belief, faded))
    assert unsure.high - unsure.low > 2 * (sure.high - sure.low)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: Passage(Rung.LOCK, Rung.VIEW, 0.5, 1), "nobody passes from lock to view"),
        (lambda: Passage(Rung.REGISTRATION, Rung.CANCEL, 0.5, 1), "nobody passes"),
        (lambda: Passage(Rung.VIEW, Rung.LOCK, 1.5, 1), "no passage"),
        (lambda: Ages((2, 3), 5), r"begin at \[2, 3\]"),
        (lambda: Hazards.prior([Passage(Rung.VIEW, Rung.LOCK, 0.6, 1)] * 2, 5, FOLLOWED), "leave view"),
        (lambda: Hazards.prior([], 0, FOLLOWED), "worth 0 persons"),
        (lambda: Hazards(FOLLOWED, np.zeros((6, 1)), np.zeros((6, 8, 1))), "do not fit"),
        (lambda: ladder(0.5, 0.5).plus(Hazards.nothing(FOLLOWED)), "different spans"),
        (lambda: ladder(0.5, 0.5).conversions(level=1.0), "no interval"),
    ],
)
def test_what_cannot_be_believed_is_refused(call, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        call()
