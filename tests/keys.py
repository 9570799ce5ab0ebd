"""API keys for tests that talk to a real server."""

from __future__ import annotations

from kb.actions.keys import KeyInput, create_key
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import EVERYTHING, Principal, PrincipalKind


def administrator_key(settings: Settings) -> str:
    """The header `Authorization` of an API key that may do everything."""
    engine = create_engine_for(settings)
    creator = Principal(PrincipalKind.session, "usr_tests", EVERYTHING)
    with session_factory(engine).begin() as session:
        token = create_key(session, KeyInput("tests", EVERYTHING), creator).token
    engine.dispose()
    return f"Bearer {token}"
