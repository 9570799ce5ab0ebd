"""`potica cases`: import resolved cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from kb.cli.importing import parse_mapping, print_reports
from kb.cli.terminal import PROBLEMS, bar, configured, opened, spoken, told
from kb.domain import Channel

app = typer.Typer(no_args_is_help=True, help="Import cases.")


@app.callback()
def cases() -> None:
    """Keeps `import` a command of its own: typer would fold a single one into the group."""


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A .jsonl or .csv file, or a folder of them")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, write nothing")] = False,
    map_: Annotated[
        list[str], typer.Option("--map", metavar="FIELD=COLUMN", help="Which column a field is in")
    ] = [],  # noqa: B006  # typer reads it as the default, nobody changes it
    facet: Annotated[list[str], typer.Option(help="Keep this column as a facet")] = [],  # noqa: B006
    format_: Annotated[
        str | None, typer.Option("--format", help="jsonl or csv; else by the suffix")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Where a record has none")] = None,
    channel: Annotated[Channel | None, typer.Option(help="Where a record has none")] = None,
) -> None:
    """Import cases; those with a resolution can then be suggested to agents.

    Records that cannot be taken are listed with file and line and stop nothing. Importing the
    same again changes nothing.
    """
    from indexer.load import ImportOptions, import_cases

    mapping, settings = parse_mapping(map_), configured()
    with told():
        spoken(language, settings)
    if format_ not in (None, "jsonl", "csv"):
        raise typer.BadParameter("--format is jsonl or csv.")
    options = ImportOptions(
        dry_run, format_, mapping, tuple(facet), language, channel=channel, actor="cli"
    )
    with told(), opened(settings) as sessions, bar("Importing") as progress:
        report = import_cases(sessions, source, options, progress)
    if not print_reports({"cases": report}, Console()):
        raise typer.Exit(PROBLEMS)
