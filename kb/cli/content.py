"""`potica content`: import, export and check articles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kb.cli.importing import parse_mapping, print_reports
from kb.cli.terminal import PROBLEMS, bar, opened, told
from kb.config import get_settings
from kb.domain import ArticleState, Audience

KINDS = ("articles", "cases", "synonyms", "incidents")

app = typer.Typer(no_args_is_help=True, help="Import, export and check articles.")

Source = Annotated[
    Path, typer.Argument(help="A folder of Markdown, also as .zip, or a .md, .jsonl or .csv file")
]
Folder = Annotated[Path, typer.Argument(help="A content folder")]


@app.command("import")
def import_(
    source: Source,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, write nothing")] = False,
    map_: Annotated[
        list[str], typer.Option("--map", metavar="FIELD=COLUMN", help="Which column a field is in")
    ] = [],  # noqa: B006  # typer reads it as the default, nobody changes it
    facet: Annotated[list[str], typer.Option(help="Keep this column as a facet")] = [],  # noqa: B006
    format_: Annotated[
        str | None, typer.Option("--format", help="markdown, jsonl or csv; else by the suffix")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Where a record has none")] = None,
    audience: Annotated[Audience | None, typer.Option(help="Where a record has none")] = None,
    state: Annotated[ArticleState | None, typer.Option(help="Where a record has none")] = None,
) -> None:
    """Import articles; from a content folder also its cases, synonyms and incidents.

    Records that cannot be taken are listed with file and line and stop nothing. Importing the
    same again changes nothing.
    """
    from indexer.load import ImportOptions, import_content

    mapping = parse_mapping(map_)
    if format_ not in (None, "markdown", "jsonl", "csv"):
        raise typer.BadParameter("--format is markdown, jsonl or csv.")
    options = ImportOptions(
        dry_run, format_, mapping, tuple(facet), language, audience, state, actor="cli"
    )
    with told(), opened(get_settings()) as sessions, bar("Importing") as progress:
        report = import_content(sessions, source, options, progress)
    reports = {name: getattr(report, name) for name in KINDS}
    shown = {name: found for name, found in reports.items() if found.total or name == "articles"}
    console = Console()
    if not print_reports(shown, console):
        raise typer.Exit(PROBLEMS)
    if not any(found.total for found in shown.values()):
        console.print(
            "Nothing to import is there. A folder is searched for Markdown (*.md); a .jsonl or"
            " .csv file is imported by its own name."
        )


@app.command("export")
def export(folder: Folder) -> None:
    """Write all knowledge to a folder that `content import` reads back."""
    from indexer.export import export_content

    console = Console()
    with (
        told(),
        opened(get_settings(), read_only=True) as sessions,
        sessions() as session,
        console.status("Writing"),
    ):
        report = export_content(session, folder)
    console.print(
        f"Wrote {report.articles:,} articles in {report.texts:,} texts, {report.cases:,} cases,"
        f" {report.synonyms:,} groups of synonyms and {report.incidents:,} incidents to"
        f" {escape(str(folder))}.",
        soft_wrap=True,
    )
    for line in report.left_out:
        console.print(f"Left out: {escape(line)}", soft_wrap=True)


@app.command("check")
def check(folder: Folder) -> None:
    """Look for what is wrong in a content folder, without a database."""
    from indexer.check import check_content

    console = Console()
    with told(), console.status("Checking"):
        problems = check_content(folder)
    for problem in problems:
        console.print(
            f"{escape(problem.file)}:{problem.line}: {escape(problem.message)}", soft_wrap=True
        )
    if problems:
        console.print(f"{len(problems):,} problems")
        raise typer.Exit(PROBLEMS)
    console.print("No problems found.")
