"""Named variants against the model: full, known and buildable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pullcord.base import InvalidInput, Problem

from .buildable import NotBuildable, check
from .model import ProductModel, Variant


def variant_problems(model: ProductModel, variants: Sequence[Variant]) -> list[Problem]:
    """What is wrong with the variants, all of it; a problem's `file` says "variant v"."""
    problems = [
        Problem(f"variant {name}", 0, f"the id stands {times} times", "give each its own")
        for name, times in Counter(v.variant_id for v in variants).items()
        if times > 1
    ]
    for variant in variants:
        place = f"variant {variant.variant_id}"
        choices = dict(variant.choices)
        twice = sorted(f for f, times in Counter(f for f, _ in variant.choices).items() if times > 1)
        if twice:
            problems.append(Problem(place, 0, f"it chooses twice: {', '.join(twice)}", "choose one option of each"))
        try:
            answer = check(model, choices)
        except InvalidInput as fault:
            problems.append(Problem(place, 0, fault.message, fault.hint or "mend the variant"))
            continue
        if isinstance(answer, NotBuildable):
            problems.append(Problem(place, 0, str(answer), "change one of these choices or the rule"))
        elif answer.open_families:
            problems.append(
                Problem(place, 0, f"it leaves open: {', '.join(answer.open_families)}", "choose an option of each")
            )
    return problems
