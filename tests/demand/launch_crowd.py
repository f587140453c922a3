"""A made-up crowd whose hazards are known exactly: what it will do can be compared with what was foretold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import numpy as np

from pullcord.base import stream
from pullcord.demand import Ages, Level, Listening, Passage, Rung, SignalStream, conversion

# Hazard of a move in a tick by age: not geometric, and a part of each rung never moves.
HAZARDS: dict[tuple[Rung, Rung], Callable[[int], float]] = {
    (Rung.VIEW, Rung.CONFIGURE): lambda age: 0.10 / age,
    (Rung.VIEW, Rung.RESERVE): lambda age: 0.02 if age <= 5 else 0.002,
    (Rung.CONFIGURE, Rung.RESERVE): lambda age: 0.15 / age,
    (Rung.RESERVE, Rung.DEPOSIT): lambda age: 0.12 if 2 <= age <= 4 else 0.01,
    (Rung.RESERVE, Rung.CANCEL): lambda age: 0.03,
    (Rung.DEPOSIT, Rung.LOCK): lambda age: 0.3,
    (Rung.DEPOSIT, Rung.CANCEL): lambda age: 0.04,
    (Rung.LOCK, Rung.REGISTRATION): lambda age: 0.0 if age < 6 else 0.2,
    (Rung.LOCK, Rung.CANCEL): lambda age: 0.005,
}
AGES = Ages((1, 2, 3, 4, 5, 6, 7, 9, 12, 16, 22), 30)
VARIANTS, CITIES = ("blue", "white"), ("east", "south", "west")
MIX = np.array([[0.3, 0.2, 0.1], [0.2, 0.15, 0.05]])
BEGINS = date(2026, 1, 5)  # a Monday
PASSAGES = (
    Passage(Rung.VIEW, Rung.CONFIGURE, 0.2, 4),
    Passage(Rung.VIEW, Rung.RESERVE, 0.05, 4),
    Passage(Rung.CONFIGURE, Rung.RESERVE, 0.2, 4),
    Passage(Rung.RESERVE, Rung.DEPOSIT, 0.4, 4),
    Passage(Rung.RESERVE, Rung.CANCEL, 0.2, 8),
    Passage(Rung.DEPOSIT, Rung.LOCK, 0.8, 3),
    Passage(Rung.DEPOSIT, Rung.CANCEL, 0.1, 3),
    Passage(Rung.LOCK, Rung.REGISTRATION, 0.8, 10),
    Passage(Rung.LOCK, Rung.CANCEL, 0.05, 10),
)


def listening(**changes: object) -> Listening:
    """Ears for this crowd, with beliefs that are weak and not quite right."""
    told: dict[str, object] = {
        "begins_on": BEGINS,
        "variants": VARIANTS,
        "cities": CITIES,
        "arrivals": ((Rung.VIEW, Level(1.0, 0.02)), (Rung.RESERVE, Level(1.0, 0.1))),
        "passages": PASSAGES,
        "worth_persons": 2.0,
        "mix": ((1 / 6,) * 3,) * 2,
        "mix_worth": 6.0,
        "parts": (("any", VARIANTS),),
        "ages": AGES,
        "half_life_arrivals": float("inf"),
        "half_life_moves": float("inf"),
        "half_life_mix": float("inf"),
    }
    return Listening(**(told | changes))  # type: ignore[arg-type]


def true_hazards() -> np.ndarray:
    """float64[rung, outcome, age - 1]."""
    hazards = np.zeros((6, 8, AGES.last))
    for (origin, target), chance in HAZARDS.items():
        hazards[origin, target] = [chance(age) for age in range(1, AGES.last + 1)]
    return hazards


def true_conversions() -> np.ndarray:
    """float64[rung]: chance that who reaches a rung registers in the end."""
    single = Ages(tuple(range(1, AGES.last + 1)), AGES.last)
    return conversion(true_hazards(), single)


Told = tuple[float, str, int, str, str]  # seconds since 1970, person, rung, variant, city


def crowd(seed: int, ticks: int, *, views: float = 60.0, reserves: float = 8.0) -> list[Told]:
    """Every signal of `ticks` days' arrivals until the last of them has moved for the last time, in order of time."""
    rng = stream(seed, "test.crowd")
    begins = listening().begins_at.timestamp()
    hazards = true_hazards()
    told: list[Told] = []
    number = 0
    for tick in range(ticks):
        for rung, mean in ((Rung.VIEW, views), (Rung.RESERVE, reserves)):
            for _ in range(int(rng.poisson(mean))):
                number += 1
                told += _life(rng, hazards, begins, f"p{number:06d}", int(rung), tick)
    return sorted(told)


def _life(
    rng: np.random.Generator, hazards: np.ndarray, begins: float, person: str, rung: int, tick: int
) -> list[Told]:
    cell = int(rng.choice(6, p=MIX.ravel()))
    variant, city = VARIANTS[cell // 3], CITIES[cell % 3]
    told: list[Told] = []
    while True:
        told.append((begins + 86_400 * tick + float(rng.uniform(0, 86_399)), person, rung, variant, city))
        if rung >= Rung.CANCEL:
            return told
        chances = hazards[rung]  # [outcome, age - 1]
        draws = rng.uniform(size=AGES.last)
        moving = np.flatnonzero(draws < chances.sum(axis=0))
        if moving.size == 0:
            return told
        at = int(moving[0])
        rung = int(np.searchsorted(np.cumsum(chances[:, at]), draws[at], side="right"))
        tick += at + 1


def hear(stream_: SignalStream, told: Iterable[Told]) -> SignalStream:
    """The stream after these signals, by the fast way in."""
    for at, person, rung, variant, city in told:
        stream_.hear_at(at, person, rung, stream_.cell(variant, city))
    return stream_
