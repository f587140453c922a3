"""What the shop says, in Chinese and English: its own sentences, and a program's names in the language asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pullcord.base import Money, Problem
from pullcord.program import Program

LANGUAGES = ("zh", "en")
TAGS = {"zh": "zh-CN", "en": "en"}
_HOLE = re.compile(r"\{(\w+)\}")
_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def messages(language: str) -> Mapping[str, str]:
    """The shop's sentences in one language, by `section.key`."""
    text = files("pullcord.shop").joinpath("words", f"{language}.toml").read_text(encoding="utf-8")
    return {
        f"{section}.{key}": sentence for section, keys in tomllib.loads(text).items() for key, sentence in keys.items()
    }


def holes(sentence: str) -> frozenset[str]:
    """The names of what a sentence leaves to be filled in."""
    return frozenset(_HOLE.findall(sentence))


def problems() -> list[Problem]:
    """Where the catalogues disagree: a sentence that one language lacks, or that is filled in with something else."""
    found = []
    every = sorted({key for language in LANGUAGES for key in messages(language)})
    for key in every:
        said = {language: messages(language).get(key) for language in LANGUAGES}
        for language, sentence in said.items():
            if not sentence:
                found.append(Problem(f"{language}.toml", 0, f"`{key}` is not said", "translate it"))
        sets = {holes(sentence) for sentence in said.values() if sentence}
        if len(sets) > 1:
            found.append(Problem("words", 0, f"`{key}` is filled in differently", "use the same {names} in each"))
    return found


class Words:
    """One language's sentences, numbers and dates, and the program's names in it."""

    def __init__(self, language: str, program: Program) -> None:
        self.language = language
        self.tag = TAGS[language]
        self._said = messages(language)
        self._program = program
        self._names = _program_names(program.folder, language)

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence of that key, filled in."""
        return self._said[key].format(**values)

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self._said

    def name(self, kind: str, key: str, given: str) -> str:
        """A program's own word (`kind` such as option, `key` its id) in this language; as given where it has none."""
        return self._names.get(kind, {}).get(key, given)

    def plan(self, plan: str) -> str:
        """A plan's name, such as battery rental."""
        key = f"plan.{plan}"
        return self.name("plan", plan, self(key) if self.has(key) else plan)

    def money(self, amount: Money) -> str:
        """An amount as a shop writes it: ¥49,900, and ¥0.20."""
        sign = "-" if amount.minor < 0 else ""
        major = abs(amount.major)
        whole = major == major.to_integral_value()
        text = f"{major:,.0f}" if whole else f"{major:,f}"
        return f"{sign}¥{text}" if amount.currency == "CNY" else f"{sign}{text} {amount.currency}"

    def signed(self, amount: Money) -> str:
        """A difference: with its sign, also where it is more."""
        return f"+{self.money(amount)}" if amount.minor > 0 else self.money(amount)

    def number(self, value: float, decimals: int = 0) -> str:
        """A number with its thousands apart."""
        return f"{value:,.{decimals}f}"

    def day(self, day: date) -> str:
        """A date with its weekday."""
        weekday = _WEEKDAYS[self.language][day.weekday()]
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日（周{weekday}）"
        return f"{weekday} {day.day} {_MONTHS[day.month - 1]} {day.year}"

    def short_day(self, day: date) -> str:
        """A date without its year."""
        if self.language == "zh":
            return f"{day.month}月{day.day}日"
        return f"{day.day} {_MONTHS[day.month - 1]}"

    def moment(self, local: datetime) -> str:
        """A date and a time of day, on the wall clock where the program is sold."""
        return f"{self.day(local.date())} {local:%H:%M}"


@cache
def _program_names(folder: Path, language: str) -> Mapping[str, Mapping[str, str]]:
    """A program's `words.<language>.toml`, if it has one: how its families, options and rules are called there."""
    file = folder / f"words.{language}.toml"
    if not file.is_file():
        return {}
    read: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {kind: {str(k): str(v) for k, v in names.items()} for kind, names in read.items() if isinstance(names, dict)}


def preferred(cookie: str | None, accept: str | None) -> str:
    """The language to speak: what was chosen, else the first that the browser asks for and we know, else Chinese."""
    if cookie in LANGUAGES:
        return cookie
    asked = []
    for place, part in enumerate((accept or "").split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            asked.append((-float(weight or 1), place, tag.partition("-")[0].lower()))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(asked) if tag in LANGUAGES), "zh")
