"""`pullcord product` on the People's Car, as people and as programs read it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pullcord.base import InvalidInput, NotFound
from pullcord.cli.product import app


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_count(program_dir):
    assert invoke("count", program_dir).stdout == "10 of 16 combinations can be built\n"
    answer = json.loads(invoke("count", program_dir, "wrap=custom", "--json").stdout)
    assert answer == {"buildable": 2, "combinations": 8, "choices": {"wrap": "custom"}}


def test_check_of_what_can_be_built(program_dir):
    result = invoke("check", program_dir, "colour=blue", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["buildable"] is True
    assert answer["products"] == 2
    assert answer["open"] == {"roof": ["steel"], "wrap": ["none"], "accessories": ["none", "kit"]}
    assert answer["available"]["colour"] == ["white", "grey", "blue", "green"]


def test_check_of_what_cannot(program_dir):
    result = invoke("check", program_dir, "accessories=kit", "colour=blue", "wrap=custom", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["buildable"] is False
    assert answer["conflict"] == {"colour": "blue", "wrap": "custom"}
    assert [rule["rule_id"] for rule in answer["rules"]] == ["wrap-on-white"]


def test_list(program_dir):
    answer = json.loads(invoke("list", program_dir, "--json").stdout)
    colours = next(family for family in answer["families"] if family["family_id"] == "colour")
    assert {option["option_id"]: option["products"] for option in colours["options"]} == {
        "white": 4,
        "grey": 2,
        "blue": 2,
        "green": 2,
    }
    assert {variant["variant_id"] for variant in answer["variants"]} >= {"white", "white-wrap-kit"}
    drawn = invoke("list", program_dir)
    assert drawn.exit_code == 0
    assert "wrap-on-white" in drawn.stdout


def test_an_option_that_is_never_built_is_marked(program_dir):
    rules = program_dir / "rules.csv"
    lines = rules.read_text(encoding="utf-8").splitlines()
    rules.write_text("\n".join([*lines, "no-green,colour=green,colour=white,test,assumption: test,A"]) + "\n")
    variants = program_dir / "variants.csv"
    kept = [line for line in variants.read_text(encoding="utf-8").splitlines() if not line.startswith("green")]
    variants.write_text("\n".join(kept) + "\n", encoding="utf-8")
    for table in ("price_card.csv", "bom.csv", "campaign_quotas.csv"):
        path = program_dir / table
        kept = [line for line in path.read_text(encoding="utf-8").splitlines() if "green," not in line]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert "never built" in invoke("list", program_dir).stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["roof=glas"], "family `roof` has no option `glas`"),
        (["rof=steel"], "there is no family `rof`"),
        (["roof"], "`roof` is no choice"),
        (["wrap=none", "wrap=custom"], "family `wrap` is chosen twice"),
    ],
)
def test_a_slip_is_refused_with_a_way_out(program_dir, words, message):
    failure = invoke("check", program_dir, *words).exception
    assert isinstance(failure, InvalidInput)
    assert message in failure.message
    assert failure.hint


def test_a_missing_folder_is_said_to_be_missing(tmp_path):
    assert isinstance(invoke("count", tmp_path / "nowhere").exception, NotFound)
