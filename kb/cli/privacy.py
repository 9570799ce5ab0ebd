"""`potica privacy`: erase or export what is held of a customer, and keep retention periods."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kb.cli.terminal import PROBLEMS, configured, database, told
from kb.errors import InvalidInput

if TYPE_CHECKING:
    from kb.privacy.erase import ErasureReport, Preview

ACTOR = "cli"
app = typer.Typer(no_args_is_help=True, help="Erase or export what is held of a customer.")
Reference = Annotated[str, typer.Argument(help="The customer_ref of the cases")]
Also = Annotated[
    list[str],
    typer.Option(help="Also where this text names the customer: an address, a number, a name"),
]


@app.command("erase")
def erase(
    customer_ref: Reference,
    also: Also = [],  # noqa: B006  # typer reads it as the default, nobody changes it
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, write nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Erase a customer: cases, suggestions, feedback, gaps, index, snapshots, copies, free space.

    It cannot be undone, and is done again on any older copy that is put back. What the customer
    sends later is kept again.
    """
    from kb.privacy.erase import Whom, erase_customer, preview

    settings, console = configured(), Console(soft_wrap=True)
    whom = Whom(customer_ref, tuple(also))
    with told(), database(settings) as engine:
        _tell_preview(preview(settings, engine, whom), console)
        if dry_run:
            return
        if not yes and not typer.confirm("Erase all of this for good?"):
            raise typer.Exit(PROBLEMS)
        with console.status("Erasing"):
            report = erase_customer(settings, engine, whom, ACTOR)
    if not _tell(report, console):
        raise typer.Exit(PROBLEMS)


@app.command("export")
def export(
    customer_ref: Reference,
    out: Annotated[Path, typer.Option(help="A .zip (JSON and a summary), .json or .md file")],
    also: Also = [],  # noqa: B006
) -> None:
    """Write all that is held of a customer to a file that only you may read."""
    from kb.privacy.erase import Whom
    from kb.privacy.export import FORMS, export_customer

    if out.suffix not in FORMS:
        raise typer.BadParameter("--out is a file ending in .zip, .json or .md.")
    settings, console = configured(), Console(soft_wrap=True)
    with told(), database(settings) as engine:
        held = export_customer(settings, engine, Whom(customer_ref, tuple(also)), ACTOR)
        try:
            out.touch(mode=0o600, exist_ok=False)
            out.write_bytes(FORMS[out.suffix](held))
        except OSError as error:
            raise InvalidInput(
                f"{out} cannot be written ({error.strerror}): choose another file."
            ) from error
    counts = ", ".join(f"{len(rows):,} {name}" for name, rows in held.items() if _is_rows(rows))
    console.print(f"Wrote {escape(str(out))}: {counts}.")


@app.command("retain")
def retain_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, write nothing")] = False,
) -> None:
    """Delete what is older than POTICA_RETENTION_* allows; a server does so every day."""
    from kb.privacy.retain import retain

    settings, console = configured(), Console(soft_wrap=True)
    with told(), database(settings) as engine:
        report = retain(settings, engine, dry_run=dry_run, actor=ACTOR)
    table = Table("kind", title="Would be forgotten" if dry_run else "Forgotten")
    table.add_column("kept for days", justify="right")
    table.add_column("number", justify="right")
    for name, count in asdict(report).items():
        days = getattr(settings, f"retention_{name}")
        table.add_row(name, str(days) if days else "for ever", f"{count:,}")
    console.print(table)


@app.command("apply")
def apply() -> None:
    """Erase again whoever the ledger names: after a kill, or after a copy was put back."""
    from kb.privacy.erase import apply_ledger, clean

    settings, console = configured(), Console(soft_wrap=True)
    with told(), database(settings) as engine:
        if not apply_ledger(settings, engine, ACTOR):
            console.print("Nothing of any erased customer is here.")
            return
        with console.status("Removing traces"):
            clean(settings)
    console.print("Erased again; no traces are left.")


def _tell_preview(found: Preview, console: Console) -> None:
    planned = found.found
    counts = {
        "cases": planned.cases,
        "interactions": planned.interactions,
        "suggestions": planned.suggestions,
        "gaps": planned.gaps,
        "texts of others that name them": planned.masks,
    }
    console.print("Found: " + ", ".join(f"{len(rows):,} {name}" for name, rows in counts.items()))
    for name, rows in (("Cases", planned.cases), ("Texts", [m.place for m in planned.masks])):
        shown = ", ".join(row if isinstance(row, str) else " ".join(row) for row in rows[:20])
        if shown:
            console.print(f"{name}: {escape(shown)}{' and more' if len(rows) > 20 else ''}")


def _tell(report: ErasureReport, console: Console) -> bool:
    """What went and what did not; gives whether nothing is left to do."""
    gone = ", ".join(f"{count:,} {name}" for name, count in asdict(report.erased).items() if count)
    console.print(f"Erased: {gone or 'nothing was held'}. Noted as {report.id}.")
    for place in report.left:
        console.print(f"[yellow]Left to you:[/] {escape(place)}: look what it says.")
    for path in report.remains:
        console.print(f"[yellow]Still there:[/] {escape(str(path))} holds the reference or a text.")
    return not report.left and not report.remains


def _is_rows(value: object) -> bool:
    return isinstance(value, list)
