"""Kernels: compiled once, announced while it happens, and not twice for the same work."""

from __future__ import annotations

import threading

import numba
import numpy as np
import pytest
from made_up_choices import made_up

from pullcord.choice import Draws, LatentClass, Logit, MixedLogit, NestedLogit, announce_compilation, warm_up
from pullcord.choice.compiling import share


def test_the_first_compilation_is_announced_once():
    @numba.njit
    def doubled(x):
        return 2 * x

    @numba.njit
    def halved(x):
        return x / 2

    told = []
    with announce_compilation(told.append):
        assert doubled(2.0) == 4
        assert halved(2.0) == 1
    assert told == ["doubled"]


def test_what_is_compiled_already_is_not_announced():
    @numba.njit
    def doubled(x):
        return 2 * x

    doubled(1.0)
    told = []
    with announce_compilation(told.append):
        assert doubled(3.0) == 6
    assert told == []


def test_after_warming_up_no_fit_waits_for_the_compiler():
    """Whatever the data are like: panels, counts, weights, sets of several sizes, columns as they stand or not."""
    warm_up()
    told = []
    tastes = np.array([0.5, -0.5])
    panel = made_up(tastes, sizes=(3, 4), persons=60)
    single = made_up(tastes, times=1, persons=200, weights=np.linspace(1, 2, 200))
    large = made_up(tastes, times=1, persons=50_000)
    with announce_compilation(told.append):
        for data in (panel, single, large):
            fit = Logit("x0 + x1").fit(data)
            Logit("x0 + x1").probabilities(fit.estimates, data)
            Logit("x0 + x1").log_likelihoods(fit.estimates, data)
        Logit("x0/10 + x1 + x0:x1 + 1@b").fit(panel)
        nested = NestedLogit("x0 + x1", nests={"ab": ("a", "b")})
        nested.log_likelihoods(nested.fit(panel).estimates, single)
        classes = LatentClass("x0 + x1", membership="age", starts=2)
        kinds = made_up(np.array([[1.5, -0.5], [-0.5, 1.0]]), times=6, persons=200)
        classes.probabilities(classes.fit(kinds).estimates, panel)
        mixed = MixedLogit("x0 + x1", mixing={"x1": "normal"}, draws=Draws("halton", 50))
        mixed.log_likelihoods(mixed.fit(kinds).estimates, kinds)
    assert told == []


@pytest.mark.parametrize(("blocks", "operations"), [(1, 1e12), (3, 1e12), (64, 1e3), (64, 1e12), (1000, 6e7)])
def test_every_block_is_worked_on_once(monkeypatch, blocks, operations):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 5)
    done, who = np.zeros(blocks, dtype=int), set()

    def work(low, high):
        who.add(threading.get_ident())
        done[low:high] += 1

    share(blocks, operations, work)
    assert np.all(done == 1)
    if operations < 1e4 or blocks == 1:
        assert who == {threading.get_ident()}  # small work is left to the caller


def test_what_goes_wrong_in_a_thread_is_not_lost(monkeypatch):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 3)

    def work(low, high):
        if low:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        share(10, 1e12, work)
