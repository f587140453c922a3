"""`demand report` and `demand release` as their user meets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pullcord.base import Conflict, InvalidInput, NotFound, PullcordError
from pullcord.cli import demand_report
from small_house import FOLDER, small_house

Run = Callable[..., tuple[int, Any]]
LATER = "2025-06-20T09:00+08:00"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """`run("release", ...)`: exit status and the JSON told; a failure is raised as it is."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(demand_report.report)
    app.command()(demand_report.release)
    for name in ("PULLCORD_DATABASE_URL", "PULLCORD_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def command(*words: object) -> tuple[int, Any]:
        told = CliRunner().invoke(app, [*map(str, words), "--json"])
        if isinstance(told.exception, PullcordError):
            raise told.exception
        return told.exit_code, json.loads(told.stdout.splitlines()[-1])

    return command


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Forty persons who reserved on the first day."""
    with small_house(tmp_path) as house:
        for i in range(40):
            house.reserve(f"o-{i}", "black" if i % 4 == 0 else "white", "beijing" if i < 30 else "harbin")
    return tmp_path / "ledger.db"


def release(run: Run, ledger: Path, *words: object, epsilon: str = "0.6") -> tuple[int, Any]:
    return run(
        "release", FOLDER, "--epsilon", epsilon, "--counted", "reserved", "--ledger", ledger, "--at", LATER, *words
    )


def test_a_report_of_forecasts_alone(run: Run, tmp_path: Path) -> None:
    status, told = run("report", FOLDER, "--out", tmp_path / "out")
    assert status == 0
    assert told["for"] == "maker"
    assert told["orders_seen"] is False
    assert (tmp_path / "out" / "demand.html").read_text(encoding="utf-8").count("No ledger was given") >= 1
    record = json.loads((tmp_path / "out" / "demand.json").read_bytes())
    assert record["market"]["units_middle"] == told["units_per_month"]["middle"]
    assert sorted(told["files"]["tables"]) == sorted(
        str(path) for path in (tmp_path / "out" / "demand_tables").iterdir()
    )
    assert not list(tmp_path.glob("**/*.db")), "nothing is begun"
    run("report", FOLDER, "--out", tmp_path / "again")
    for name in ("demand.html", "demand.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_release_then_a_report(run: Run, ledger: Path, tmp_path: Path) -> None:
    status, told = release(run, ledger, "--by", "city,colour")
    assert status == 0
    assert told["refused"] is False
    assert (told["to"], told["period"]) == ("maker", "2025Q2")
    assert told["epsilon_micro"] == 600_000
    assert told["left_micro"] == 400_000
    status, found = run("report", FOLDER, "--ledger", ledger, "--out", tmp_path / "out")
    assert found["releases"] == [told["release_id"]]
    table = (tmp_path / "out" / "demand_tables" / f"release_{told['release_id']}.csv").read_text(encoding="utf-8")
    assert table.startswith("city,colour,persons,lo_95,hi_95\n")
    assert f"fewer than {told['least_shown']}" in table
    page = (tmp_path / "out" / "demand.html").read_bytes()
    for part in (page, (tmp_path / "out" / "demand.json").read_bytes(), table.encode()):
        assert b"p-o-" not in part, "no person"
        assert b"o-12" not in part, "and no order"
    run("report", FOLDER, "--ledger", ledger, "--out", tmp_path / "again")
    assert (tmp_path / "again" / "demand.html").read_bytes() == page


def test_the_same_question_on_the_same_day_has_the_same_answer_at_no_cost(run: Run, ledger: Path) -> None:
    assert release(run, ledger) == release(run, ledger)
    status, told = release(run, ledger, "--at", "2025-06-21T09:00+08:00")
    assert status == 1, "another day is another release, and there is no budget for it"
    assert told["refused"] is True
    assert "has 0.4 of its 1 left for 2025Q2" in told["why"]
    assert told["left_micro"] == 400_000
    assert release(run, ledger, "--at", "2025-06-21T09:00+08:00", epsilon="0.4")[1]["left_micro"] == 0


def test_a_named_release_is_asked_for_again_by_its_name(run: Run, ledger: Path) -> None:
    first = release(run, ledger, "--name", "june")
    assert release(run, ledger, "--name", "june", "--at", "2025-06-25T09:00+08:00") == first
    with pytest.raises(Conflict, match="release-june"):
        release(run, ledger, "--name", "june", "--by", "city")


def test_what_cannot_be_is_refused_in_words(run: Run, ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be an epsilon"):
        release(run, ledger, epsilon="much")
    with pytest.raises(InvalidInput, match="cannot be counted by `size`"):
        release(run, ledger, "--by", "size")
    with pytest.raises(NotFound, match="`acme` is no party"):
        release(run, ledger, "--to", "acme")
    with pytest.raises(NotFound, match="`acme` is no party"):
        run("report", FOLDER, "--to", "acme", "--out", tmp_path / "out")
    with pytest.raises(NotFound):
        run("report", FOLDER, "--ledger", tmp_path / "nothing.db", "--out", tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="is a file"):
        run("report", FOLDER, "--out", tmp_path / "file")
    assert not (tmp_path / "out").exists()


def test_the_budget_of_the_program_is_kept(run: Run, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "program"))
    header = folder / "program.toml"
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace("[policies]", "[policies]\nprivacy_epsilon_per_quarter = 0.25"), encoding="utf-8")
    words = ("release", folder, "--ledger", tmp_path / "own.db", "--at", LATER)
    assert run(*words, "--epsilon", "0.3")[0] == 1
    assert run(*words, "--epsilon", "0.25")[0] == 0
