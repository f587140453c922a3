"""The commands of those who ask what people want: fit a choice model, compare several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pullcord.base import InvalidInput, NotFound

from .console import JsonFlag, show, talk

if TYPE_CHECKING:
    from pullcord.choice import ChoiceData, Model

MIXINGS = (
    "normal", "lognormal", "-lognormal", "triangular", "uniform", "truncated-normal", "-truncated-normal",
    "censored-normal", "-censored-normal", "error-component",
)  # fmt: skip
MODELS = ("logit", "nested", "latent", "mixed")
PRICES = ("price", "cost", "CO", "pf")  # columns that are the price where nobody says

Engine = Literal["local", "ray"]
Kind = Literal["halton", "mlhs", "sobol"]
Space = Literal["preference", "wtp"]
Source = Annotated[
    str, typer.Argument(metavar="DATA", help="A data set's name (`pullcord demand data` lists them), or a file.")
]
UtilityOption = Annotated[
    str | None, typer.Option("--utility", help="Terms joined by +, such as 'price + range/100 + asc'.")
]
RandomOption = Annotated[
    list[str] | None,
    typer.Option("--random", help="A random taste, TERM or TERM=DISTRIBUTION; may be repeated. For mixed."),
]
NestOption = Annotated[
    list[str] | None, typer.Option("--nest", help="NAME=ALTERNATIVE,ALTERNATIVE; may be repeated. For nested.")
]
ClassesOption = Annotated[int, typer.Option("--classes", min=2, max=20, help="For latent.")]
MembershipOption = Annotated[str, typer.Option("--membership", help="What class membership depends on. For latent.")]
DrawsOption = Annotated[int, typer.Option("--draws", min=10, help="Draws for each person. For mixed.")]
KindOption = Annotated[Kind, typer.Option("--draw-kind", help="For mixed.")]
PriceOption = Annotated[str | None, typer.Option("--price", help="The term that is the price.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="All chance comes from it.")]
LayoutOption = Annotated[str, typer.Option("--format", help="long or wide. For a file.")]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option("--column", help="ROLE=COLUMN for a file; roles: person, situation, alternative, chosen, weight."),
]


def fit(
    source: Source,
    model: Annotated[str, typer.Option(help="logit, nested, latent or mixed.")] = "logit",
    utility: UtilityOption = None,
    random: RandomOption = None,
    correlated: Annotated[bool, typer.Option("--correlated", help="Random tastes may go together. For mixed.")] = False,
    space: Annotated[Space, typer.Option(help="wtp: willingness to pay. For mixed.")] = "preference",
    price: PriceOption = None,
    nest: NestOption = None,
    classes: ClassesOption = 2,
    membership: MembershipOption = "1",
    draws: DrawsOption = 500,
    draw_kind: KindOption = "halton",
    engine: Annotated[Engine, typer.Option(help="ray: shards on several machines.")] = "local",
    shards: Annotated[int | None, typer.Option(min=1, help="How many shards. For ray.")] = None,
    seed: SeedOption = 0,
    layout: LayoutOption = "long",
    column: ColumnOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Fit a choice model to a data set or a file: tastes, how sure they are, what they are worth in money."""
    from pullcord import choice

    data, formula, said = _choices(source, utility, membership, layout, column)
    asked = _model(
        model,
        formula,
        data,
        random=random or (),
        correlated=correlated,
        space=space,
        price=price,
        nests=nest or (),
        classes=classes,
        membership=membership,
        draws=draws,
        draw_kind=draw_kind,
    )
    with _told(f"{asked.title} on {data.name}"):
        found = choice.fit(data, asked, engine=engine, shards=shards, seed=seed)
    named = price or _price_in(found.names)
    worth = None
    if named is not None and space == "preference":
        try:
            worth = choice.willingness_to_pay(found, named)
        except InvalidInput as refused:
            talk.print(f"no willingness to pay: {refused.message}", markup=False, soft_wrap=True)
    result = choice.as_json(found) | {"notes_on_data": list(said)}
    if worth is not None:
        result["willingness_to_pay"] = worth.as_json()

    def draw(console: Any) -> None:
        console.print(str(found), markup=False, soft_wrap=True)
        if worth is not None:
            console.print()
            console.print(str(worth), markup=False, soft_wrap=True)

    show(result, as_json, draw)


