"""What the commands share: sessions, progress bars, and errors as messages with an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from kb.config import Settings, get_settings
from kb.db import create_engine_for, is_current, session_factory
from kb.errors import ConfigError, DatabaseError, InvalidInput, KbError, NotFound, TooLarge
from kb.text.terms import base_language

WIDE = 1000  # characters of a line that no screen shows
PROBLEMS, USAGE = 1, 2
"""Exit codes: something is wrong with the data; the command cannot be carried out as given."""


@contextmanager
def opened(settings: Settings, *, read_only: bool = False) -> Iterator[sessionmaker[Session]]:
    """Sessions on the configured database. Raises ConfigError when it is not set up."""
    with database(settings) as engine:
        yield session_factory(engine, read_only=read_only)


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """The configured database. Raises ConfigError when it is not set up."""
    engine = create_engine_for(settings)
    try:
        if not is_current(engine):
            raise ConfigError(
                "The database is not set up for this version: run `potica init` first."
            )
        yield engine
    finally:
        engine.dispose()


@contextmanager
def told() -> Iterator[None]:
    """Expected errors become a message on stderr: exit code 2 where other input would help."""
    try:
        yield
    except OperationalError as error:
        _end(unusable(error), error)
    except KbError as error:
        _end(error, error)


def unusable(error: OperationalError) -> DatabaseError:
    """What to do when the database is away, locked, full or not ours to write to."""
    reason = (str(error.orig).splitlines() or ["no reason given"])[0]
    return DatabaseError(
        f"{reason}. See that the database runs, that POTICA_DATABASE_URL and POTICA_HOME name the"
        " right one and that you may write to it, then try again."
    )


def _end(error: KbError, cause: Exception) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(
        f"[bold red]{error.title}.[/] {escape(error.message)}"
    )
    mine = isinstance(error, ConfigError | InvalidInput | NotFound | TooLarge)
    raise typer.Exit(USAGE if mine else PROBLEMS) from cause


def spoken(language: str | None, settings: Settings) -> str | None:
    """The same language, where it is one of those configured; a region may be given with it."""
    known = settings.languages
    if language is None or base_language(language) in {base_language(tag) for tag in known}:
        return language
    raise InvalidInput(
        f"{language[:35]!r} is none of the languages here: choose one of {', '.join(known)}, or"
        " add it to POTICA_LANGUAGES."
    )


def table_console() -> Console:
    """For tables: where they go into a file or a pipe, nothing in them is cut to fit a screen."""
    is_screen = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console() if is_screen else Console(width=WIDE)


def configured() -> Settings:
    """The process's settings; what is wrong with them ends the command with a message."""
    with told():
        return get_settings()


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr; call what it gives with (done, all)."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=None)

        def update(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield update
