"""Shards held by Ray's actors, on this machine or on several: parameters go out, sums come back, data stay.

Ray reports use to its makers from clusters that its command line starts, unless told otherwise; what `ray.init` starts
does not report, and this engine starts nothing in another way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numba

from pullcord.base import InvalidInput, PullcordError, SolverFailure

from ..data import ChoiceData
from .shards import Pool, Shard

# What a worker makes its shards of: data, or a file's path with how to read it.
Origin = ChoiceData | tuple[str, Mapping[str, Any]]


class Worker:
    """An actor: a few shards in a row."""

    def __init__(self, sources: Sequence[Origin], cpus: int) -> None:
        numba.set_num_threads(min(cpus, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined, no-untyped-call]
        self._sources = tuple(sources)
        self._shards: list[Shard] = []

    def load(self) -> int:
        """Make the shards; how many there are."""
        if not self._shards:
            self._shards = [Shard(s) if isinstance(s, ChoiceData) else Shard.read(*s) for s in self._sources]
            self._sources = ()
        return len(self._shards)

    def ask_each(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The answer of each shard to its own question."""
        return [getattr(shard, method)(*own) for shard, own in zip(self._shards, arguments, strict=True)]

    def ask_first(self, method: str, arguments: tuple[Any, ...]) -> Any:
        """The answer of the first shard."""
        return getattr(self._shards[0], method)(*arguments)


class RayPool:
    """See `Pool`. Workers answer at the same time; answers are put in the order of the shards."""

    def __init__(self, ray: Any, workers: Sequence[Any]) -> None:
        self._ray = ray
        self._workers = tuple(workers)
        self._counts = self._get([worker.load.remote() for worker in workers])

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """See `Pool`."""
        return self.ask_each(method, [arguments] * sum(self._counts))

    def ask_each(self, method: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """See `Pool`."""
        asked, first = [], 0
        for worker, count in zip(self._workers, self._counts, strict=True):
            asked.append(worker.ask_each.remote(method, list(arguments[first : first + count])))
            first += count
        return [answer for answers in self._get(asked) for answer in answers]

    def ask_first(self, method: str, *arguments: Any) -> Any:
        """See `Pool`."""
        return self._get([self._workers[0].ask_first.remote(method, arguments)])[0]

    def _get(self, asked: Sequence[Any]) -> list[Any]:
        """The answers. A fault told by a shard is raised as it was; SolverFailure where a worker is lost."""
        try:
            return list(self._ray.get(list(asked)))
        except self._ray.exceptions.RayTaskError as failure:
            if isinstance(failure.cause, PullcordError):
                raise failure.cause from None
            raise SolverFailure(f"a shard broke: {failure.cause}", "see Ray's logs of its worker") from failure
        except self._ray.exceptions.RayActorError as failure:
            raise SolverFailure(
                f"a worker with its shards is lost: {failure}", "give it more memory, or take more and smaller shards"
            ) from failure


@contextmanager
def ray_pool(shards: Callable[[int], Sequence[Origin]], workers: int | None = None) -> Iterator[Pool]:
    """Shards with Ray's actors, in order; on leaving, the actors are gone.

    Uses the cluster that `ray.init` has connected to, or else starts Ray on this machine and stops it again.
    shards : what they are made of, given how many processors Ray has. workers : how many actors hold them; one for
    each processor unless given, and no more than shards.

    Raises InvalidInput where Ray is not installed; SolverFailure where a worker is lost.
    """
    try:
        import ray as untyped
    except ImportError:
        raise InvalidInput(
            "engine `ray` needs Ray, which is not installed",
            "install the extra `cluster`: pip install pullcord[cluster]",
        ) from None
    ray: Any = untyped
    started = not ray.is_initialized()
    if started:
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    actors: list[Any] = []
    try:
        # All that Ray has, though others may hold some: actors wait for their turn.
        processors = max(int(ray.cluster_resources().get("CPU", 1)), 1)
        if (workers or 1) > processors:
            raise InvalidInput(f"{workers} workers need as many processors, and Ray has {processors}", "ask for fewer")
        origins = shards(processors)
        count = min(workers or processors, len(origins))
        cpus = processors // count
        worker = ray.remote(Worker)
        edges = [i * len(origins) // count for i in range(count + 1)]
        actors = [worker.options(num_cpus=cpus).remote(list(origins[low:high]), cpus) for low, high in pairwise(edges)]
        yield RayPool(ray, actors)
    finally:
        for actor in actors:
            ray.kill(actor)
        if started:
            ray.shutdown()
