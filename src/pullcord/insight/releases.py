"""Private releases as the partner may read them: counts with their error bars, small ones hidden, names beside ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pullcord import privacy
from pullcord.privacy import EPSILON_UNIT, BudgetRow, ReleaseRow
from pullcord.program import Program

from .model import Budget, Estimate, Released, ReleasedCell, ReleasedRate


def released(program: Program, row: ReleaseRow) -> Released:
    """One release, made coherent; its noise stays as it was drawn."""
    grid = privacy.grid_of(row)
    by = tuple(dimension.name for dimension in grid.dimensions)
    names = [_names(program, dimension) for dimension in by]

    def named(path: Sequence[str]) -> tuple[str, ...]:
        return tuple(names[level].get(value, value) for level, value in enumerate(path))

    return Released(
        release_id=row.release_id,
        period=row.period,
        counted=row.counted,
        by=by,
        as_of=row.as_of,
        epsilon=row.epsilon_micro / EPSILON_UNIT,
        mechanism=row.mechanism,
        scale=row.scale,
        half_width=privacy.half_width(row.scale),
        least_shown=row.least_shown,
        cells=tuple(
            ReleasedCell(node.path, named(node.path), node.count, node.low, node.high)
            for node in privacy.nodes(grid, row.noisy, row.scale, row.least_shown)
        ),
        rates=tuple(
            ReleasedRate(
                rate.path, named(rate.path), Estimate(round(rate.rate, 6), round(rate.low, 6), round(rate.high, 6))
            )
            for rate in privacy.take_rates(grid, row.noisy, row.scale, row.least_shown)
        ),
    )


def budget(row: BudgetRow) -> Budget:
    """What was spent of a quarter's budget."""
    return Budget(
        row.period, row.spent_micro / EPSILON_UNIT, (row.budget_micro - row.spent_micro) / EPSILON_UNIT, row.releases
    )


def _names(program: Program, dimension: str) -> Mapping[str, str]:
    if dimension == "city":
        return {city.city_id: city.name for city in program.cities}
    if dimension == "plan":
        return {plan: plan for plan in program.plans}
    if dimension == "variant":
        return {variant.variant_id: variant.name for variant in program.variants}
    return {o.option_id: o.name for o in program.product.options if o.family_id == dimension}
