"""Passwords: which ones are taken, how they are kept (argon2id), how they are checked."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import Busy, PasswordRefused
from kb.text.fold import fold

if TYPE_CHECKING:
    from pwdlib import PasswordHash

LEAST, MOST = 12, 200  # characters
AT_ONCE = 2  # hashings; each takes 64 MiB
PATIENCE = 15.0  # seconds to wait for one's turn
_TELLING = 4  # characters of a name that may not be part of the password
_COMMON = Path(__file__).with_name("common_passwords.txt")
_EDGE = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_WORD = re.compile(r"[^\W\d_]+")
_REPEATED = re.compile(r"(.{1,4})\1{2,}.{0,3}", re.DOTALL)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789" * 2, "qwertyuiopasdfghjklzxcvbnm",
         "qwertzuiopasdfghjklyxcvbnm")  # fmt: skip
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was checked, as its hash: made by `new_password` alone."""

    hash: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password is right; `rehashed` when it should be kept with newer parameters."""

    right: bool
    rehashed: NewPassword | None = None


def new_password(password: str, *, email: str, name: str) -> NewPassword:
    """Check and hash a password for a person. Takes about 0.3 s: hold no session meanwhile.

    Raises PasswordRefused (12 to 200 characters, not a common one, not with their name in it) and
    Busy.
    """
    check_new(password, email=email, name=name)
    with _turn():
        return NewPassword(_hasher().hash(_written(password)))


def check_new(password: str, *, email: str, name: str) -> None:
    """Raises PasswordRefused when a person may not take this password."""
    if len(password) > MOST:
        raise PasswordRefused("long", f"Use at most {MOST} characters.")
    if len(_written(password)) < LEAST:
        raise PasswordRefused("short", f"Use at least {LEAST} characters, such as four words.")
    plain = fold(_written(password))
    if _is_common(plain):
        raise PasswordRefused("common", "Many people use this one: take four words of your own.")
    if any(part in plain for part in _telling_parts(email, name)):
        raise PasswordRefused("personal", "Leave your name and e-mail out of the password.")


def check_password(password: str, stored: str | None) -> Checked:
    """Whether a password fits a stored hash. Raises Busy.

    The same work is done when there is none to compare with, so that the time does not tell
    whether an account exists.
    """
    given = _written(password[:MOST])
    with _turn():
        right, newer = _hasher().verify_and_update(given, stored or _nobodys())
    if stored is None or not right or len(password) > MOST:
        return Checked(False)
    return Checked(True, NewPassword(newer) if newer else None)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    """Argon2id: 64 MiB, 3 passes, 4 lanes (RFC 9106, the second recommended choice)."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65536, parallelism=4),))


@lru_cache(maxsize=1)
def _nobodys() -> str:
    """What the passwords of unknown accounts are compared with."""
    return _hasher().hash("no password is this one")


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE):
        raise Busy("Too many people are signing in at once: try again in a moment.")
    try:
        _nobodys()  # made before the first comparison, whoever it is for
        yield
    finally:
        _turns.release()


def _written(password: str) -> str:
    """One form of what different keyboards write differently (NIST SP 800-63B: NFKC)."""
    text = unicodedata.normalize("NFKC", password)
    return text.encode("utf-8", "replace").decode()


def _is_common(plain: str) -> bool:
    if plain in _common() or _EDGE.sub("", plain) in _common() or _REPEATED.fullmatch(plain):
        return True
    words = _WORD.findall(plain)
    if words and all(word in _common() for word in words):
        return True
    return any(plain in row or plain in row[::-1] for row in _ROWS)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    lines = _COMMON.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _telling_parts(email: str, name: str) -> list[str]:
    words = re.split(r"[^\w]+|_", fold(f"{email} {name}"))
    return [word for word in words if len(word) >= _TELLING]
