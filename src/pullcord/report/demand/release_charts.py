"""Private releases: what a partner was told, with the error bars of the noise."""

from __future__ import annotations

from matplotlib.figure import Figure

from pullcord.insight import Released, ReleasedCell

from ..amounts import number, shorten
from ..axes import name_room, name_rows, x_label
from ..chart import Chart
from ..sheet import KeyEntry, Sheet
from ..style import AXIS, MUTED, PULL, WARNING

SHOWN_WIDE, SHOWN_NARROW = 20, 14
DRAWN_MOST = 4


def release_charts(releases: tuple[Released, ...], counted: dict[str, str]) -> list[Chart]:
    """The latest releases, each by its first dimension; `counted` says in words who counts."""
    made: list[Chart] = []
    for release in releases[::-1][:DRAWN_MOST]:
        if not release.by:
            continue
        made.append(
            Chart(
                f"release-{len(made) + 1}",
                f"{release.period} by {release.by[0]}",
                f"{counted.get(release.counted, release.counted).capitalize()}, first seen in {release.period}, as of"
                f" {release.as_of}. The line is the noise's: it holds the true count with 95 %. Fewer than"
                f" {release.least_shown} are not shown.",
                "persons",
                f"private release {release.release_id}, epsilon {release.epsilon:g}",
                lambda sheet, release=release: _release(release, sheet),  # type: ignore[misc]
            )
        )
    return made


def first_level(release: Released) -> list[ReleasedCell]:
    """The counts by the first dimension, largest first; hidden ones last."""
    cells = [cell for cell in release.cells if len(cell.path) == 1]
    return sorted(cells, key=lambda cell: (-(cell.count if cell.count is not None else -1), cell.path))


def _release(release: Released, sheet: Sheet) -> Figure:
    cells = [cell for cell in first_level(release) if cell.count is not None]
    hidden = sum(len(cell.path) == 1 and cell.count is None for cell in release.cells)
    shown = cells[: SHOWN_NARROW if sheet.narrow else SHOWN_WIDE]
    names = [shorten(cell.names[0], 20) for cell in shown]
    left_out = len(cells) - len(shown)
    if left_out:
        names.append(f"{left_out} more in the table")
    if hidden:
        names.append(f"{hidden} {'other' if hidden == 1 else 'others'}")
    key = [KeyEntry("count", PULL), KeyEntry(f"fewer than {release.least_shown} each", WARNING, "dash")]
    figure, (plot,) = sheet.plots(24 * len(names) + 10, "", left=name_room(names, sheet), right=20, key=key)
    for at, cell in enumerate(shown):
        plot.barh(at, cell.count or 0, height=0.56, color=PULL, alpha=0.85, linewidth=0)
        low, high = float(cell.low or 0), float(cell.high or 0)
        plot.plot([low, high], [at, at], color="#06335c", linewidth=1.6)
        for end in (low, high):
            plot.plot([end, end], [at - 0.16, at + 0.16], color="#06335c", linewidth=1.6)
    if hidden:
        plot.barh(
            len(names) - 1, release.least_shown, height=0.56, color="none", edgecolor=AXIS, linewidth=1.0, hatch="////"
        )
    plot.axvline(release.least_shown, color=WARNING, linewidth=1.2, linestyle=(0, (4, 3)))
    most = max((float(cell.high or 0) for cell in shown), default=float(release.least_shown))
    plot.set_xlim(0, max(most, release.least_shown) * 1.06)
    name_rows(plot, names)
    for label in plot.get_yticklabels()[len(shown) :]:
        label.set(color=MUTED)
    x_label(plot, f"persons, of {number(_root(release))} in all", sheet.size)
    return figure


def _root(release: Released) -> int | None:
    return release.cells[0].count
