"""Least privilege: a role may give its own commands, and no other's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord import alliance
from pullcord.alliance import RIGHTS, Role, may, require_right
from pullcord.base import Forbidden

DESK = Path(alliance.__file__).resolve().parents[1] / "desk"


def test_every_role_has_its_line_in_the_table() -> None:
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize(
    ("role", "command"),
    [
        (Role.PLATFORM, "production.plan"),
        (Role.PLATFORM, "production.build"),
        (Role.CARMAKER, "orders.reserve"),
        (Role.CARMAKER, "finance.settle"),
        (Role.SUPPLIER, "orders.reserve"),
        (Role.SUPPLIER, "production.plan"),
        (Role.CUSTOMER, "finance.settle"),
        (Role.CUSTOMER, "logistics.arrive"),
        (Role.LOGISTICS, "orders.cancel"),
    ],
)
def test_what_a_role_must_never_do(role: Role, command: str) -> None:
    assert not may(role, command)
    with pytest.raises(Forbidden, match=rf"a {role} may not give the command `{command}`") as refusal:
        require_right(role, command)
    assert refusal.value.hint
    assert refusal.value.hint.startswith("ask the ")


@given(role=st.sampled_from(Role), command=st.text(max_size=40))
def test_a_command_nobody_has_heard_of_is_refused(role: Role, command: str) -> None:
    if all(command not in rights for rights in RIGHTS.values()):
        assert not may(role, command)
        with pytest.raises(Forbidden, match="may not give"):
            require_right(role, command)


def test_what_is_granted_passes() -> None:
    for role, commands in RIGHTS.items():
        for command in commands:
            assert may(role, command)
            require_right(role, command)


def commands_of_the_desk() -> set[str]:
    """Every `room.verb` that the desk hands to one of its own methods."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(DESK.glob("*.py"))]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    words = [
        word.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr.startswith("_")
        for word in call.args
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    ]
    return {word for word in words if re.fullmatch(r"[a-z_]+\.[a-z_]+", word)}


def test_every_command_can_be_given_by_somebody() -> None:
    granted = frozenset[str]().union(*RIGHTS.values())
    assert commands_of_the_desk()
    assert commands_of_the_desk() <= granted, "add the missing ones to alliance/rights.py"


def test_no_right_is_granted_for_a_command_that_does_not_exist() -> None:
    granted = frozenset[str]().union(*RIGHTS.values())
    assert granted <= commands_of_the_desk(), "take out of alliance/rights.py what nobody can give"