def compare(
    source: Source,
    models: Annotated[str, typer.Option(help="Models to compare, with commas between.")] = "logit,latent,mixed",
    utility: UtilityOption = None,
    random: RandomOption = None,
    price: PriceOption = None,
    nest: NestOption = None,
    classes: ClassesOption = 2,
    membership: MembershipOption = "1",
    draws: DrawsOption = 500,
    folds: Annotated[int, typer.Option(min=0, help="Hold out persons in so many folds; 0 holds out nobody.")] = 5,
    seed: SeedOption = 0,
    layout: LayoutOption = "long",
    column: ColumnOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Fit several models to the same choices: which one fits, and which one foretells what it has not seen."""
    from pullcord import choice

    if folds == 1:
        raise InvalidInput("1 fold holds out everybody", "ask for 2 or more, or for 0 to hold out nobody")
    data, formula, _ = _choices(source, utility, membership, layout, column)
    asked = [
        _model(
            name.strip(),
            formula,
            data,
            random=random or (),
            price=price,
            nests=nest or (),
            classes=classes,
            membership=membership,
            draws=draws,
        )
        for name in models.split(",")
    ]
    fits, held = [], []
    for model in asked:
        with _told(f"{model.title} on {data.name}"):
            fits.append(choice.fit(data, model, seed=seed))
        if folds:
            with _told(f"{model.title}, {folds} folds held out"):
                held.append(choice.validate(model, data, folds=folds, seed=seed))
    found = choice.compare(fits, held)
    show(found.as_json(), as_json, lambda console: console.print(str(found), markup=False, soft_wrap=True))


def data(as_json: JsonFlag = False) -> None:
    """List the public data sets that can be named, with their sources and licences."""
    from rich.table import Table

    from pullcord.choice import DATASETS

    rows = [
        {
            "name": name,
            "title": entry.title,
            "citation": entry.citation,
            "licence": entry.licence,
            "utility": entry.formula,
        }
        for name, entry in DATASETS.items()
    ]

    def draw(console: Any) -> None:
        table = Table()
        for heading in ("name", "title", "licence"):
            table.add_column(heading)
        for row in rows:
            table.add_row(row["name"], row["title"], row["licence"])
        console.print(table)

    show({"data_sets": rows}, as_json, draw)


def _choices(
    source: str, utility: str | None, membership: str, layout: str, columns: list[str] | None
) -> tuple[ChoiceData, str, tuple[str, ...]]:
    """The data, the formula of utility, and what must be known about the data."""
    from pullcord import choice
    from pullcord.settings import read_settings

    if source in choice.DATASETS:
        entry = choice.DATASETS[source]
        settings = read_settings()
        with _told(f"reading {source}"):
            found = choice.load_dataset(source, data_dir=settings.data_dir, cache=settings.cache_dir)
        formula, said = utility or entry.formula, entry.notes
    elif Path(source).exists():
        roles = _pairs("--column", columns or [])
        if unknown := sorted(set(roles) - {"person", "situation", "alternative", "chosen", "weight"}):
            raise InvalidInput(f"--column {unknown[0]}: no such role", "person, situation, alternative, chosen, weight")
        if utility is None:
            raise InvalidInput(f"{source} does not say what enters utility", "give --utility 'price + ...'")
        if layout not in ("long", "wide"):
            raise InvalidInput(f"--format {layout}: no such layout", "long or wide")
        with _told(f"reading {source}"):
            # Only what formulas name is read: a date or a remark in another column is no fault.
            found = choice.read_choices(
                source,
                chosen=roles.pop("chosen", "chosen"),
                format="long" if layout == "long" else "wide",
                columns=choice.columns_in(utility, membership),
                **roles,
            )
        formula, said = utility, ()
    else:
        raise NotFound(
            f"`{source}` is neither a data set nor a file", f"data sets: {', '.join(choice.DATASETS)}; or name a file"
        )
    return found, formula, said


def _model(
    name: str,
    formula: str,
    data: ChoiceData,
    *,
    random: list[str] | tuple[str, ...],
    price: str | None,
    nests: list[str] | tuple[str, ...],
    classes: int,
    membership: str,
    draws: int,
    draw_kind: Kind = "halton",
    correlated: bool = False,
    space: Space = "preference",
) -> Model:
    """The model that the options ask for. A mixed logit of which nobody says more has normal tastes for all but the
    price and the constants: with a price that differs too, nothing would have a willingness to pay with a mean."""
    from pullcord import choice

    if name == "logit":
        return choice.Logit(formula)
    if name == "nested":
        return choice.NestedLogit(formula, nests={k: tuple(v.split(",")) for k, v in _pairs("--nest", nests).items()})
    if name == "latent":
        return choice.LatentClass(formula, classes=classes, membership=membership)
    if name != "mixed":
        raise InvalidInput(f"there is no model `{name}`", f"ask for {', '.join(MODELS)}")
    terms = [term.name for term in choice.parse_utility(formula, data)]
    named = price or _price_in(terms)
    given = _pairs("--random", [_how_it_varies(entry, terms) for entry in random])
    mixing = given or {t: "normal" for t in terms if t != named and not t.startswith("1@")}
    return choice.MixedLogit(
        formula,
        mixing=mixing,
        correlated=correlated,
        draws=choice.Draws(draw_kind, draws),
        space=space,
        price=named if space == "wtp" else None,
    )


def _how_it_varies(entry: str, terms: list[str]) -> str:
    """`TERM=DISTRIBUTION` of a term with or without one; a term's own name may hold a `=`, as `fuel=electric` does."""
    name, _, how = entry.rpartition("=")
    is_said = how in MIXINGS or (name in terms and entry not in terms)
    return entry if is_said else f"{entry}=normal"


def _pairs(option: str, given: list[str] | tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` as a mapping; the last `=` divides, for names such as `fuel=electric` have one of their own."""
    pairs: dict[str, str] = {}
    for entry in given:
        name, divided, value = entry.rpartition("=")
        if not divided or not name or not value:
            raise InvalidInput(f"{option} {entry}: this is no NAME=VALUE", f"write {option} NAME=VALUE")
        pairs[name] = value
    return pairs


def _price_in(names: Any) -> str | None:
    return next((name for price in PRICES for name in names if name.partition("/")[0] == price), None)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say on stderr what is under way, and where it is the compiler that is waited for."""
    from pullcord.choice import announce_compilation

    def compiling(kernel: str) -> None:
        talk.print("compiling, once on this machine ...")

    with talk.status(f"{what} ..."), announce_compilation(compiling):
        yield
