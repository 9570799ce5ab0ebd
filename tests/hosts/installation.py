"""A server that other origins may embed, with an agent, and helpdesks around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy.orm import Session, sessionmaker

from api.auth.widget_token import WidgetGrant, WidgetSigner
from api.ui.embed_script import embed_script
from kb.actions.keys import KeyInput, create_key
from kb.cli.helpdesks.freshdesk import build_freshdesk
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import DEFAULT_ROLES, EVERYTHING, Principal, PrincipalKind, User, utc_now
from kb.passwords import new_password
from kb.secret_key import load_secret_key
from tests.api.auth.zendesk_calls import INSTALLATION, KEY, claims_for, public_pem
from tests.api.people import make_user
from tests.hosts.server import Helpdesks, helpdesks
from tests.served import serving
from tests.site import copy_home

PASSWORD = "river maple copper plum"
OWNER = Principal(PrincipalKind.open_access, "cli", EVERYTHING)


@dataclass(frozen=True)
class Installation:
    """`url` is the server's; the agent has PASSWORD."""

    url: str
    desks: Helpdesks
    agent: User
    sessions: sessionmaker[Session]
    key_id: str  # of the API key that the host's server holds
    secret: bytes = field(repr=False)

    def zendesk_token(self, key: RSAKey = KEY, **changes: Any) -> str:
        """A new signed request for the agent."""
        claims = claims_for(self.desks.desk, **{"email": self.agent.email} | changes)
        return jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])

    def widget_token(self, origin: str, hours_ago: float = 0) -> str:
        """A token for the agent's sidebar on `origin`, made so long ago."""
        now = utc_now() - timedelta(hours=hours_ago)
        grant = WidgetGrant(origin, key_id=self.key_id, user_id=self.agent.id)
        made = WidgetSigner.of(self.secret, self.url).sign(grant, now)
        assert made is not None
        return made.text


@contextmanager
def installation(filled: Settings, home: Path) -> Iterator[Installation]:
    settings = copy_home(filled, home)
    engine = create_engine_for(settings)
    sessions = session_factory(engine)
    agent = make_user(
        sessions,
        "agent",
        language="sl",
        password_hash=new_password(PASSWORD, email="x@lipa.example", name="Ana").hash,
    )
    with sessions.begin() as session:
        made = create_key(session, KeyInput("Host", DEFAULT_ROLES["agent"]), OWNER)
    with helpdesks() as desks:
        given = {
            "embed_origins": json.dumps([desks.desk, desks.app]),
            "zendesk_public_key": public_pem(),
            "zendesk_audience": desks.desk + INSTALLATION,
            "open_access": "false",
            "rate_limits": "false",
        }
        with serving(settings.home, **given) as served:
            icon = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
            desks.kb = served.url
            desks.package = build_freshdesk(served.url, embed_script().text, icon)
            own = (made.key.id, load_secret_key(settings))
            found = Installation(served.url, desks, agent, sessions, *own)
            desks.values["ZENDESK_TOKEN"] = found.zendesk_token
            desks.token = lambda: _token(served.url, made.token, desks.desk, agent.email)
            yield found
    engine.dispose()


def _token(url: str, key: str, origin: str, agent: str) -> str:
    """What the server of a host does: ask for a token with its key, and pass the answer on."""
    response = httpx.post(
        f"{url}/api/v1/widget-tokens",
        json={"origin": origin, "agent": agent},
        headers={"authorization": f"Bearer {key}"},
        timeout=30,
    )
    return response.text
