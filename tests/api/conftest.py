"""The application on a small real installation, and one that a test may change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from tests.site import copy_home

BASE = "http://127.0.0.1"


@pytest.fixture(scope="session")
def site(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a filled home."""
    return copy_home(filled, tmp_path_factory.mktemp("site") / "home")


@pytest.fixture(scope="session")
def running(site: Settings) -> Iterator[TestClient]:
    """The running application."""
    with TestClient(create_app(site), base_url=BASE) as client:
        yield client


@pytest.fixture
def client(running: TestClient) -> TestClient:
    """A visitor without cookies. Tests that write use keys of their own."""
    running.cookies.clear()
    return running


@pytest.fixture(scope="session")
def closed(site: Settings) -> Iterator[TestClient]:
    """The same, with open access switched off."""
    settings = site.model_copy(update={"open_access": False})
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


@pytest.fixture(scope="session")
def house(site: Settings) -> Iterator[TestClient]:
    """The closed application under https, as browsers see it, without the rates of the edge."""
    changed = {"open_access": False, "rate_limits": False, "trusted_hosts": ("kb.lipa.example",)}
    settings = site.model_copy(update=changed)
    with TestClient(create_app(settings), base_url="https://127.0.0.1") as client:
        yield client


@pytest.fixture
def visitor(house: TestClient) -> TestClient:
    """A browser without cookies that knows the application as `house`."""
    house.cookies.clear()
    return house


@pytest.fixture(scope="session")
def office(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An installation of its own under https, for tests of who is let in and shut out."""
    settings = copy_home(filled, tmp_path_factory.mktemp("office") / "home")
    settings = settings.model_copy(update={"open_access": False})
    with TestClient(create_app(settings), base_url="https://127.0.0.1") as client:
        yield client
