"""A small launch that is served: the whole application, with its shop and its API, as a stranger meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest
from browsing import PASSWORD, Browser

from pullcord.accounts import HASHING
from pullcord.accounts.passwords import Hasher
from pullcord.base import PersonId, SimulatedClock
from pullcord.server import Address, Running, Serving, serve_in_thread
from small_house import local, small_program

_numbers = count(1)


@pytest.fixture(scope="module")
def clock() -> SimulatedClock:
    program = small_program()
    return SimulatedClock(local(program, program.starts_on, 9))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, clock: SimulatedClock) -> Iterator[Running]:
    url = f"sqlite:///{tmp_path_factory.mktemp('served') / 'live.db'}"
    with serve_in_thread(Serving(small_program(), url, clock, Address(port=0))) as running:
        # Somebody signs in in nearly every test; that passwords are hashed well is tested where accounts are.
        quick = replace(HASHING, time_cost=1, memory_cost=64, parallelism=1)
        running.context.accounts._hasher = Hasher(quick)
        yield running


@pytest.fixture
def browser(running: Running) -> Iterator[Callable[[], Browser]]:
    """Opens another browser, with no cookies yet."""
    opened: list[Browser] = []

    def another() -> Browser:
        opened.append(Browser(running))
        return opened[-1]

    yield another
    for one in opened:
        one.client.close()


@pytest.fixture
def customer(running: Running) -> Callable[[], tuple[str, PersonId]]:
    """Makes an account; the address and the pseudonym."""

    def make() -> tuple[str, PersonId]:
        email = f"customer{next(_numbers)}@example.com"
        person = running.context.accounts.sign_up(email, PASSWORD, "Chen Wei")
        assert isinstance(person, str)
        return email, person

    return make
