"""`pullcord token`: keys that let the parties' machines use the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pullcord.base import InvalidInput, PartyId, ProgramId

from .console import JsonFlag, show, talk
from .house import AtOption, Folder, LedgerOption, clock_at, ledger_url

if TYPE_CHECKING:
    from pullcord.accounts import Accounts, PartyToken
    from pullcord.program import Program

app = typer.Typer(help="Keys of the parties for the API: issue, list, revoke.", no_args_is_help=True)

DAYS_MAX = 366


@app.command()
def issue(
    folder: Folder,
    party: Annotated[str, typer.Option(help="Whose key it is; see `pullcord program show`.")],
    scope: Annotated[list[str], typer.Option(help="What it opens, such as `orders`; give it again for more.")],
    days: Annotated[int, typer.Option(min=1, max=DAYS_MAX, help="How long it lasts.")] = 90,
    ledger: LedgerOption = None,
    at: AtOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a key and print it, once. Only its hash is kept."""
    with _accounts(folder, ledger, at) as (program, accounts):
        made = accounts.issue_token(_party(program, party), scope, timedelta(days=days))
        told = {"token": made.plain} | _told(made.kept)
        # The key alone on stdout, so that it can be piped to where it is kept without being seen.
        show(told, as_json, lambda console: console.print(made.plain, soft_wrap=True, markup=False))
        if not as_json:
            until = made.kept.expires_at
            talk.print(f"{made.kept.token_id} of {party}, until {until:%Y-%m-%d %H:%M} UTC; it is not shown again")


@app.command(name="list")
def list_tokens(
    folder: Folder,
    party: Annotated[str | None, typer.Option(help="Only the keys of this party.")] = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    as_json: JsonFlag = False,
) -> None:
    """The keys there are, those that ended lately too. The keys themselves cannot be shown."""
    with _accounts(folder, ledger, at) as (program, accounts):
        kept = accounts.tokens(None if party is None else _party(program, party))
        now = clock_at(at).now()
        rows = [_told(token) | {"state": _state(token, now)} for token in kept]
        show(rows, as_json, lambda console: _draw(console, rows))


@app.command()
def revoke(
    folder: Folder,
    token_id: Annotated[str, typer.Argument(help="As `pullcord token list` names it.")],
    ledger: LedgerOption = None,
    at: AtOption = None,
    as_json: JsonFlag = False,
) -> None:
    """End a key. Servers that run notice it within a second."""
    with _accounts(folder, ledger, at) as (_, accounts):
        kept = accounts.revoke_token(token_id)
        show(_told(kept), as_json, lambda console: console.print(f"{token_id} of {kept.party_id} is revoked"))


@contextmanager
def _accounts(folder: Any, ledger: str | None, at: str | None) -> Iterator[tuple[Program, Accounts]]:
    """A program and its accounts; neither needs the ledger to have begun."""
    from pullcord.accounts import Accounts
    from pullcord.program import read_program

    program = read_program(folder)
    url = ledger_url(program, ledger)
    with Accounts.open(url, clock=clock_at(at), program_id=ProgramId(program.program_id)) as accounts:
        yield program, accounts


def _party(program: Program, name: str) -> PartyId:
    names = [party.party_id for party in program.parties]
    if name not in names:
        raise InvalidInput(f"`{name}` is no party of {program.name}", f"its parties are {', '.join(names)}")
    return PartyId(name)


def _told(token: PartyToken) -> dict[str, Any]:
    return {
        "token_id": token.token_id,
        "party": token.party_id,
        "scopes": sorted(token.scopes),
        "issued_at": token.issued_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "revoked_at": None if token.revoked_at is None else token.revoked_at.isoformat(),
        "last_used_on": None if token.last_used_on is None else token.last_used_on.isoformat(),
    }


def _state(token: PartyToken, now: Any) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "in force" if now < token.expires_at else "over"


def _draw(console: Console, rows: list[dict[str, Any]]) -> None:
    table = Table()
    for column in ("key", "party", "scopes", "until (UTC)", "last used", "state"):
        table.add_column(column)
    for row in rows:
        until = row["expires_at"][:16].replace("T", " ")
        used = row["last_used_on"] or "never"
        table.add_row(row["token_id"], row["party"], " ".join(row["scopes"]), until, used, row["state"])
    console.print(table)
