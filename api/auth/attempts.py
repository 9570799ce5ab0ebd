"""How often one may try to sign in, or ask for a new password, from one address."""

from __future__ import annotations

import hashlib
import ipaddress
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from kb.errors import TooManyRequests

PER_ACCOUNT = parse("10 per 15 minutes")  # and address
PER_ADDRESS = parse("100 per hour")
RESETS_PER_ACCOUNT = parse("3 per hour")  # whoever asks: each is a message in somebody's post
RESETS_PER_ADDRESS = parse("20 per hour")
LINKS_PER_ADDRESS = parse("60 per hour")


class Attempts:
    """Counted in this process's memory, for accounts that exist and others alike."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def sign_in(self, email: str, address: str) -> None:
        """Count an attempt. Raises TooManyRequests, in the words of a wrong password."""
        told = "The e-mail or the password is not right."
        self._count(PER_ADDRESS, "sign-in", _network(address), told=told)
        self._count(PER_ACCOUNT, "sign-in", _account(email), _network(address), told=told)

    def signed_in(self, email: str, address: str) -> None:
        """Forget the wrong attempts of somebody who got in."""
        self._limiter.clear(PER_ACCOUNT, "sign-in", _account(email), _network(address))

    def reset(self, email: str, address: str) -> None:
        """Count a request for a new password. Raises TooManyRequests."""
        told = "A new password was asked for too often."
        self._count(RESETS_PER_ADDRESS, "reset", _network(address), told=told)
        self._count(RESETS_PER_ACCOUNT, "reset", _account(email), told=told)

    def link(self, address: str) -> None:
        """Count the use of a one-time link. Raises TooManyRequests."""
        told = "Too many links were tried."
        self._count(LINKS_PER_ADDRESS, "link", _network(address), told=told)

    def _count(self, limit: RateLimitItem, *keys: str, told: str) -> None:
        if self._limiter.hit(limit, *keys):
            return
        reset = self._limiter.get_window_stats(limit, *keys).reset_time
        seconds = max(1, round(reset - time.time()))
        raise TooManyRequests(f"{told} Try again in {-(-seconds // 60)} min.", seconds)


def _account(email: str) -> str:
    """Short whatever was typed, and not readable in memory."""
    return hashlib.sha256(email.strip().lower().encode("utf-8", "replace")).hexdigest()[:32]


def _network(address: str) -> str:
    """The address; of IPv6 the /64, which one household or machine has to itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
