"""An empty base on SQLite, with an encoder that needs no model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.db import create_engine_for, session_factory
from tests.hash_encoder import HashEncoder
from tests.kb.search.base import Base


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def base(sqlite_url: str, tmp_path: Path, encoder: HashEncoder) -> Iterator[Base]:
    engine = create_engine_for(sqlite_url)
    yield Base.at(session_factory(engine), tmp_path, encoder)
    engine.dispose()
