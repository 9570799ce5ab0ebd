"""The installation's secret key: what tokens are signed with and demo passwords are made from."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from kb.config import Settings
from kb.errors import ConfigError

FILE = "secret.key"
LEAST = 32  # characters


def load_secret_key(settings: Settings) -> bytes:
    """POTICA_SECRET_KEY, else the file in the home folder, made at the first call.

    Servers that share a database must share the key. Raises ConfigError when it is too short or
    the file cannot be read.
    """
    text = settings.secret_key or _from_file(settings.home / FILE)
    if len(text) < LEAST:
        raise ConfigError(
            f"The secret key has fewer than {LEAST} characters: set POTICA_SECRET_KEY to a long"
            f" random text, or delete {settings.home / FILE} to have one made."
        )
    return text.encode()


def derived_key(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose only (HMAC-SHA-256 of the purpose)."""
    return hmac.digest(secret, purpose.encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Marks:
    """Keyed hashes that stand for a customer where the reference itself may not be kept.

    HMAC-SHA-256, hexadecimal; the two cannot be told to be of the same customer without the key.
    """

    customer_key: bytes  # in suggestions and the ledger of erasures
    audit_key: bytes

    @classmethod
    def of(cls, settings: Settings) -> Marks:
        """With the installation's key. Raises ConfigError."""
        secret = load_secret_key(settings)
        return cls(derived_key(secret, "customer"), derived_key(secret, "audit"))

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without telling the key: 16 hexadecimal digits."""
        return hashlib.sha256(b"fingerprint" + self.customer_key).hexdigest()[:16]

    def customer(self, text: str) -> str:
        """The mark of a customer reference, or of another text that names the customer."""
        return hmac.digest(self.customer_key, text.encode(), hashlib.sha256).hex()

    def audited(self, text: str) -> str:
        """The mark of a customer reference in the audit."""
        return hmac.digest(self.audit_key, text.encode(), hashlib.sha256).hex()


def _from_file(file: Path) -> str:
    try:
        if not file.exists():
            _write_new(file)
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The secret key in {file} cannot be read or made ({type(error).__name__}): make the"
            " folder writable, or set POTICA_SECRET_KEY."
        ) from error


def _write_new(file: Path) -> None:
    """Only the owner may read it; two that start at once agree on one key."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(secrets.token_urlsafe(48) + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(aside, file)  # fails when another was first
    except FileExistsError:
        pass
    finally:
        aside.unlink()
