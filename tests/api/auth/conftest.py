"""The closed application under https: with an OpenID provider, with origins for the sidebar."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from kb.config import Settings
from tests.api.auth.oidc_calls import (
    BASE,
    make_person,
    set_provider,
)
from tests.api.auth.provider import CLIENT_ID, CLIENT_SECRET, Behaviour, OpenIdProvider, served
from tests.api.auth.widget_calls import CRM, DESK

ROLE_MAP = {"kb-agents": "agent", "kb-editors": "publisher", "kb-admins": "administrator"}


@pytest.fixture(scope="session")
def idp() -> Iterator[OpenIdProvider]:
    with served() as provider:
        yield provider


@pytest.fixture(scope="session")
def oidc_house(site: Settings, idp: OpenIdProvider) -> Iterator[TestClient]:
    """The closed application under https, with the provider set."""
    settings = site.model_copy(
        update={
            "open_access": False,
            "rate_limits": False,
            "public_url": BASE,
            "oidc_issuer": idp.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_roles_claim": "realm_access.roles",
            "oidc_role_map": ROLE_MAP,
            "oidc_allow_new": True,
            "oidc_label": "Lipa ID",
        }
    )
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client


@pytest.fixture
def oidc_client(oidc_house: TestClient, idp: OpenIdProvider) -> Iterator[TestClient]:
    """A browser without cookies; a provider that behaves and was never asked."""
    oidc_house.cookies.clear()
    idp.behaviour = Behaviour(person=make_person())
    set_provider(oidc_house)
    yield oidc_house
    set_provider(oidc_house)


@pytest.fixture(scope="module")
def widget_house(site: Settings) -> Iterator[TestClient]:
    """The closed application under https, with two origins that may show the sidebar."""
    settings = site.model_copy(
        update={
            "open_access": False,
            "rate_limits": False,
            "public_url": BASE,
            "embed_origins": (DESK, CRM),
        }
    )
    with TestClient(create_app(settings), base_url=BASE) as client:
        yield client
