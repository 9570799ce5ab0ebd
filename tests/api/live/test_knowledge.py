"""Knowledge that changes while somebody watches: shown at once, withdrawn at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.live import watch as watch_module
from api.live.subscription import Subscription
from api.schemas.interactions import InteractionView
from indexer.pipeline import index_round
from kb.actions.articles import archive, save_article
from kb.assist.engine import Engine
from kb.config import Settings
from kb.domain import Article, Audience, Permission, Principal, PrincipalKind, utc_now
from tests.api.live.hubs import READER, Bench, bench_on, settled, taken
from tests.kb import builders
from tests.site import copy_home

P = Permission
CUSTOMER = Principal(
    PrincipalKind.api_key, "key:1", frozenset({P.ask, P.read_interactions, P.read_articles})
)
ASKED = "What is the surcharge for a surfboard, please?"
BODY = {"en": "The surcharge for a surfboard is 12 euros. A surfboard travels in its own van."}


@pytest.fixture
def engine(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine.open(copy_home(filled, tmp_path_factory.mktemp("knowledge") / "home"))
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same looks, more often."""
    monkeypatch.setattr(watch_module, "EVERY", 0.05)
    monkeypatch.setattr(watch_module, "CHECK_EVERY", 0.1)
    monkeypatch.setattr(watch_module, "SETTLE", 0.05)
    monkeypatch.setattr(watch_module, "REFRESH_EVERY", 0.1)


def publish(engine: Engine) -> None:
    with engine.session_factory.begin() as session:
        save_article(session, builders.article("surfboard", BODY), actor="test")
    index(engine)


def index(engine: Engine) -> None:
    while index_round(engine.session_factory, engine.encoder).claimed:
        pass


def documents(view: InteractionView) -> list[str]:
    found = view.suggestion
    return [] if found is None else [answer.id for answer in found.articles]


async def until(stream: Subscription, *, there: bool) -> InteractionView:
    """The first view in which the surfboard is, or is not."""
    while True:
        view = await taken(stream)
        if ("surfboard" in documents(view)) is there and not view.pending:
            return view


async def watching(bench: Bench) -> tuple[str, Subscription]:
    key = bench.begin(ASKED)
    stream = await bench.watch(key)
    await settled(stream)
    return key, stream


def test_a_new_article_is_shown_to_who_watches(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            _, stream = await watching(bench)
            await asyncio.to_thread(publish, engine)
            view = await until(stream, there=True)
            assert documents(view)[0] == "surfboard"
            assert view.change is not None
            assert view.change.reason in ("knowledge_changed", "first_answer")
            assert view.change.after == "article:surfboard"
            assert view.change.message is None
            assert view.interaction.version == 1  # nothing was said

    asyncio.run(case())


def test_what_is_archived_leaves_the_screen(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            publish(engine)
            key, stream = await watching(bench)
            with engine.session_factory.begin() as session:
                archive(session, "surfboard", actor="test")
            view = await bench.hub.view(key, READER)  # before the watch looked, and the index
            assert "surfboard" not in documents(view)
            assert "surfboard" not in view.model_dump_json()
            assert "surfboard" not in documents(await until(stream, there=False))

    asyncio.run(case())


def test_what_time_or_another_audience_withdraws(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            publish(engine)
            for values in ({"valid_until": utc_now()}, {"audience": Audience.internal}):
                key = bench.begin(ASKED)
                stream = await bench.watch(key, CUSTOMER)
                assert "surfboard" in documents(await until(stream, there=True))
                _change(engine, **values)  # no index is told
                await until(stream, there=False)
                _change(engine, valid_until=None, audience=Audience.public)

    asyncio.run(case())


def _change(engine: Engine, **values: object) -> None:
    with engine.session_factory.begin() as session:
        row = session.scalars(select(Article).where(col(Article.id) == "surfboard")).one()
        for name, value in values.items():
            setattr(row, name, value)
