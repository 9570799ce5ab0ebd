"""How often one may try to sign in, or ask for a new password, from one address."""

from __future__ import annotations

import hashlib
import math
import time
from typing import NoReturn

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from kb.errors import TooMany

PER_ACCOUNT = parse("10 per 15 minutes")  # and address
PER_ADDRESS = parse("100 per hour")
RESETS_PER_ACCOUNT = parse("3 per hour")  # whoever asks: each is a message in somebody's post
RESETS_PER_ADDRESS = parse("20 per hour")
LINKS_PER_ADDRESS = parse("60 per hour")
CODES_PER_ADDRESS = parse("60 per hour")
_WRONG = "The e-mail or the password is not right."


class Attempts:
    """Counted in this process's memory, for accounts that exist and others alike.

    `network` is an address as `api.edge.address.network_of` gives it.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def sign_in(self, email: str, network: str) -> None:
        """Count an attempt. Raises TooMany, in the words of a wrong password."""
        self._check(PER_ADDRESS, "sign-in", network, told=_WRONG)
        self._count(PER_ACCOUNT, "sign-in", _account(email), network, told=_WRONG)

    def failed(self, network: str) -> None:
        """Count a wrong password. Right ones count for nothing: a whole office may share an
        address, and sign in at nine.
        """
        self._limiter.hit(PER_ADDRESS, "sign-in", network)

    def signed_in(self, email: str, network: str) -> None:
        """Forget the wrong attempts of somebody who got in."""
        self._limiter.clear(PER_ACCOUNT, "sign-in", _account(email), network)

    def reset(self, email: str, network: str) -> None:
        """Count a request for a new password. Raises TooMany."""
        told = "A new password was asked for too often."
        self._count(RESETS_PER_ADDRESS, "reset", network, told=told)
        self._count(RESETS_PER_ACCOUNT, "reset", _account(email), told=told)

    def check_link(self, network: str) -> None:
        """Raises TooMany for an address that tried too many links that are not good."""
        self._check(LINKS_PER_ADDRESS, "link", network, told="Too many links were tried.")

    def bad_link(self, network: str) -> None:
        """Count a one-time link that is not good."""
        self._limiter.hit(LINKS_PER_ADDRESS, "link", network)

    def check_code(self, network: str) -> None:
        """Raises TooMany for an address that brought too many codes of no use.

        Each is a request to the identity provider, while somebody waits.
        """
        self._check(CODES_PER_ADDRESS, "code", network, told="Signing in failed too often.")

    def bad_code(self, network: str) -> None:
        """Count a code that the identity provider gave nothing good for."""
        self._limiter.hit(CODES_PER_ADDRESS, "code", network)

    def _count(self, limit: RateLimitItem, *keys: str, told: str) -> None:
        if not self._limiter.hit(limit, *keys):
            self._refuse(limit, *keys, told=told)

    def _check(self, limit: RateLimitItem, *keys: str, told: str) -> None:
        if not self._limiter.test(limit, *keys):
            self._refuse(limit, *keys, told=told)

    def _refuse(self, limit: RateLimitItem, *keys: str, told: str) -> NoReturn:
        reset = self._limiter.get_window_stats(limit, *keys).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        raise TooMany(f"{told} Try again in {-(-seconds // 60)} min.", seconds)


def _account(email: str) -> str:
    """Short whatever was typed, and not readable in memory."""
    return hashlib.sha256(email.strip().lower().encode("utf-8", "replace")).hexdigest()[:32]
