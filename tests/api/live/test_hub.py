"""The hub: one look at a time, the newest view to everybody, nothing kept for the slow."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlmodel import col

from api.live import watch as watch_module
from api.live.subscription import End
from kb.assist.engine import Engine
from kb.config import Settings
from kb.domain import (
    EVERYTHING,
    Interaction,
    InteractionEvent,
    InteractionMessage,
    Permission,
    Principal,
    PrincipalKind,
    Suggestion,
)
from kb.errors import Busy, EncoderError, NotFound, TooMany
from tests.api.live.hubs import READER, Bench, bench_on, ended, settled, taken
from tests.api.live.site import DAMAGED, PIN, POSTCODE
from tests.site import copy_home


@pytest.fixture(scope="module")
def engine(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine.open(copy_home(filled, tmp_path_factory.mktemp("hub") / "home"))
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same looks, more often."""
    monkeypatch.setattr(watch_module, "EVERY", 0.05)
    monkeypatch.setattr(watch_module, "CHECK_EVERY", 0.1)
    monkeypatch.setattr(watch_module, "SETTLE", 0.05)
    monkeypatch.setattr(watch_module, "REFRESH_EVERY", 0.1)


def run(found: Coroutine[Any, Any, None]) -> None:
    asyncio.run(found)


def test_fast_typing_is_coalesced(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine, is_open=False) as bench:
            key = bench.begin(POSTCODE)
            stream = await bench.watch(key)
            first = await taken(stream)
            assert (first.suggestion, first.pending) == (None, True)
            await bench.told(key, *["more"] * 9, PIN)
            await asyncio.sleep(0.1)
            assert len(bench.work.done) == 1  # one under way, one waits, whatever is said
            bench.work.gate.set()
            view = await settled(stream, 11)
            assert view.interaction.version == view.suggestion_version == 11
            assert len(bench.work.done) <= 3
            assert bench.work.most_at_once[key] == 1
            assert bench.recorded(key) <= 2

    run(case())


def test_other_conversations_do_not_wait(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine, threads=2) as bench:
            keys = [bench.begin(POSTCODE) for _ in range(6)]
            streams = [await bench.watch(key) for key in keys]
            views = await asyncio.gather(*(settled(stream) for stream in streams))
            assert {view.interaction.id for view in views} == set(keys)
            assert max(bench.work.most_at_once.values()) == 1

    run(case())


def test_the_same_eyes_share_one_look(engine: Engine) -> None:
    narrow = Principal(PrincipalKind.api_key, "key:1", EVERYTHING, scope={"country": ["GB", "SI"]})

    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE)
            streams = [await bench.watch(key) for _ in range(20)]
            streams.append(await bench.watch(key, narrow))
            views = [await settled(stream) for stream in streams]
            ids = {view.suggestion.id for view in views if view.suggestion}
            assert len(ids) == 2
            assert bench.recorded(key) == 2
            assert bench.hub.streams == 21
            for stream in streams:
                stream.close()
                stream.close()
            assert bench.hub.streams == 0

    run(case())


def test_a_slow_one_gets_the_newest_only_and_holds_nobody_up(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE)
            slow, quick = await bench.watch(key), await bench.watch(key)
            await settled(quick)
            for number in range(2, 6):
                await bench.told(key, f"and one more thing, number {number}")
                await settled(quick, number)
            view = await taken(slow)  # the first one was replaced before it was sent
            assert view.suggestion_version == 5
            assert await slow.next(0.05) is None

    run(case())


def test_after_a_restart_nothing_is_recorded_twice(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE)
            before = await settled(await bench.watch(key))
            count = bench.recorded(key)
        async with bench_on(engine) as bench:
            after = await settled(await bench.watch(key))
            assert after.suggestion is not None
            assert before.suggestion is not None
            assert after.suggestion.id == before.suggestion.id
            assert after.change == before.change
            assert bench.recorded(key) == count == 1

    run(case())


