"""Public choice data: the published log-likelihoods come out, and a file is fetched whole or not at all."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from pullcord.base import InvalidInput, NotFound, PartnerFailure
from pullcord.choice import Logit
from pullcord.choice.reading import datasets
from pullcord.choice.reading.datasets import DATASETS, Dataset, find_file, load_dataset

AT_HAND = tuple(name for name, dataset in DATASETS.items() if dataset.sha256)


@pytest.mark.parametrize("name", AT_HAND)
def test_the_published_log_likelihood_comes_out(name: str, data_dir: Path) -> None:
    dataset = DATASETS[name]
    fit = Logit(dataset.formula).fit(load_dataset(name, data_dir))
    decimals = len(str(dataset.log_likelihood).split(".")[1])
    assert round(fit.log_likelihood, decimals) == dataset.log_likelihood
    assert fit.convergence.converged


def test_the_shapes_are_the_published_ones(data_dir: Path) -> None:
    shapes = {}
    for name in AT_HAND:
        data = load_dataset(name, data_dir)
        shapes[name] = (data.persons, data.situations, data.rows)
    assert shapes == {
        "swissmetro": (752, 6768, 19143),
        "mcfadden-train": (4654, 4654, 27924),
        "electricity": (361, 4308, 17232),
        "heating": (900, 900, 4500),
        "cars-china": (448, 6720, 20160),
        "cars-china-weighted": (448, 6720, 20160),
    }


def test_swissmetro_gives_biogemes_estimates(data_dir: Path) -> None:
    fit = Logit(DATASETS["swissmetro"].formula).fit(load_dataset("swissmetro", data_dir))
    expected = {"1@TRAIN": -0.7012, "TT/100": -1.2779, "CO/100": -1.0838, "1@CAR": -0.1546}
    assert {name: round(value, 4) for name, value in fit.as_mapping().items()} == expected


def test_mcfadden_and_trains_labels_are_mended_unless_asked_for_as_shipped(data_dir: Path) -> None:
    mended, shipped = (load_dataset("mcfadden-train", data_dir, as_shipped=as_is) for as_is in (False, True))
    electric = mended.column("fuel=electric") == 1
    assert mended.column("range")[electric].max() == 200
    assert not mended.column("pollution")[electric].any()  # no tailpipe
    np.testing.assert_array_equal(mended.column("fuel=electric"), shipped.column("fuel=methanol"))
    fit = Logit(DATASETS["mcfadden-train"].formula).fit(shipped)
    assert round(fit.log_likelihood, 4) == -7394.6247


def test_weights_belong_to_the_person_and_stay_a_column(data_dir: Path) -> None:
    data = load_dataset("cars-china-weighted", data_dir)
    np.testing.assert_array_equal(data.weight[data.situation_of_row()], data.column("weights"))
    assert len(set(data.weight)) > 1
    assert set(load_dataset("cars-china", data_dir).weight) == {1.0}


def test_what_is_registered_says_where_it_is_from() -> None:
    for name, dataset in DATASETS.items():
        assert name == dataset.name
        assert all((dataset.title, dataset.citation, dataset.licence, dataset.provenance, dataset.source))
        assert dataset.page.startswith("https://")
        assert (dataset.url is None) == (dataset.sha256 is None)
        if dataset.url and dataset.sha256:
            assert re.fullmatch(r"[0-9a-f]{64}", dataset.sha256)
            assert re.search(r"/[0-9a-f]{40}/", dataset.url)  # a commit, not a branch that moves


def test_an_unknown_name_and_a_missing_folder_are_answered() -> None:
    with pytest.raises(NotFound, match="no data set `swissmetr`") as refused:
        load_dataset("swissmetr")
    assert refused.value.hint == "did you mean `swissmetro`?"
    with pytest.raises(NotFound, match="no folder") as refused:
        load_dataset("swissmetro", "nowhere")
    assert "PULLCORD_DATA_DIR" in str(refused.value.hint)


def test_what_cannot_be_fetched_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="`cars-us` is not at hand") as refused:
        load_dataset("cars-us", tmp_path, tmp_path)
    assert "put cars_us.csv into the folder `choice`" in str(refused.value.hint)
    assert "https://github.com/jhelvy/logitr" in str(refused.value.hint)


def test_without_a_known_hash_the_file_in_the_folder_is_read(tmp_path: Path) -> None:
    head = "id,obsnum,choice,price,weights"
    rows = [f"{o // 2},{o},{int(c == o % 3)},{c + o},{1 + o // 2}" for o in range(4) for c in range(3)]
    (tmp_path / "choice").mkdir()
    (tmp_path / "choice" / "cars_us.csv").write_bytes("\r".join([head, *rows]).encode())
    data = load_dataset("cars-us-weighted", tmp_path)
    assert (data.persons, data.situations, data.rows) == (2, 4, 12)
    assert data.weight.tolist() == [1, 1, 2, 2]


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "choice").mkdir()
    (tmp_path / "choice" / "swissmetro.csv.gz").write_bytes(b"mine")
    with pytest.raises(InvalidInput, match="its SHA-256 differs"):
        load_dataset("swissmetro", tmp_path)


CONTENT = b"id,obsnum,choice,price\n1,1,1,3\n1,1,0,4\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A site of one file; anything else is not there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/cars.csv"
            self.send_response(200 if found else 404)
            self.end_headers()
            if found:
                self.wfile.write(CONTENT)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as site:
        thread = threading.Thread(target=site.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{site.server_port}"
        site.shutdown()
        thread.join()


def registered(url: str, content: bytes = CONTENT) -> Dataset:
    digest = hashlib.sha256(content).hexdigest()
    return replace(DATASETS["cars-china"], name="cars", file="cars.csv", url=url, sha256=digest)


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_fetched_once_and_checked(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    dataset = registered(f"{server}/cars.csv")
    monkeypatch.setattr(datasets, "DATASETS", MappingProxyType({"cars": dataset}))
    (tmp_path / "data").mkdir()
    data = load_dataset("cars", tmp_path / "data", tmp_path / "cache")
    assert data.column("price").tolist() == [3, 4]
    assert left_behind(tmp_path) == ["cars.csv"]
    gone = replace(dataset, url=f"{server}/gone.csv")
    assert find_file(gone, None, tmp_path / "cache").read_bytes() == CONTENT  # nobody was asked again
    assert capfd.readouterr() == ("", "")


def test_another_content_is_refused_and_not_kept(server: str, tmp_path: Path) -> None:
    with pytest.raises(PartnerFailure, match="is not the file known as `cars`") as refused:
        find_file(registered(f"{server}/cars.csv", b"other"), None, tmp_path)
    assert "PULLCORD_DATA_DIR" in str(refused.value.hint)
    assert left_behind(tmp_path) == []


def test_an_address_without_the_file_says_so(server: str, tmp_path: Path) -> None:
    with pytest.raises(PartnerFailure, match="it answers 404"):
        find_file(registered(f"{server}/gone.csv"), None, tmp_path)
    assert left_behind(tmp_path) == []


def test_offline_fails_with_one_clear_error(server: str, tmp_path: Path) -> None:
    closed = registered("http://127.0.0.1:9/cars.csv")  # the port of `discard`: nobody listens
    with pytest.raises(PartnerFailure, match="it does not answer") as refused:
        find_file(closed, None, tmp_path)
    assert "put cars.csv into the folder `choice`" in str(refused.value.hint)
    assert refused.value.__cause__ is None
    assert left_behind(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_named(server: str, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands where the folder should")
    with pytest.raises(InvalidInput, match="cannot be written"):
        find_file(registered(f"{server}/cars.csv"), None, tmp_path / "cache")
