"""docs/concepts/alliance.md says what the code says: its tables are made of the code's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pullcord.alliance import FACTS, Mode, Role, Seen, owner_of, rights_of, sight_of
from pullcord.app import projections
from pullcord.store import event_kinds, record_fields

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "alliance.md"
ROLES = {role: role.value.replace("_", " ") for role in Role}


def rights() -> str:
    """Each command, and who may give it where the platform sells and where the carmaker does."""
    assert rights_of(Mode.TECHNOLOGY) == rights_of(Mode.FUNDING)
    commands = sorted({command for role in Role for command in rights_of(Mode.DIRECT)[role]})

    def holders(command: str, mode: Mode) -> str:
        return ", ".join(ROLES[role] for role in Role if command in rights_of(mode)[role])

    rows = [f"| `{c}` | {holders(c, Mode.DIRECT)} | {holders(c, Mode.TECHNOLOGY)} |" for c in commands]
    return "\n".join(["| command | direct | technology, funding |", "|---|---|---|", *rows])


def facts() -> str:
    """Each kind of fact and its owner."""
    assert all(owner_of(fact, Mode.TECHNOLOGY) is owner_of(fact, Mode.FUNDING) for fact in FACTS)
    rows = [f"| {fact} | {ROLES[owner_of(fact)]} | {ROLES[owner_of(fact, Mode.TECHNOLOGY)]} |" for fact in FACTS]
    return "\n".join(["| fact | owner, direct | owner, technology, funding |", "|---|---|---|", *rows])


def sight() -> str:
    """Each kind of event and how much each role reads of it, where the platform sells."""
    assert projections(), "the rooms are imported, so their events are known"

    def much(kind: str, seen: Seen | None) -> str:
        if seen is None:
            return ""
        if seen.when is not None or seen.shape is not None:
            return "own"
        return "all" if len(seen.fields) == len(record_fields(event_kinds()[kind])) else "some"

    rows = [
        f"| `{kind}` | " + " | ".join(much(kind, roles[role]) for role in Role) + " |"
        for kind, roles in sight_of(Mode.DIRECT).items()
    ]
    head = "| event, direct | " + " | ".join(ROLES.values()) + " |"
    return "\n".join([head, "|---" * (len(Role) + 1) + "|", *rows])


@pytest.mark.parametrize("made", [rights, facts, sight], ids=lambda made: made.__name__)
def test_the_page_shows_the_code_s_own_table(made: object) -> None:
    assert callable(made)
    name = made.__name__
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"the page has no place for {name}"
    assert found[1] == made(), f"write the table anew:\n{made()}"
