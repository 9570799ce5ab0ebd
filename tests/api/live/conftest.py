"""A served application with live interactions, talked to over real connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kb.config import Settings
from tests.api.live.site import Place, served_here
from tests.site import copy_home


@pytest.fixture(scope="session")
def live_settings(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home of its own, closed, without rates."""
    settings = copy_home(filled, tmp_path_factory.mktemp("live") / "home")
    return settings.model_copy(update={"open_access": False, "rate_limits": False})


@pytest.fixture(scope="session")
def shared(live_settings: Settings) -> Iterator[Place]:
    """One server for all tests that leave it as it is."""
    with served_here(live_settings) as place:
        yield place


@pytest.fixture
def place(shared: Place) -> Place:
    """The server, as a test takes it."""
    return shared
