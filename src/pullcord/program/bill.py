"""The bill of material as a whole: everything leads from the finished unit down to parts that are bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .columns import BOM, PARTS
from .faults import Faults, nearest, suggest
from .tables import CheckedTable, Row


def check_bill(tables: Mapping[str, CheckedTable], root: str | None, faults: Faults) -> None:
    """Note what hangs in the air: parts from nowhere, parents that go into nothing, circles, parts bought and made.

    `root` is the finished unit; None where it is not certain which that is.
    """
    bom, parts = tables[BOM.name], tables[PARTS.name]
    rows = [row for row in bom.rows if "parent_id" in row and "part_id" in row]
    if not bom.vouches_for("parent_id") or not bom.vouches_for("part_id") or not rows:
        return
    parents = bom.known("parent_id")
    children = bom.known("part_id")
    if root is not None and root not in parents:
        slip = nearest(root, parents)
        right = f"did you mean `{slip}`?" if slip else f"begin with rows whose parent is `{root}`"
        faults.add(bom.file, rows[0].line, f"nothing goes into the finished unit `{root}`", right)
    if parts.vouches_for("part_id"):
        bought = parts.known("part_id")
        _check_sources(bom.file, rows, parents, bought, faults)
        for parent, line in parents.items():
            if parent in bought:
                faults.add(
                    bom.file, line, f"`{parent}` is bought (parts.csv:{bought[parent]}), yet it is put together here",
                    "drop its rows here, or its row in parts.csv",
                )  # fmt: skip
    adrift = {name for name in children if name not in parents}
    for parent, line in parents.items():
        if root in parents and parent != root and parent not in children and not nearest(parent, adrift):
            faults.add(bom.file, line, f"`{parent}` goes into nothing", suggest(parent, children))
    circle = _circle(rows)
    if circle:
        names = [row["parent_id"] for row in circle]
        faults.add(
            bom.file, max(row.line for row in circle), f"a circle: {' > '.join([*names, names[0]])}",
            "nothing can be part of itself: take one of these rows out",
        )  # fmt: skip


def _check_sources(
    file: str, rows: Sequence[Row], parents: Mapping[str, int], bought: Mapping[str, int], faults: Faults
) -> None:
    for row in rows:
        part = row["part_id"]
        if part not in parents and part not in bought:
            faults.add(
                file, row.line, f"`{part}` is neither bought (parts.csv) nor put together here",
                suggest(part, {*parents, *bought}),
            )  # fmt: skip


def _circle(rows: Sequence[Row]) -> list[Row]:
    """The rows of one circle, from parent to part and back; empty where there is none."""
    below: dict[str, list[Row]] = {}
    for row in rows:
        below.setdefault(row["parent_id"], []).append(row)
    done: set[str] = set()
    for start in below:
        path: list[Row] = []  # the rows that lead from `start` to where we are
        waiting = [iter(below[start])] if start not in done else []
        on_path = [start]
        while waiting:
            found = next(waiting[-1], None)
            if found is None:
                waiting.pop()
                done.add(on_path.pop())
                if path:
                    path.pop()
                continue
            part = found["part_id"]
            if part in on_path:
                return [*path[on_path.index(part) :], found]
            if part in below and part not in done:
                path.append(found)
                on_path.append(part)
                waiting.append(iter(below[part]))
    return []
