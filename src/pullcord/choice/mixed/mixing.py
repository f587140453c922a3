"""How a taste varies between persons: the mixing distributions of a mixed logit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pullcord.base import InvalidInput

Sign = Literal[1, -1]


def _check(sign: int) -> None:
    if sign not in (1, -1):
        raise InvalidInput(f"{sign} is no sign", "give 1 for a taste above zero, -1 for one below")


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal, with its mean and standard deviation as parameters."""


@dataclass(frozen=True, slots=True)
class Lognormal:
    """sign * exp(normal): of one sign for everybody. The parameters are mean and sd of the logarithm."""

    sign: Sign = 1

    def __post_init__(self) -> None:
        _check(self.sign)


@dataclass(frozen=True, slots=True)
class Triangular:
    """Symmetric triangular, mean +- sd * sqrt(6) at the ends. The parameters are its mean and standard deviation."""


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform, mean +- sd * sqrt(3) at the ends. The parameters are its mean and standard deviation."""


@dataclass(frozen=True, slots=True)
class TruncatedNormal:
    """A normal cut off at zero, above (sign 1) or below (-1) which all tastes lie; what is left is scaled up.

    The parameters are mean and sd of the normal before the cut.
    """

    sign: Sign = 1

    def __post_init__(self) -> None:
        _check(self.sign)


@dataclass(frozen=True, slots=True)
class CensoredNormal:
    """A normal whose tastes of the wrong sign are zero: max(0, normal) or, with sign -1, min(0, normal).

    Those whom the normal puts on the wrong side do not care. Some programs call it truncated. The parameters are mean
    and sd of the normal before the cut. Source: Train and Sonnier (2005), in Scarpa and Alberini (eds.), Applications
    of Simulation Methods in Environmental and Resource Economics, ch. 7.
    """

    sign: Sign = 1

    def __post_init__(self) -> None:
        _check(self.sign)


@dataclass(frozen=True, slots=True)
class ErrorComponent:
    """Normal with mean zero, and its standard deviation as the only parameter.

    On a constant or an indicator it makes the alternatives that share it alike beyond what is observed, as nests do.
    Source: Brownstone and Train (1999), Journal of Econometrics 89(1).
    """


Mixing = Normal | Lognormal | Triangular | Uniform | TruncatedNormal | CensoredNormal | ErrorComponent

BY_NAME: Mapping[str, Mixing] = {
    "normal": Normal(),
    "lognormal": Lognormal(1),
    "-lognormal": Lognormal(-1),
    "triangular": Triangular(),
    "uniform": Uniform(),
    "truncated-normal": TruncatedNormal(1),
    "-truncated-normal": TruncatedNormal(-1),
    "censored-normal": CensoredNormal(1),
    "-censored-normal": CensoredNormal(-1),
    "error-component": ErrorComponent(),
}


def mixing_of(written: Any) -> Mixing:
    """The distribution, given itself or its name. Raises InvalidInput."""
    if isinstance(written, get_args(Mixing)):
        return written  # type: ignore[no-any-return]
    if isinstance(written, str) and written in BY_NAME:
        return BY_NAME[written]
    raise InvalidInput(f"`{written}` is no mixing distribution", f"write one of {', '.join(BY_NAME)}")
