"""The web application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import errors
from api.auth.cookies import Cookies
from api.edge import Edge, Policy, is_loopback
from api.edge.rates import Rates
from api.metrics import Metrics
from api.routes import (
    account,
    articles,
    audit,
    cases,
    checklist,
    colleagues,
    comments,
    contributions,
    desk,
    draft_page,
    drafts,
    editor_lists,
    editor_page,
    edits,
    embed,
    flags,
    gaps,
    health,
    history_page,
    hooks,
    hosts,
    images,
    import_page,
    imports,
    insights,
    interactions,
    keys,
    live,
    oidc,
    pages,
    people,
    practice,
    privacy,
    questions,
    questions_page,
    redactions,
    redirects,
    reviews,
    revisions,
    roles,
    search,
    session,
    sign_in,
    suggest,
    tasks,
    translations,
    users,
    webhooks,
    widget,
)
from api.schemas.common import Problem
from api.state import Services
from kb.config import Settings, get_settings
from kb.errors import ConfigError

STATIC = Path(__file__).parent / "ui" / "static"
DESCRIPTION = """\
Suggestions for a live conversation, search, articles, resolved cases and gaps.

Every error is RFC 9457 (`application/problem+json`): `code` is stable, `detail` says what to do
next. Every answer carries `X-Request-ID`; send one and it is kept.
"""
ROUTES = (
    suggest,
    search,
    articles,
    comments,
    colleagues,
    editor_lists,
    redirects,
    translations,
    images,
    imports,
    edits,
    revisions,
    tasks,
    reviews,
    cases,
    drafts,
    checklist,
    gaps,
    insights,
    session,
    users,
    roles,
    audit,
    privacy,
    keys,
    interactions,
    flags,
    contributions,
    questions,
    questions_page,
    live,
    webhooks,
    hooks,
    widget,
    health,
    hosts,
    sign_in,
    oidc,
    account,
    redactions,
    people,
    draft_page,
    history_page,
    desk,
    import_page,
    embed,
    practice,
    editor_page,
    pages,
)
log = structlog.get_logger("potica.app")


class Application(FastAPI):
    """FastAPI whose description of itself may be asked for by many at once."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._describing = Lock()

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once: making it twice at a time ends in a KeyError."""
        with self._describing:
            return super().openapi()


def create_app(settings: Settings) -> FastAPI:
    """The application; opens database, encoder and index when it starts, not before."""
    metrics = Metrics()
    app = Application(
        title="Potica",
        version=_version(),
        description=DESCRIPTION,
        openapi_url=None,  # served by a route of ours, under a rule like every other
        docs_url=None,  # the ready-made pages load their scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan(settings, metrics),
        responses={"default": {"model": Problem, "description": "What went wrong"}},
    )
    for routes in ROUTES:
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    errors.install(app)
    app.add_middleware(Cookies)
    app.state.rates = Rates(settings)
    app.add_middleware(Edge, metrics=metrics, policy=Policy.of(settings))
    if settings.trusted_proxies:
        proxies = list(settings.trusted_proxies)
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    return app


def app_from_environment() -> FastAPI:
    """For an ASGI server of your own: `uvicorn --factory api.app:app_from_environment`."""
    return create_app(get_settings())


def _lifespan(
    settings: Settings, metrics: Metrics
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        check_open_access(settings)
        services = await run_in_threadpool(Services.open, settings, metrics)
        app.state.services = services
        services.live.start()
        log.info("ready", generation=services.engine.searcher.generation)
        try:
            yield
        finally:
            services.live.stop()
            await run_in_threadpool(services.close)

    return lifespan


def check_open_access(settings: Settings) -> None:
    """Raises ConfigError when everybody on a network could read and write everything."""
    if settings.open_access and not is_loopback(settings.host):
        raise ConfigError(
            f"With POTICA_OPEN_ACCESS everyone who reaches {settings.host} reads and writes"
            " everything: switch it off, or listen on POTICA_HOST=127.0.0.1 only."
        )


def _version() -> str:
    try:
        return version("potica")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
