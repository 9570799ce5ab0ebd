"""The text of an API key: `potica_<id>_<secret>`. Only the hash of the secret is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_FORM = re.compile(r"potica_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class KeyToken:
    """`key_id` is public; `secret` has 256 random bits, as base64url."""

    key_id: str
    secret: str

    @classmethod
    def new(cls) -> KeyToken:
        return cls(secrets.token_hex(8), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> KeyToken | None:
        """None when `text` has another form."""
        found = _FORM.fullmatch(text)
        return None if found is None else cls(found[1], found[2])

    @property
    def text(self) -> str:
        return f"potica_{self.key_id}_{self.secret}"

    @property
    def secret_hash(self) -> str:
        """SHA-256 in hexadecimal; a random secret of 256 bits needs no slow hash."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def matches(self, secret_hash: str) -> bool:
        """In the same time, however much of it is right."""
        return hmac.compare_digest(self.secret_hash, secret_hash)
