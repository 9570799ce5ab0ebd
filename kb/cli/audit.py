"""`potica audit`: who did what, and whether nobody changed the record of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kb.cli.terminal import PROBLEMS, configured, opened, table_console, told
from kb.errors import DatabaseError

app = typer.Typer(no_args_is_help=True, help="See and verify the audit log.")


@app.command("list")
def list_(
    entity: Annotated[str | None, typer.Option(help="Of this kind of thing, as article")] = None,
    entity_id: Annotated[str | None, typer.Option("--id", help="Of this one thing")] = None,
    actor: Annotated[str | None, typer.Option(help="By this one")] = None,
    action: Annotated[str | None, typer.Option(help="This was done, as publish")] = None,
    since: Annotated[datetime | None, typer.Option(help="From here on (UTC)")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this (UTC)")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Entries, the newest first."""
    from kb.queries.audit import AuditFilter, list_audit
    from kb.queries.paging import Paging

    wanted = AuditFilter(entity, entity_id, actor, action, _utc(since), _utc(until))
    with told(), opened(configured(), read_only=True) as sessions, sessions() as session:
        page = list_audit(session, wanted, paging=Paging(offset, limit))
    table = Table("entry", "when (UTC)", "who", "did", "to", "details")
    for entry in page.items:
        table.add_row(
            str(entry.number or "-"),
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            escape(entry.actor),
            escape(entry.action),
            escape(f"{entry.entity} {entry.entity_id}"),
            escape(", ".join(f"{name}={value}" for name, value in entry.details.items())),
        )
    console = table_console()
    console.print(table)
    console.print(f"{len(page.items):,} of {page.total:,} entries")


@app.command("verify")
def verify(
    head: Annotated[
        list[str], typer.Option(help="An end noted earlier, as `potica audit head` printed it")
    ] = [],  # noqa: B006  # typer reads it as the default, nobody changes it
) -> None:
    """Follow the chain; names the first entry that was changed, removed, added or moved.

    The end is compared with the head kept in the home folder, and with those given.
    """
    from kb.audit_head import FILE, parse_head, read_head
    from kb.queries.audit import verify_chain

    settings, console = configured(), Console(soft_wrap=True)
    with told():
        kept = read_head(settings.home)
        heads = tuple(parse_head(line) for line in head) + ((kept,) if kept else ())
        with opened(settings, read_only=True) as sessions, sessions() as session:
            report = verify_chain(session, heads)
    if report.problem is not None:
        console.print(f"[bold red]The audit is not whole.[/] {escape(report.problem)}")
        raise typer.Exit(PROBLEMS)
    console.print(
        f"The chain is whole: {report.entries:,} entries, the last {report.end.number:,}."
    )
    if kept is None:
        place = settings.home / FILE
        console.print(
            f"There is no {escape(str(place))} to compare its end with: entries cut off the end"
            " cannot be seen. It comes with the next entry."
        )


@app.command("head")
def head() -> None:
    """Print the chain's end, to be kept where nobody who writes to the database can."""
    from kb.audit_head import keep_head
    from kb.queries.audit import chain_end

    settings = configured()
    with told(), opened(settings, read_only=True) as sessions, sessions() as session:
        end = chain_end(session)
        try:
            keep_head(settings.home, end)
        except OSError as error:
            raise DatabaseError(
                f"The head cannot be kept in {settings.home} ({error.strerror}): make the folder"
                " writable."
            ) from error
    typer.echo(str(end))


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
