"""`potica content`: import, export and check articles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kb.cli.importing import parse_mapping, print_reports, write_report
from kb.cli.terminal import PROBLEMS, bar, configured, opened, spoken, told
from kb.config import get_settings
from kb.domain import ArticleState, Audience

if TYPE_CHECKING:
    from indexer.load.content import ContentReport

FORMATS_TOLD = "markdown, jsonl, csv, html, docx or zendesk"
MIB = 1024 * 1024
ZIP_ON_THIS_MACHINE = {
    "text_bytes": 256 * MIB,
    "folder_bytes": 500 * MIB,
    "unpacked_bytes": 1024 * MIB,
    "files": 20_000,
}
KINDS = ("articles", "cases", "synonyms", "incidents")

app = typer.Typer(no_args_is_help=True, help="Import, export and check articles.")

Source = Annotated[
    Path,
    typer.Argument(
        help="A folder of Markdown, HTML or DOCX files or of a Zendesk Help Center's JSON, also as"
        " .zip, or a single file of these, or .jsonl or .csv"
    ),
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
        str | None, typer.Option("--format", help=f"{FORMATS_TOLD}; else by the suffix")
    ] = None,
    body: Annotated[str, typer.Option(help="What texts in a table are: markdown or html")] = (
        "markdown"
    ),
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write all that is told as JSON to this file")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Where a record has none")] = None,
    audience: Annotated[Audience | None, typer.Option(help="Where a record has none")] = None,
    state: Annotated[ArticleState | None, typer.Option(help="Where a record has none")] = None,
) -> None:
    """Import articles; from a content folder also its cases, synonyms and incidents.

    Records that cannot be taken, and what of others could not be carried over, are listed with
    file and line and stop nothing. Importing the same again changes nothing.
    """
    from indexer.load import ImportOptions, import_content
    from indexer.load.sniff import UploadLimits

    _check_kinds(format_, body)
    settings = configured()
    with told():
        spoken(language, settings)
    options = ImportOptions(
        dry_run=dry_run,
        format=format_,
        body_html=body == "html",
        mapping=parse_mapping(map_),
        facets=tuple(facet),
        language=language,
        audience=audience,
        state=state,
        actor="cli",
        zip_limits=UploadLimits(**ZIP_ON_THIS_MACHINE),
    )
    with told(), opened(settings) as sessions, bar("Importing") as progress:
        report = import_content(sessions, source, options, progress)
    _tell(report, report_file)


def _tell(report: ContentReport, file: Path | None) -> None:
    """Print what became of the records, into the file too. Exits where some were rejected."""
    reports = {name: getattr(report, name) for name in KINDS}
    shown = {name: found for name, found in reports.items() if found.total or name == "articles"}
    console = Console()
    if file is not None:
        write_report(shown, file)
    if not print_reports(shown, console):
        raise typer.Exit(PROBLEMS)
    if not any(found.total for found in shown.values()):
        console.print(
            "Nothing to import is there. A folder is searched for Markdown (*.md), HTML, DOCX and"
            " the JSON of a Help Center; a .jsonl or .csv file is imported by its own name."
        )


def _check_kinds(format_: str | None, body: str) -> None:
    from indexer.load import FORMATS

    if format_ is not None and format_ not in FORMATS:
        raise typer.BadParameter(f"--format is {FORMATS_TOLD}.")
    if body not in ("markdown", "html"):
        raise typer.BadParameter("--body is markdown or html.")


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
        f"Wrote {report.articles:,} articles in {report.texts:,} texts, {report.drafts:,} texts"
        f" under way, {report.images:,} pictures, {report.cases:,} cases,"
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
