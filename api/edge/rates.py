"""How often one account, API key or address may ask, read and write.

Counted in this process's memory: two servers behind one name count apart. The window slides by
weighted counters, two numbers for each caller, not by a list of every request: a flood from many
addresses must not fill the memory.
"""

from __future__ import annotations

import math
import time
from enum import StrEnum

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import HTTPConnection, Request

from api.edge.address import network_of
from api.edge.names import SAFE_METHODS
from kb.config import Settings
from kb.domain import Principal, PrincipalKind
from kb.errors import TooMany

MINUTE = 60  # seconds
_FREE = frozenset({"/healthz", "/readyz"})
_HOOKS = frozenset({"/api/v1/hooks/{webhook_id}"})
_READS = frozenset(
    {
        "/embed/zendesk",  # a page, though a signed form asks for it
        "/editor/preview",  # of a text being typed, as the checklist: nothing is written
        "/api/v1/checklist",
    }
)
_ASKS = frozenset({"/api/v1/suggest", "/api/v1/search", "/try", "/try/answers"})


class Cost(StrEnum):
    """What a request costs the server; each kind is counted by itself."""

    ask = "asks"
    write = "writes"
    read = "reads"
    hook = "messages"


def cost_of(method: str, route: str) -> Cost | None:
    """The kind of a request to a route (its template); None is never counted."""
    if route in _FREE:
        return None
    if route in _ASKS:
        return Cost.ask
    if route in _HOOKS:
        return Cost.hook
    return Cost.read if method in SAFE_METHODS or route in _READS else Cost.write


class Rates:
    """The counters of one application. Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self.is_on = settings.rate_limits and not settings.open_access
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        known = (
            settings.rate_asks,
            settings.rate_writes,
            settings.rate_reads,
            settings.rate_hooks,
        )
        few = settings.rate_strangers
        self._known = {cost: RateLimitItemPerMinute(n) for cost, n in zip(Cost, known, strict=True)}
        self._strangers = self._known | {
            cost: RateLimitItemPerMinute(few) for cost in (Cost.ask, Cost.write)
        }
        self._refused = RateLimitItemPerMinute(few)

    def count(self, request: Request, principal: Principal) -> None:
        """Count a request whose caller is known by now. Raises TooMany above the limit."""
        cost = cost_of(request.method, _route(request))
        if cost is not None:
            self.charge(request, principal, cost)

    def charge(self, request: HTTPConnection, principal: Principal, cost: Cost) -> None:
        """Count one of this kind. Raises TooMany above the limit."""
        if not self.is_on:
            return
        is_stranger = principal.kind == PrincipalKind.anonymous
        item = (self._strangers if is_stranger else self._known)[cost]
        caller = network_of(request) if is_stranger else _caller(principal)
        taken = self._limiter.hit(item, str(cost), caller)
        wait, left = self._state(item, str(cost), caller)
        request.scope["potica.rate"] = {
            "ratelimit-policy": f'"{cost}";q={item.amount};w={MINUTE}',
            "ratelimit": f'"{cost}";r={left if taken else 0};t={wait}',
        }
        if not taken:
            raise TooMany(
                f"At most {item.amount} {cost} a minute: try again in {wait} seconds.", wait
            )

    def check_refusals(self, request: Request, header: str = "authorization") -> None:
        """Raises TooMany for an address that sent too many credentials that are not good.

        Who sends none in `header`, or a cookie, does not suffer for others behind the same
        address.
        """
        if header in request.headers:
            self.check_refused(request)

    def check_refused(self, request: HTTPConnection) -> None:
        """The same for one that sends a credential for sure."""
        caller = network_of(request)
        if self.is_on and not self._limiter.test(self._refused, "refused", caller):
            wait, _ = self._state(self._refused, "refused", caller)
            raise TooMany(
                f"Too many credentials that are not good: try again in {wait} seconds.", wait
            )

    def count_refusal(self, request: HTTPConnection) -> None:
        """Count a credential that was not good."""
        if self.is_on:
            self._limiter.hit(self._refused, "refused", network_of(request))

    def _state(self, item: RateLimitItemPerMinute, *names: str) -> tuple[int, int]:
        """Whole seconds until one more is free, and how many are left."""
        stats = self._limiter.get_window_stats(item, *names)
        wait = math.ceil(stats.reset_time - time.time())
        return min(max(wait, 1), MINUTE), stats.remaining


def _caller(principal: Principal) -> str:
    return f"{principal.kind}:{principal.user_id or principal.credential_id or principal.actor}"


def _route(request: Request) -> str:
    return getattr(request.scope.get("route"), "path", "")
