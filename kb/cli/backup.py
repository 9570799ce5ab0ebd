"""`potica backup`: copies of the database, and putting one back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kb.cli.terminal import PROBLEMS, configured, told
from kb.config import Settings
from kb.errors import ConfigError

app = typer.Typer(no_args_is_help=True, help="Back the database up, and put a backup back.")


@app.command("create")
def create(
    target: Annotated[Path, typer.Argument(help="A folder, or the .zip file to write")],
) -> None:
    """Copy the database into one file, while it is in use."""
    from kb.privacy.backup import NOTE, create_backup

    settings, console = configured(), Console(soft_wrap=True)
    with told(), console.status("Copying"):
        made = create_backup(settings, target)
    console.print(f"Wrote {escape(str(made))} ({made.stat().st_size / 1e6:,.1f} MB).")
    console.print(NOTE)


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `potica backup create` wrote")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Put a backup in place of the database, and erase again whoever was erased since."""
    from kb.privacy.backup import read_manifest, restore_backup

    settings, console = configured(), Console(soft_wrap=True)
    with told():
        manifest = read_manifest(file)
        _check_stopped(settings)
        console.print(f"A backup of {manifest.created_at:%Y-%m-%d %H:%M} UTC.")
        if not yes and not typer.confirm("Put it in place of the database?"):
            raise typer.Exit(PROBLEMS)
        with console.status("Restoring"):
            kept = restore_backup(settings, file, "cli")
    if kept is not None:
        console.print(
            f"The database that was there is {escape(str(kept))}, until the next erasure."
        )
    console.print("Restored. The next server, or `potica index rebuild`, builds the index.")


def _check_stopped(settings: Settings) -> None:
    from kb.cli.serve import check_port

    try:
        check_port(settings)
    except ConfigError as error:
        raise ConfigError(
            "A server seems to be running: stop it, so that nobody writes meanwhile."
        ) from error
