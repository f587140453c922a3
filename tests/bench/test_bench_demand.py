"""The bench gives every package the same problem, and its rows say what was measured and what was not."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pullcord import cli
from pullcord.base import PartnerFailure
from pullcord.bench import CASES, PEERS, Problem, fit_ours, halton_normals, made_market
from pullcord.cli import app

KEYS = {"case", "peer", "ours_s", "peer_s", "ratio", "ours_ll", "peer_ll", "ours_mb", "peer_mb"}


def problem(random: tuple[str, ...] = ("x0", "x1"), draws: int = 60) -> Problem:
    columns = " + ".join(f"x{k}" for k in range(10))
    return Problem("small", made_market(40, situations=5, alternatives=4), columns, random, draws)


def test_a_made_market_is_the_same_every_time() -> None:
    first, second = (made_market(15, situations=3, alternatives=4) for _ in range(2))
    np.testing.assert_array_equal(first.columns, second.columns)
    np.testing.assert_array_equal(first.chosen, second.chosen)
    assert (first.persons, first.situations, first.rows) == (15, 45, 180)


def test_halton_draws_are_spread_evenly() -> None:
    draws = halton_normals(50, 40, 3)
    assert draws.shape == (50, 40, 3)
    np.testing.assert_allclose(draws.mean(axis=(0, 1)), 0, atol=0.01)
    np.testing.assert_allclose(draws.std(axis=(0, 1)), 1, atol=0.02)


@pytest.mark.parametrize("peer", sorted(PEERS))
@pytest.mark.parametrize("kind", ["logit", "mixed"])
def test_a_peer_ends_where_we_end(peer: str, kind: str) -> None:
    if importlib.util.find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed: pip install 'pullcord[bench]'")
    if kind == "mixed" and peer != "xlogit":
        pytest.skip(f"{peer} takes minutes, or draws of its own")
    given = problem() if kind == "mixed" else problem(random=(), draws=0)
    assert PEERS[peer](given).log_likelihood == pytest.approx(fit_ours(given).log_likelihood, abs=0.01)


def test_rows_carry_what_was_asked_for() -> None:
    result = CliRunner().invoke(app, ["bench", "demand", "--case", "million-mixed", "--peer", "nobody"])
    assert result.exit_code != 0
    assert set(CASES["electricity-mixed"].peers) == set(PEERS)


def test_data_that_cannot_be_fetched_are_one_failure_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody answers there
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PULLCORD_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("PULLCORD_DATA_DIR", raising=False)
    monkeypatch.setattr(sys, "argv", ["pullcord", "bench", "demand", "--case", "swissmetro-logit"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr().err
    assert left.value.code == PartnerFailure.exit_status == 6
    assert "error: case `swissmetro-logit`: `swissmetro` cannot be fetched" in told
    assert "PULLCORD_DATA_DIR" in told
    assert "Traceback" not in told


def test_a_row_is_measured_in_processes_of_their_own(data_dir: object) -> None:
    result = CliRunner().invoke(app, ["bench", "demand", "--case", "swissmetro-logit", "--peer", "xlogit", "--json"])
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["rows"]
    assert set(row) >= KEYS
    assert row["ours_ll"] == pytest.approx(-5331.252, abs=1e-3)
    if row["peer_s"] is None:
        assert "pip install" in row["note"]
    else:
        assert row["peer_ll"] == pytest.approx(row["ours_ll"], abs=1e-3)
        assert row["ratio"] == pytest.approx(row["peer_s"] / row["ours_s"], rel=0.01)
