"""What to be careful about in an estimation, in words."""

from __future__ import annotations

import numpy as np

from .fit import Search
from .gmm import Gmm
from .logit import FIRST_STAGE_WEAK, first_stage, weak_instruments
from .system import Evaluation, System


def notes_on(system: System, found: Evaluation, gmm: Gmm, search: Search, objective: float) -> tuple[str, ...]:
    """Notes, the gravest first."""
    return tuple(
        _search(search) + _bounds(system, gmm) + _costs(system, found) + _prices(system, found)
        + _strength(system, gmm) + _fit(gmm, objective)
    )  # fmt: skip


def _search(search: Search) -> list[str]:
    notes = []
    if not search.converged:
        notes.append(
            f"the search did not end at a minimum ({search.message}): take the estimates for no more than that"
        )
    if search.starts > 1 and search.agreeing < search.starts:
        notes.append(
            f"{search.agreeing} of {search.starts} starts came to this objective; the others ended higher: "
            "the objective has several minima"
        )
    return notes


def _bounds(system: System, gmm: Gmm) -> list[str]:
    notes = []
    for name in gmm.held:
        value = gmm.estimates[gmm.index(name)]
        if name.startswith("sigma") and value == 0:
            notes.append(
                f"`{name}` is 0: tastes for it do not differ, or the instruments cannot tell; "
                "it has no standard error, and the other errors take it for known"
            )
        else:
            notes.append(f"`{name}` was held at {value:.4g} or ended at that bound: it has no standard error")
    return notes


def _costs(system: System, found: Evaluation) -> list[str]:
    rows = system.data.rows
    if len(found.clipped):
        return [
            (
                f"{len(found.clipped)} of {rows} marginal costs fell below {system.cost_floor:g} and were set there: "
                "markups are too large for prices, demand too flat"
            )
        ]
    if system.supply is not None and np.any(found.costs <= 0):
        below = int(np.sum(found.costs <= 0))
        return [f"{below} of {rows} marginal costs are not above zero: markups are too large for prices"]
    return []


def _prices(system: System, found: Evaluation) -> list[str]:
    tastes = system.price_tastes(found.theta, found.linear)
    agents = system.data.agents
    if agents is None or not np.any(tastes) or not np.all(np.isfinite(tastes)):
        return []
    wrong = float(agents.weight[tastes >= 0].sum() / agents.weight.sum())
    return [f"{wrong:.1%} of agents do not mind paying more"] if wrong > 0 else []


def _strength(system: System, gmm: Gmm) -> list[str]:
    notes = []
    data, demand = system.data, system.demand
    if demand.excluded.shape[1] and _price_matters(system):
        inside = [at for at in range(demand.regressors.shape[1]) if at != system.price_linear]
        price = system.without_means(data.price)
        strength = first_stage(price, demand.regressors[:, inside], demand.excluded, data, gmm.kind)
        if strength < FIRST_STAGE_WEAK:
            notes.append(weak_instruments(strength))
    errors = gmm.standard_errors()
    vague = [
        f"`{name}` ({estimate:.3g}, standard error {error:.3g})"
        for name, estimate, error in zip(gmm.names, gmm.estimates, errors, strict=True)
        if name in system.names and error > abs(estimate)
    ]
    if vague:
        notes.append(f"the instruments hardly tell {', '.join(vague)} from zero")
    free = [at for at, name in enumerate(gmm.names) if name not in gmm.held]
    information = gmm.jacobian[:, free].T @ gmm.weighting @ gmm.jacobian[:, free]
    scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] < 1e-8 * values[-1]:
        together = [gmm.names[free[at]] for at in np.flatnonzero(np.abs(vectors[:, 0]) > 0.2)]
        notes.append(f"the moments hardly tell apart {', '.join(f'`{name}`' for name in together)}")
    return notes


def _price_matters(system: System) -> bool:
    return bool(
        system.price_at is not None or system.price_linear is not None or np.any(system.tastes.price_slopes != 0)
    )


def _fit(gmm: Gmm, objective: float) -> list[str]:
    spare = len(gmm.weighting) - (len(gmm.names) - len(gmm.held))
    if spare > 0 and objective > spare + 5 * np.sqrt(2 * spare):
        return [
            (
                f"the moments contradict each other: the objective is {objective:.4g}, and would be near {spare} "
                "if all instruments were valid and the model true"
            )
        ]
    return []
