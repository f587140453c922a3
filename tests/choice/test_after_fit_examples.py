"""The worked examples of the docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest
from car_choosers import examples

MODULES = (
    "after.bootstrap",
    "after.comparison",
    "after.elasticity",
    "engines.engine",
    "after.scenario",
    "after.simulation",
    "table",
    "after.validation",
    "after.willingness",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_hold(name: str) -> None:
    module = importlib.import_module(f"pullcord.choice.{name}")
    result = doctest.testmod(module, globs=dict(examples()), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0
