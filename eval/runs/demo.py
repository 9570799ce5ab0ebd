"""The demo company's knowledge as a base of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.runs.setup import Setup
from indexer.load import import_content
from indexer.pipeline import index_round
from kb.db import create_engine_for, migrate, session_factory
from kb.search.search import Searcher

INDEXED_AT_ONCE = 64


@contextmanager
def demo_searcher(setup: Setup) -> Iterator[Searcher]:
    """Search over all of `content/`, filled and indexed; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="potica-demo-") as home:
        settings = setup.settings.model_copy(update={"home": Path(home), "database_url": ""})
        database = create_engine_for(settings)
        migrate(database)
        sessions = session_factory(database)
        import_content(sessions, settings.content_dir)
        while index_round(sessions, setup.encoder, INDEXED_AT_ONCE).claimed:
            pass
        yield Searcher(sessions, setup.encoder, settings)
        database.dispose()
