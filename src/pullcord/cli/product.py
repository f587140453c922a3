"""`pullcord product`: what can be built, how many ways there are, and why a wish cannot be met."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pullcord.base import FamilyId, InvalidInput, OptionId

from .console import JsonFlag, show

if TYPE_CHECKING:
    from pullcord.product import NotBuildable
    from pullcord.program import Program

app = typer.Typer(help="Options, rules and variants of a program's product.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a program.")]
Wishes = Annotated[list[str] | None, typer.Argument(metavar="[FAMILY=OPTION]...", help="Choices, such as roof=glass.")]
NOT_BUILDABLE = 1  # exit status of `check`, so that a script can ask


@app.command()
def count(folder: Folder, wishes: Wishes = None, as_json: JsonFlag = False) -> None:
    """The exact number of products that can be built, with the choices if some are given."""
    from pullcord.product import count_buildable

    choices = read_choices(wishes or [])
    program = _read(folder)
    buildable = count_buildable(program.product, choices)
    combinations = 1
    for family, options in program.product.options_by_family.items():
        combinations *= 1 if family in choices else len(options)

    def human(console: Console) -> None:
        console.print(f"{buildable:,} of {combinations:,} combinations can be built", soft_wrap=True)

    show({"buildable": buildable, "combinations": combinations, "choices": choices}, as_json, human)


@app.command()
def check(folder: Folder, wishes: Wishes = None, as_json: JsonFlag = False) -> None:
    """Whether the choices, some or all, can be completed to a product; if not, the smallest conflict among them.

    Exit status 1 when they cannot.
    """
    from pullcord.product import NotBuildable, available, count_buildable
    from pullcord.product import check as ask

    choices = read_choices(wishes or [])
    product = _read(folder).product
    answer = ask(product, choices)
    if isinstance(answer, NotBuildable):
        show(_conflict_json(answer), as_json, lambda console: _draw_conflict(console, answer))
        raise typer.Exit(NOT_BUILDABLE)
    still = available(product, choices)
    buildable = count_buildable(product, choices)
    open_families = {family: still[family] for family in answer.open_families}

    def human(console: Console) -> None:
        console.print(f"can be built in {buildable:,} way{'s' if buildable != 1 else ''}", soft_wrap=True)
        for family, options in open_families.items():
            gone = [o for o in product.options_by_family[family] if o not in options]
            note = f"   [dim]no longer: {', '.join(gone)}[/dim]" if gone else ""
            console.print(f"  {family}: {', '.join(options)}{note}", soft_wrap=True)

    show({"buildable": True, "products": buildable, "open": open_families, "available": still}, as_json, human)


@app.command(name="list")
def list_(folder: Folder, as_json: JsonFlag = False) -> None:
    """Families with their options and how many products take each; rules; named variants."""
    from pullcord.product import count_buildable

    program = _read(folder)
    product = program.product
    products = {
        (option.family_id, option.option_id): count_buildable(product, {option.family_id: option.option_id})
        for option in product.options
    }
    show(_list_json(program, products), as_json, lambda console: _draw_list(console, program, products))


def read_choices(wishes: list[str]) -> dict[FamilyId, OptionId]:
    """Choices from words such as `roof=glass`; refuses other words, and a family that is chosen twice."""
    choices: dict[FamilyId, OptionId] = {}
    for wish in wishes:
        family, equals, option = wish.partition("=")
        if not (family and equals and option):
            raise InvalidInput(f"`{wish}` is no choice", "write family=option, such as roof=glass")
        if family in choices:
            raise InvalidInput(
                f"family `{family}` is chosen twice: {choices[FamilyId(family)]} and {option}", "choose one of them"
            )
        choices[FamilyId(family)] = OptionId(option)
    return choices


def _read(folder: Path) -> Program:
    from pullcord.program import read_program

    return read_program(folder)


def _conflict_json(answer: NotBuildable) -> dict[str, Any]:
    return {
        "buildable": False,
        "conflict": dict(answer.choices),
        "rules": [
            {"rule_id": r.rule_id, "condition": r.condition, "requires": r.requires, "reason": r.reason}
            for r in answer.rules
        ],
    }


def _draw_conflict(console: Console, answer: NotBuildable) -> None:
    wishes = ", ".join(f"{family}={option}" for family, option in answer.choices)
    together = " together" if len(answer.choices) > 1 else ""
    console.print(f"cannot be built{together}: {wishes}", markup=False, soft_wrap=True)
    for rule in answer.rules:
        demand = f"{rule.condition} requires {rule.requires}" if rule.condition else f"always {rule.requires}"
        console.print(f"  {rule.rule_id}: {demand} ({rule.reason})", markup=False, soft_wrap=True)


def _list_json(program: Program, products: dict[tuple[FamilyId, OptionId], int]) -> dict[str, Any]:
    product = program.product
    names = {(option.family_id, option.option_id): option.name for option in product.options}
    return {
        "families": [
            {
                "family_id": family.family_id,
                "name": family.name,
                "options": [
                    {"option_id": o, "name": names[family.family_id, o], "products": products[family.family_id, o]}
                    for o in product.options_by_family[family.family_id]
                ],
            }
            for family in product.families
        ],
        "rules": list(product.rules),
        "variants": [
            {"variant_id": v.variant_id, "name": v.name, "choices": dict(v.choices)} for v in program.variants
        ],
    }


def _draw_list(console: Console, program: Program, products: dict[tuple[FamilyId, OptionId], int]) -> None:
    product = program.product
    options = Table("family", "option", "name", title="Options")
    options.add_column("products that take it", justify="right")
    for option in product.options:
        taken = products[option.family_id, option.option_id]
        count_text = f"{taken:,}" if taken else "none: never built"
        options.add_row(option.family_id, option.option_id, escape(option.name), count_text)
    console.print(options)
    rules = Table("rule", "whenever", "requires", "because", title="Rules")
    for rule in product.rules:
        rules.add_row(*map(escape, (rule.rule_id, rule.condition or "always", rule.requires, rule.reason)))
    console.print(rules)
    variants = Table("variant", "name", "choices", title="Variants")
    for variant in program.variants:
        variants.add_row(variant.variant_id, escape(variant.name), " ".join(f"{f}={o}" for f, o in variant.choices))
    console.print(variants)
