"""`potica serve`: the web server."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from kb.cli.terminal import configured, told
from kb.config import Settings
from kb.errors import ConfigError
from kb.loading import uncollected


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
) -> None:
    """Serve the API and the pages until stopped."""
    settings = configured()
    changed = {"host": host or settings.host, "port": port or settings.port}
    with told():
        run(settings.model_copy(update=changed))


def run(settings: Settings) -> None:
    """Serve until stopped. Raises ConfigError when the database is not set up or the port taken."""
    check_database(settings)
    check_port(settings)
    with uncollected():
        import uvicorn

        from api.app import create_app
        from api.edge.connection import protocol_options
        from api.logs import configure_logging

        app = create_app(settings)
    configure_logging(settings.log_level)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # ours has no query strings, which hold what people typed
        server_header=False,
        timeout_graceful_shutdown=10,
        **protocol_options(settings),
    )


def check_database(settings: Settings) -> None:
    """Raises ConfigError unless the database has this version's schema."""
    from kb.db import create_engine_for, is_current

    engine = create_engine_for(settings)
    try:
        current = is_current(engine)
    finally:
        engine.dispose()
    if not current:
        raise ConfigError(
            "The database is not set up for this version: run `potica init` (or `potica demo`)"
            " first."
        )


def check_port(settings: Settings) -> None:
    """Raises ConfigError when the address cannot be listened on: better before the index opens."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigError(
                f"{settings.host}:{settings.port} cannot be used ({error.strerror}): stop what"
                " listens there, or set POTICA_PORT or POTICA_HOST."
            ) from error
