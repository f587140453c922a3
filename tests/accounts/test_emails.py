"""E-mail addresses: what is one, and which are the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.accounts import normal_email
from pullcord.accounts.throttle import LONGEST_WAIT_S, Patience, wait_s
from pullcord.base import require_utc

NOW = datetime(2025, 11, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Wei.Chen@Example.COM", "wei.chen@example.com"),
        ("  wei@example.com\t", "wei@example.com"),
        ("wei+car@mail.example.co", "wei+car@mail.example.co"),
        ("陈伟@例子.中国", "陈伟@xn--fsqu00a.xn--fiqs8s"),
        ("o'hara@example.ie", "o'hara@example.ie"),
        ("Ju\u0308rgen@example.de", "j\u00fcrgen@example.de"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_one_address_has_one_form(written: str, kept: str) -> None:
    assert normal_email(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "wei",
        "@example.com",
        "wei@",
        "wei@example",
        "wei@@example.com",
        "wei@exam ple.com",
        "we i@example.com",
        "wei@example..com",
        "wei@-example.com",
        "wei@192.0.2.1",
        "wei@[192.0.2.1]",
        ".wei@example.com",
        "wei.@example.com",
        "w..ei@example.com",
        '"wei"@example.com',
        "wei@example.com\nBcc: all@example.com",
        "wei\u202e@example.com",
        "wei\x00@example.com",
        "wei\ud800@example.com",
        "a" * 65 + "@example.com",
        "wei@" + "a" * 64 + ".com",
        "wei@" + ".".join(["a" * 60] * 5),
    ],
)
def test_what_no_mail_can_be_sent_to_is_no_address(written: str) -> None:
    assert normal_email(written) is None


ADDRESS_LIKE = st.builds("{}@{}.{}".format, st.text(min_size=1, max_size=20), st.text(max_size=12), st.text(max_size=5))


@given(st.one_of(st.text(max_size=80), ADDRESS_LIKE, st.emails()))
def test_a_normal_form_is_its_own_normal_form(written: str) -> None:
    kept = normal_email(written)
    if kept is not None:
        assert normal_email(kept) == kept
        assert kept.count("@") == 1
        assert kept == kept.strip().lower()
        assert len(kept.encode()) <= 254


@given(failures=st.integers(0, 10_000), free=st.integers(1, 50), ago_s=st.integers(0, 200_000))
def test_nobody_waits_longer_than_a_quarter_of_an_hour_and_failures_never_shorten_it(
    failures: int, free: int, ago_s: int
) -> None:
    last_at = require_utc(NOW - timedelta(seconds=ago_s))
    wait = wait_s(failures, last_at, NOW, Patience(free))
    assert 0 <= wait <= LONGEST_WAIT_S
    assert wait <= wait_s(failures + 1, last_at, NOW, Patience(free))
    assert wait_s(failures, last_at, NOW + timedelta(seconds=wait), Patience(free)) == 0
