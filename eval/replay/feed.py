"""Dialogs over HTTP, as a helpdesk with an API key sends them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from eval.bench.serve import ServeError
from eval.live.server import LiveServer
from eval.replay.deliver import MessageJson, Post
from eval.replay.dialogs import Dialog
from eval.replay.judge import Shown
from eval.runs.base import Base
from kb.actions.keys import KeyInput, create_key
from kb.domain import EVERYTHING, Permission, Principal, PrincipalKind

P = Permission
MAY = frozenset(
    {
        P.ask,
        P.read_articles,
        P.read_customer_articles,
        P.read_internal_articles,
        P.read_interactions,
        P.write_interactions,
    }
)
WAIT = 5000  # milliseconds for a suggestion
PATIENCE = 60.0  # seconds for it in all


class Helpdesk:
    """One that sends conversations and looks at what the sidebar would show."""

    def __init__(
        self, client: httpx.Client, base: Base, source: str, same: Mapping[str, str]
    ) -> None:
        """`same`: see `ReplaySet`."""
        self._client = client
        self._names = base.names
        self._source = source
        self._same = same
        self.milliseconds: list[float] = []  # from sending a message to its suggestion

    def open(self, dialog: Dialog, suffix: str = "") -> str:
        """Begin a conversation; gives its path."""
        given: dict[str, Any] = {
            "channel": "chat",
            "source": self._source,
            "external_id": dialog.id + suffix,
            "facets": dialog.known,
        }
        if dialog.language:
            given["language"] = dialog.language
        view = self._post("/api/v1/interactions", given)
        return f"/api/v1/interactions/{view['interaction']['id']}"

    def send(self, path: str, post: Post) -> None:
        """Messages whose suggestion nobody looks at."""
        self._post(f"{path}/messages", {"messages": list(post.messages)})

    def look(self, path: str, messages: tuple[MessageJson, ...]) -> Shown:
        """Send messages, wait for the suggestion to the newest state."""
        start = time.perf_counter()
        given = {"messages": list(messages)}
        view = self._post(f"{path}/messages?wait={WAIT}", given)["view"]
        while view["pending"] or view["suggestion"] is None:
            if time.perf_counter() - start > PATIENCE:
                raise ServeError(f"{path} had no suggestion after {PATIENCE:.0f} seconds.")
            view = self._answer(self._client.get(path, params={"wait": WAIT}))
        self.milliseconds.append(1000 * (time.perf_counter() - start))
        return self._shown(view["suggestion"])

    def _shown(self, suggestion: dict[str, Any]) -> Shown:
        nothing, articles = suggestion["nothing_known"], suggestion["articles"]
        best = self._names[articles[0]["id"]] if articles else None
        return Shown(
            best,
            nothing["code"] if nothing else None,
            suggestion["query"]["asks"],
            articles[0]["confidence"] if articles else 0.0,
            self._same.get(best or "", best),
        )

    def _post(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        return self._answer(self._client.post(path, json=given))

    def _answer(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code not in (200, 201):
            url, text = response.url.path, response.text[:300]
            raise ServeError(f"{url} gave {response.status_code}: {text}")
        found: dict[str, Any] = response.json()
        return found


@contextmanager
def helpdesk(base: Base, models: str, source: str, same: Mapping[str, str]) -> Iterator[Helpdesk]:
    """A real server on the base's home, and a helpdesk with a key to it. Raises ServeError."""
    settings = base.setup.settings
    settings.models_dir.symlink_to(models)
    maker = Principal(PrincipalKind.open_access, "eval", EVERYTHING)
    with base.sessions.begin() as session:
        token = create_key(session, KeyInput("replay", MAY), maker).token
    server = LiveServer(settings, POTICA_OPEN_ACCESS="false")
    headers = {"authorization": f"Bearer {token}"}
    with server, httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield Helpdesk(client, base, source, same)
