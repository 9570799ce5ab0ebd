"""`potica webhooks`: systems that are told of events, and systems that send conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kb.cli.keys import OPERATOR, scope_of
from kb.cli.terminal import PROBLEMS, configured, database, opened, table_console, told
from kb.config import Settings
from kb.domain import WebhookDirection

if TYPE_CHECKING:
    from kb.queries.webhooks import WebhookView

app = typer.Typer(no_args_is_help=True, help="Webhooks, in and out.")
WebhookId = Annotated[str, typer.Argument(help="The id, from `potica webhooks list`")]


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is for, such as 'CRM'")],
    url: Annotated[str, typer.Option(help="Tell this address of events")] = "",
    event: Annotated[
        list[str], typer.Option(help="Of these, such as resolved; several times, or 'all'")
    ] = [],  # noqa: B006  # typer reads it as the default, nobody changes it
    source: Annotated[str, typer.Option(help="Take conversations in, under this source")] = "",
    facet: Annotated[
        list[str], typer.Option(metavar="NAME=VALUE", help="No other value of this facet")
    ] = [],  # noqa: B006
) -> None:
    """Make a webhook: with --url it is told of events, with --source it sends conversations.

    Its secret is shown once, on standard output.
    """
    from kb.actions.webhooks import EVENTS, WebhookInput, add_webhook
    from kb.secret_key import load_secret_key

    if bool(url) == bool(source):
        raise typer.BadParameter("Give --url to be told of events, or --source to take in.")
    direction = WebhookDirection.outbound if url else WebhookDirection.inbound
    events = EVENTS if "all" in event else tuple(event)
    given = WebhookInput(direction, name, url, source, events, scope_of(facet))
    settings = configured()
    hosts = frozenset(settings.webhook_hosts)
    with told(), opened(settings) as sessions:
        key = load_secret_key(settings)
        with sessions.begin() as session:
            made = add_webhook(session, given, OPERATOR, key, hosts)
    _tell_secret(settings, made.webhook, made.secret)


@app.command("list")
def list_() -> None:
    """Every webhook and how it fares; never its secret."""
    from kb.queries.paging import MAX_LIMIT, Paging
    from kb.queries.webhooks import list_webhooks

    table = Table("id", "name", "direction", "to or from", "events", "scope", "last used", "state")
    with told(), opened(configured(), read_only=True) as sessions, sessions() as session:
        page = list_webhooks(session, paging=Paging(limit=MAX_LIMIT))
    for hook in page.items:
        table.add_row(
            hook.id,
            escape(hook.name),
            str(hook.direction),
            escape(hook.url or hook.source),
            ", ".join(hook.events),
            escape("; ".join(f"{name}={','.join(some)}" for name, some in hook.scope.items())),
            "" if hook.used_at is None else f"{hook.used_at:%Y-%m-%d %H:%M}",
            _state(hook),
        )
    table_console().print(table)


@app.command("rotate")
def rotate(
    webhook_id: WebhookId,
    at_once: Annotated[bool, typer.Option(help="The old secret is good no more")] = False,
) -> None:
    """Give it another secret. The old one is good for a day more, unless it must go at once."""
    from kb.actions.webhooks import rotate_webhook
    from kb.secret_key import load_secret_key

    settings = configured()
    with told(), opened(settings) as sessions:
        key = load_secret_key(settings)
        with sessions.begin() as session:
            made = rotate_webhook(session, webhook_id, OPERATOR.actor, key, at_once=at_once)
    _tell_secret(settings, made.webhook, made.secret)


@app.command("test")
def test(webhook_id: WebhookId) -> None:
    """Send a message without any news, now, and say what came of it."""
    from kb.actions.webhooks import send_test
    from kb.secret_key import load_secret_key
    from kb.webhook_sender import send_one

    settings, console = configured(), Console(soft_wrap=True)
    with told(), database(settings) as engine:
        answer = send_one(settings, engine, load_secret_key(settings), webhook_id, send_test)
    if not answer.is_taken:
        console.print(f"Not delivered: {escape(answer.error)} It is tried again by the server.")
        raise typer.Exit(PROBLEMS)
    console.print(f"Delivered: it answered {answer.status}.")


@app.command("deliveries")
def deliveries(
    webhook_id: WebhookId,
    state: Annotated[str, typer.Option(help="waiting, delivered or given_up")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
) -> None:
    """What was sent, what waits, what was given up and why; the newest first."""
    from kb.queries.paging import Paging
    from kb.queries.webhooks import DeliveryState, list_deliveries

    if state and state not in DeliveryState.__members__:
        raise typer.BadParameter(f"--state is one of {', '.join(DeliveryState)}.")
    wanted = DeliveryState(state) if state else None
    with told(), opened(configured(), read_only=True) as sessions, sessions() as session:
        page = list_deliveries(session, webhook_id, state=wanted, paging=Paging(limit=limit))
    table = Table("id", "event", "state", "made", "tries", "next", "answer", "why")
    for row in page.items:
        table.add_row(
            row.id,
            row.event,
            str(row.state),
            f"{row.created_at:%Y-%m-%d %H:%M:%S}",
            str(row.attempts),
            "" if row.next_at is None else f"{row.next_at:%Y-%m-%d %H:%M:%S}",
            "" if row.status is None else str(row.status),
            escape(row.error),
        )
    table_console().print(table)
    Console().print(f"{len(page.items)} of {page.total:,}.")


@app.command("enable")
def enable(webhook_id: WebhookId) -> None:
    """Let one that was disabled be told of events, or send, again."""
    _change(webhook_id, enabled=True)
    Console().print(f"The webhook {escape(webhook_id)} is enabled.")


@app.command("disable")
def disable(webhook_id: WebhookId) -> None:
    """Send nothing to it, or take nothing from it, until it is enabled; what waits is given up."""
    _change(webhook_id, enabled=False)
    Console().print(f"The webhook {escape(webhook_id)} is disabled.")


@app.command("remove")
def remove(webhook_id: WebhookId) -> None:
    """For good, with what was to be sent to it."""
    from kb.actions.webhooks import remove_webhook

    with told(), opened(configured()) as sessions, sessions.begin() as session:
        remove_webhook(session, webhook_id, OPERATOR.actor)
    Console().print(f"The webhook {escape(webhook_id)} is removed.")


def _change(webhook_id: str, *, enabled: bool) -> None:
    from kb.actions.webhooks import WebhookChange, change_webhook

    with told(), opened(configured()) as sessions, sessions.begin() as session:
        change_webhook(session, webhook_id, WebhookChange(enabled=enabled), OPERATOR.actor)


def _state(hook: WebhookView) -> str:
    state = (
        "disabled" if hook.disabled_at else f"failing, {hook.failures}x" if hook.failures else ""
    )
    counts = [f"{hook.waiting:,} waiting"] if hook.waiting else []
    counts += [f"{hook.given_up:,} given up"] if hook.given_up else []
    return "; ".join([state or "good", *counts])


def _tell_secret(settings: Settings, hook: WebhookView, secret: str) -> None:
    aside = Console(stderr=True, soft_wrap=True)
    aside.print(f"Webhook {hook.id} of {escape(hook.name)}.")
    if hook.direction == WebhookDirection.inbound:
        base = settings.resolved_public_url.rstrip("/")
        aside.print(f"It sends to {escape(base)}/api/v1/hooks/{hook.id}")
    aside.print("Keep its secret now, it is not shown again:")
    typer.echo(secret)
