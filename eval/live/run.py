"""The whole measurement: suggestions under load, painted, and a crash under idle sidebars."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from eval.bench.dialogs import dialogs
from eval.bench.suggest import Spread, load_average, made_home, rebuild, spread
from eval.live.crash import Crashed, crash
from eval.live.load import Load, Pace, open_interactions, send
from eval.live.paint import ARGUMENTS, CHROMIUM, Screens, open_screens
from eval.live.server import LiveServer
from eval.progress import Progress
from kb.actions.keys import KeyInput, create_key
from kb.actions.users import NewUser, add_user
from kb.assist.types import SuggestRequest
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import DEFAULT_ROLES, EVERYTHING, Principal, PrincipalKind
from kb.passwords import new_password

EMAIL = "load@lipa.example"
INTERACTIONS = 50
RATE = 5.0  # messages a second
SHOWN = 0.5  # share of the messages that a screen shows, where there are screens
KEYS = 25
OPEN_AT_ONCE = 200  # of idle sidebars: interactions they watch


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to do."""

    passages: int = 10_000
    seconds: float = 60.0
    screens: int = 5
    sidebars: int = 500
    kills: int = 3


@dataclass(frozen=True, slots=True)
class Callers:
    """E-mail and password of an agent, and tokens of API keys."""

    sign_in: tuple[str, str]
    tokens: Sequence[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds; None where nothing was measured. `load_average` as the run began."""

    plan: Plan
    load_average: float
    messages: int
    refused: int
    unanswered: int
    posted: Spread
    received: Spread  # message sent -> first suggestion that knows of it has arrived
    painted: Spread | None  # message sent -> painted, in a browser
    painted_messages: int
    crashed: Crashed | None


def measure_live(settings: Settings, plan: Plan, progress: Progress) -> Measured:
    """Raises ServeError when the server does not start."""
    before = load_average()
    asked = dialogs(settings.content_dir, settings.languages, 500)
    with made_home(settings, plan.passages, progress) as home:
        rebuild(home, progress)
        password = secrets.token_urlsafe(18)
        tokens = _add_people(home, password)
        with LiveServer(home) as server:
            with progress.task(f"{INTERACTIONS} interactions, {RATE:g} messages a second") as task:
                load, screens = asyncio.run(
                    _load(server, asked, plan, Callers((EMAIL, password), tokens))
                )
                task.done()
            crashed = None
            if plan.sidebars:
                what = f"{plan.sidebars} sidebars, {plan.kills} kills"
                with progress.task(what) as task:
                    crashed = asyncio.run(_crash(server, asked, plan, tokens))
                    task.done()
    received = load.delays()
    return Measured(
        plan,
        before,
        len(load.sent),
        load.refused,
        load.unanswered,
        spread([1000 * seconds for seconds in load.posted]),
        spread(received),
        spread(screens) if screens else None,
        len(screens),
        crashed,
    )


def _add_people(home: Settings, password: str) -> list[str]:
    """An agent who signs in, and the tokens of API keys that may do what agents may."""
    engine = create_engine_for(home)
    person = NewUser(EMAIL, "Load", roles=("agent",))
    checked = new_password(password, email=EMAIL, name="Load")
    maker = Principal(PrincipalKind.open_access, "bench", EVERYTHING)
    may = DEFAULT_ROLES["agent"]
    with session_factory(engine).begin() as session:
        add_user(session, person, checked, actor="bench")
        made = [create_key(session, KeyInput(f"load {n}", may), maker) for n in range(KEYS)]
    engine.dispose()
    return [key.token for key in made]


async def _load(
    server: LiveServer, asked: Sequence[SuggestRequest], plan: Plan, callers: Callers
) -> tuple[Load, list[float]]:
    async with _client(server, callers.tokens) as client:
        ids = await open_interactions(client, asked, INTERACTIONS, "load")
        pace = Pace(RATE, plan.seconds, plan.screens, SHOWN if plan.screens else 0.0)
        if not plan.screens:
            return await send(client, ids, asked, pace), []
        from playwright.async_api import async_playwright

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=ARGUMENTS
            )
            names = [f"load-{number}" for number in range(plan.screens)]
            screens = await open_screens(browser, server.url, callers.sign_in, names)
            load = await send(client, ids, asked, pace)
            painted = await _painted(screens, load)
            await browser.close()
    return load, painted


async def _painted(screens: Screens, load: Load) -> list[float]:
    """Milliseconds for each message that a screen shows; those that ask for nothing leave the
    screen as it is. Raises RuntimeError when a message never reached its screen."""
    found = []
    seen = await screens.seen()
    for message in load.sent:
        if message.interaction >= len(seen):
            continue
        at, is_painted = seen[message.interaction].after(message.version)
        if at is None:
            raise RuntimeError(f"message {message} never reached its screen")
        if is_painted:
            found.append(1000 * (at - message.clock))
    return found


async def _crash(
    server: LiveServer, asked: Sequence[SuggestRequest], plan: Plan, tokens: Sequence[str]
) -> Crashed:
    async with _client(server, tokens) as client:
        count = min(plan.sidebars, OPEN_AT_ONCE)
        ids = await open_interactions(client, asked, count, "idle")
        counts: Callable[[], float] = server.memory
        return await crash(client, ids, plan.sidebars, plan.kills, server.restart, counts)


def _client(server: LiveServer, tokens: Sequence[str]) -> httpx.AsyncClient:
    """Speaks with each of the keys in turn: nobody may hold all streams."""
    turn = itertools.cycle(tokens)

    async def speak(request: httpx.Request) -> None:
        request.headers["authorization"] = f"Bearer {next(turn)}"

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    hooks = {"request": [speak]}
    return httpx.AsyncClient(base_url=server.url, limits=limits, trust_env=False, event_hooks=hooks)


def has_browser() -> bool:
    """Whether painting can be measured here."""
    return Path(CHROMIUM).exists()
