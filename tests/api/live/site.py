"""Serve the application in a thread; begin interactions, and read streams of them."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy.orm import Session, sessionmaker

from api.app import create_app
from api.edge.connection import protocol_options
from api.state import Services
from kb.actions.interactions import (
    InteractionInput,
    InteractionPatch,
    add_messages,
    change_interaction,
    open_interaction,
)
from kb.actions.keys import KeyInput, create_key
from kb.actions.turns import TurnInput
from kb.config import Settings
from kb.domain import EVERYTHING, Channel, Facets, Permissions, Principal, PrincipalKind, Role

PATIENCE = 30.0  # seconds, on a busy machine
POSTCODE = "The postcode on my label is wrong, what can I do?"
PIN = "I did not get the PIN for the parcel locker, what now?"
RELABEL = "We put a new label on it, that is free of charge."
DAMAGED = "My parcel came damaged, how do I claim?"
ADMIN = Principal(PrincipalKind.session, "usr_tests", EVERYTHING)
Event = tuple[str, str, dict[str, Any]]  # name, id, data


@dataclass
class Place:
    """A running server and its inside."""

    app: FastAPI
    port: int
    server: uvicorn.Server

    @property
    def services(self) -> Services:
        found: Services = self.app.state.services
        return found

    @property
    def sessions(self) -> sessionmaker[Session]:
        return self.services.engine.session_factory

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def key(
        self, may: Permissions = EVERYTHING, scope: Facets | None = None
    ) -> tuple[str, dict[str, str]]:
        """The id of a new API key, and the header it speaks with."""
        with self.sessions.begin() as session:
            made = create_key(session, KeyInput("live", may, scope or {}), ADMIN)
        return made.key.id, {"authorization": f"Bearer {made.token}"}

    def begin(self, *texts: str, **more: Any) -> str:
        """An interaction in which the customer said these."""
        turns = [turn(text) for text in texts]
        with self.sessions.begin() as session:
            given = InteractionInput(Channel.chat, turns=turns, **more)
            return open_interaction(session, given, "test", {}).id

    def say(self, interaction_id: str, *texts: str, role: Role = Role.customer) -> None:
        """As a route does it: commit, then tell."""
        with self.sessions.begin() as session:
            turns = [turn(text, role) for text in texts]
            saved = add_messages(session, interaction_id, turns, "test", {})
        if saved.anything:
            self.services.live.changed(interaction_id)

    def patch(self, interaction_id: str, **values: Any) -> None:
        with self.sessions.begin() as session:
            change_interaction(session, interaction_id, InteractionPatch(**values), "test", {})
        self.services.live.changed(interaction_id)

    @contextmanager
    def stream(self, interaction_id: str, headers: dict[str, str]) -> Iterator[Stream]:
        """Server-sent events of one interaction."""
        address = f"{self.url}/api/v1/interactions/{interaction_id}/events"
        with (
            httpx.Client(timeout=PATIENCE) as client,
            client.stream("GET", address, headers=headers) as response,
        ):
            yield Stream(response)


class Stream:
    """Events as they come; a wait for one that does not come ends with an error."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()
        self.pings = 0

    def event(self) -> Event:
        """The next event that is no ping. Raises StopIteration at the end."""
        while True:
            name, number, data = self._event()
            if name != "ping":
                return name, number, data
            self.pings += 1

    def ping(self) -> bool:
        """Whether the next event is one."""
        return self._event()[0] == "ping"

    def _event(self) -> Event:
        found: dict[str, str] = {}
        while True:
            line = next(self._lines)
            if line:
                name, _, value = line.partition(": ")
                found[name] = value
            elif "data" in found:
                return found["event"], found.get("id", ""), json.loads(found["data"])

    def view(self) -> dict[str, Any]:
        name, number, data = self.event()
        assert name == "view", name
        assert int(number) == data["interaction"]["sequence"]
        return data

    def settled(self, version: int | None = None) -> dict[str, Any]:
        """The first view with the suggestion to this version, or to whichever is the newest."""
        while True:
            view = self.view()
            enough = version is None or (view["suggestion_version"] or 0) >= version
            if not view["pending"] and enough:
                return view

    def rest(self) -> list[str]:
        """Names of the events up to the end of the stream."""
        names = []
        while True:
            try:
                names.append(self.event()[0])
            except StopIteration:
                return names


def turn(text: str, role: Role = Role.customer) -> TurnInput:
    return TurnInput(role, text, key=secrets.token_hex(6))


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again; AssertionError when it does not come true."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def best(view: dict[str, Any]) -> str:
    found: str = view["suggestion"]["articles"][0]["id"]
    return found


@contextmanager
def served_here(settings: Settings, **changes: Any) -> Iterator[Place]:
    """The application in a thread of this process; it must end when it is told to."""
    settings = settings.model_copy(update=changes)
    with closing(socket.create_server(("127.0.0.1", 0))) as own:
        port = own.getsockname()[1]
        settings = settings.model_copy(update={"public_url": f"http://127.0.0.1:{port}"})
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=10,
            **protocol_options(settings),
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]})
        thread.start()
        try:
            _wait(server, thread)
            yield Place(app, port, server)
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    end = time.monotonic() + 4 * PATIENCE
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < end
        time.sleep(0.02)
