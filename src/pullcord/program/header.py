"""program.toml: the program's name, clock, currency and policies, checked by pydantic and told with line numbers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pullcord.base import CURRENCIES, InvalidInput, Money, check_id

from .cells import YEARS, Refused, read_cell
from .column import CURRENCY, TAKEN_FROM_ASSUMPTIONS, Column, Kind
from .faults import Faults, suggest
from .folder import HEADER_FILE as FILE
from .model import Policies, Survey, SurveyTerm
from .tables import assumed

_CLOSED = ConfigDict(extra="forbid", strict=True, frozen=True)
_DEPOSIT = Column("deposit_{currency}", Kind.MONEY, "paid by the customer to hold a build slot", CURRENCY, above=0)
_IN_CURRENCY = "_currency"  # a key of the model that ends so ends in the program's currency in the file
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_SECTION = re.compile(r"\s*\[\s*([A-Za-z0-9_-]+)\s*\]")
_KEY = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*=""")


def _key(meaning: str, unit: str = "", **bounds: Any) -> Any:
    return Field(description=meaning, json_schema_extra={"unit": unit}, **bounds)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _as_text(value: Any) -> Any:
    """An amount of money stays as it is written: a float could not hold it."""
    return str(value) if _is_number(value) else value


def _as_float(value: Any) -> Any:
    return float(value) if _is_number(value) else value


class PolicyKeys(BaseModel):
    """The keys under [policies]."""

    model_config = _CLOSED

    deposit_currency: Annotated[str, BeforeValidator(_as_text), _key(_DEPOSIT.meaning, CURRENCY)]
    deposit_refundable_until_lock: Annotated[bool, _key("whether a deposit comes back in full until the order locks")]
    quote_valid_hours: Annotated[int, _key("how long a quote and its build slot are held", "hour", ge=1, le=8760)]
    lock_hours: Annotated[
        int, _key("a deposit may be withdrawn so long; then the order locks by itself", "hour", ge=0, le=8760)
    ]
    freeze_weeks: Annotated[int, _key("weeks of the schedule that no longer change", "week", ge=0, le=104)]
    plan_every_days: Annotated[int, _key("how often the schedule is computed", "day", ge=1, le=366)]
    forecast_every_days: Annotated[int, _key("how often the forecast is computed", "day", ge=1, le=366)]
    forecast_on_signal: Annotated[
        bool, _key("whether each signal of a customer revises the latest forecast at once; no, where it is not said")
    ] = False
    privacy_epsilon_per_quarter: Annotated[
        float,
        BeforeValidator(_as_float),
        _key(
            "what a partner may learn from private counts of the persons who first came in one quarter; 1 if absent",
            "epsilon",
            ge=0,
            le=20,
            allow_inf_nan=False,
        ),
    ] = 1.0
    week_price_most_currency: Annotated[
        int,
        _key("the most that choosing a build week may cost or save; 0, where it is not said", CURRENCY, ge=0, le=10**7),
    ] = 0


class SurveyKeys(BaseModel):
    """The keys under [survey]."""

    model_config = _CLOSED

    data_set: Annotated[str, _key("the choice data that the tastes are fitted on, by name", min_length=1)]
    utility: Annotated[str, _key("what enters utility, term + term", min_length=1)]


class AllianceKeys(BaseModel):
    """The keys under [alliance]."""

    model_config = _CLOSED

    mode: Annotated[
        Literal["technology", "funding", "direct"],
        _key("how the platform takes part; direct, where it is not said: the platform sells and holds the deposits"),
    ] = "direct"
    discounts_borne_by: Annotated[
        str | None, _key("the party that bears what a campaign takes off the price; all by their shares, if absent")
    ] = None
    funding_rate_per_year: Annotated[
        str | None,
        BeforeValidator(_as_text),
        _key("simple interest on what the funder lends from the lock to the handover", "share/year"),
    ] = None


