"""`potica demo`: a server with a real knowledge base and people, in one command."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from kb.cli.demo_people import ensure_demo_people, print_demo_people
from kb.cli.demo_work import ensure_demo_work
from kb.cli.init import set_up
from kb.cli.serve import check_port, run
from kb.cli.terminal import bar, configured, opened, told
from kb.config import Settings
from kb.errors import ConfigError

STEP = 16  # documents between two moves of the bar
_EXAMPLES = (
    ("sl", "PIN za paketnik ni prišel, kaj naj naredim?"),
    ("en", "my parcel went to the wrong town twice, the postcode was EH8 not EH9"),
)


def demo(
    serve: Annotated[bool, typer.Option(help="Start the server when all is there")] = True,
) -> None:
    """Set up, import the demo company's knowledge, index it, make an account for each role, serve.

    Doing it again changes nothing and starts at once.
    """
    settings, console = configured(), Console()
    with told():
        if serve:
            check_port(settings)
        set_up(settings, console)
        _import(settings, console)
        if _index_is_behind(settings):
            _index(settings)
        console.print("[green]✓[/] Index: everything is searchable.")
        people = ensure_demo_people(settings)
        ensure_demo_work(settings)
        _tell(settings, console)
        print_demo_people(people, console, f"http://{settings.host}:{settings.port}")
        if serve:
            run(settings)


def _import(settings: Settings, console: Console) -> None:
    from indexer.load import import_content

    if not settings.content_dir.is_dir():
        raise ConfigError(
            f"There is no folder {settings.content_dir} to import: run this where `content/` is,"
            " or set POTICA_CONTENT_DIR."
        )
    with opened(settings) as sessions, bar("Importing the demo company") as progress:
        report = import_content(sessions, settings.content_dir, None, progress)
    kinds = (
        ("articles", report.articles),
        ("cases", report.cases),
        ("incidents", report.incidents),
    )
    for name, found in kinds:
        console.print(
            f"[green]✓[/] Content: {found.total:,} {name},"
            f" {len(found.created):,} new, {len(found.changed):,} changed."
        )
        for bad in found.rejected:
            told = escape(f"{bad.file}:{bad.line}: {bad.reason}")
            console.print(f"  [red]Rejected:[/] {told}", soft_wrap=True)


def _index_is_behind(settings: Settings) -> bool:
    """Whether something is still to be indexed, or there is no snapshot to start from."""
    from kb.queries.outbox import outbox_state

    with opened(settings, read_only=True) as sessions, sessions() as session:
        pending = outbox_state(session).pending
    return pending > 0 or not (settings.index_dir / "CURRENT").is_file()


def _index(settings: Settings) -> None:
    """Settle what is pending, then write the snapshot that servers start from."""
    from indexer.pipeline import index_round
    from kb.encoders.factory import create_encoder
    from kb.queries.outbox import outbox_state
    from kb.search.snapshot import build_snapshot

    encoder = create_encoder(settings)
    with opened(settings) as sessions:
        with sessions() as session:
            pending = outbox_state(session).pending
        with bar("Indexing") as progress:
            done, claimed = 0, 1
            while claimed and done < pending:
                outcome = index_round(sessions, encoder, STEP)
                claimed = outcome.claimed
                done += claimed
                progress(min(done, pending), pending)
    with opened(settings, read_only=True) as sessions, sessions() as session:
        build_snapshot(session, settings.index_dir, encoder.model_id)


def _tell(settings: Settings, console: Console) -> None:
    """Where to look and what to call."""
    base = f"http://{settings.host}:{settings.port}"
    calls = []
    for _, question in _EXAMPLES:
        body = json.dumps(
            {"messages": [{"role": "customer", "text": question}]}, ensure_ascii=False
        )
        calls.append(
            f"curl -s {base}/api/v1/suggest -H 'content-type: application/json' -d '{body}'"
        )
    calls.append(f"curl -s '{base}/api/v1/search?q=nie+dosta%C5%82em+PIN&language=pl'")
    shown = "\n\n".join(escape(call) for call in calls)
    console.print(
        Panel(
            f"Practice desk         [bold]{base}/practice[/] (sign in as an agent)\n"
            f"One question          {base}/try\n"
            f"Articles to read      {base}/articles\n"
            f"The API               {base}/docs",
            title="Potica",
            expand=False,
        )
    )
    console.print(f"One call with a piece of a conversation:\n\n{shown}\n", soft_wrap=True)
