"""`pullcord claims`: is what we say so, and who says it?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pullcord.base import InvalidInput

from .console import JsonFlag, show, talk
from .house import AtOption, Folder, LedgerOption, PartyOption, give, open_house, read_house

if TYPE_CHECKING:
    from pullcord.claims import CheckedClaims, FactAnswer, Publication, ShownClaim, Withdrawal
    from pullcord.program import Program

app = typer.Typer(help="What is said of the product: check it, publish it, take it back.", no_args_is_help=True)

ClaimArgument = Annotated[str, typer.Argument(help="The claim's id.")]
Attempt = Annotated[int, typer.Option(min=1, help="A number of its own for each time the same is asked again.")]
BROKEN = 2  # exit status when a claim breaks a rule


@app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A program's folder, or a folder with a claims.csv inside one.")
    ],
    at: Annotated[str | None, typer.Option("--at", help="Day of showing, as 2025-11-09; default the first.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Hold every claim against product, price card, contract and channel; exit status 2 when any breaks a rule."""
    from pullcord.claims import check_claims
    from pullcord.program import program_folder_of, read_claims, read_program

    program = read_program(program_folder_of(folder))
    checked = check_claims(program, read_claims(folder, program), at=_day(at))
    show(_checked(program, folder, checked), as_json, lambda console: _draw_checked(console, program, folder, checked))
    if not checked.hold:
        raise typer.Exit(BROKEN)


@app.command()
def publish(
    folder: Folder,
    claims: Annotated[list[str] | None, typer.Argument(help="Ids of claims; default all of the program.")] = None,
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    attempt: Attempt = 1,
    as_json: JsonFlag = False,
) -> None:
    """Publish claims, with those that stand beside them; exit status 2 when one is refused."""
    from pullcord.base import PartyId

    giver = PartyId(party) if party else None
    with open_house(folder, ledger, at) as house:
        desk = house.desk
        commands = [desk.publish_claim(name, attempt=attempt, party=giver) for name in claims or ()]
        answers: list[Publication] = [
            give(house, command) for command in commands or [desk.publish_claims(attempt=attempt, party=giver)]
        ]
    published = list(dict.fromkeys(name for answer in answers for name in answer.published))
    refused = list(dict.fromkeys(told for answer in answers for told in answer.refused))

    def draw(console: Console) -> None:
        console.print(f"{len(published)} public: {', '.join(published) or 'none'}", markup=False)
        if refused:
            console.print(_table("Refused", [(told.claim_id, told.rule, told.says, told.mend) for told in refused]))

    told_of = [{"claim_id": t.claim_id, "rule": t.rule, "says": t.says, "mend": t.mend} for t in refused]
    show({"published": published, "refused": told_of}, as_json, draw)
    if refused:
        raise typer.Exit(BROKEN)


@app.command()
def withdraw(
    folder: Folder,
    claim: ClaimArgument,
    why: Annotated[str, typer.Option(help="Why it is taken back; readers will ask.")],
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    attempt: Attempt = 1,
    as_json: JsonFlag = False,
) -> None:
    """Take a claim back, and with it those that may not be shown without it."""
    from pullcord.base import PartyId

    with open_house(folder, ledger, at) as house:
        giver = PartyId(party) if party else None
        answer: Withdrawal = give(house, house.desk.withdraw_claim(claim, why, attempt=attempt, party=giver))
    if answer.refused:
        raise InvalidInput(answer.refused, f"`pullcord claims list {folder}` shows what is public")
    names = ", ".join(answer.unpublished)
    show(
        {"unpublished": list(answer.unpublished)},
        as_json,
        lambda console: console.print(f"public no longer: {names}", markup=False),
    )


@app.command()
def change(
    folder: Folder,
    fact: Annotated[str, typer.Argument(help="The fact's key, such as cap/rental or invoice/dazhou.")],
    value: Annotated[str, typer.Argument(help="What it is now.")],
    why: Annotated[str, typer.Option(help="Why it is another; the letters will be asked about it.")],
    ledger: LedgerOption = None,
    at: AtOption = None,
    party: PartyOption = None,
    attempt: Attempt = 1,
    as_json: JsonFlag = False,
) -> None:
    """Say that a fact is another: claims that rest on it fall, and letters to those who were exposed are drafted."""
    import msgspec

    from pullcord.base import PartyId

    with open_house(folder, ledger, at) as house:
        giver = PartyId(party) if party else None
        answer: FactAnswer = give(house, house.desk.change_fact(fact, value, why, attempt=attempt, party=giver))
    if answer.refused:
        raise InvalidInput(answer.refused, "give another value")

    def draw(console: Console) -> None:
        console.print(f"{answer.key}: {answer.was} -> {answer.value}", markup=False)
        console.print(f"public no longer: {', '.join(answer.unpublished) or 'none'}", markup=False)
        console.print(f"{answer.orders:,} orders were exposed; {len(answer.notices)} letters drafted", markup=False)
        for notice in answer.notices:
            console.print(f"\n{notice.claim_id}, to {notice.orders:,} orders:", markup=False)
            console.print(notice.text_en, markup=False, soft_wrap=True)
            console.print(notice.text_zh, markup=False, soft_wrap=True)

    show(msgspec.to_builtins(answer), as_json, draw)