class ProgramKeys(BaseModel):
    """The keys of program.toml."""

    model_config = _CLOSED

    program_id: Annotated[str, _key("the program: first part of every key in the ledger")]
    name: Annotated[str, _key("its name", min_length=1)]
    category: Annotated[str, _key("what kind of product it is, in the reports' words", min_length=1)]
    unit_name: Annotated[str, _key("what one unit is called, in the singular", min_length=1)]
    currency: Annotated[str, _key("ISO 4217; money columns end in it, in lower case")]
    seed: Annotated[int, _key("all chance of a run comes from it", ge=0, lt=2**63)]
    utc_offset_hours: Annotated[
        float, BeforeValidator(_as_float), _key("local time minus UTC", "hour", ge=-12, le=14, allow_inf_nan=False)
    ]
    starts_on: Annotated[date, _key("local date of the first day", ge=date(1900, 1, 1), lt=date(2200, 1, 1))]
    horizon_weeks: Annotated[int, _key("how long the program is looked at", "week", ge=1, le=520)]
    new_product_id: Annotated[str, _key("the new product's row in rivals.csv and the root of bom.csv")]
    policies: PolicyKeys
    survey: Annotated[SurveyKeys | None, _key("the survey that survey.csv speaks of")] = None
    alliance: Annotated[AllianceKeys, _key("how the parties work together")] = AllianceKeys()

    def policies_of(self, deposit: Money) -> Policies:
        """The policies as a record, with the deposit as money."""
        stated = self.policies.model_dump(exclude={"deposit_currency", "week_price_most_currency"})
        most = Money.of(self.policies.week_price_most_currency, self.currency)
        return Policies(deposit=deposit, week_price_most=most, **stated)


class Header:
    """program.toml as far as it could be read; `keys` is None where anything in it is wrong."""

    def __init__(self, keys: ProgramKeys | None, deposit: Money | None, text: str, tree: Mapping[str, Any]) -> None:
        self.keys = keys
        self.deposit = deposit
        self._text = text
        self._tree = tree

    @property
    def currency(self) -> str | None:
        """The currency, if it is one."""
        stated = self._tree.get("currency")
        return stated if isinstance(stated, str) and stated in CURRENCIES else None

    @property
    def week_price_most(self) -> Money | None:
        """The most that choosing a week may take off a price; None where nothing, or where it cannot be read."""
        if self.keys is None or not self.keys.policies.week_price_most_currency:
            return None
        return Money.of(self.keys.policies.week_price_most_currency, self.keys.currency)

    @property
    def new_product_id(self) -> str | None:
        """The new product, whether or not the other keys are right."""
        stated = self._tree.get("new_product_id")
        return stated if isinstance(stated, str) else None

    @property
    def horizon(self) -> tuple[date, date] | None:
        """The first and the last day, whether or not the other keys are right."""
        first, weeks = self._tree.get("starts_on"), self._tree.get("horizon_weeks")
        if type(first) is not date or type(weeks) is not int or not (1 <= weeks <= 520 and first.year in YEARS):
            return None
        return first, first + timedelta(days=7 * weeks - 1)

    def survey_of(self, terms: tuple[SurveyTerm, ...]) -> Survey | None:
        """The survey as a record; None where the program names none."""
        stated = None if self.keys is None else self.keys.survey
        return None if stated is None else Survey(stated.data_set, stated.utility, terms)

    @property
    def has_survey(self) -> bool:
        """Whether the file has a section for it, right or not."""
        return "survey" in self._tree

    def line_of(self, *path: str) -> int:
        """The line on which a key stands; that of its section, or the first, where it does not."""
        return line_of(self._text, path)


def read_header(text: str | None, assumptions: Mapping[str, tuple[str, str]] | None, faults: Faults) -> Header:
    """program.toml with every fault of it noted; nothing is raised. `text` is None where there is none."""
    if text is None:
        return Header(None, None, "", {})
    try:
        tree = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as failure:  # also a number of 5,000 digits, or 1,000 brackets
        _note_syntax(str(failure), text, faults)
        return Header(None, None, text, {})
    currency = _spelled(tree.get("currency"))
    before = len(faults)
    if isinstance(tree.get("policies"), dict):
        tree["policies"] = _policies(tree["policies"], currency, assumptions, text, faults)
    keys: ProgramKeys | None = None
    try:
        keys = ProgramKeys.model_validate(tree)
    except ValidationError as failure:
        for error in failure.errors(include_url=False, include_context=False):
            _note(error, currency, text, faults)
    deposit = None
    if keys is not None and keys.currency not in CURRENCIES:
        faults.add(
            FILE, line_of(text, ("currency",)), f"`currency` cannot be '{keys.currency}'",
            "write three capitals of ISO 4217, such as CNY",
        )  # fmt: skip
    elif keys is not None:
        for name in ("program_id", "new_product_id"):
            try:
                check_id(getattr(keys, name), name)
            except InvalidInput as refused:
                faults.take(FILE, line_of(text, (name,)), refused)
        try:
            deposit = read_cell(keys.policies.deposit_currency, _DEPOSIT, keys.currency)
        except Refused as refused:
            faults.add(FILE, line_of(text, ("policies", _DEPOSIT.title(keys.currency))), refused.wrong, refused.right)
    return Header(keys if len(faults) == before else None, deposit, text, tree)