def test_another_server_on_the_same_database(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as one, bench_on(engine) as other:
            key = one.begin(POSTCODE)
            here, there = await one.watch(key), await other.watch(key)
            await settled(here)
            await settled(there)
            await one.told(key, PIN)  # nobody tells the other
            first, second = await settled(here, 2), await settled(there, 2)
            assert first.suggestion is not None
            assert second.suggestion is not None
            assert first.suggestion.id == second.suggestion.id
            assert first.interaction.sequence == second.interaction.sequence
            assert one.recorded(key) == 2

    run(case())


def test_who_may_not_any_more_is_told_and_let_go(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE)
            good = {"is": True}
            stays = await bench.watch(key)
            goes = await bench.watch(key, standing=lambda _: good["is"])
            await settled(goes)
            good["is"] = False
            assert await ended(goes) == End.expired
            await settled(stays)
            await bench.told(key, PIN)
            await settled(stays, 2)

    run(case())


def test_an_interaction_that_is_erased_ends_its_streams(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE)
            stream = await bench.watch(key)
            await settled(stream)
            with engine.session_factory.begin() as session:
                for table in (InteractionEvent, InteractionMessage, Suggestion):
                    session.execute(delete(table).where(col(table.interaction_id) == key))
                session.execute(delete(Interaction).where(col(Interaction.id) == key))
            assert await ended(stream) == End.gone
            with pytest.raises(NotFound):
                await bench.watch(key)
            assert bench.hub.streams == 1
            stream.close()
            assert bench.hub.streams == 0

    run(case())


def test_what_fails_is_tried_again(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            bench.work.fails.append(EncoderError("The encoder is away."))
            key = bench.begin(POSTCODE)
            view = await bench.hub.view(key, READER, wait_ms=5000)
            assert (view.suggestion, view.pending) == (None, True)
            bench.work.fails.append(EncoderError("The encoder is away."))
            assert (await settled(await bench.watch(key))).suggestion is not None

    run(case())


def test_room_for_so_many_and_for_one_person(engine: Engine) -> None:
    person = Principal(PrincipalKind.session, "usr_1", EVERYTHING, user_id="usr_1")

    async def case() -> None:
        async with bench_on(engine, most=60) as bench:
            key = bench.begin(DAMAGED)
            streams = [await bench.watch(key, person) for _ in range(50)]
            with pytest.raises(TooMany):
                await bench.watch(key, person)
            streams.pop().close()
            streams += [await bench.watch(key, person)]
            streams += [await bench.watch(key) for _ in range(10)]
            with pytest.raises(Busy):
                await bench.watch(key)

    run(case())


def test_a_stop_ends_every_stream_at_once(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine, is_open=False) as bench:
            key = bench.begin(DAMAGED)
            streams = [await bench.watch(key) for _ in range(5)]
            waiting = asyncio.create_task(bench.hub.view(key, READER, wait_ms=5000))
            await asyncio.sleep(0.1)
            bench.hub.stop()
            assert [await ended(stream) for stream in streams] == [End.stopped] * 5
            assert (await waiting).suggestion is None
            with pytest.raises(Busy):
                await bench.watch(key)
            bench.hub.changed(key)  # nobody is there to be told

    run(case())


def test_a_view_with_and_without_waiting(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE, customer_ref="C-77")
            at_once = await bench.hub.view(key, READER)
            assert (at_once.suggestion, at_once.pending) == (None, True)
            assert at_once.history is None
            view = await bench.hub.view(key, READER, wait_ms=5000, with_history=True)
            assert view.suggestion is not None
            assert not view.pending
            assert view.history == []
            again = bench.begin(PIN, customer_ref="C-77")
            view = await bench.hub.view(again, READER, with_history=True)
            assert view.history is not None
            assert [contact.id for contact in view.history] == [key]
            with pytest.raises(NotFound):
                await bench.hub.view("int_never", READER)

    run(case())


def test_permissions_decide_what_is_in_a_view(engine: Engine) -> None:
    def may(*permissions: Permission) -> Principal:
        return Principal(PrincipalKind.api_key, "key:1", frozenset(permissions))

    writer = may(Permission.write_interactions, Permission.ask)
    reader = may(Permission.read_interactions, Permission.write_interactions)

    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE, customer_ref="C-78")
            await bench.hub.view(key, READER, wait_ms=5000)
            for principal, history in ((writer, None), (reader, [])):
                view = await bench.hub.view(key, principal, wait_ms=1000, with_history=True)
                assert view.interaction.id == key
                assert (view.suggestion, view.pending) == (None, False)
                assert view.history == history
            assert bench.recorded(key) == 1

    run(case())


def test_another_loop_may_ask(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            key = bench.begin(POSTCODE)
            asked = bench.hub.view(key, READER, wait_ms=5000)
            view = await asyncio.to_thread(asyncio.run, asked)
            assert view.suggestion is not None

    run(case())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from([POSTCODE, PIN, DAMAGED, "Hello", "Thanks"])),
        st.tuples(st.just("silent"), st.sampled_from([POSTCODE, PIN])),  # nobody tells the hub
        st.tuples(st.just("touch"), st.just("")),
        st.tuples(st.just("join"), st.just("")),
        st.tuples(st.just("leave"), st.just("")),
        st.tuples(st.just("read"), st.just("")),
        st.tuples(st.just("pause"), st.just("")),
    ),
    max_size=10,
)


