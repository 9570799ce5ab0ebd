"""Signatures of webhooks: as Standard Webhooks has them; an old secret is good for a while."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from kb.domain import utc_now
from kb.webhook_signature import (
    OVERLAP,
    SignedHead,
    good_secrets,
    is_signed,
    shown_secret,
    sign,
    signed_headers,
    webhook_secret,
)

KEY = b"k" * 40
NOW = utc_now()
BODY = b'{"type":"interaction.opened"}'


def test_the_example_of_the_standard_is_signed_as_it_says() -> None:
    """The example in the reference libraries of Standard Webhooks."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_shown_as_libraries_take_it() -> None:
    secret = webhook_secret(KEY, "whk_1", 1)
    shown = shown_secret(secret)
    assert shown.startswith("whsec_")
    assert base64.b64decode(shown.removeprefix("whsec_")) == secret
    others = [
        webhook_secret(KEY, "whk_2", 1),
        webhook_secret(KEY, "whk_1", 2),
        webhook_secret(b"x" * 40, "whk_1", 1),
    ]
    assert len({secret, *others}) == 4


def test_the_secret_before_is_good_for_a_while() -> None:
    old, new = (webhook_secret(KEY, "whk_1", number) for number in (1, 2))
    assert good_secrets(KEY, "whk_1", 1, None, NOW) == (old,)
    assert good_secrets(KEY, "whk_1", 2, NOW, NOW) == (new, old)
    assert good_secrets(KEY, "whk_1", 2, NOW, NOW + OVERLAP) == (new,)
    assert good_secrets(KEY, "whk_1", 2, None, NOW) == (new,)


def test_a_message_is_signed_with_every_good_secret() -> None:
    secrets = good_secrets(KEY, "whk_1", 2, NOW, NOW)
    headers = signed_headers(secrets, "msg_1", 1700000000, BODY)
    head = SignedHead.of(headers)
    assert head is not None
    assert len(head.signatures) == 2
    for secret in secrets:
        assert is_signed(head, BODY, [secret])
    assert not is_signed(head, BODY + b" ", secrets)
    assert not is_signed(SignedHead("msg_1", 1700000000, ("v1,é",)), BODY, secrets)
    assert not is_signed(head, BODY, [webhook_secret(KEY, "whk_2", 1)])
    for changed in (
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1700000001"},
        {"webhook-signature": headers["webhook-signature"].replace("v1,", "v1a,")},
    ):
        other = SignedHead.of(headers | changed)
        assert other is not None
        assert not is_signed(other, BODY, secrets)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "x" * 201),
        ("webhook-id", "msg\x00"),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "1e9"),
        ("webhook-timestamp", "١٢٣"),
        ("webhook-timestamp", "9" * 13),
        ("webhook-signature", " "),
        ("webhook-signature", "v1,a " * 9),
    ],
)
def test_headers_that_cannot_be_read_are_none(name: str, value: str) -> None:
    headers = signed_headers([b"s"], "msg_1", 1700000000, BODY)
    assert SignedHead.of(headers) is not None
    assert SignedHead.of(headers | {name: value}) is None


def test_only_what_was_sent_just_now_is_timely() -> None:
    for minutes, timely in ((-5.1, False), (-4.9, True), (0, True), (4.9, True), (5.1, False)):
        at = NOW + timedelta(minutes=minutes)
        assert SignedHead("msg_1", int(at.timestamp()), ("v1,a",)).is_timely(NOW) == timely
