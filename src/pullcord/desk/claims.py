"""Commands about claims: publish them, take them back, and say that a fact is another."""

from __future__ import annotations

import re
from datetime import timedelta

from pullcord import alliance, claims
from pullcord.alliance import Role
from pullcord.base import Attempt, ClaimId, Forbidden, InvalidInput, NotFound, PartyId
from pullcord.claims import Claim, FactAnswer, Publication, Withdrawal
from pullcord.store import Command, Transaction

from .clerk import Clerk


class ClaimsDesk(Clerk):
    """What is said in public is published by its owner, or by the platform for all; a fact is changed by its owner."""

    def publish_claims(self, *, attempt: int = 1, party: PartyId | None = None) -> Command[Publication]:
        """Publish the program's own claims, all that hold; those that do not are refused with what they break.

        The platform does it in the alliance's name, when the program opens.
        """

        def decide(tx: Transaction) -> Publication:
            return claims.publish(tx, self.house.facts, self.program.claims, self.local_date(tx))

        platform = self.house.platform.party_id
        command_id = f"publish-claims-{attempt}"
        role = self._role(party) if party is not None else None
        if party is not None and role is not None and role is not Role.PLATFORM:
            raise Forbidden(
                f"a {role} may not give the command `claims.publish` for all claims at once",
                "ask the platform, or publish your own, one by one",
                Attempt(party, "claims.publish", command_id),
            )
        body = {"claims": [claim.claim_id for claim in self.program.claims]}
        return self._command("claims.publish", party, platform, command_id, body, decide, Publication)

    def publish_claim(
        self, claim: Claim | str, *, attempt: int = 1, party: PartyId | None = None
    ) -> Command[Publication]:
        """Publish a claim of the program, by its id, or one that is given; with it those that stand beside it.

        Raises NotFound for an id that the program's claims do not have.
        """
        wanted = self._claim(claim) if isinstance(claim, str) else claim

        def decide(tx: Transaction) -> Publication:
            return claims.publish(tx, self.house.facts, [wanted], self.local_date(tx))

        command_id = f"publish-{wanted.claim_id}-{attempt}"
        owner = wanted.owner if wanted.owner in self.house.parties else None
        self._owns("claims.publish", party, owner, f"claim `{wanted.claim_id}`", command_id)
        default = owner or self.house.platform.party_id
        return self._command("claims.publish", party, default, command_id, {"claim": wanted}, decide, Publication)

    def withdraw_claim(
        self, claim_id: str, why: str, *, attempt: int = 1, party: PartyId | None = None
    ) -> Command[Withdrawal]:
        """Take a claim back, and with it those that may not be shown without it."""
        if not why.strip():
            raise InvalidInput(f"claim `{claim_id}` is taken back without a reason", "say why: readers will ask")
        known = next((c for c in self.program.claims if c.claim_id == claim_id), None)

        def decide(tx: Transaction) -> Withdrawal:
            return claims.withdraw(tx, self.house.facts, ClaimId(claim_id), why, self.local_date(tx))

        command_id = f"withdraw-{claim_id}-{attempt}"
        owner = known.owner if known is not None and known.owner in self.house.parties else None
        self._owns("claims.withdraw", party, owner, f"claim `{claim_id}`", command_id)
        default = owner or self.house.platform.party_id
        body = {"claim": claim_id, "why": why}
        return self._command("claims.withdraw", party, default, command_id, body, decide, Withdrawal)

    def change_fact(
        self, key: str, value: str, why: str, *, attempt: int = 1, party: PartyId | None = None
    ) -> Command[FactAnswer]:
        """Say that a fact is another than before: the claims that rest on it fall, and the letters to those who
        reserved meanwhile are drafted, all in one transaction.

        Raises NotFound for a fact that there is not, InvalidInput for a value that it cannot have.
        """
        fact = self.house.facts.find(key)
        if fact is None:
            near = ", ".join(f"`{known}`" for known in self.house.facts.near(key))
            raise NotFound(f"there is no fact `{key}`", f"known of this kind: {near}" if near else None)
        if not why.strip():
            raise InvalidInput(f"`{key}` is changed without a reason", "say why: the letters will be asked about")
        offset = timedelta(hours=self.program.utc_offset_hours)

        def decide(tx: Transaction) -> FactAnswer:
            return claims.change_fact(tx, self.house.facts, key, value, why, self.local_date(tx), offset)

        command_id = f"fact-{re.sub('[^A-Za-z0-9_.-]', '.', key)[:40]}-{attempt}"
        self._owns("claims.change_fact", party, fact.owner, f"fact `{key}`", command_id, key)
        body = {"key": key, "value": value, "why": why}
        return self._command("claims.change_fact", party, fact.owner, command_id, body, decide, FactAnswer)

    def _claim(self, claim_id: str) -> Claim:
        for claim in self.program.claims:
            if claim.claim_id == claim_id:
                return claim
        raise NotFound(f"{self.program.name} has no claim `{claim_id}`", "claims.csv lists those there are")

    def _role(self, party: PartyId) -> Role | None:
        known = self.house.parties.get(party)
        return known.role if known else None

    def _owns(
        self, name: str, party: PartyId | None, owner: PartyId | None, what: str, command_id: str, fact: str = ""
    ) -> None:
        """Nothing, if the party answers for the claim or fact; the platform may publish and take back for all."""
        role = self._role(party) if party is not None else None
        if party is None or role is None or party == owner:
            return  # strangers are turned away with every other command
        if role is Role.PLATFORM and not fact:
            return
        if fact and not fact.startswith(("test/", "party/")) and alliance.may_state(role, fact, self.program.mode):
            return
        raise Forbidden(
            f"a {role} may not give the command `{name}` for the {what}",
            f"ask `{owner}`, which owns it" if owner else "ask the platform",
            Attempt(party, name, command_id),
        )
