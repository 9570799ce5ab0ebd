"""The demo company's public articles among many hidden ones, served with sign-in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from kb.db import create_engine_for, session_factory
from kb.domain import OutboxEvent, utc_now
from kb.encoders.factory import create_encoder
from kb.search.snapshot import build_snapshot
from tests.gate.hidden import Hidden, hide
from tests.site import make_home

ARTICLES = int(os.environ.get("POTICA_GATE_ARTICLES", "70"))
CASES = int(os.environ.get("POTICA_GATE_CASES", "50"))


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Hidden]:
    """Settings of a home with hidden documents, and their keys."""
    settings = make_home(tmp_path_factory.mktemp("guarded") / "home")
    settings = settings.model_copy(update={"open_access": False, "rate_limits": False})
    engine = create_engine_for(settings)
    encoder = create_encoder(settings)
    sessions = session_factory(engine)
    hidden = hide(sessions, encoder, ARTICLES, CASES)
    with sessions.begin() as session:  # the worker must not put the index right
        session.execute(update(OutboxEvent).values(done_at=utc_now()))
    with session_factory(engine, read_only=True)() as session:
        build_snapshot(session, settings.index_dir, encoder.model_id)
    engine.dispose()
    return settings, hidden


@pytest.fixture(scope="session")
def hidden(guarded: tuple[Settings, Hidden]) -> Hidden:
    return guarded[1]


@pytest.fixture(scope="session")
def public(guarded: tuple[Settings, Hidden]) -> Iterator[TestClient]:
    """A stranger at the door."""
    with TestClient(create_app(guarded[0]), base_url="https://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="session")
def inside(guarded: tuple[Settings, Hidden]) -> Iterator[TestClient]:
    """Somebody who may see everything, to know that there is something to be seen."""
    settings = guarded[0].model_copy(update={"open_access": True})
    with TestClient(create_app(settings), base_url="https://127.0.0.1") as client:
        yield client
