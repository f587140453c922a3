"""Commands about claims: published and taken back by their owners; a fact is changed by whoever states it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from pullcord.claims import FactAnswer, Publication, Withdrawal

from ..given import Body, Id
from ..operation import Asked, CommandOperation

Why = Annotated[str, Meta(min_length=1, max_length=500, pattern="[^ \\t\\r\\n]", description="readers will ask")]


class PublishBody(Body, frozen=True):
    """Which claim of the program; without one, all of them."""

    claim_id: Id | None = None


class WithdrawBody(Body, frozen=True):
    """Why a claim is taken back."""

    why: Why


class FactBody(Body, frozen=True):
    """What is true from now on."""

    key: Annotated[str, Meta(min_length=1, max_length=200)]
    value: Annotated[str, Meta(min_length=1, max_length=200)]
    why: Why


def _publish(asked: Asked) -> object:
    body: PublishBody = asked.body
    if body.claim_id is None:
        return asked.desk.publish_claims(party=asked.party)
    return asked.desk.publish_claim(body.claim_id, party=asked.party)


CLAIMS: tuple[CommandOperation, ...] = (
    CommandOperation(
        "/claims",
        "publishClaims",
        "claims.publish",
        "Publish claims of the program, those that hold",
        PublishBody,
        Publication,
        _publish,  # type: ignore[arg-type]
        "claims",
        body_optional=True,
        description="Each is checked against product, price card, contract and channel; what breaks is told.",
    ),
    CommandOperation(
        "/claims/{claim_id}/withdraw",
        "withdrawClaim",
        "claims.withdraw",
        "Take a claim back",
        WithdrawBody,
        Withdrawal,
        lambda asked: asked.desk.withdraw_claim(asked.path["claim_id"], asked.body.why, party=asked.party),
        "claims",
        example={"why": "the roof is not built"},
    ),
    CommandOperation(
        "/facts",
        "changeFact",
        "claims.change_fact",
        "Say that a fact is another than before",
        FactBody,
        FactAnswer,
        lambda asked: asked.desk.change_fact(asked.body.key, asked.body.value, asked.body.why, party=asked.party),
        "claims",
        description="The claims that rest on it fall, and letters to those who reserved meanwhile are drafted.",
    ),
)