def _spelled(stated: object) -> str | None:
    """A currency as it is written, known or not, so that the keys which end in it can still be told."""
    return stated if isinstance(stated, str) and re.fullmatch("[A-Za-z]{3}", stated) else None


def _policies(
    stated: Mapping[str, Any],
    currency: str | None,
    assumptions: Mapping[str, tuple[str, str]] | None,
    text: str,
    faults: Faults,
) -> dict[str, Any]:
    """The policies under the model's names, with each `=key` replaced by the assumption's value."""
    names = {title_of(name, currency): name for name in PolicyKeys.model_fields}
    read: dict[str, Any] = {}
    for title, value in stated.items():
        name = names.get(title, title)
        if isinstance(value, str) and value.startswith(TAKEN_FROM_ASSUMPTIONS) and title in names:
            try:
                value = assumed(
                    value, title, unit_of(PolicyKeys, name).replace(CURRENCY, (currency or "").upper()), assumptions
                )
                value = int(value) if value.isdecimal() else value
                if isinstance(value, str) and PolicyKeys.model_fields[name].annotation is float:
                    value = Decimal(value)
            except Refused as refused:
                if refused.wrong:
                    faults.add(FILE, line_of(text, ("policies", title)), refused.wrong, refused.right)
                value = 1  # stands in, so that the other keys can still be checked
        read[name] = value
    return read


def unit_of(model: type[BaseModel], name: str) -> str:
    """The unit of a key, empty where it has none."""
    extra = model.model_fields[name].json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def title_of(name: str, currency: str | None) -> str:
    """How a key of the model is written in the file of a program of this currency."""
    stem = name.removesuffix(_IN_CURRENCY)
    return name if stem == name else f"{stem}_{(currency or CURRENCY).lower()}"


def _note(error: Any, currency: str | None, text: str, faults: Faults) -> None:
    path = [str(part) for part in error["loc"]]
    if path[:1] == ["policies"] and len(path) > 1:
        path = ["policies", title_of(path[1], currency)]
        known = [title_of(name, currency) for name in PolicyKeys.model_fields]
    elif path[:1] == ["survey"] and len(path) > 1:
        path, known = path[:2], list(SurveyKeys.model_fields)
    elif path[:1] == ["alliance"] and len(path) > 1:
        path, known = path[:2], list(AllianceKeys.model_fields)
    else:
        path = path[:1]
        known = list(ProgramKeys.model_fields)
    line = line_of(text, path)
    name = path[-1]
    if error["type"] == "extra_forbidden":
        faults.add(FILE, line, f"unknown key `{name}`", suggest(name, known))
    elif error["type"] == "missing":
        what = "the section `[policies]`" if name == "policies" else f"the key `{name}`"
        faults.add(FILE, line, f"{what} is missing", f"add it{f' under [{path[0]}]' if len(path) > 1 else ''}")
    else:
        shown = error["input"]
        short = f" {shown!r}" if isinstance(shown, str | int | bool) else ""
        faults.add(FILE, line, f"`{name}` cannot be{short or ' of this kind'}", _lower(error["msg"]))


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def _note_syntax(message: str, text: str, faults: Faults) -> None:
    match = _AT.search(message)
    last = max(1, len(text.splitlines()))
    line = int(match[1]) if match and match[1] else last
    faults.add(
        FILE, min(line, last), f"this is no TOML: {_lower(_AT.sub('', message))}", "mend the line, or quote the text"
    )


def line_of(text: str, path: tuple[str, ...] | list[str]) -> int:
    """The line of a key, searched in the text; that of its section, or 1, where the key is not there."""
    section, found = "", 1
    for number, content in enumerate(text.splitlines(), start=1):
        if match := _SECTION.match(content):
            section = match[1]
            if [section] == list(path[:1]):
                found = number
        elif (match := _KEY.match(content)) and (
            (len(path) == 1 and not section and match[1] == path[0])
            or (len(path) > 1 and section == path[0] and match[1] == path[-1])
        ):
            return number
    return found
