"""Who signs up in the tests of accounts, and hashing that is quick where a test is about something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import argon2

from pullcord.accounts import HASHING, Accounts, Refused

QUICK: argon2.Parameters = replace(HASHING, time_cost=1, memory_cost=64, parallelism=1)
Open = Callable[[], Accounts]

EMAIL, PASSWORD, NAME = "wei.chen@example.com", "a tram to the sea", "Chen Wei"


def code_of(answer: object) -> str:
    """What an answer amounts to: the refusal's code, or `in`."""
    return answer.code if isinstance(answer, Refused) else "in"