@given(steps=STEPS)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_happens_everybody_ends_with_the_newest(
    engine: Engine, steps: list[tuple[str, str]]
) -> None:
    run(_played(engine, steps))


async def _played(engine: Engine, steps: list[tuple[str, str]]) -> None:
    async with bench_on(engine) as bench:
        key = bench.begin("Hello")
        streams = [await bench.watch(key)]
        seen = {id(streams[0]): 0}
        for what, text in steps:
            await _step(bench, key, streams, seen, what, text)
        now = await bench.hub.view(key, READER, wait_ms=5000)
        for stream in streams:
            view = await _last(stream, seen, now.interaction.version)
            assert view is None or view.suggestion_version == now.interaction.version


async def _step(
    bench: Bench, key: str, streams: list[Any], seen: dict[int, int], what: str, text: str
) -> None:
    if what == "say":
        await bench.told(key, text)
    elif what == "silent":
        await asyncio.to_thread(bench.say, key, text)
    elif what == "touch":
        bench.hub.touched(key)
    elif what == "join":
        streams.append(await bench.watch(key))
        seen[id(streams[-1])] = 0
    elif what == "leave" and len(streams) > 1:
        streams.pop(0).close()
    elif what == "read" and streams:
        view = await taken(streams[0]) if seen[id(streams[0])] == 0 else None
        if view is not None:
            seen[id(streams[0])] = view.interaction.sequence
    elif what == "pause":
        await asyncio.sleep(0.02)


async def _last(stream: Any, seen: dict[int, int], version: int) -> Any:
    """The view with the suggestion to this version; none is older than one before it."""
    while True:
        view = await taken(stream)
        assert view.interaction.sequence >= seen[id(stream)]
        seen[id(stream)] = view.interaction.sequence
        if not view.pending and view.suggestion_version == version:
            return view


def test_many_streams(engine: Engine) -> None:
    async def case() -> None:
        async with bench_on(engine) as bench:
            keys = [bench.begin(POSTCODE) for _ in range(6)]
            streams = [await bench.watch(key) for _ in range(40) for key in keys]
            await asyncio.gather(*(settled(stream) for stream in streams))
            made = len(bench.work.done)
            assert made <= 4 * len(keys)  # forty streams share each
            for key in keys:
                await bench.told(key, PIN)
            views = await asyncio.gather(*(settled(stream, 2) for stream in streams))
            assert len({view.suggestion.id for view in views if view.suggestion}) == len(keys)
            for stream in streams:
                stream.close()
            assert bench.hub.streams == 0
            assert not bench.hub.watched()

    run(case())
