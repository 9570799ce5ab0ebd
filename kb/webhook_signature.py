"""Signatures of webhooks, in and out, by the rules of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md:
HMAC-SHA-256 over `{webhook-id}.{webhook-timestamp}.{body}`, in base64 after `v1,`; several in one
header, parted by spaces, while a secret is changed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.secret_key import derived_key

OVERLAP = timedelta(hours=24)
"""How long the secret before is good after a change."""

TOLERANCE = timedelta(minutes=5)
"""How far a message's timestamp may be from now."""

MAX_SIGNATURES = 8  # in one header
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class SignedHead:
    """What the headers of a signed message say. `timestamp`: seconds since 1970."""

    message_id: str
    timestamp: int
    signatures: tuple[str, ...]

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> SignedHead | None:
        """None when one is missing or cannot be read."""
        message_id = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        given = headers.get("webhook-signature", "").split()
        is_id = message_id.isascii() and message_id.isprintable() and 0 < len(message_id) <= 200
        is_time = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
        if not is_id or not is_time or not 0 < len(given) <= MAX_SIGNATURES:
            return None
        return cls(message_id, int(timestamp), tuple(given))

    def is_timely(self, now: datetime) -> bool:
        """Whether it was sent just now: what was recorded long ago is not taken."""
        return abs(now.timestamp() - self.timestamp) <= TOLERANCE.total_seconds()


def webhook_secret(key: bytes, webhook_id: str, number: int) -> bytes:
    """The `number`-th secret of a webhook, 32 bytes, from the installation's key."""
    return derived_key(key, f"webhook:{webhook_id}:{number}")


def good_secrets(
    key: bytes, webhook_id: str, number: int, changed_at: datetime | None, now: datetime
) -> tuple[bytes, ...]:
    """The secret, and the one before while both are good."""
    found = [webhook_secret(key, webhook_id, number)]
    if changed_at is not None and number > 1 and now < changed_at + OVERLAP:
        found.append(webhook_secret(key, webhook_id, number - 1))
    return tuple(found)


def shown_secret(secret: bytes) -> str:
    """As it is handed over and as libraries of Standard Webhooks take it."""
    return _PREFIX + base64.b64encode(secret).decode()


def sign(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature: `v1,` and base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def signed_headers(
    secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message that goes out."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(s, message_id, timestamp, body) for s in secrets),
    }


def is_signed(head: SignedHead, body: bytes, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets made one of the signatures; always compares them all."""
    right = False
    for secret in secrets:
        wanted = sign(secret, head.message_id, head.timestamp, body).encode()
        for given in head.signatures:
            right |= hmac.compare_digest(given.encode("utf-8", "replace"), wanted)
    return right
