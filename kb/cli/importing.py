"""Options and reports of the import commands."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
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
    for line in _notices(reports):
        console.print(escape(line), soft_wrap=True)
    rejected = [found for report in reports.values() for found in report.rejected]
    for found in rejected[:SHOWN]:
        console.print(f"{escape(found.file)}:{found.line}: {escape(found.reason)}", soft_wrap=True)
    if len(rejected) > SHOWN:
        console.print(f"and {len(rejected) - SHOWN:,} more rejected records")
    return not rejected


def _notices(reports: dict[str, ImportReport]) -> list[str]:
    """What could not be carried over: each thing once, with where it was first and how often."""
    found: dict[str, list[str]] = {}
    for report in reports.values():
        for notice in report.notices:
            found.setdefault(notice.message, []).append(f"{notice.file}:{notice.line}")
    if not found:
        return []
    lines = ["Not carried over, or only otherwise:"]
    for message, places in list(found.items())[:SHOWN]:
        more = f" and {len(places) - 1:,} more" if len(places) > 1 else ""
        lines.append(f"  {places[0]}{more}: {message}")
    if len(found) > SHOWN:
        lines.append(
            f"  and {len(found) - SHOWN:,} more such things: write them with --report FILE"
        )
    return lines


def write_report(reports: dict[str, ImportReport], path: Path) -> None:
    """All that was done and told, as JSON. Raises typer.BadParameter when it cannot be written."""
    told = {
        name: {
            "dry_run": report.dry_run,
            "created": report.created,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "rejected": [asdict(found) for found in report.rejected],
            "notices": [asdict(found) for found in report.notices],
        }
        for name, report in reports.items()
    }
    try:
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"Cannot write {path}: {error.strerror}.") from error
