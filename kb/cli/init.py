"""`potica init`: home folder, database and model."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kb.cli.terminal import configured, opened, told
from kb.config import Settings
from kb.errors import ConfigError


def init(
    model_only: Annotated[
        bool, typer.Option("--model-only", help="Only build the model's files")
    ] = False,
) -> None:
    """Set up everything this installation needs. Doing it again changes nothing."""
    settings, console = configured(), Console()
    with told():
        set_up(settings, console, model_only=model_only)
        if not model_only:
            _what_next(settings, console)


def set_up(settings: Settings, console: Console, *, model_only: bool = False) -> None:
    """Home folder, migrated database, intact model. Raises KbError."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {settings.home} cannot be made ({error.strerror}): set POTICA_HOME to a"
            " folder you may write to."
        ) from error
    if not model_only:
        _migrate(settings, console)
    _ensure_model(settings, console)


def administrators_of(settings: Settings) -> tuple[str, ...]:
    """Ids of those who can sign in and manage people. Raises KbError."""
    from kb.queries.users import administrators

    with opened(settings, read_only=True) as sessions, sessions() as session:
        return administrators(session)


def _what_next(settings: Settings, console: Console) -> None:
    console.print("Ready. Next: `potica demo`, or `potica content import FOLDER`.")
    if not administrators_of(settings):
        console.print(
            "There is no administrator yet: `potica users add EMAIL --name NAME --role"
            " administrator` prints the link with which you choose a password."
        )


def _migrate(settings: Settings, console: Console) -> None:
    from kb.db import create_engine_for, is_current, migrate

    engine = create_engine_for(settings)
    try:
        if not is_current(engine):
            with console.status("Setting up the database"):
                migrate(engine)
        console.print("[green]✓[/] Database: the schema is up to date.")
    finally:
        engine.dispose()


def _ensure_model(settings: Settings, console: Console) -> None:
    from kb.encoders.factory import ensure_model

    with console.status("Checking the model") as status:
        folder = ensure_model(
            settings, lambda line: status.update(f"Building the model (once): {escape(line)}")
        )
    place = f" in {folder}" if folder else " is served elsewhere or loaded by its name"
    console.print(f"[green]✓[/] Model: {escape(settings.encoder)}{escape(place)}.")
