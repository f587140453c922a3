"""What a signal is worth: how many of those who reach a rung reach the next, with an interval, from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt

import sqlalchemy as sa

from pullcord.base import InvalidInput
from pullcord.demand import Rung
from pullcord.orders import ORDER
from pullcord.store import Reader

from .signals import SIGNAL_DAY

Z_95 = 1.959963984540054  # the standard normal's 97.5 % quantile
ASSUMED_WORTH = 20.0  # persons: so much the assumed share weighs beside those who were seen
RUNGS = tuple(rung for rung in Rung if rung is not Rung.CANCEL)


@dataclass(frozen=True, slots=True)
class RungShare:
    """One rung of the curve. `to_next` is how many of those who stood here have reached the next rung so far."""

    rung: str
    count: int
    to_next: float | None  # None at the top, where nobody stood, and where the next rung counts more than this one
    low: float | None  # of a 95 % interval
    high: float | None


def conversion_curve(reader: Reader, *, since: date | None = None, until: date | None = None) -> tuple[RungShare, ...]:
    """The rungs from the cheapest signal to the dearest, as counted on the days from `since` to `until`.

    A rung counts visits where the shop tells of it, and orders above. Who reached a rung lately may still go on, so a
    share is what has happened so far. Interval: Wilson (1927), Journal of the American Statistical Association 22.
    """
    counts = rung_counts(reader, since, until)
    shares: list[RungShare] = []
    for rung, following in zip(RUNGS, (*RUNGS[1:], None), strict=True):
        reached = counts.get(rung.name.lower(), 0)
        went_on = counts.get(following.name.lower(), 0) if following is not None else None
        if went_on is None or not reached or went_on > reached:
            shares.append(RungShare(rung.name.lower(), reached, None, None, None))
        else:
            low, high = wilson(went_on, reached)
            shares.append(RungShare(rung.name.lower(), reached, went_on / reached, low, high))
    return tuple(shares)


def rung_counts(reader: Reader, since: date | None = None, until: date | None = None) -> dict[str, int]:
    """How many reached each rung; what was broken down by variant, option or city is added up."""
    table = SIGNAL_DAY.sql.c
    conditions = [table.program_id == reader.program_id]
    if since is not None:
        conditions.append(table.day >= since)
    if until is not None:
        conditions.append(table.day <= until)
    found = reader.query(sa.select(table.rung, sa.func.sum(table["count"])).where(*conditions).group_by(table.rung))
    return {str(row[0]): int(row[1]) for row in found}


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a share."""
    if not 0 <= successes <= trials or not trials:
        raise InvalidInput(f"{successes} of {trials} is no share", "give 0 <= successes <= trials, trials above 0")
    share, z2 = successes / trials, Z_95**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2)) / (1 + z2 / trials)
    # The ends are exact where nobody went on, or everybody did.
    return (middle - half if successes else 0.0), (middle + half if successes < trials else 1.0)


def reservation_share(reader: Reader, settled_before: datetime, assumed: float) -> float:
    """Of those who reserve, how many ask for a date: what `Outlook.forecast` takes as conversions["reservation"].

    Only orders reserved before `settled_before` are counted, so that everybody in the count has had the time to ask.
    The assumed share weighs as much as `ASSUMED_WORTH` persons: it yields to the first hundreds.
    """
    table = ORDER.sql.c
    asked = sa.or_(table.price_minor.is_not(None), table.refused.is_not(None))
    found = reader.query(
        sa.select(sa.case((asked, 1), else_=0).label("asked"), sa.func.count())
        .where(table.program_id == reader.program_id, table.reserved_at < settled_before)
        .group_by(sa.text("asked"))
    )
    counts = {int(row[0]): int(row[1]) for row in found}
    went_on = counts.get(1, 0)
    reserved = went_on + counts.get(0, 0)
    return (went_on + ASSUMED_WORTH * assumed) / (reserved + ASSUMED_WORTH)
