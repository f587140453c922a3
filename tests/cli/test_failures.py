"""What goes wrong outside the program is one clear message and a status, never a traceback."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typed import Type

from pullcord.cli.console import refused_by_machine, talk
from small_house import FOLDER

WISH = ("o-1", "--variant", "black", "--plan", "owned", "--city", "chengdu")
MORNING = ("--at", "2025-06-03T09:00+08:00")


@pytest.mark.parametrize("below", ["", "deeper"])
def test_results_do_not_fit_into_a_file(pullcord: Type, tmp_path: Path, below: str) -> None:
    (tmp_path / "out").write_text("mine")
    told = pullcord("run", FOLDER, "--out", tmp_path / "out" / below)
    assert (told.status, told.out) == (2, "")
    assert f"`{tmp_path / 'out'}` is a file" in told.err
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("name", ["report.html", "results.json", "ledger.db"])
def test_a_folder_in_the_place_of_a_result_is_told_before_the_run(pullcord: Type, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    told = pullcord("run", FOLDER, "--out", tmp_path)
    assert (told.status, f"`{tmp_path / name}` is a folder" in told.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_ledger_where_none_can_be_written_has_status_1(pullcord: Type, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    told = pullcord("order", "reserve", FOLDER, *WISH, *MORNING, "--ledger", tmp_path / "file" / "deep" / "live.db")
    assert (told.status, told.out) == (1, "")
    assert told.err.startswith(f"error: `{tmp_path / 'file' / 'deep'}`: ")
    assert "hint: choose another place" in told.err


def test_a_machine_that_names_no_file_is_still_understood() -> None:
    assert refused_by_machine(OSError(28, "No space left on device")).message == "No space left on device"
    assert refused_by_machine(OSError("odd")).message == "odd"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("order", "show", FOLDER, "\udcff"), "cannot be the id of an order"),
        (("order", "show", FOLDER, "o/1"), "cannot be the id of an order"),
        (("order", "reserve", FOLDER, "o" * 41, *WISH[1:], *MORNING), "use 1 to 40 letters"),
        (("order", "reserve", FOLDER, *WISH, "--at", "0001-01-01T00:00+14:00"), "lies in the year 1"),
        (("order", "reserve", FOLDER, *WISH, "--at", "9999-12-31T23:59-12:00"), "lies in the year 9999"),
        (("bench", "promise", "--order", 999_999_999_999), "beyond the calendar"),
    ],
)
def test_words_that_mean_nothing_have_status_2(
    pullcord: Type, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    ledger = () if words[0] == "bench" else ("--ledger", tmp_path / "live.db")
    told = pullcord(*words, *ledger)
    assert (told.status, told.out, why in told.err) == (2, "", True)


def test_a_word_that_is_no_text_is_told_as_such(small: Type, pullcord: Type, tmp_path: Path) -> None:
    assert small("order reserve", *WISH, *MORNING).status == 0
    told = pullcord("ledger", "show", tmp_path / "live.db", "--stream", "\udcff")
    assert (told.status, "is no UTF-8" in told.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "content", "why"),
    [
        (("latency", "--panel"), b"month,brand,model,units,source,mark\n2025-01,\xff,x,1,s,C\n", "is no UTF-8"),
        (("latency", "--panel"), b"month,brand,model,units,source,mark\n0000-05,a,x,1,s,C\n", "`0000-05` is no month"),
        (("latency", "--panel"), b"month,brand,model,units,source,mark\n" + b"9" * 200_000, "is no CSV file"),
        (("promise", "--deliveries"), b"month,units\n2025-06,\xff\n", "is no UTF-8"),
        (("promise", "--deliveries"), b"month,units\n0000-05,1\n", "`0000-05` with `1` units"),
        (("promise", "--deliveries"), b"month,units\n2025-06\n", "`2025-06` with `` units"),
        (("promise", "--deliveries"), b"month,units\n2025-06," + b"9" * 5000, "write a month as 2025-06"),
        (("promise", "--deliveries"), b"", "they should be month,units,source,mark"),
    ],
)
def test_figures_that_cannot_be_read_have_status_2(
    pullcord: Type, tmp_path: Path, words: tuple[str, ...], content: bytes, why: str
) -> None:
    (tmp_path / "figures.csv").write_bytes(content)
    told = pullcord("bench", *words, tmp_path / "figures.csv")
    assert (told.status, told.out, why in told.err) == (2, "", True)


def test_sales_that_never_change_have_no_curve(pullcord: Type, tmp_path: Path) -> None:
    months = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
    rows = [f"{month},a,x,100,made up,C" for month in months]
    (tmp_path / "panel.csv").write_text("\n".join(["month,brand,model,units,source,mark", *rows]) + "\n")
    told = pullcord("bench", "latency", "--panel", tmp_path / "panel.csv")
    assert (told.status, "never wrong on this panel" in told.err) == (2, True)


def test_no_command_is_given_before_the_ledgers_last_event(small: Type) -> None:
    assert small("order reserve", *WISH, "--at", "2025-06-03T10:00+08:00").status == 0
    told = small("order quote", "o-1", *MORNING)
    assert (told.status, told.out) == (2, "")
    assert "2025-06-03T02:00:00+00:00" in told.err
    assert "2025-06-03T01:00:00+00:00" in told.err
    assert small("order quote", "o-1", "--at", "2025-06-03T10:00+08:00").status == 0


def test_a_ledger_may_lie_under_any_name(pullcord: Type, tmp_path: Path) -> None:
    ledger = tmp_path / "what? #1, 20%25 of it" / "live%3F.db"
    assert pullcord("order", "reserve", FOLDER, *WISH, *MORNING, "--ledger", ledger).status == 0
    assert ledger.is_file()
    assert pullcord("order", "show", FOLDER, "o-1", "--ledger", ledger, "--json").json["state"] == "reserved"
    assert [path.name for path in tmp_path.iterdir()] == [ledger.parent.name]


def test_a_run_that_is_interrupted_says_what_is_kept(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("pullcord")
    words = [program, "run", FOLDER, "--out", tmp_path / "out", "--seeds", "400"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while not (tmp_path / "out" / "ledger.db").exists():
            assert running.poll() is None, "it ended before it could be interrupted"
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    finally:
        running.kill()
    assert (running.returncode, out) == (130, "")
    assert err.endswith("interrupted: what was answered is kept, what was not is undone\n")
    assert "Traceback" not in err


@pytest.mark.parametrize("stream", [None, "closed"])
def test_talk_into_a_closed_stderr_is_no_failure(stream: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = io.StringIO()
    ear.close()
    monkeypatch.setattr(sys, "stderr", None if stream is None else ear)
    talk.print("nobody listens")
    with talk.status("working ..."):
        pass


def test_talk_goes_where_stderr_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    ear = io.StringIO()
    monkeypatch.setattr(sys, "stderr", ear)
    talk.print("hint: listen")
    assert ear.getvalue() == "hint: listen\n"
