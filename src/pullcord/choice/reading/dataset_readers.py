"""Public data sets as they circulate become choices as their papers describe them: selections, units, known faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from ..data import ChoiceData
from .files import choices_from_table, read_choices
from .source import open_source

Reader = Callable[[Path, bool], ChoiceData]
"""From the file, and whether its known faults are to stay as they are, to the choices."""


def swissmetro(path: Path, as_shipped: bool) -> ChoiceData:
    """Commuters and business travellers between train, Swissmetro and car: 6,768 choices of 752 persons.

    Kept are the purposes 1 and 3 where a choice was recorded. Holders of an annual ticket (GA) pay nothing for
    public transport; train and car are on offer only where the stated-preference part of the survey (SP) asked.
    """
    table = open_source(path).table.filter(pl.col("PURPOSE").is_in([1, 3]) & (pl.col("CHOICE") != 0))
    pays = (pl.col("GA") == 0).cast(pl.Int64)
    asked = (pl.col("SP") != 0).cast(pl.Int64)
    table = table.with_columns(
        TRAIN_CO=pl.col("TRAIN_CO") * pays,
        SM_CO=pl.col("SM_CO") * pays,
        TRAIN_AV=pl.col("TRAIN_AV") * asked,
        CAR_AV=pl.col("CAR_AV") * asked,
    )
    return choices_from_table(
        table,
        format="wide",
        person="ID",
        chosen="CHOICE",
        alternatives=("TRAIN", "SM", "CAR"),
        pattern="{alternative}_{attribute}",
        availability="{alternative}_AV",
        name="swissmetro",
    )


def mcfadden_train(path: Path, as_shipped: bool) -> ChoiceData:
    """4,654 Californians and six vehicles each; electric and methanol change places unless left as shipped."""
    fuels = [f"fuel{j}" for j in range(1, 7)]
    table = open_source(path).table.with_columns(pl.col("choice").str.strip_prefix("choice"))
    if not as_shipped:
        table = table.with_columns(pl.col(fuels).replace({"electric": "methanol", "methanol": "electric"}))
    return choices_from_table(
        table,
        format="wide",
        situation="rownames",
        chosen="choice",
        alternatives=tuple("123456"),
        pattern="{attribute}{alternative}",
        name="mcfadden-train",
    )


def electricity(path: Path, as_shipped: bool) -> ChoiceData:
    """361 households and up to 12 choices among four electricity suppliers each."""
    return read_choices(path, person="id", situation="chid", alternative="alt", chosen="choice", name="electricity")


def heating(path: Path, as_shipped: bool) -> ChoiceData:
    """900 Californian houses and five heating systems; `region` becomes an indicator for each of its names."""
    return read_choices(
        path,
        format="wide",
        situation="idcase",
        chosen="depvar",
        alternatives=("gc", "gr", "ec", "er", "hp"),
        pattern="{attribute}.{alternative}",
        name="heating",
    )


def cars(name: str) -> Reader:
    """Car buyers with 15 choices among three cars each, every choice counting once; `weights` is a column."""

    def read(path: Path, as_shipped: bool) -> ChoiceData:
        return read_choices(path, person="id", situation="obsnum", chosen="choice", name=name)

    return read


def weighted_cars(name: str) -> Reader:
    """The same with the sample's weights, which make it look like the country's car buyers."""

    def read(path: Path, as_shipped: bool) -> ChoiceData:
        data = cars(name)(path, as_shipped)
        return replace(data, weight=data.column("weights")[data.situation_start[:-1]].copy())

    return read
