"""Data on which others have published estimates: American automobiles 1971 to 1990, and Nevo's made-up cereals.

The automobiles are those of Berry, Levinsohn and Pakes (1995, 1999) as Andrews, Gentzkow and Shapiro (2017) took them
from the original code, with the instruments of the first paper; prices are in 1,000 dollars of 1983. Both come with
PyBLP (Conlon and Gortmaker 2020, MIT licence).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pullcord.base import NotFound

from .data import MarketData
from .reading import read_markets

_REPOSITORY = "https://raw.githubusercontent.com/jeffgortmaker/pyblp/{commit}/pyblp/data/{name}"
_CONNECT_S, _READ_S = 5.0, 30.0


@dataclass(frozen=True, slots=True)
class _File:
    """A file of PyBLP's: the commit that last changed it, and the hash of the copy that its release 1.3.0 brings."""

    name: str
    commit: str
    sha256: str


_BLP_PRODUCTS = _File(
    "blp_products.csv",
    "e0386929536114170c1d543a31931b7335081b3a",
    "d203985e5caf6fbcf518ef4ca81748b06f749a3822277dddf8e77bc004859a01",
)
_BLP_AGENTS = _File(
    "blp_agents.csv",
    "94ae7ff61c3d3642f4e8ece02a68d0cd60191e20",
    "40d0c6c0fcdaf6ae2b238f89d4ae7674f9419c81191908bd5c0cf86605a05cc8",
)
_NEVO_PRODUCTS = _File(
    "nevo_products.csv",
    "b801a6b509a50379448a7c29f1d373bbb2e684e4",
    "7e1c812f9147d20f24cf0f693714613b5a9dc774286ce96fa183bb6b04ebf206",
)
_NEVO_AGENTS = _File(
    "nevo_agents.csv",
    "b6e2b9c0ca9f0238e911bcbc066d8886b1f7951c",
    "9e8999b0b7596ba78d44f8bacc299efa14d88288a464dbc17599a0c571df1204",
)


def load_automobiles(data_dir: Path | str | None = None) -> MarketData:
    """2,217 models in 20 years, 200 agents a year with their income. Raises NotFound where the data are not at hand.

    Looked for in `data_dir` and its folders `choice` and `blp`, then in an installed PyBLP, then in PyBLP's repository.
    """
    return read_markets(
        _find(_BLP_PRODUCTS, data_dir),
        agents=_find(_BLP_AGENTS, data_dir),
        product="car_ids",
        cluster="clustering_ids",
        name="automobiles",
    )


def load_cereals(data_dir: Path | str | None = None) -> MarketData:
    """24 brands in 94 city-quarters, 20 agents each, made up by Nevo (2000) to teach with. Raises NotFound as above."""
    return read_markets(_find(_NEVO_PRODUCTS, data_dir), agents=_find(_NEVO_AGENTS, data_dir), name="cereals")


def _find(wanted: _File, data_dir: Path | str | None) -> Path:
    folders: list[Path] = []
    if data_dir is not None:
        folders = [Path(data_dir) / inner for inner in ("", "choice", "blp")]
    peer = find_spec("pyblp")
    if peer is not None and peer.submodule_search_locations:
        folders.append(Path(next(iter(peer.submodule_search_locations))) / "data")
    for folder in folders:
        for file in (folder / wanted.name, folder / f"{wanted.name}.gz", folder / f"pyblp_{wanted.name}.gz"):
            if file.is_file():
                return file
    return _fetched(wanted)


def _fetched(wanted: _File) -> Path:
    """The file in the user's cache, fetched if it is not there; it appears whole and checked, or not at all."""
    import pooch  # only here: it brings the whole of an HTTP client

    pooch.get_logger().setLevel(logging.WARNING)
    try:
        return Path(
            pooch.retrieve(
                _REPOSITORY.format(commit=wanted.commit, name=wanted.name),
                known_hash=f"sha256:{wanted.sha256}",
                fname=wanted.name,
                path=Path(pooch.os_cache("pullcord")) / "blp",
                downloader=pooch.HTTPDownloader(timeout=(_CONNECT_S, _READ_S)),
            )
        )
    except (OSError, ValueError) as failure:  # no network, no such page, or another file than the one meant
        raise NotFound(
            f"`{wanted.name}` is not at hand and cannot be fetched: {type(failure).__name__}",
            "install pyblp, which brings it, or put it into the folder `blp` of the one that PULLCORD_DATA_DIR names",
        ) from None
