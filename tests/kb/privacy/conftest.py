"""A home with a customer in it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb.config import Settings
from tests.kb.privacy.site import Site, make_site, rows_with


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """The SQLite file lies in the home, as it does by default."""
    is_file = database_url.startswith("sqlite")
    home = tmp_path if is_file else tmp_path / "home"
    made = make_site(Settings(home=home, database_url=database_url, _env_file=None))
    assert rows_with(made)
    yield made
    made.engine.dispose()
