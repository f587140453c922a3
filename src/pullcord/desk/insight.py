"""The command by which counts of customers leave for a partner: private, and paid for from the partner's budget."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import sqlalchemy as sa

from pullcord import orders, privacy
from pullcord.base import FamilyId, InvalidInput, PartyId, PersonId, check_id
from pullcord.orders import State
from pullcord.privacy import Dimension, Grid, Question, Refusal, Release
from pullcord.store import Command, Transaction

from .clerk import Clerk

STAGES: Mapping[str, tuple[str, frozenset[State]]] = {
    "reserved": ("persons who reserved, whatever became of it", frozenset(State)),
    "paid": (
        "persons who paid a deposit and have not cancelled",
        frozenset({State.DEPOSITED, State.LOCKED, State.BUILT, State.SHIPPED, State.HANDED_OVER}),
    ),
    "handed_over": ("persons who have their unit", frozenset({State.HANDED_OVER})),
}
"""Who can be counted."""

_FURTHEST = tuple(State)  # in the order of the journey, but for CANCELLED, which counts least
_QUARTER = re.compile(r"\d{4}Q[1-4]")


def quarter_of(day: date) -> str:
    """The calendar quarter of a day: 2025Q4."""
    return f"{day.year:04d}Q{(day.month + 2) // 3}"


class InsightDesk(Clerk):
    """Release private counts of customers to a partner."""

    def release(
        self,
        release_id: str,
        partner: str,
        by: Sequence[str],
        epsilon_micro: int,
        *,
        period: str,
        counted: str = "paid",
        party: PartyId | None = None,
    ) -> Command[Release | Refusal]:
        """Count the persons who first reserved in the quarter `period`, by the dimensions named, with noise.

        Dimensions are `city`, `plan`, `variant`, or a family of options. Each person counts once, by the order that
        has come furthest. Raises InvalidInput for names that stand for nothing.
        """
        check_id(release_id, "release", longest=48)
        if partner not in self.house.parties:
            raise InvalidInput(
                f"`{partner}` is no party of {self.program.name}", f"its parties are {', '.join(self.house.parties)}"
            )
        if partner == self.house.seller.party_id:
            role = self.house.seller.role
            raise InvalidInput(f"`{partner}` is the {role}, which holds the orders", "name the party to be told")
        if counted not in STAGES:
            raise InvalidInput(f"nobody is counted as `{counted}`", f"count {', '.join(STAGES)}")
        if not _QUARTER.fullmatch(period):
            raise InvalidInput(f"`{period}` is no quarter", "write it as 2025Q4")
        grid = Grid(tuple(self.dimension(name) for name in by))

        def decide(tx: Transaction) -> Release | Refusal:
            question = Question(
                release_id,
                PartyId(partner),
                period,
                counted,
                grid,
                epsilon_micro,
                self.local_date(tx),
            )
            return privacy.release(
                tx, question, lambda: self._persons(tx, period, counted, by), self.privacy_budget_micro
            )

        body = [partner, list(by), epsilon_micro, period, counted]
        return self._command(
            "demand.release",
            party,
            self.house.platform.party_id,
            f"release-{release_id}",
            body,
            decide,
            Release | Refusal,
        )

    @property
    def privacy_budget_micro(self) -> int:
        """What each partner may learn of the persons of one quarter, in millionths of epsilon."""
        stated = Decimal(str(self.policies.privacy_epsilon_per_quarter)) * privacy.EPSILON_UNIT
        return int(stated.to_integral_value(ROUND_FLOOR))

    def dimension(self, name: str) -> Dimension:
        """What cells can differ in, with every value of the program. Raises InvalidInput.

        A family of options that is called city, plan or variant gives way to what these words mean here.
        """
        program = self.program
        values: dict[str, tuple[str, ...]] = {
            family.family_id: tuple(o.option_id for o in program.product.options if o.family_id == family.family_id)
            for family in program.product.families
        }
        values |= {"city": tuple(self.house.cities), "plan": program.plans, "variant": tuple(self.house.variants)}
        if name not in values:
            raise InvalidInput(f"persons cannot be counted by `{name}`", f"count by {', '.join(sorted(values))}")
        return Dimension(name, values[name])

    def _value(self, name: str, row: sa.Row[Any]) -> str:
        """Where an order stands in a dimension."""
        columns = {"city": row.city_id, "plan": row.plan, "variant": row.variant_id}
        return str(columns[name] if name in columns else dict(self.house.options[row.variant_id])[FamilyId(name)])

    def _persons(
        self, tx: Transaction, period: str, counted: str, by: Sequence[str]
    ) -> dict[PersonId, tuple[str, ...]]:
        """One cell for each person of the quarter who counts: a function of that person's own orders alone."""
        table = orders.ORDER.sql
        rows = tx.query(
            sa.select(
                table.c.person_id,
                table.c.order_id,
                table.c.variant_id,
                table.c.plan,
                table.c.city_id,
                table.c.state,
                table.c.reserved_at,
            ).where(table.c.program_id == tx.program_id)
        )
        first: dict[str, datetime] = {}
        best: dict[str, tuple[tuple[int, datetime, str], sa.Row[Any]]] = {}
        for row in rows:
            person, at = str(row.person_id), row.reserved_at
            first[person] = min(at, first.get(person, at))
            if row.state not in STAGES[counted][1]:
                continue
            rank = 0 if row.state is State.CANCELLED else 1 + _FURTHEST.index(row.state)
            key = (rank, at, str(row.order_id))
            if person not in best or key > best[person][0]:
                best[person] = (key, row)
        return {
            PersonId(person): tuple(self._value(name, row) for name in by)
            for person, (_, row) in best.items()
            if quarter_of(self.house.local_time(first[person]).date()) == period
        }
