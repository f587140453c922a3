"""Conditions over options, such as `colour=white & (battery=lfp54 | !roof=glass)`: their grammar and their meaning.

    either    = both { "|" both }
    both      = single { "&" single }
    single    = "!" single | "(" either ")" | family "=" option

`!` binds tightest, then `&`, then `|`. An empty text always holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from pullcord.base import FamilyId, InvalidInput, OptionId

NESTING_MAX = 60  # deeper brackets are a slip of the keyboard, and would exhaust the parser's stack

_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]*)|(?P<sign>[=&|!()]))")


class Condition:
    """A question about a configuration that is either so or not so."""

    __slots__ = ()

    def holds(self, choices: Mapping[FamilyId, OptionId]) -> bool:
        """Whether the condition is so for `choices`, which must decide every family that the condition asks about."""
        raise NotImplementedError

    def atoms(self) -> Iterator[Is]:
        """Each `family=option` in the order of the text, repeats included."""
        raise NotImplementedError

    @property
    def families(self) -> frozenset[FamilyId]:
        """The families that the answer may depend on."""
        return frozenset(atom.family_id for atom in self.atoms())


@dataclass(frozen=True, slots=True)
class Is(Condition):
    """`family=option`."""

    family_id: FamilyId
    option_id: OptionId

    def holds(self, choices: Mapping[FamilyId, OptionId]) -> bool:
        chosen = choices.get(self.family_id)
        if chosen is None:
            raise InvalidInput(
                f"`{self}` cannot be decided: no option of family `{self.family_id}` is chosen",
                "ask about a full configuration, or complete it first",
            )
        return chosen == self.option_id

    def atoms(self) -> Iterator[Is]:
        yield self

    def __str__(self) -> str:
        return f"{self.family_id}={self.option_id}"


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """`!inner`."""

    inner: Condition

    def holds(self, choices: Mapping[FamilyId, OptionId]) -> bool:
        return not self.inner.holds(choices)

    def atoms(self) -> Iterator[Is]:
        return self.inner.atoms()

    def __str__(self) -> str:
        return f"!{_bracketed(self.inner)}"


@dataclass(frozen=True, slots=True)
class All(Condition):
    """`a & b & …`; of nothing, it always holds."""

    parts: tuple[Condition, ...]

    def holds(self, choices: Mapping[FamilyId, OptionId]) -> bool:
        return all(part.holds(choices) for part in self.parts)

    def atoms(self) -> Iterator[Is]:
        for part in self.parts:
            yield from part.atoms()

    def __str__(self) -> str:
        return " & ".join(map(_bracketed, self.parts))


@dataclass(frozen=True, slots=True)
class Either(Condition):
    """`a | b | …`."""

    parts: tuple[Condition, ...]

    def holds(self, choices: Mapping[FamilyId, OptionId]) -> bool:
        return any(part.holds(choices) for part in self.parts)

    def atoms(self) -> Iterator[Is]:
        for part in self.parts:
            yield from part.atoms()

    def __str__(self) -> str:
        return " | ".join(map(_bracketed, self.parts))


ALWAYS = All(())


def _bracketed(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, All | Either) else str(condition)


def parse_condition(text: str, options: Mapping[FamilyId, Collection[OptionId]]) -> Condition:
    """The condition that `text` writes, over the families and options given; an empty text always holds.

    Raises InvalidInput: the place of the first error in the grammar, or every unknown family and option with the
    nearest known name.
    """
    condition = _Parser(text).condition()
    unknown = list(dict.fromkeys(_unknown(atom, options) for atom in condition.atoms()))
    faults = [fault for fault in unknown if fault is not None]
    if faults:
        raise InvalidInput(f"condition `{text}`: " + "; ".join(f[0] for f in faults), "; ".join(f[1] for f in faults))
    return condition


def _unknown(atom: Is, options: Mapping[FamilyId, Collection[OptionId]]) -> tuple[str, str] | None:
    """What is wrong with a name, and the way out; None where nothing is."""
    if atom.family_id not in options:
        return f"there is no family `{atom.family_id}`", nearest(atom.family_id, options)
    if atom.option_id not in options[atom.family_id]:
        return (
            f"family `{atom.family_id}` has no option `{atom.option_id}`",
            nearest(atom.option_id, options[atom.family_id]),
        )
    return None


def nearest(name: str, known: Collection[str]) -> str:
    """A hint that leads from a wrong name to the known one that it most resembles, or to all of them."""
    folded = {k.casefold(): k for k in sorted(known, reverse=True)}
    close = get_close_matches(name.casefold(), folded, n=1)
    if close:
        return f"did you mean `{folded[close[0]]}`?"
    few = sorted(known)[:12]
    return f"known: {', '.join(few)}{', …' if len(known) > len(few) else ''}" if few else "none is defined"


class _Parser:
    """Recursive descent over one text; positions count characters from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, int]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                at += len(text[at:]) - len(text[at:].lstrip())
                self._refuse(at, f"`{text[at]}` has no meaning here")
            kind = match.lastgroup or ""
            self._tokens.append((match[kind], match.start(kind)))
            at = match.end()
        self._tokens.append(("", end))
        self._next = 0
        self._depth = 0

    def _refuse(self, at: int, what: str, hint: str | None = None) -> NoReturn:
        raise InvalidInput(
            f"condition `{self._text}`: position {at + 1}: {what}",
            hint or "write it as colour=white & (battery=lfp54 | !roof=glass)",
        )

    def _peek(self) -> str:
        return self._tokens[self._next][0]

    def _expected(self, what: str, hint: str | None = None) -> NoReturn:
        token, at = self._tokens[self._next]
        self._refuse(at, f"expected {what}, found {f'`{token}`' if token else 'the end'}", hint)

    def condition(self) -> Condition:
        if not self._peek():
            return ALWAYS
        whole = self._either()
        if self._peek():
            self._expected("`&`, `|` or the end")
        return whole

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._peek() == "|":
            self._next += 1
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._peek() == "&":
            self._next += 1
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _single(self) -> Condition:
        token = self._peek()
        if token in {"!", "("}:
            self._depth += 1
            if self._depth > NESTING_MAX:
                self._refuse(self._tokens[self._next][1], f"more than {NESTING_MAX} brackets and `!` inside each other")
            self._next += 1
            if token == "!":
                inner: Condition = Not(self._single())
            else:
                inner = self._either()
                if self._peek() != ")":
                    self._expected("`)`")
                self._next += 1
            self._depth -= 1
            return inner
        return self._atom()

    def _name(self, what: str) -> str:
        token = self._peek()
        if not token or token in "=&|!()":
            self._expected(what)
        self._next += 1
        return token

    def _atom(self) -> Is:
        family = self._name("`family=option`, `!` or `(`")
        if self._peek() != "=":
            hint = f"write !{family}=… for `is not`" if self._peek() == "!" else None
            self._expected(f"`=` after the family `{family}`", hint)
        self._next += 1
        return Is(FamilyId(family), OptionId(self._name(f"an option of family `{family}`")))
