"""Markets from a CSV or Parquet file, with every fault of the file named at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from pullcord.base import InvalidInput, NotFound, Problem

from .data import Agents, MarketData, groups_of
from .terms import Floats, Integers, Table

LEVELS_MAX = 60
"""A text column with more levels than this is a name, not a characteristic, and gets no indicators."""


def read_markets(
    products: Path | str | pl.DataFrame,
    *,
    agents: Path | str | pl.DataFrame | None = None,
    market: str = "market_ids",
    product: str = "product_ids",
    firm: str = "firm_ids",
    share: str = "shares",
    price: str = "prices",
    cluster: str | None = None,
    weight: str = "weights",
    nodes: str = "nodes",
    name: str | None = None,
) -> MarketData:
    """The markets in a file (.csv, .csv.gz or .parquet) or data frame, sorted by market in order of appearance.

    Columns that no role names are characteristics: numbers as they stand, text of few levels as indicators such as
    `region=EU`. Of the agents' columns, those that start with `nodes` and a number are draws of taste, in that order;
    all other numbers are demographics. Raises NotFound for a file, InvalidInput for what is in it.
    """
    frame = _frame(products)
    title = name or (Path(products).name if isinstance(products, Path | str) else "markets")
    problems = [
        Problem(title, 0, f"there is no column `{column}`", f"name the {role} column; there are {_listed(frame)}")
        for role, column in (("market", market), ("product", product), ("firm", firm), ("share", share))
        + (("price", price),)
        + ((("cluster", cluster),) if cluster else ())
        if column not in frame.columns
    ]
    problems += [
        Problem(title, 0, f"`{column}` has {frame[column].null_count()} empty cells", "fill them or leave the rows out")
        for column in (market, product, firm, share, price, cluster)
        if column is not None and column in frame.columns and frame[column].null_count()
    ]
    problems += [
        Problem(title, 0, f"`{column}` holds text", "give numbers")
        for column in (share, price)
        if column in frame.columns and not frame[column].dtype.is_numeric()
    ]
    if not len(frame):
        problems.append(Problem(title, 0, "there is no row", "give at least one product"))
    if problems:
        raise InvalidInput(
            f"{title} cannot be read: {'; '.join(p.wrong for p in problems)}", problems[0].right, problems
        )
    frame, market_names, start = _by_market(frame, market)
    product_names, product_codes = groups_of(frame[product].to_numpy())
    firm_names, firm_codes = groups_of(frame[firm].to_numpy())
    cluster_names, cluster_codes = groups_of(frame[cluster or product].to_numpy())
    roles = {market, product, firm, share} | ({cluster} if cluster else set())
    return MarketData(
        name=title,
        market_names=market_names,
        product_names=product_names,
        firm_names=firm_names,
        cluster_names=cluster_names,
        start=start,
        product=product_codes,
        firm=firm_codes,
        cluster=cluster_codes,
        share=frame[share].cast(pl.Float64).to_numpy().copy(),
        price=frame[price].cast(pl.Float64).to_numpy().copy(),
        price_name=price,
        columns=_table("products", frame, roles),
        agents=None if agents is None else _agents(agents, market, weight, nodes, market_names),
    )


def _agents(
    agents: Path | str | pl.DataFrame, market: str, weight: str, nodes: str, market_names: tuple[str, ...]
) -> Agents:
    frame = _frame(agents)
    title = Path(agents).name if isinstance(agents, Path | str) else "agents"
    if market not in frame.columns:
        raise InvalidInput(f"{title} has no column `{market}`", f"name the market column; it has {_listed(frame)}")
    names = frame[market].cast(pl.String).to_list()
    if missing := [name for name in market_names if name not in set(names)]:
        raise InvalidInput(f"{title} has no agents for market {', '.join(missing[:10])}", "give each market agents")
    order = {name: at for at, name in enumerate(market_names)}
    kept = [row for row, name in enumerate(names) if name in order]
    ranks = np.array([order[names[row]] for row in kept], dtype=np.int64)
    by_market = np.argsort(ranks, kind="stable")
    frame = frame[[kept[at] for at in by_market]]
    start = np.searchsorted(ranks[by_market], np.arange(len(market_names) + 1)).astype(np.int64)
    drawn = sorted(
        (c for c in frame.columns if c.startswith(nodes) and c[len(nodes) :].isdigit()),
        key=lambda column: int(column[len(nodes) :]),
    )
    sizes = np.diff(start)
    return Agents(
        start=start,
        weight=(
            frame[weight].cast(pl.Float64).to_numpy().copy()
            if weight in frame.columns
            else np.repeat(1.0 / sizes, sizes)
        ),
        nodes=np.ascontiguousarray(frame.select(drawn).to_numpy().reshape(len(frame), len(drawn)), dtype=np.float64),
        demographics=_table("agents", frame, {market, weight, *drawn}),
    )


def _frame(source: Path | str | pl.DataFrame) -> pl.DataFrame:
    if isinstance(source, pl.DataFrame):
        return source
    path = Path(source)
    if not path.is_file():
        raise NotFound(f"there is no file {path}", "give a CSV or Parquet file with a row for each product or agent")
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as failure:
        raise InvalidInput(f"{path} is no table: {failure}", "give a CSV file in UTF-8, or Parquet") from None


def _by_market(frame: pl.DataFrame, market: str) -> tuple[pl.DataFrame, tuple[str, ...], Integers]:
    names, codes = groups_of(frame[market].to_numpy())
    order = np.argsort(codes, kind="stable")
    start = np.searchsorted(codes[order], np.arange(len(names) + 1)).astype(np.int64)
    return frame[order.tolist()], names, start


def _table(of: str, frame: pl.DataFrame, roles: set[str]) -> Table:
    names: list[str] = []
    values: list[Floats] = []
    for column in frame.columns:
        if column in roles:
            continue
        series = frame[column]
        if series.dtype.is_numeric() or series.dtype == pl.Boolean:
            names.append(column)
            values.append(series.cast(pl.Float64).fill_null(float("nan")).to_numpy())
        elif series.dtype in (pl.String, pl.Categorical, pl.Enum):
            levels = sorted(str(level) for level in series.cast(pl.String).unique().to_list() if level is not None)
            if len(levels) <= LEVELS_MAX:
                texts = series.cast(pl.String)
                names += [f"{column}={level}" for level in levels]
                values += [(texts == level).fill_null(False).cast(pl.Float64).to_numpy() for level in levels]
    matrix = np.column_stack(values) if values else np.empty((len(frame), 0))
    return Table(of, tuple(names), np.ascontiguousarray(matrix, dtype=np.float64))


def _listed(frame: pl.DataFrame) -> str:
    return ", ".join(frame.columns[:30])
