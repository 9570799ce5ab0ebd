"""Hubs on a real engine, without a server around them."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from api.live.hub import LiveHub
from api.live.subscription import End, Frame, Subscription
from api.live.work import Done, Order, Work
from api.metrics import Metrics
from api.schemas.interactions import InteractionView
from kb.actions.interactions import InteractionInput, add_messages, open_interaction
from kb.assist.engine import Engine
from kb.db import session_factory
from kb.domain import EVERYTHING, Channel, Principal, PrincipalKind, Role, Suggestion
from tests.api.live.site import PATIENCE, turn

READER = Principal(PrincipalKind.open_access, "anonymous", EVERYTHING)


@dataclass
class Gated:
    """The real work, of which a test can hold back what suggests; counts what is under way."""

    inner: Work
    gate: threading.Event = field(default_factory=threading.Event)
    fails: list[Exception] = field(default_factory=list)  # raised one after the other
    done: list[Order] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)
    most_at_once: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def do(self, order: Order) -> Done:
        key = order.interaction_id
        with self.lock:
            self.busy[key] += 1
            self.most_at_once[key] = max(self.most_at_once[key], self.busy[key])
            self.done.append(order)
            error = self.fails.pop() if self.fails else None
        try:
            assert self.gate.wait(PATIENCE)
            if error is not None:
                raise error
            return self.inner.do(order)
        finally:
            with self.lock:
                self.busy[key] -= 1


@dataclass
class Bench:
    """A hub, what it works with, and conversations for it."""

    engine: Engine
    hub: LiveHub
    work: Gated

    def begin(self, *texts: str, **more: Any) -> str:
        given = InteractionInput(Channel.chat, turns=[turn(text) for text in texts], **more)
        with self.engine.session_factory.begin() as session:
            return open_interaction(session, given, "test", {}).id

    def say(self, key: str, text: str, role: Role = Role.customer) -> None:
        with self.engine.session_factory.begin() as session:
            add_messages(session, key, [turn(text, role)], "test", {})

    async def told(self, key: str, *texts: str) -> None:
        """Say them, and tell the hub of each."""
        for text in texts:
            await asyncio.to_thread(self.say, key, text)
            self.hub.changed(key)

    async def watch(
        self,
        key: str,
        principal: Principal = READER,
        standing: Callable[[Session], bool] = lambda _: True,
    ) -> Subscription:
        return await self.hub.subscribe(key, principal, standing)

    def recorded(self, key: str) -> int:
        query = select(func.count()).where(col(Suggestion.interaction_id) == key)
        with self.engine.session_factory() as session:
            return session.scalar(query) or 0


@asynccontextmanager
async def bench_on(
    engine: Engine, *, threads: int = 2, most: int = 1000, is_open: bool = True
) -> AsyncIterator[Bench]:
    """A hub that runs; with `is_open` false nothing is suggested until the gate is opened."""
    work = Gated(Work(engine, session_factory(engine.database, read_only=True), Metrics()))
    if is_open:
        work.gate.set()
    hub = LiveHub(work, threads, most)  # type: ignore[arg-type]
    hub.start()
    try:
        yield Bench(engine, hub, work)
    finally:
        hub.stop()
        work.gate.set()
        await asyncio.to_thread(hub.close)


async def taken(subscription: Subscription) -> InteractionView:
    """The next view."""
    found = await subscription.next(PATIENCE)
    assert isinstance(found, Frame), found
    return InteractionView.model_validate_json(found.data)


async def ended(subscription: Subscription) -> End:
    """Why it ends."""
    while True:
        found = await subscription.next(PATIENCE)
        assert found is not None
        if isinstance(found, End):
            return found


async def settled(subscription: Subscription, version: int = 1) -> InteractionView:
    """The first view with a suggestion to this version or a newer one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            view = await taken(subscription)
            if not view.pending and (view.suggestion_version or 0) >= version:
                return view
