"""Every assumption that the code reads by name is asked for by the check, so that no run dies of a missing key."""

from __future__ import annotations

import re
from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest

from pullcord.catalogue import Catalogue
from pullcord.program.needed import NEEDED
from pullcord.study.two_worlds import twin_input
from small_house import small_program

SOURCE = Path(__file__).parents[2] / "src" / "pullcord"
READ = re.compile(r"""(?:assumed\(|value\[)\s*f?["']([a-z0-9_{}]+)["']""")


def test_every_key_that_the_code_reads_is_needed() -> None:
    read = {key for path in SOURCE.rglob("*.py") for key in READ.findall(path.read_text(encoding="utf-8"))}
    read = {key.replace("{program.currency.lower()}", "{currency}") for key in read}
    assert read >= {"patience_sigma", "twin_load"}, "the pattern no longer finds what is read"
    assert read <= {need.key for need in NEEDED}, "add them to program/needed.py, with unit and meaning"


def test_needed_keys_stand_once() -> None:
    keys = [need.key for need in NEEDED]
    assert len(keys) == len(set(keys))
    assert all(need.unit and need.meaning and need.least < need.most for need in NEEDED)


# The twin's own bounds, by the assumption that becomes each of its values.
TWIN = {
    "buy_share": "buy_share",
    "patience_median_days": "patience_median_days",
    "patience_sigma": "patience_sigma",
    "price_sensitivity_per_10k_{currency}": "price_sensitivity",
    "taste_nest_scale": "nest_scale",
    "taste_drift_per_week": "taste_drift",
    "plant_availability": "availability",
    "plant_availability_sd": "availability_sd",
    "transit_sd_days": "transit_sd_days",
    "holding_cost_share_per_year": "holding_share_per_year",
    "financing_rate_per_year": "financing_rate_per_year",
    "markdown_share_aged": "markdown_share",
    "dealer_age_days": "markdown_after_days",
    "expedite_cost_per_unit_{currency}": "expedite_cost",
    "dealer_freeze_weeks": "freeze_weeks",
    "dealer_bucket_weeks": "bucket_weeks",
    "dealer_delivery_days": "stock_delivery_days",
    "dealer_transfer_days": "transfer_days",
    "kit_lead_weeks": "kit_lead_weeks",
    "kit_late_share": "kit_late_share",
    "expedite_lead_weeks": "expedite_lead_weeks",
    "expedite_share_max": "expedite_share_max",
    "twin_load": "",
}


@pytest.mark.parametrize("key", sorted(TWIN))
@pytest.mark.parametrize("end", ["least", "most"])
def test_the_twin_takes_every_value_that_the_check_lets_pass(key: str, end: str) -> None:
    program = small_program()
    need = next(need for need in NEEDED if need.key == key)
    value = getattr(need, end) if isfinite(getattr(need, end)) else 1e6
    name = need.key_in(program.currency)
    changed = replace(program.assumptions[name], value=value)
    given = twin_input(Catalogue(replace(program, assumptions={**program.assumptions, name: changed})))
    if TWIN[key] in ("", "price_sensitivity"):
        return
    assert getattr(given, TWIN[key]) == pytest.approx(value)
