"""Least privilege: a role may give its own commands, and no other's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord import alliance
from pullcord.alliance import NOTED, RIGHTS, Mode, Role, may, require_right, rights_of
from pullcord.base import Attempt, Forbidden

DESK = Path(alliance.__file__).resolve().parents[1] / "desk"
GRANTED = frozenset[str]().union(*(commands for mode in Mode for commands in rights_of(mode).values()))


@pytest.mark.parametrize("mode", Mode)
def test_every_role_has_its_line_in_the_table(mode: Mode) -> None:
    assert set(rights_of(mode)) == set(Role)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    ("role", "command"),
    [
        (Role.PLATFORM, "production.plan"),
        (Role.PLATFORM, "production.build"),
        (Role.PLATFORM, "procurement.receive"),
        (Role.CARMAKER, "program.open"),
        (Role.CARMAKER, "logistics.arrive"),
        (Role.SUPPLIER, "orders.reserve"),
        (Role.SUPPLIER, "production.plan"),
        (Role.CUSTOMER, "finance.settle"),
        (Role.CUSTOMER, "logistics.arrive"),
        (Role.CUSTOMER, "claims.publish"),
        (Role.LOGISTICS, "orders.cancel"),
        (Role.FUNDER, "orders.deposit"),
        (Role.SERVICE_SHOP, "demand.release"),
    ],
)
def test_what_a_role_must_never_do(role: Role, command: str, mode: Mode) -> None:
    assert not may(role, command, mode)
    with pytest.raises(Forbidden, match=rf"a {role} may not give the command `{command}`") as refusal:
        require_right(role, command, mode)
    assert refusal.value.hint
    assert refusal.value.hint.startswith("ask the ")


@pytest.mark.parametrize("command", ["orders.deposit", "orders.lapse", "finance.settle", "demand.release"])
def test_selling_is_the_right_of_whoever_sells(command: str) -> None:
    assert may(Role.PLATFORM, command, Mode.DIRECT)
    assert not may(Role.CARMAKER, command, Mode.DIRECT)
    for mode in (Mode.TECHNOLOGY, Mode.FUNDING):
        assert may(Role.CARMAKER, command, mode)
        assert not may(Role.PLATFORM, command, mode)


def test_where_nothing_is_said_the_platform_sells() -> None:
    assert rights_of(Mode.DIRECT) == RIGHTS
    assert may(Role.PLATFORM, "orders.deposit")


def test_the_table_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        rights_of(Mode.DIRECT)[Role.SUPPLIER] = frozenset({"finance.settle"})  # type: ignore[index]
    assert not may(Role.SUPPLIER, "finance.settle")


@given(role=st.sampled_from(Role), command=st.text(max_size=40), mode=st.sampled_from(Mode))
def test_a_command_nobody_has_heard_of_is_refused(role: Role, command: str, mode: Mode) -> None:
    if command not in GRANTED:
        assert not may(role, command, mode)
        with pytest.raises(Forbidden, match="may not give"):
            require_right(role, command, mode)


def test_what_is_granted_passes() -> None:
    for mode in Mode:
        for role, commands in rights_of(mode).items():
            for command in commands:
                assert may(role, command, mode)
                require_right(role, command, mode)


def test_a_refusal_carries_what_was_tried() -> None:
    attempt = Attempt("catl", "finance.settle", "settle-now")
    with pytest.raises(Forbidden) as refusal:
        require_right(Role.SUPPLIER, "finance.settle", attempt=attempt)
    assert refusal.value.attempt == attempt


def commands_of_the_desk() -> set[str]:
    """Every `room.verb` that the desk hands to one of its own methods."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted(DESK.glob("*.py"))]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    words = [
        word.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr.startswith("_")
        for word in (*call.args, *(keyword.value for keyword in call.keywords))
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    ]
    return {word for word in words if re.fullmatch(r"[a-z_]+\.[a-z_]+", word)}


def test_every_command_can_be_given_by_somebody() -> None:
    assert len(commands_of_the_desk()) > 15
    assert commands_of_the_desk() <= GRANTED, "add the missing ones to alliance/rights.py"


def test_no_right_is_granted_for_a_command_that_does_not_exist() -> None:
    assert commands_of_the_desk() >= GRANTED, "take out of alliance/rights.py what nobody can give"


def test_no_role_may_write_or_leave_out_a_refusal() -> None:
    assert NOTED not in GRANTED
