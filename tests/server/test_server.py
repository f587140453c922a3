"""The server as a whole: it starts and stops, says what is wrong, and its fast lane answers as the rest of it would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from pullcord.base import CampaignId, Conflict, FixedClock, Money, PartyId
from pullcord.campaigns import ANY, CampaignTerms, Quota, Refundable
from pullcord.program import read_program
from pullcord.server import Address, Running, Serving, serve_in_thread
from pullcord.web import Options

PROGRAM = Path(__file__).resolve().parents[2] / "programs" / "peoples_car"
NOW = datetime(2025, 11, 9, 4, tzinfo=UTC)
OPTIONS = Options(rate_per_client=None, rate_per_party=None, access_log=False)
PATH = "/api/v1/campaigns/few/orders"


def terms() -> CampaignTerms:
    return CampaignTerms(
        CampaignId("few"),
        "Few",
        "少",
        NOW - timedelta(hours=1),
        NOW + timedelta(days=1),
        Money(100_000, "CNY"),
        Refundable.LOCK,
        3,
        24,
        (Quota(ANY, ANY, 4), Quota("green", ANY, 1)),
    )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    serving = Serving(
        read_program(PROGRAM), f"sqlite:///{tmp_path / 'live.db'}", FixedClock(NOW), Address(port=0), OPTIONS
    )
    with serve_in_thread(serving) as found:
        found.context.app.ledger.execute(found.context.app.desk.open_campaign(terms()))
        yield found


@pytest.fixture
def headers(running: Running) -> dict[str, str]:
    issued = running.context.accounts.issue_token(PartyId("jd"), ("campaigns", "read"), timedelta(days=1))
    return {"Authorization": f"Bearer {issued.plain}"}


def wish(number: int, variant: str = "white", **changed: Any) -> dict[str, Any]:
    given = {
        "order_id": f"o-{number}",
        "person_id": f"p-{number}",
        "variant_id": variant,
        "plan": "rental",
        "city_id": "shanghai",
    }
    return given | changed


# What is asked, one after the other, on a campaign of four places (one of them green) and a queue of three.
ASKED: tuple[tuple[str, dict[str, str], dict[str, Any] | bytes], ...] = (
    ("a place", {"Idempotency-Key": "k1"}, wish(1)),
    ("the same again", {"Idempotency-Key": "k1"}, wish(1)),
    ("the key with another body", {"Idempotency-Key": "k1"}, wish(2)),
    ("no key", {}, wish(3)),
    ("a key of two words", {"Idempotency-Key": "k 3"}, wish(3)),
    ("no JSON", {"Idempotency-Key": "k4"}, b"{"),
    ("an unknown field", {"Idempotency-Key": "k5"}, wish(5, colour="red")),
    ("an unknown variant", {"Idempotency-Key": "k6"}, wish(6, "mauve")),
    ("the last green one", {"Idempotency-Key": "k7"}, wish(7, "green")),
    ("green, into the queue", {"Idempotency-Key": "k8"}, wish(8, "green")),
    ("the queue again", {"Idempotency-Key": "k8"}, wish(8, "green")),
    ("a second place for one person", {"Idempotency-Key": "k9"}, wish(9, person_id="p-1")),
    ("an order id that is taken", {"Idempotency-Key": "k10"}, wish(10, order_id="o-1")),
    ("for a person", {"Idempotency-Key": "k11", "Pullcord-Person": "p-11"}, wish(11)),
    ("for another person", {"Idempotency-Key": "k12", "Pullcord-Person": "p-1"}, wish(12)),
    ("an order without a name", {"Idempotency-Key": "k13"}, {k: v for k, v in wish(13).items() if k != "order_id"}),
    ("sold out", {"Idempotency-Key": "k14"}, wish(14)),
    ("sold out", {"Idempotency-Key": "k15"}, wish(15)),
    ("the queue is full", {"Idempotency-Key": "k16"}, wish(16)),
    ("another media type", {"Idempotency-Key": "k17", "Content-Type": "text/plain"}, wish(17)),
)


def ask_all(root: str, headers: dict[str, str], *, fast: bool) -> list[tuple[str, int, Any, dict[str, str]]]:
    """What is answered. A parameter that means nothing here would change no reply; a trailing one leaves the lane."""
    found = []
    with httpx.Client(base_url=root) as client:
        # A body without a stated length does not take the fast lane.
        for name, own, body in ASKED:
            content = body if isinstance(body, bytes) else httpx.Request("POST", root, json=body).content
            sent: Any = content if fast else iter([content])
            reply = client.post(PATH, headers={"Content-Type": "application/json", **headers, **own}, content=sent)
            told = {key: value for key, value in reply.headers.items() if key not in ("date", "x-request-id")}
            told.pop("content-length", None)
            found.append((name, reply.status_code, reply.json(), told))
    return found


def test_the_fast_lane_answers_as_the_whole_application_does(tmp_path: Path) -> None:
    answers = []
    for fast in (True, False):
        url = f"sqlite:///{tmp_path / f'live-{fast}.db'}"
        serving = Serving(read_program(PROGRAM), url, FixedClock(NOW), Address(port=0), OPTIONS)
        with serve_in_thread(serving) as found:
            context = found.context
            context.app.ledger.execute(context.app.desk.open_campaign(terms()))
            issued = context.accounts.issue_token(PartyId("jd"), ("campaigns",), timedelta(days=1))
            answers.append(ask_all(found.root, {"Authorization": f"Bearer {issued.plain}"}, fast=fast))
    for quick, whole in zip(*answers, strict=True):
        assert quick[:3] == whole[:3]
        assert set(quick[3].items()) == set(whole[3].items()), quick[0]
    statuses = [status for _, status, _, _ in answers[0]]
    assert set(statuses) >= {200, 201, 400, 403, 404, 409, 415, 422}
    assert answers[0][1][3]["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in answers[0][0][3]


def test_a_stranger_is_told_so_at_the_fast_lane(running: Running) -> None:
    for header in ({}, {"Authorization": "Bearer pc_wrong"}, {"Authorization": "Basic cGM6cGM="}):
        reply = httpx.post(running.root + PATH, json=wish(1), headers={"Idempotency-Key": "k", **header})
        assert reply.status_code == 401
        assert reply.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_long_is_refused(running: Running, headers: dict[str, str]) -> None:
    long = wish(1, plan="x" * 70_000)
    reply = httpx.post(running.root + PATH, json=long, headers={"Idempotency-Key": "k", **headers})
    assert reply.status_code == 413
    pieces = (b"x" * 30_000 for _ in range(4))
    reply = httpx.post(
        running.root + PATH,
        content=pieces,
        headers={"Idempotency-Key": "k", "Content-Type": "application/json", **headers},
    )
    assert reply.status_code == 413


def test_the_head_of_a_page_is_answered_without_its_body(running: Running) -> None:
    whole, head = httpx.get(running.root + "/healthz"), httpx.head(running.root + "/healthz")
    assert (whole.status_code, head.status_code) == (200, 200)
    assert head.content == b""
    assert whole.content


def test_events_come_through_the_bridge_as_they_happen(running: Running, headers: dict[str, str]) -> None:
    with httpx.stream("GET", running.root + "/api/v1/events", headers=headers, timeout=20) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        httpx.post(running.root + PATH, json=wish(1), headers={"Idempotency-Key": "k", **headers})
        assert any("order.reserved" in line for line in lines)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        serving = Serving(
            read_program(PROGRAM), f"sqlite:///{tmp_path / 'live.db'}", FixedClock(NOW), Address(port=port), OPTIONS
        )
        with pytest.raises(Conflict, match=f"127.0.0.1:{port} cannot be listened at"), serve_in_thread(serving):
            pass


def test_a_second_server_on_the_same_ledger_is_refused(running: Running, tmp_path: Path) -> None:
    serving = Serving(
        read_program(PROGRAM), f"sqlite:///{tmp_path / 'live.db'}", FixedClock(NOW), Address(port=0), OPTIONS
    )
    with pytest.raises(Conflict, match="already has a writer"), serve_in_thread(serving):
        pass


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    program = subprocess.Popen(
        [
            sys.executable, "-c", "from pullcord.cli import main; main()",
            "serve", str(PROGRAM), "--ledger", str(tmp_path / "live.db"), "--port", "0", "--campaign", "double-11",
            "--at", "2025-11-09T09:00+08:00",
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert program.stderr is not None
    line = program.stderr.readline()
    assert "on sale at http://127.0.0.1:" in line
    root = line.rsplit(" ", 1)[1].strip()
    assert httpx.get(root).status_code == 200
    assert "double-11" in httpx.get(root + "campaigns/double-11").text
    program.send_signal(signal.SIGINT)
    out, said = program.communicate(timeout=60)
    assert program.returncode == 0
    assert out == ""
    assert "closed: what was answered is kept" in said
