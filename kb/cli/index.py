"""`potica index`: how the index stands, rebuild it, verify it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session, sessionmaker

from kb.cli.terminal import PROBLEMS, bar, configured, opened, told

if TYPE_CHECKING:
    from indexer.pipeline import IndexOutcome
    from indexer.reconcile import ReconcileReport
    from kb.ports import Encoder

app = typer.Typer(no_args_is_help=True, help="See, rebuild and verify the index.")


@app.command("status")
def status() -> None:
    """Passages by language, work still pending, and documents given up with their errors."""
    from indexer.pipeline import parked_documents
    from kb.queries.outbox import outbox_state
    from kb.queries.passages import count_passages, index_state

    console = Console()
    with told(), opened(configured(), read_only=True) as sessions, sessions() as session:
        counts = count_passages(session)
        outbox, state = outbox_state(session), index_state(session)
        parked = parked_documents(session)
    table = Table("pool", "language", title="Passages", title_justify="left")
    table.add_column("passages", justify="right")
    for (pool, language), count in sorted(counts.items()):
        table.add_row(str(pool), language, f"{count:,}")
    console.print(table)
    console.print(
        f"Passages up to {state.watermark:,}, removals up to {state.removed_seq:,}."
        f" Pending: {outbox.pending:,}, of these failed before: {outbox.failed:,}."
    )
    for document, error in parked:
        console.print(
            f"Given up: {document.pool} {escape(document.document_id)}: {escape(error)}",
            soft_wrap=True,
        )
    if parked:
        raise typer.Exit(PROBLEMS)


@app.command("verify")
def verify() -> None:
    """Compare every passage with its document, and the snapshot with its manifest.

    Reports, changes nothing.
    """
    import indexer.reconcile
    from kb.search.snapshot import check_snapshot

    settings, console, encoder = configured(), Console(), _encoder()
    with (
        told(),
        opened(settings, read_only=True) as sessions,
        sessions() as session,
        bar("Comparing") as progress,
    ):
        report = indexer.reconcile.verify(session, encoder, progress)
    damage = check_snapshot(settings.index_dir, encoder.model_id, encoder.dim)
    for line in damage:
        console.print(f"Snapshot: {escape(line)}", soft_wrap=True)
    if not _tell(report, console) or damage:
        raise typer.Exit(PROBLEMS)


@app.command("rebuild")
def rebuild(
    redact: Annotated[
        bool,
        typer.Option("--redact", help="First look through all cases with the rules of today"),
    ] = False,
) -> None:
    """Bring all passages and vectors up to date and build a fresh snapshot."""
    import indexer.reconcile
    from kb.search.snapshot import build_snapshot

    settings, console, encoder = configured(), Console(), _encoder()
    with told(), opened(settings) as sessions:
        if redact:
            _redact(sessions, console)
        with bar("Comparing") as progress, sessions.begin() as session:
            report = indexer.reconcile.reconcile(session, encoder, progress)
        _tell(report, console)
        outcome = _index(sessions, encoder)
    # Read-only: saving goes on while the snapshot is built.
    with (
        told(),
        opened(settings, read_only=True) as readers,
        readers() as session,
        bar("Building the snapshot") as progress,
    ):
        build_snapshot(session, settings.index_dir, encoder.model_id, progress)
    console.print(
        f"Indexed {outcome.done:,} documents; {outcome.partial + outcome.failed:,} failed."
        " The snapshot is built."
    )
    if outcome.partial or outcome.failed:
        console.print("See `potica index status` for what failed.")
        raise typer.Exit(PROBLEMS)


def _redact(sessions: sessionmaker[Session], console: Console) -> None:
    """Cases that were looked through with other rules, or never."""
    from indexer.redact import redact_cases

    with bar("Looking for what is personal") as progress:
        done = redact_cases(sessions, "cli", progress)
    console.print(
        f"Looked through {done.cases:,} cases; in {done.hiding:,} of them something is hidden."
    )


def _index(sessions: sessionmaker[Session], encoder: Encoder) -> IndexOutcome:
    """Settle all pending events, as long as that gets on."""
    from indexer.pipeline import IndexOutcome, index_round
    from kb.queries.outbox import outbox_state

    total = IndexOutcome()
    with sessions() as session:
        pending = outbox_state(session).pending
    with bar("Encoding") as progress:
        while True:
            outcome = index_round(sessions, encoder)
            total += outcome
            progress(total.done, max(pending, total.done))
            if not outcome.claimed or (outcome.partial and not outcome.done):
                return total


def _encoder() -> Encoder:
    from kb.encoders.factory import create_encoder

    with told(), Console(stderr=True).status("Loading the encoder"):
        return create_encoder(configured())


def _tell(report: ReconcileReport, console: Console) -> bool:
    """What a comparison found; gives whether all was well."""
    console.print(f"{report.documents:,} documents with {report.passages:,} passages expected.")
    if report.ok:
        console.print("The index holds exactly that.")
        return True
    console.print(
        f"Missing or outdated: {report.missing:,}. Not wanted: {report.unwanted:,}."
        f" Texts without a vector: {report.without_vector:,}."
        + (" Mended." if report.mended else " Run `potica index rebuild`.")
    )
    for pool, document_id in report.differing:
        console.print(f"  {pool} {escape(document_id)}")
    return False
