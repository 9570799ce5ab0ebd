"""Options and reports of the import commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from indexer.load import ImportReport

SHOWN = 50  # rejections printed; the count says how many there are


def parse_mapping(pairs: list[str]) -> dict[str, str]:
    """`title=Question` as {"title": "Question"}; anything else is a usage error."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(
                f"{pair!r} maps nothing: write FIELD=COLUMN, as in --map title=Question."
            )
        mapping[name.strip()] = column.strip()
    return mapping


def print_reports(reports: dict[str, ImportReport], console: Console) -> bool:
    """A table of what happened, then every rejection; gives whether there was none."""
    dry_run = any(report.dry_run for report in reports.values())
    table = Table(title="What would be imported" if dry_run else "Imported", title_justify="left")
    table.add_column("")
    for heading in ("created", "changed", "unchanged", "rejected"):
        table.add_column(heading, justify="right")
    for name, report in reports.items():
        counts = (report.created, report.changed, report.unchanged, report.rejected)
        table.add_row(name, *(f"{len(found):,}" for found in counts))
    console.print(table)
    hidden = sum(len(report.redacted) for report in reports.values())
    if hidden:
        console.print(
            f"In {hidden:,} of the cases created or changed something personal is hidden from"
            " readers.",
            soft_wrap=True,
        )
    rejected = [found for report in reports.values() for found in report.rejected]
    for found in rejected[:SHOWN]:
        console.print(f"{escape(found.file)}:{found.line}: {escape(found.reason)}", soft_wrap=True)
    if len(rejected) > SHOWN:
        console.print(f"and {len(rejected) - SHOWN:,} more rejected records")
    return not rejected
