"""Markets come from files with every fault named at once, and formulas mean what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from blp_markets import bare_markets, crowd

from pullcord.base import InvalidInput, NotFound
from pullcord.blp import BLP, ShareLogit, load_automobiles, read_markets

FRAME = pl.DataFrame(
    {
        "market_ids": ["north", "south", "north", "south"],
        "product_ids": ["a", "a", "b", "b"],
        "firm_ids": ["x", "x", "y", "y"],
        "shares": [0.2, 0.1, 0.3, 0.4],
        "prices": [10.0, 11.0, 9.0, 8.0],
        "range_km": [300, 300, 400, 400],
        "region": ["EU", "EU", "CN", "CN"],
    }
)


def test_rows_are_sorted_by_market_and_keep_their_values() -> None:
    data = read_markets(FRAME)
    assert data.market_names == ("north", "south")
    assert data.share.tolist() == [0.2, 0.3, 0.1, 0.4]
    assert data.columns.column("range_km").tolist() == [300, 400, 300, 400]
    assert data.columns.column("region=CN").tolist() == [0, 1, 0, 1]
    assert data.outside_share == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_gives_what_the_frame_gives(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cars{suffix}"
    FRAME.write_csv(path) if suffix == ".csv" else FRAME.write_parquet(path)
    data = read_markets(path)
    assert data.share.tolist() == read_markets(FRAME).share.tolist()
    assert data.name == f"cars{suffix}"


def test_agents_are_sorted_to_their_markets_and_nodes_by_number() -> None:
    agents = pl.DataFrame(
        {
            "market_ids": ["south", "north", "south"],
            "weights": [0.4, 1.0, 0.6],
            **{f"nodes{k}": [1.0 * k, 10.0 * k, 100.0 * k] for k in (10, 2, 0, 1)},
            "income": [3.0, 4.0, 5.0],
        }
    )
    found = read_markets(FRAME, agents=agents).agents
    assert found is not None
    assert found.weight.tolist() == [1.0, 0.4, 0.6]
    assert found.start.tolist() == [0, 1, 3]
    assert found.nodes[0].tolist() == [0.0, 10.0, 20.0, 100.0]
    assert found.demographics.column("income").tolist() == [4.0, 3.0, 5.0]


def test_all_faults_of_the_numbers_are_named_at_once() -> None:
    bad = FRAME.with_columns(shares=pl.Series([0.0, 0.7, 0.3, 0.4]), prices=pl.Series([10.0, -1.0, 9.0, 8.0]))
    with pytest.raises(InvalidInput) as caught:
        read_markets(bad)
    told = [problem.wrong for problem in caught.value.problems]
    assert told == [
        "a in market north: a share of 0 is not between 0 and 1",
        "the shares of market south sum to 1.1",
        "a in market south: a price of -1 is not above 0",
    ]


def test_all_missing_columns_are_named_at_once() -> None:
    with pytest.raises(InvalidInput, match=r"`shares`.*`prices`"):
        read_markets(FRAME.drop("shares", "prices"))


def test_a_product_may_stand_once_in_a_market() -> None:
    with pytest.raises(InvalidInput, match="market north names a more than once"):
        read_markets(FRAME.with_columns(product_ids=pl.Series(["a", "a", "a", "b"])))


def test_a_gap_is_named_by_column_and_row() -> None:
    with pytest.raises(InvalidInput, match="`range_km` has no number at b in market north"):
        read_markets(FRAME.with_columns(range_km=pl.Series([1.0, 1.0, None, 1.0])))


def test_markets_without_agents_are_named() -> None:
    with pytest.raises(InvalidInput, match="no agents for market south"):
        read_markets(FRAME, agents=pl.DataFrame({"market_ids": ["north"], "nodes0": [0.0]}))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        read_markets("nowhere.csv")


def test_the_record_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        read_markets(FRAME).share[0] = 0.5


def test_formulas_mean_what_they_say() -> None:
    data = read_markets(FRAME)
    fit = ShareLogit("log(range_km) + 1/range_km:prices + prices/10").fit(data)
    assert fit.gmm.names == ("log(range_km)", "1/range_km:prices", "prices/10")
    with pytest.raises(NotFound, match="no column `weight_kg`"):
        ShareLogit("1 + weight_kg + prices").fit(data)
    with pytest.raises(InvalidInput, match="twice"):
        ShareLogit("1 + prices + prices").fit(data)
    with pytest.raises(InvalidInput, match="is no factor"):
        ShareLogit("1 + exp(prices)").fit(data)


def test_collinear_instruments_are_named() -> None:
    data = bare_markets()
    column = data.columns.column
    data = data.with_columns(twice=2 * column("range") + 1, nothing=np.zeros(data.rows))
    with pytest.raises(InvalidInput) as caught:
        ShareLogit("1 + range + prices", instruments=("steel", "twice", "nothing")).fit(data)
    told = " ".join(problem.wrong for problem in caught.value.problems)
    assert "`twice` is a linear combination of `1`, `range`" in told
    assert "`nothing` is zero throughout" in told


def test_what_does_not_fit_a_model_is_said() -> None:
    data = crowd(bare_markets(), 1)
    with pytest.raises(InvalidInput, match="2 random coefficients and 1 columns of draws"):
        BLP("1 + prices", random="1 + range", demand_instruments="steel").fit(data)
    with pytest.raises(InvalidInput, match="4 parameters and only 3 moments"):
        BLP("1 + range + prices", random="range", demand_instruments="steel").fit(data)
    with pytest.raises(InvalidInput, match="linearly and alone"):
        BLP("1 + log(prices)", costs="1", demand_instruments="steel", supply_instruments="steel").fit(data)
    with pytest.raises(InvalidInput, match="enters no term of demand"):
        BLP("1 + range", costs="1", demand_instruments="steel", supply_instruments="steel").fit(data)
    with pytest.raises(NotFound, match="no parameter sigma size"):
        BLP("1 + prices", random="range", demand_instruments=("steel", "range")).fit(data, start={"sigma size": 1})
    with pytest.raises(InvalidInput, match="has no agents"):
        BLP("1 + prices", random="range", demand_instruments=("steel", "range")).fit(bare_markets())


def test_data_that_are_nowhere_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pooch

    def offline(*_: object, **__: object) -> str:
        raise ConnectionError("no network")

    monkeypatch.setattr("pullcord.blp.automobiles.find_spec", lambda _: None)
    monkeypatch.setattr(pooch, "retrieve", offline)
    with pytest.raises(NotFound, match=r"blp_products\.csv") as caught:
        load_automobiles(tmp_path)
    assert "install pyblp" in (caught.value.hint or "")


@pytest.mark.parametrize("folder", ["", "choice", "blp"])
def test_a_data_folder_comes_first(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir(exist_ok=True)
    FRAME.with_columns(car_ids="product_ids", clustering_ids="product_ids").write_csv(place / "blp_products.csv")
    pl.DataFrame({"market_ids": ["north", "south"], "nodes0": [0.0, 0.0]}).write_csv(place / "blp_agents.csv")
    assert load_automobiles(tmp_path).rows == 4
