"""The stream: every signal counts at once, in any order within its tick, the same in every replay and over shards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from launch_crowd import BEGINS, crowd, hear, listening

from pullcord.base import Conflict, InvalidInput, NotFound, stream
from pullcord.demand import CustomerSignal, Rung, SignalStream, StreamState, merge

EARS = listening(half_life_arrivals=20.0, half_life_moves=40.0, half_life_mix=20.0)
START = datetime(BEGINS.year, BEGINS.month, BEGINS.day, tzinfo=UTC)


def signal(day: float, person: str, rung: Rung, about: str = "blue", city: str = "east") -> CustomerSignal:
    return CustomerSignal(START + timedelta(days=day), person, rung, about, city)


SIGNALS = st.lists(
    st.builds(
        signal,
        st.floats(0, 12, exclude_max=True),
        st.sampled_from("abcd"),
        st.sampled_from(Rung),
        st.sampled_from(("blue", "white", "any")),
        st.sampled_from(("east", "west")),
    ),
    max_size=40,
)


def heard(signals, ears=EARS) -> SignalStream:
    made = SignalStream(ears)
    made.hear_all(signals)
    return made


def by_day(signals):
    return sorted(signals, key=lambda s: (s.at - START).days)


@given(signals=SIGNALS, order=st.randoms(use_true_random=False))
def test_order_within_a_tick_makes_no_difference(signals, order):
    shuffled = list(signals)
    order.shuffle(shuffled)
    assert heard(by_day(shuffled)).state() == heard(by_day(signals)).state()


@given(signals=SIGNALS, cut=st.integers(0, 40))
def test_a_stream_resumed_from_its_state_goes_on_to_the_last_bit(signals, cut):
    signals = by_day(signals)
    kept = heard(signals[:cut]).state().to_json()
    resumed = SignalStream.resume(EARS, StreamState.from_json(kept))
    assert resumed.state().to_json() == kept
    resumed.hear_all(signals[cut:])
    whole = heard(signals)
    resumed.advance_to(30)
    whole.advance_to(30)
    assert resumed.state().to_json() == whole.state().to_json()
    assert resumed.arrivals(Rung.VIEW) == whole.arrivals(Rung.VIEW)
    np.testing.assert_array_equal(resumed.waiting(), whole.waiting())


@given(signals=SIGNALS)
def test_a_person_stands_on_one_rung_or_has_ended(signals):
    stream_ = heard(by_day(signals))
    ends = sum(at.rung >= Rung.CANCEL for _, at in stream_.state().persons)
    assert stream_.standing().sum() + ends == len(stream_.state().persons)
    assert stream_.standing().min(initial=0) >= 0
    np.testing.assert_array_equal(stream_.waiting().sum(axis=1), stream_.standing().sum(axis=1))


@settings(max_examples=20)
@given(seed=st.integers(0, 1_000))
def test_shards_add_up_to_the_whole(seed):
    told = crowd(seed, 12, views=6, reserves=2)
    parts = [heard([], EARS) for _ in range(3)]
    for at, person, rung, variant, city in told:
        part = parts[int(person[1:]) % 3]
        part.hear_at(at, person, rung, part.cell(variant, city))
    whole = hear(SignalStream(EARS), told)
    for one in (*parts, whole):
        one.advance_to(120)
    merged, all_ = merge([part.state() for part in parts]), whole.state()
    assert (merged.persons, merged.arrivals, merged.signals) == (all_.persons, all_.arrivals, all_.signals)
    np.testing.assert_allclose(merged.trials, all_.trials, rtol=1e-12)
    np.testing.assert_allclose(merged.moves, all_.moves, rtol=1e-12)
    np.testing.assert_allclose(merged.registered, all_.registered, rtol=1e-12)
    assert SignalStream.resume(EARS, merged).arrivals(Rung.VIEW) == whole.arrivals(Rung.VIEW)


def test_the_dearest_signal_counts_once():
    stream_ = heard(
        [
            signal(0.1, "ann", Rung.VIEW),
            signal(0.2, "ann", Rung.RESERVE, "white"),
            signal(0.3, "ann", Rung.VIEW, "blue"),
            signal(0.3, "ben", Rung.VIEW),
        ]
    )
    assert stream_.standing().sum(axis=1).tolist() == [1, 0, 0, 1, 0, 0]
    assert stream_.standing()[Rung.RESERVE, stream_.cell("white", "east")] == 1
    stream_.hear(signal(2.5, "ann", Rung.DEPOSIT, "white"))
    assert stream_.standing().sum(axis=1).tolist() == [1, 0, 0, 0, 1, 0]
    stream_.hear(signal(3.5, "ann", Rung.REGISTRATION, "white"))
    assert stream_.standing().sum() == 1
    assert stream_.registered()[stream_.cell("white", "east")] == 1
    stream_.hear(signal(5, "ann", Rung.VIEW))
    assert stream_.ignored == 1
    # Tick 0 saw two new persons; the moves came two ticks and one tick later.
    assert stream_.state().arrivals[0] == (1, 0, 0, 1, 0, 0, 0, 0)
    moves = np.reshape(stream_.state().moves, (6, 8, -1)).sum(axis=2)
    assert moves[Rung.RESERVE, Rung.DEPOSIT] > 0.9
    assert moves[Rung.DEPOSIT, Rung.REGISTRATION] > 0.9


def test_who_cancelled_may_come_back_and_who_stands_still_is_let_go():
    stream_ = heard([signal(0, "ann", Rung.RESERVE), signal(1, "ann", Rung.CANCEL), signal(4, "ann", Rung.VIEW)])
    assert stream_.standing().sum(axis=1).tolist() == [1, 0, 0, 0, 0, 0]
    assert stream_.state().arrivals[4] == (1, 0, 0, 0, 0, 0, 0, 0)
    stream_.advance_to(4 + EARS.ages.last)
    assert stream_.standing().sum() == 1
    stream_.advance_to(5 + EARS.ages.last)
    assert stream_.standing().sum() == 0
    assert stream_.state().persons == ()


def test_late_signals_count_in_the_open_tick():
    stream_ = heard([signal(5, "ann", Rung.VIEW), signal(2, "ben", Rung.VIEW)])
    assert stream_.late == 1
    assert stream_.tick == 5
    assert stream_.standing().sum() == 2


def test_trials_are_person_ticks():
    ears = listening()
    stream_ = heard([signal(0, "ann", Rung.VIEW), signal(0, "ben", Rung.VIEW), signal(3, "ben", Rung.RESERVE)], ears)
    stream_.advance_to(5)
    trials = np.reshape(stream_.state().trials, (6, -1))
    assert trials[Rung.VIEW].sum() == 4 + 3  # ann stood in ticks 1 to 4, ben was at risk in ticks 1 to 3
    assert trials[Rung.RESERVE].sum() == 1


def test_old_evidence_counts_for_less():
    ears = listening(half_life_moves=10.0)
    stream_ = heard([signal(0, "ann", Rung.VIEW), signal(1, "ann", Rung.RESERVE)], ears)
    stream_.advance_to(2)
    fresh = sum(stream_.state().moves)
    stream_.advance_to(12)
    assert fresh == 1
    assert sum(stream_.state().moves) == pytest.approx(0.5)


def test_the_rate_of_arrivals_is_the_conjugate_one():
    ears = listening(profile=(2.0, 1.0))
    stream_ = heard([signal(0.5, f"p{i}", Rung.VIEW) for i in range(90)], ears)
    prior = ears.arrival_prior(Rung.VIEW)
    level = stream_.arrivals(Rung.VIEW, passed=0.5)
    assert (level.shape, level.rate) == (prior.shape + 90, prior.rate + 1.0)
    stream_.advance_to(2)
    level, spread = stream_.arrivals(Rung.VIEW, passed=0.0), stream_.dispersion
    assert (level.shape, level.rate) == pytest.approx((prior.shape + 90 / spread, prior.rate + 3 / spread))


def test_days_of_the_week_are_exposure():
    ears = listening(weekday=(1, 1, 1, 1, 1, 2, 3))
    assert [ears.exposure(t) for t in range(7)] == [1, 1, 1, 1, 1, 2, 3]
    rng = stream(3, "test.weekdays")
    stream_ = SignalStream(ears)
    number = 0
    for day in range(70):
        for _ in range(int(rng.poisson(20 * ears.exposure(day)))):
            number += 1
            stream_.hear(signal(day + 0.5, f"p{number}", Rung.VIEW))
    assert stream_.noticed == []
    assert stream_.arrivals(Rung.VIEW).mean == pytest.approx(20, rel=0.08)
    assert stream_.dispersion < 1.3


def test_more_scatter_than_chance_makes_beliefs_wider():
    def after(clumps: int) -> SignalStream:
        rng, number = stream(4, "test.scatter"), 0
        stream_ = SignalStream(listening())
        for day in range(60):
            for _ in range(clumps * int(rng.poisson(60 / clumps))):
                number += 1
                stream_.hear(signal(day + 0.5, f"p{number}", Rung.VIEW))
        return stream_

    smooth, clumped = after(1), after(6)
    assert smooth.dispersion < 1.5
    assert 3 < clumped.dispersion < 9
    assert clumped.arrivals(Rung.VIEW).deviation > 1.5 * smooth.arrivals(Rung.VIEW).deviation


def test_states_that_do_not_belong_together_are_refused():
    one, other = heard([signal(1, "ann", Rung.VIEW)]), heard([signal(1, "ann", Rung.VIEW)])
    with pytest.raises(Conflict, match="`ann` stands in two shards"):
        merge([one.state(), other.state()])
    with pytest.raises(Conflict, match="different ticks"):
        merge([one.state(), heard([signal(3, "ben", Rung.VIEW)]).state()])
    with pytest.raises(Conflict, match="another listening"):
        SignalStream.resume(listening(), one.state())
    with pytest.raises(InvalidInput, match="no state"):
        merge([])
    with pytest.raises(InvalidInput, match="no state of a stream"):
        StreamState.from_json(b'{"tick": 3}')


def test_unknown_names_are_refused():
    with pytest.raises(NotFound, match="variant or part `red`"):
        heard([signal(0, "ann", Rung.VIEW, "red")])
    with pytest.raises(NotFound, match="city `north`"):
        heard([signal(0, "ann", Rung.VIEW, "blue", "north")])
    with pytest.raises(InvalidInput, match="adding up to 1"):
        listening(mix=((0.5, 0.5, 0.5),) * 2)
    with pytest.raises(InvalidInput, match="must name some of the variants"):
        listening(parts=(("odd", ("red",)),))
    with pytest.raises(InvalidInput, match="half-lives"):
        replace(EARS, half_life_mix=0.0)
