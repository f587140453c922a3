"""The use case of privacy: count persons for a partner, if its budget allows, and keep what was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pullcord.base import Conflict, PersonId, check_id
from pullcord.store import Transaction

from .events import CountsReleased
from .grid import Dimension, Grid
from .mechanism import measure
from .model import Question, Refusal, Release, epsilon_text
from .noise import half_width
from .store import PRIVACY_RELEASE, ReleaseRow, budget_left

MECHANISM = "discrete Laplace on counts, OpenDP"
LEAST_SHOWN = 10  # persons; where the noise is larger, its half width decides


def release(
    tx: Transaction,
    question: Question,
    persons: Callable[[], Mapping[PersonId, Sequence[str]]],
    budget_micro: int,
) -> Release | Refusal:
    """Noisy counts of persons by cell, drawn once and kept with their price; or a refusal when the budget is spent.

    `persons` gives each person one cell, so that nobody counts twice; it is asked only once the price is found to be
    within the budget. What is refused hangs on what was spent before and not on them: a refusal tells nothing either.
    A release of the same name and content is served again and costs nothing; raises Conflict where the name stands
    for another question.
    """
    check_id(question.release_id, "release")
    grid, left = question.grid, budget_left(tx, question.partner, question.period, budget_micro)
    kept = tx.get(PRIVACY_RELEASE, question.release_id)
    if kept is not None:
        if not _same(kept, question):
            raise Conflict(f"`{question.release_id}` is the name of another release", "give this one a name of its own")
        return _told(kept.release_id, kept.epsilon_micro, left, kept.scale, kept.least_shown)
    if question.epsilon_micro > left:
        return Refusal(
            question.release_id,
            f"`{question.partner}` has {epsilon_text(left)} of its {epsilon_text(budget_micro)} left for"
            f" {question.period}, and this would cost {epsilon_text(question.epsilon_micro)}",
            left,
        )
    noisy, scale = measure(grid, persons().values(), question.epsilon_micro)
    least_shown = max(LEAST_SHOWN, half_width(scale) + 1)
    tx.emit(
        f"release/{question.release_id}",
        CountsReleased(
            release_id=question.release_id,
            partner=question.partner,
            period=question.period,
            counted=question.counted,
            dimensions=tuple(dimension.name for dimension in grid.dimensions),
            values=tuple(dimension.values for dimension in grid.dimensions),
            as_of=question.as_of,
            mechanism=MECHANISM,
            scale=scale,
            epsilon_micro=question.epsilon_micro,
            budget_micro=budget_micro,
            least_shown=least_shown,
            noisy=noisy,
        ),
        expected_version=0,
    )
    left -= question.epsilon_micro
    return _told(question.release_id, question.epsilon_micro, left, scale, least_shown)


def grid_of(row: ReleaseRow) -> Grid:
    """The grid that a release counted persons in."""
    return Grid(tuple(Dimension(str(name), tuple(values)) for name, values in row.dimensions))


def _same(kept: ReleaseRow, question: Question) -> bool:
    """Whether a kept release answers a question; the day does not count, for what was told then is told again."""
    asked = (question.partner, question.period, question.counted, question.epsilon_micro, question.grid)
    return asked == (kept.partner, kept.period, kept.counted, kept.epsilon_micro, grid_of(kept))


def _told(release_id: str, epsilon: int, left: int, scale: float, least_shown: int) -> Release:
    return Release(release_id, epsilon, left, scale, half_width(scale), least_shown)
