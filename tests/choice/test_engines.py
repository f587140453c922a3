"""Engines: the same fit whoever computes it, and data that stay where they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput, SolverFailure
from pullcord.choice import ChoiceData, Fit, Logit, MixedLogit, NestedLogit, fit, fit_shards, load_dataset, read_choices
from pullcord.choice.engines.ray_actors import ray_pool
from pullcord.choice.engines.shards import Shard, cut

MIXED = MixedLogit("price + fast + fuel=electric", mixing={"fast": "normal"}, draws=50)
DIFFERING = MixedLogit("price + range_km/100 + fast", mixing={"range_km/100": "normal"}, draws=50)
LOGIT = Logit("price + range_km/100 + fast + asc(petrol)")
DATA = choosers(61, 4, labelled=True, ragged=True, weighted=True)
# A mixed logit's draws stand for all choices of a person, which must weigh the same.
STEADY = choosers(61, 4, labelled=True, ragged=True, spread=0.6)
READING = {"person": "person", "situation": "task", "alternative": "car", "chosen": "chosen", "weight": "weight"}


def same(one: Fit, other: Fit) -> None:
    """Two fits that differ by the order of sums alone, and by where within its tolerance a search ends."""
    assert one.names == other.names
    assert abs(one.log_likelihood - other.log_likelihood) < 1e-9
    errors = other.standard_errors()
    np.testing.assert_allclose(one.estimates / errors, other.estimates / errors, rtol=0, atol=5e-5)
    for kind in ("classical", "robust", "clustered"):
        np.testing.assert_allclose(
            one.covariance(kind) / np.outer(errors, errors),
            other.covariance(kind) / np.outer(errors, errors),
            rtol=0,
            atol=1e-4,
        )
    for field in ("situations", "persons", "weighted", "counted", "data_name", "seed", "draws", "unidentified"):
        assert getattr(one, field) == getattr(other, field)
    assert one.null_log_likelihood == pytest.approx(other.null_log_likelihood, rel=1e-12)


def test_persons_of_weight_zero_keep_their_draws() -> None:
    """They are not in the sample, but stand among the others: whose draws are whose does not depend on shards."""
    weight = np.repeat((np.arange(61) % 3 > 0).astype(float), 4)
    data = replace(STEADY, weight=weight)
    whole, apart = MIXED.fit(data), fit(data, MIXED, shards=3)
    assert whole.persons == 40
    same(apart, whole)


def write_files(folder: Path, data: ChoiceData, files: int) -> list[Path]:
    """The data in Parquet files, whole persons in each."""
    situation = data.situation_of_row()
    fuel = np.where(data.column("fuel=electric") == 1, "electric", "petrol")
    table = pl.DataFrame(
        {
            "person": np.array(data.person_ids)[data.person_of_situation()[situation]],
            "task": situation,
            "car": np.array(data.alternatives)[data.alternative],
            "chosen": data.chosen,
            "weight": data.weight[situation],
            "price": data.column("price"),
            "range_km": data.column("range_km"),
            "fast": data.column("fast"),
            "fuel": fuel,
        }
    )
    person = data.person_of_situation()[situation]
    paths = []
    for i in range(files):
        rows = (person * files // data.persons) == i
        paths.append(folder / f"part{i}.parquet")
        table.filter(pl.Series(rows)).write_parquet(paths[-1])
    return paths


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    """A small Ray on this machine, gone afterwards."""
    module = pytest.importorskip("ray")
    module.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=80_000_000
    )
    yield
    module.shutdown()


@pytest.mark.parametrize("shards", [1, 2, 7, 61])
def test_shards_change_nothing(shards: int) -> None:
    same(fit(DATA, LOGIT, seed=3, shards=shards), fit(DATA, LOGIT, seed=3))


def test_shards_hold_whole_persons_in_order() -> None:
    pieces = cut(DATA, 7)
    assert [name for piece in pieces for name in piece.person_ids] == list(DATA.person_ids)
    assert sum(piece.rows for piece in pieces) == DATA.rows
    sizes = [piece.rows for piece in pieces]
    assert max(sizes) - min(sizes) <= 2 * 12  # a person has at most 12 rows
    assert [piece.persons for piece in cut(DATA, 61)] == [1] * 61
    with pytest.raises(InvalidInput, match="shards"):
        cut(DATA, 62)


def test_what_the_data_cannot_tell_is_refused_or_said(tmp_path: Path) -> None:
    data = choosers(40, 2, labelled=True)
    nothing = data.with_columns(price=np.zeros(data.rows))
    with pytest.raises(InvalidInput, match="the same for all"):
        fit(nothing, LOGIT, shards=3)
    apart = fit_shards(write_files(tmp_path, nothing, 3), LOGIT, engine="local", **READING)
    assert apart.unidentified == ("price",)
    same(apart, replace(LOGIT.fit(nothing, check=False), data_name="part0.parquet"))


def test_counts_stay_counts() -> None:
    counts = replace(choosers(30, 1), chosen=np.tile([3.0, 0.0, 1.0], 30))
    one = fit(counts, Logit("price + fast"), shards=4)
    same(one, fit(counts, Logit("price + fast")))
    assert one.counted
    assert one.situations == 120
    assert one.default_covariance == "classical"


@pytest.mark.usefixtures("ray")
def test_actors_compute_what_this_process_does() -> None:
    same(fit(STEADY, MIXED, engine="ray", shards=2, seed=3), fit(STEADY, MIXED, seed=3))


@pytest.mark.usefixtures("ray")
def test_files_are_read_where_they_are_computed(tmp_path: Path) -> None:
    paths = write_files(tmp_path, DATA, 3)
    whole = pl.concat([pl.read_parquet(path) for path in paths])
    whole.write_parquet(tmp_path / "whole.parquet")
    model = Logit("price + fuel=electric")
    apart = fit_shards(paths, model, workers=2, name="whole.parquet", **READING)
    here = fit(read_choices(tmp_path / "whole.parquet", **READING, name="whole.parquet"), model)
    same(apart, here)


@pytest.mark.usefixtures("ray")
def test_faults_of_a_shard_are_told_as_they_are(tmp_path: Path) -> None:
    paths = write_files(tmp_path, DATA, 2)
    pl.read_parquet(paths[1]).with_columns(chosen=0).write_parquet(paths[1])
    with pytest.raises(InvalidInput) as told:
        fit_shards(paths, LOGIT, workers=1, **READING)
    assert told.value.problems
    assert told.value.hint
    with pytest.raises(InvalidInput, match="processors"):
        fit(DATA, LOGIT, engine="ray", shards=40)


@pytest.mark.usefixtures("ray")
def test_a_lost_worker_is_said() -> None:
    import ray

    with ray_pool(lambda _: cut(DATA, 2), 1) as pool:
        ray.kill(pool._workers[0])  # type: ignore[attr-defined]
        with pytest.raises(SolverFailure, match="lost"):
            pool.ask("layout")


@pytest.mark.usefixtures("ray")
def test_ray_reports_to_nobody() -> None:
    from ray._common.usage import usage_lib

    assert not usage_lib.usage_stats_enabled()


def test_files_may_differ_in_what_they_happen_to_hold(tmp_path: Path) -> None:
    first, second = write_files(tmp_path, DATA, 2)
    table = pl.read_parquet(first)
    table.filter(pl.col("car") != "electric").filter(pl.col("chosen").sum().over("task") == 1).write_parquet(first)
    apart = fit_shards([first, second], Logit("price + fuel=electric"), engine="local", **READING)
    both = tmp_path / "both.parquet"
    pl.concat([pl.read_parquet(first), pl.read_parquet(second)]).write_parquet(both)
    here = fit(read_choices(both, **READING, name="part0.parquet"), Logit("price + fuel=electric"))
    same(apart, here)
    pl.read_parquet(second).drop("fast").write_parquet(second)
    with pytest.raises(InvalidInput, match="fast"):
        fit_shards([first, second], LOGIT, engine="local", **READING)


def test_a_person_in_two_files_is_refused(tmp_path: Path) -> None:
    first, _ = write_files(tmp_path, DATA, 2)
    with pytest.raises(InvalidInput, match="two shards"):
        fit_shards([first, first], LOGIT, engine="local", **READING)


def test_a_mixed_logit_of_files_draws_for_each_person_what_it_would_in_one_piece(tmp_path: Path) -> None:
    paths = write_files(tmp_path, STEADY, 4)
    apart = fit_shards(paths, DIFFERING, engine="local", seed=2, **READING)
    whole = tmp_path / "whole.parquet"
    pl.concat([pl.read_parquet(path) for path in paths]).write_parquet(whole)
    here = fit(read_choices(whole, **READING, name="part0.parquet"), DIFFERING, seed=2)
    assert abs(apart.log_likelihood - here.log_likelihood) < 1e-8  # begun from other values, ended within the tolerance
    other = fit_shards(paths[::-1], DIFFERING, engine="local", seed=2, **READING)
    assert abs(apart.log_likelihood - other.log_likelihood) > 1e-3  # other persons get other draws


def test_the_published_electricity_model_in_shards(data_dir: Path) -> None:
    tastes = ("pf", "cl", "loc", "wk", "tod", "seas")
    model = MixedLogit(" + ".join(tastes), mixing=dict.fromkeys(tastes, "normal"), draws=600)
    apart = fit(load_dataset("electricity", data_dir=data_dir), model, shards=3)
    assert apart.log_likelihood == pytest.approx(-3888.465, abs=5e-4)  # xlogit's documentation, 600 Halton draws


def test_a_missing_ray_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InvalidInput, match="not installed") as told:
        fit(DATA, LOGIT, engine="ray")
    assert "pullcord[cluster]" in str(told.value.hint)


def test_a_model_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot be fitted in shards"):
        fit(DATA, NestedLogit("price", nests={"oil": ("petrol", "hybrid")}), shards=2)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no engine"):
        fit(DATA, LOGIT, engine="cloud")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="no file"):
        fit_shards([], LOGIT)


def test_a_shard_without_a_model_says_so() -> None:
    with pytest.raises(InvalidInput, match="not been told"):
        Shard(DATA).point(np.zeros(2))
