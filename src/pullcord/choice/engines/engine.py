"""Where a fit is computed: in this process, or by Ray on data that lie in shards, here or on many machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pullcord.base import InvalidInput

from ..data import ChoiceData
from ..estimation import checked
from ..fit import Fit, Model
from ..mixed.mixing import ErrorComponent
from ..mixed.model import MixedLogit
from ..utility import design_matrix, parse_utility
from .ray_actors import ray_pool
from .shards import LocalPool, Shard, cut, fit_pool, lead_of

Engine = Literal["local", "ray"]


def fit(data: ChoiceData, model: Model, *, engine: Engine = "local", shards: int | None = None, seed: int = 0) -> Fit:
    """The fit of a model to data, by an engine; whichever it is, estimates and log-likelihood are the same.

    engine : `local` computes in this process; with `shards` one after the other, as `ray` would. `ray` hands the
    persons out to actors in as many shards, by default one for each processor that Ray has: parameters go out,
    sums come back, and the search is here. It uses the cluster that `ray.init(address=...)` has connected to, or
    starts Ray on this machine for as long as the fit takes. Each person's simulated draws are what they would be in
    one piece, so that sharding changes nothing but the order of sums.

    Raises InvalidInput for an unknown engine, more shards than persons, a model that cannot be fitted in shards, and
    where Ray is not installed; SolverFailure where a worker is lost.

    >>> here = fit(data, Logit("price + fast"))
    >>> apart = fit(data, Logit("price + fast"), shards=3)
    >>> abs(here.log_likelihood - apart.log_likelihood) < 1e-9
    True
    """
    if engine not in ("local", "ray"):
        raise InvalidInput(f"`{engine}` is no engine", "fit by local or ray")
    if engine == "local" and shards is None:
        return model.fit(data, seed=seed)
    notes = _refused_or_noted(data, model)
    lead = lead_of(model, data, seed) if isinstance(model, MixedLogit) else None
    if engine == "local":
        pool = LocalPool([Shard(piece) for piece in cut(data, shards or 1)])
        return fit_pool(pool, model, name=data.name, seed=seed, notes=notes, lead=lead)
    with ray_pool(lambda processors: cut(data, shards or min(processors, data.persons)), shards) as actors:
        return fit_pool(actors, model, name=data.name, seed=seed, notes=notes, lead=lead)


def _refused_or_noted(data: ChoiceData, model: Model) -> list[str]:
    """What should be known of the data before the fit. Raises InvalidInput for what they cannot identify."""
    terms = parse_utility(model.utility, data)
    if isinstance(model, MixedLogit):  # an error component has no mean to identify
        _, known = model.parameters(data)
        centred = {n for n, how in zip(known.varying, known.mixed, strict=True) if isinstance(how, ErrorComponent)}
        terms = tuple(term for term in terms if term.name not in centred)
    return checked(data, terms, design_matrix(terms, data)) if terms else []


def fit_shards(
    paths: Sequence[Path | str],
    model: Model,
    *,
    engine: Engine = "ray",
    workers: int | None = None,
    seed: int = 0,
    name: str | None = None,
    **reading: Any,
) -> Fit:
    """The fit of a model to files, each a shard that is read where it is computed and goes nowhere else.

    paths : Parquet or CSV files, in the order in which their persons count; with engine `ray` every machine must see
    its files under these paths. All choices of a person stand in one file; alternatives and text columns may have other
    values from file to file. workers : how many actors share the files, one for each processor by default.
    reading : how to read each file, as in `read_choices`. name : what the data are called; the first file's name
    unless given.

    Nothing looks at all the data before the search: what they cannot identify the fit says, and is not refused.

    Raises as `fit` and `read_choices` do; InvalidInput also where a person stands in two files.
    """
    if not paths:
        raise InvalidInput("there is no file to fit to", "name one or more")
    if engine not in ("local", "ray"):
        raise InvalidInput(f"`{engine}` is no engine", "fit by local or ray")
    called = name or Path(paths[0]).name
    by_name = reading.get("person") is not None
    sources = [(str(path), reading) for path in paths]
    if engine == "local":
        pool = LocalPool([Shard.read(path, options) for path, options in sources])
        return fit_pool(pool, model, name=called, seed=seed, one_person_one_shard=by_name)
    with ray_pool(lambda _: sources, workers) as actors:
        return fit_pool(actors, model, name=called, seed=seed, one_person_one_shard=by_name)