@app.command("list")
def list_claims(folder: Folder, ledger: LedgerOption = None, at: AtOption = None, as_json: JsonFlag = False) -> None:
    """List every claim with its owner, evidence and state: public, taken back, or not yet published and why."""
    program, rows = _rows(folder, ledger, at)
    table = Table(title=f"{program.name}: {len(rows)} claims")
    for heading in ("claim", "owner", "evidence", "state", "says"):
        table.add_column(heading)
    for row in rows:
        says = row.text_en + (f" ({row.why})" if row.why else "")
        table.add_row(*(escape(cell) for cell in (row.claim_id, row.owner_name, row.where, row.state, says)))
    show([_plain(row) for row in rows], as_json, lambda console: console.print(table))


@app.command()
def page(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="The file to write, HTML.")],
    ledger: LedgerOption = None,
    at: AtOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the claims page: every claim with owner, evidence, validity and state, as one file that needs nothing.

    With --ledger it shows what that ledger says; without, the folder's claims as the check finds them.
    """
    from pullcord.claims import for_display
    from pullcord.program import program_folder_of, read_claims, read_program
    from pullcord.report import render_claims

    if ledger is None:
        program = read_program(program_folder_of(folder))
        day = _day(at[:10] if at else None) or program.starts_on
        claims = read_claims(folder, program)
        rows = for_display(program, program.folder, at=day, claims=claims, everything=True)
    else:
        program, rows = _rows(folder, ledger, at)
        day = _day(at[:10] if at else None) or program.starts_on
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render_claims(program, rows, day, live=ledger is not None), encoding="utf-8")
    talk.print(f"wrote {out}", markup=False, soft_wrap=True)
    show({"file": str(out), "claims": len(rows)}, as_json, lambda console: None)


def _rows(folder: Path, ledger: str | None, at: str | None) -> tuple[Program, list[ShownClaim]]:
    from pullcord.base import SystemClock
    from pullcord.claims import for_display

    from .house import clock_at

    with read_house(folder, ledger) as (program, reading):
        clock = clock_at(at) if at else SystemClock()
        day = _local(program, clock.now())
        with reading.reader() as reader:
            rows = for_display(program, program.folder, reader=reader, at=day, everything=True)
    return program, rows


def _local(program: Program, at: datetime) -> date:
    from datetime import timedelta

    return (at + timedelta(hours=program.utc_offset_hours)).date()


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"`{text}` is no day", "write it as 2025-11-09") from None


def _checked(program: Program, folder: Path, checked: CheckedClaims) -> dict[str, Any]:
    from pullcord.claims import RULES, Lines

    lines = Lines(program.folder)
    return {
        "folder": str(folder),
        "program_id": program.program_id,
        "claims": len(checked.claims),
        "hold": sum(claim.holds for claim in checked.claims),
        "valid": checked.hold,
        "broken": [
            {
                "claim_id": breach.claim_id,
                "rule": breach.rule,
                "rule_says": RULES[breach.rule],
                "says": breach.says,
                "mend": breach.mend,
                "facts": [
                    {
                        "key": fact.key,
                        "value": fact.value,
                        "unit": fact.unit,
                        "owner": fact.owner,
                        "where": lines.find(fact.place).where,
                    }
                    for fact in breach.facts
                ],
            }
            for breach in checked.broken
        ],
    }


def _draw_checked(console: Console, program: Program, folder: Path, checked: CheckedClaims) -> None:
    from pullcord.claims import Lines

    lines = Lines(program.folder)
    good = sum(claim.holds for claim in checked.claims)
    console.print(f"{folder}: {good} of {len(checked.claims)} claims hold", markup=False)
    if checked.hold:
        return
    rows = [
        (
            breach.claim_id,
            breach.rule,
            f"{breach.says}. Mend: {breach.mend}",
            "\n".join(f"{fact.key} = {fact.told}, {lines.find(fact.place).where}" for fact in breach.facts),
        )
        for breach in checked.broken
    ]
    console.print(_table("False or incomplete", rows, last="the fact that says so"))


def _table(title: str, rows: Sequence[tuple[str, str, str, str]], last: str = "mend") -> Table:
    table = Table(title=title, show_lines=True)
    for heading in ("claim", "rule", "what is wrong", last):
        table.add_column(heading)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def _plain(row: ShownClaim) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(row)
    plain["broken"] = [breach.rule for breach in row.broken]
    return plain
